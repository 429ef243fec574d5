//! A server that may have fewer connections than it has lets some go, while it runs.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use axum::Router;
use axum::routing::get;
use std::sync::Arc;
use std::time::Duration;
use support::{Gate, Server, read_all};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use web::TrustedProxies;
use web::server::{Crowd, ServerSettings, ServerStats, serve_apart};

const HELLO: &str = "GET /api/hello HTTP/1.1\r\nhost: x\r\n\r\n";
const SLOW_HEAD: &str = "GET /api/hello HTTP/1.1\r\nhost: x\r\nx-more: ";
/// The preface and an empty SETTINGS frame (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// The type of the frame that says good-bye (RFC 9113, 6.8).
const GOAWAY: u8 = 7;

fn routes(gate: &Gate) -> Router {
    gate.before(Router::new().route("/api/hello", get(async || "hello")))
}

struct Hosted {
    server: Server,
    gate: Gate,
    crowd: Crowd,
    stats: Arc<ServerStats>,
}

fn start(connections: usize, streams: u64) -> Hosted {
    let (gate, crowd, stats) = (Gate::default(), Crowd::of(connections, streams), Arc::default());
    let kept: (Crowd, Arc<ServerStats>) = (crowd.clone(), Arc::clone(&stats));
    let bounds = |settings: &mut ServerSettings| {
        (settings.crowd, settings.stats) = kept;
        settings.reserved_connections = 0;
        // Whoever goes does not go by its own time.
        settings.keep_alive = Duration::from_hours(1);
        settings.header_timeout = Duration::from_hours(1);
    };
    Hosted { server: Server::start_with(routes(&gate), |_| {}, bounds), gate, crowd, stats }
}

async fn begun(server: &Server, words: &[u8]) -> TcpStream {
    let mut stream = server.connect().await;
    stream.write_all(words).await.unwrap();
    stream
}

async fn answered(server: &Server) -> TcpStream {
    let mut stream = begun(server, HELLO.as_bytes()).await;
    let mut answer = [0; 1024];
    let length = stream.read(&mut answer).await.unwrap();
    assert!(answer[..length].ends_with(b"hello"));
    stream
}

