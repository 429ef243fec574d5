//! Requests over real connections to a server of the test's own.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use clock::{MockClock, SharedClock, Timestamp};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use headroom::Pool;
use outbound::{
    Answer, Client, Error, Reach, Request, Resolve, Settings, Target, TrustedRoots, form_encoded,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Inside of the certificates' time.
const THEN: i64 = 1_830_000_000;

fn clock(seconds: i64) -> SharedClock {
    Arc::new(MockClock::at(Timestamp::from_timestamp(seconds, 0).unwrap()))
}

/// Leads every name to one address.
#[derive(Debug)]
struct Leads(SocketAddr);

impl Resolve for Leads {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let address = self.0;
        async move { Ok(vec![address]) }.boxed()
    }
}

fn settings() -> Settings {
    Settings {
        reach: Reach::Anywhere,
        body_bytes: 4096,
        total: Duration::from_secs(20),
        ..Settings::default()
    }
}

fn pool() -> Pool {
    Pool::root("test", 1 << 20)
}

/// Answers one request with these bytes; the request as it came.
async fn serve_once(mut connection: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8]) -> String {
    let mut request = vec![0; 4096];
    let length = connection.read(&mut request).await.unwrap();
    // Who has enough hangs up.
    drop(connection.write_all(answer).await);
    drop(connection.shutdown().await);
    String::from_utf8(request[..length].to_vec()).unwrap()
}

/// What a client of these settings makes of an answer, and what it asked.
async fn ask(settings: Settings, answer: &[u8]) -> (Result<Answer, Error>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target: Target = format!("http://{}/keys?a=b", listener.local_addr().unwrap()).parse().unwrap();
    let client = Client::new(settings, clock(THEN), pool()).unwrap();
    let served = async {
        let (connection, _) = listener.accept().await.unwrap();
        serve_once(connection, answer).await
    };
    tokio::join!(client.send(Request::get(&target)), served)
}

#[tokio::test]
async fn an_answer_is_read_whole_and_its_memory_is_lent_as_long_as_it_is_there() {
    let pool = pool();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target: Target = format!("http://{}/token", listener.local_addr().unwrap()).parse().unwrap();
    let client = Client::new(settings(), clock(THEN), pool.clone()).unwrap();
    let served = async {
        let (connection, _) = listener.accept().await.unwrap();
        serve_once(connection, b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await
    };
    let form = form_encoded(&[("code", "a b&c=d"), ("grant_type", "authorization_code")]);
    let request = Request::post_form(&target, form).authorized("Basic c2VjcmV0").unwrap();
    assert!(!format!("{request:?}").contains("c2VjcmV0"));
    let (answer, asked) = tokio::join!(client.send(request), served);
    let answer = answer.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, b"hello".as_slice()));
    assert!(asked.starts_with("POST /token HTTP/1.1\r\n"), "{asked}");
    assert!(asked.ends_with("\r\n\r\ncode=a%20b%26c%3Dd&grant_type=authorization%5Fcode"), "{asked}");
    assert!(asked.contains("authorization: Basic c2VjcmV0\r\n"), "{asked}");
    assert_eq!(pool.used(), 5);
    drop(answer);
    assert_eq!(pool.used(), 0);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_whatever_is_too_large_or_broken_is_none() {
    let (answer, asked) =
        ask(settings(), b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n").await;
    assert_eq!(answer.unwrap().status.as_u16(), 302);
    assert!(asked.starts_with("GET /keys?a=b HTTP/1.1\r\n"), "{asked}");

    let declared = b"HTTP/1.1 200 OK\r\ncontent-length: 4097\r\n\r\n";
    assert!(matches!(ask(settings(), declared).await.0, Err(Error::TooLarge { limit_bytes: 4096 })));
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(64 << 10, b'x');
    assert!(matches!(ask(settings(), &endless).await.0, Err(Error::TooLarge { .. })));
    let mut head = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
    head.resize(128 << 10, b'x');
    for broken in [head.as_slice(), b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", b"SSH-2.0\r\n", b""]
    {
        assert!(matches!(ask(settings(), broken).await.0, Err(Error::Http(_))), "{}", broken.len());
    }
}

#[tokio::test]
async fn without_room_or_at_a_closed_port_nothing_is_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target: Target = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let client = Client::new(settings(), clock(THEN), Pool::root("small", 1024)).unwrap();
    assert!(matches!(client.send(Request::get(&target)).await, Err(Error::Memory(_))));
    drop(listener);
    let client = Client::new(settings(), clock(THEN), pool()).unwrap();
    assert!(matches!(client.send(Request::get(&target)).await, Err(Error::Connect(_))));
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target: Target = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let hasty = Settings { total: Duration::from_millis(200), ..settings() };
    let pool = pool();
    let client = Client::new(hasty, clock(THEN), pool.clone()).unwrap();
    assert!(matches!(client.send(Request::get(&target)).await, Err(Error::TooSlow)));
    assert_eq!(pool.used(), 0);
}

#[tokio::test]
async fn a_public_name_that_leads_inside_is_refused_before_anything_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let leads = Arc::new(Leads(listener.local_addr().unwrap()));
    let target: Target = "https://login.firm.example".parse().unwrap();
    let careful = Settings { reach: Reach::Public, ..settings() };
    let client = Client::resolving(careful, clock(THEN), pool(), leads).unwrap();
    assert!(matches!(client.send(Request::get(&target)).await, Err(Error::NotPublic(_))));
    assert!(listener.accept().now_or_never().is_none(), "a connection was made");
}

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("certificates/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("certificates/server-key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// One request over TLS to a server that has the test authority's certificate for `login.firm.example`.
async fn ask_encrypted(name: &str, roots: TrustedRoots, now: i64) -> Result<Answer, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let leads = Arc::new(Leads(listener.local_addr().unwrap()));
    let client = Client::resolving(Settings { roots, ..settings() }, clock(now), pool(), leads).unwrap();
    let target: Target = format!("https://{name}/").parse().unwrap();
    let served = async {
        let (connection, _) = listener.accept().await.unwrap();
        if let Ok(connection) = acceptor().accept(connection).await {
            serve_once(connection, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        }
    };
    tokio::join!(client.send(Request::get(&target)), served).0
}

#[tokio::test]
async fn certificates_are_checked_by_authority_name_and_the_clock_that_is_given() {
    let own = || TrustedRoots::from_pem(include_bytes!("certificates/authority.pem")).unwrap();
    let answer = ask_encrypted("login.firm.example", own(), THEN).await.unwrap();
    assert_eq!(&answer.body[..], b"ok");
    let refused = |outcome: Result<Answer, Error>| matches!(outcome, Err(Error::Tls(_)));
    assert!(
        refused(ask_encrypted("login.firm.example", TrustedRoots::default(), THEN).await),
        "who issued it"
    );
    assert!(refused(ask_encrypted("other.firm.example", own(), THEN).await), "another name");
    assert!(refused(ask_encrypted("login.firm.example", own(), 1_700_000_000).await), "too early");
    assert!(refused(ask_encrypted("login.firm.example", own(), 2_200_000_000).await), "too late");
}

#[test]
fn a_file_that_holds_no_certificates_is_told() {
    for pem in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate"] {
        assert!(TrustedRoots::from_pem(pem.as_bytes()).is_err(), "{pem}");
    }
    assert!(TrustedRoots::from_pem(include_bytes!("certificates/server-key.pem")).is_err());
    let many = include_str!("certificates/authority.pem").repeat(65);
    assert!(TrustedRoots::from_pem(many.as_bytes()).is_err());
}