async fn until_open(stats: &ServerStats, connections: u64) {
    while stats.open() != connections {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn connections_without_work_go_first_and_the_others_when_they_are_answered() {
    let Hosted { server, gate, crowd, stats } = start(8, 64);
    let mut busy = begun(&server, b"GET /api/wait HTTP/1.1\r\nhost: x\r\n\r\n").await;
    gate.entered.notified().await;
    let mut idle = answered(&server).await;
    let mut silent = server.connect().await;
    let mut slow = begun(&server, SLOW_HEAD.as_bytes()).await;
    let mut second = begun(&server, PREFACE).await;
    until_open(&stats, 5).await;

    crowd.set(1, 64);
    for stream in [&mut idle, &mut silent, &mut slow, &mut second] {
        read_all(stream).await;
    }
    until_open(&stats, 1).await;
    crowd.set(0, 64);
    tokio::task::yield_now().await;
    assert_eq!(stats.open(), 1, "a request is not cut off");
    gate.open.notify_one();
    let answer = read_all(&mut busy).await;
    assert!(answer.ends_with("done"), "{answer}");
    until_open(&stats, 0).await;
}

#[tokio::test]
async fn in_the_stead_of_one_that_has_work_for_longer_another_one_goes() {
    let Hosted { server, gate, crowd, stats } = start(2, 64);
    let mut busy = begun(&server, b"GET /api/wait HTTP/1.1\r\nhost: x\r\n\r\n").await;
    gate.entered.notified().await;
    crowd.set(1, 64);
    // Long enough for the only one that is there to be told to go; the accept loop holds the second place.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut idle = answered(&server).await;
    read_all(&mut idle).await;
    until_open(&stats, 1).await;
    gate.open.notify_one();
    assert!(read_all(&mut busy).await.ends_with("done"));
}

#[tokio::test]
async fn as_many_may_come_as_there_may_be_now() {
    let Hosted { server, crowd, stats, .. } = start(4, 64);
    let mut first = Vec::new();
    for _ in 0..4 {
        first.push(answered(&server).await);
    }
    crowd.set(2, 64);
    until_open(&stats, 2).await;
    let mut third = begun(&server, HELLO.as_bytes()).await;
    while stats.held_back() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stats.open(), 2, "the next one waits");
    crowd.set(3, 64);
    let mut answer = [0; 1024];
    let length = third.read(&mut answer).await.unwrap();
    assert!(answer[..length].ends_with(b"hello"));
    assert_eq!((crowd.connections(), crowd.streams()), (3, 64));
}

#[tokio::test]
async fn connections_that_have_more_streams_than_are_left_say_good_bye() {
    let Hosted { server, crowd, stats, .. } = start(8, 64);
    let mut peer = begun(&server, PREFACE).await;
    let mut one = answered(&server).await;
    let mut frames = vec![0; 9];
    peer.read_exact(&mut frames).await.unwrap();
    crowd.set(8, 0);
    peer.read_to_end(&mut frames).await.unwrap_or_default();
    let mut kinds = Vec::new();
    let mut rest = frames.as_slice();
    while let [a, b, c, kind, _, _, _, _, _, more @ ..] = rest {
        kinds.push(*kind);
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        rest = more.get(length..).unwrap_or_default();
    }
    assert!(kinds.contains(&GOAWAY), "{kinds:?}");
    until_open(&stats, 1).await;
    one.write_all(HELLO.as_bytes()).await.unwrap();
    let mut answer = [0; 1024];
    let length = one.read(&mut answer).await.unwrap();
    assert!(answer[..length].ends_with(b"hello"), "HTTP/1 has none and stays");
}

#[tokio::test]
async fn under_pressure_connections_without_a_request_go_sooner_and_work_stays() {
    let Hosted { server, gate, crowd, stats } = start(8, 64);
    let mut busy = begun(&server, b"GET /api/wait HTTP/1.1\r\nhost: x\r\n\r\n").await;
    gate.entered.notified().await;
    let mut idle = answered(&server).await;
    let mut second = begun(&server, PREFACE).await;
    second.read_exact(&mut [0; 9]).await.unwrap();
    crowd.keep_idle_for(Some(Duration::from_millis(50)));
    for stream in [&mut idle, &mut second] {
        read_all(stream).await;
    }
    until_open(&stats, 1).await;
    crowd.keep_idle_for(None);
    let mut stays = answered(&server).await;
    gate.open.notify_one();
    let mut done = [0; 1024];
    let length = busy.read(&mut done).await.unwrap();
    assert!(done[..length].ends_with(b"done"));
    for stream in [&mut busy, &mut stays] {
        stream.write_all(HELLO.as_bytes()).await.unwrap();
        let length = stream.read(&mut done).await.unwrap();
        assert!(done[..length].ends_with(b"hello"), "there is time again");
    }
    assert_eq!(crowd.connections(), 8, "as many as before may come");
}

#[tokio::test]
async fn a_server_apart_lets_those_go_of_which_nobody_knows_what_they_want() {
    let settings = ServerSettings { header_timeout: Duration::from_hours(1), ..ServerSettings::default() };
    let listener = web::server::bind("127.0.0.1:0".parse().unwrap(), &settings).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stats, crowd) =
        (CancellationToken::new(), Arc::clone(&settings.stats), settings.crowd.clone());
    let apart = serve_apart(listener, routes(&Gate::default()), settings, stop.clone()).unwrap();
    let mut silent = TcpStream::connect(address).await.unwrap();
    until_open(&stats, 1).await;
    crowd.set(0, 0);
    assert_eq!(silent.read(&mut [0; 16]).await.unwrap(), 0);
    until_open(&stats, 0).await;
    stop.cancel();
    assert_eq!(apart.ended().await.unwrap().accepted, 1);
}

/// Asks from this address of the loopback network, and gives the connection and the beginning of the answer.
async fn asked_from(server: &Server, address: [u8; 4]) -> (TcpStream, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((address, 0).into()).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    stream.write_all(HELLO.as_bytes()).await.unwrap();
    let mut answer = [0; 1024];
    let length = stream.read(&mut answer).await.unwrap();
    (stream, String::from_utf8_lossy(&answer[..length]).into_owned())
}

#[tokio::test]
async fn one_address_does_not_keep_all_others_out() {
    let hosted = start(16, 0);
    let server = &hosted.server;
    let mut crowd = Vec::new();
    for _ in 0..14 {
        crowd.push(answered(server).await);
    }
    let (_, refused) = asked_from(server, [127, 0, 0, 1]).await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("connections_exhausted"), "{refused}");
    assert_eq!(hosted.stats.beyond_share(), 1);
    // Neither silence nor what is answered when the server is full gets at the places for others.
    let mut more = Vec::new();
    for words in ["", "GET /api/health HTTP/1.1\r\nhost: x\r\n\r\n"].repeat(8) {
        more.push(begun(server, words.as_bytes()).await);
    }
    let (_other, served) = asked_from(server, [127, 0, 0, 2]).await;
    assert!(served.ends_with("hello"), "{served}");

    drop(crowd.pop());
    while hosted.stats.open() > 14 {
        tokio::task::yield_now().await;
    }
    drop(answered(server).await);
}

#[tokio::test]
async fn a_proxy_that_is_trusted_speaks_for_many() {
    let bounds = |settings: &mut ServerSettings| {
        settings.crowd = Crowd::of(16, 0);
        settings.proxies = TrustedProxies::new([[127, 0, 0, 1].into()]);
    };
    let server = Server::start_with(routes(&Gate::default()), |_| {}, bounds);
    let mut crowd = Vec::new();
    for _ in 0..16 {
        crowd.push(answered(&server).await);
    }
}
