use http::Method;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};

/// How much of a request is looked at: the method and the beginning of the path.
const HEAD_BYTES: usize = 64;

/// How long a head that may still become one of the paths is waited for, again and again.
const CRUMB_PAUSES: [Duration; 3] =
    [Duration::from_millis(1), Duration::from_millis(4), Duration::from_millis(25)];

/// Whether the first request on a connection asks for one of the paths, told from what has come of it; nothing is taken
/// from the connection. An error when nothing comes in time or the peer has gone.
///
/// A head that comes in crumbs is waited for a moment, while it may still become one of the paths: a client without a
/// buffer writes the method, the path and the rest one by one. After that it counts as asking for something else.
pub(super) async fn asks_for(stream: &TcpStream, paths: &[&str], patience: Duration) -> io::Result<bool> {
    let until = Instant::now() + patience;
    let mut head = [0; HEAD_BYTES];
    let mut pauses = CRUMB_PAUSES.iter();
    loop {
        let length = timeout_at(until, stream.peek(&mut head)).await??;
        match judge(&head[..length], paths) {
            _ if length == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            Asks::Reserved => return Ok(true),
            Asks::Other => return Ok(false),
            Asks::Undecided => match pauses.next() {
                Some(pause) if Instant::now() + *pause < until => sleep(*pause).await,
                _ => return Ok(false),
            },
        }
    }
}

/// What the beginning of a head asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    Reserved,
    Other,
    /// What has come so far may become either.
    Undecided,
}

fn judge(head: &[u8], paths: &[&str]) -> Asks {
    let mut answer = Asks::Other;
    for method in [Method::GET, Method::HEAD, Method::POST] {
        for path in paths {
            let asked = method.as_str().bytes().chain([b' ']).chain(path.bytes());
            if !asked.clone().zip(head).all(|(asked, came)| asked == *came) {
                continue;
            }
            if head.len() >= asked.count() {
                return Asks::Reserved;
            }
            answer = Asks::Undecided;
        }
    }
    answer
}

/// How every connection of HTTP/2 begins without TLS (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// Which protocol a peer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    Http1,
    Http2,
    /// What has come so far may become either.
    Undecided,
}

/// Which protocol is spoken on a connection, told from the first that comes of it; nothing is taken. An error when the peer
/// has gone.
pub(super) async fn spoken(stream: &TcpStream) -> io::Result<Spoken> {
    let mut head = [0; PREFACE.len()];
    match stream.peek(&mut head).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        length => Ok(protocol(&head[..length])),
    }
}

fn protocol(head: &[u8]) -> Spoken {
    match PREFACE.strip_prefix(head) {
        Some([]) => Spoken::Http2,
        Some(_) => Spoken::Undecided,
        None => Spoken::Http1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    #[test]
    fn a_peer_that_sends_the_preface_in_crumbs_may_still_speak_either() {
        assert_eq!(protocol(b"PRI * HTTP/2.0"), Spoken::Http2);
        for head in ["P", "PRI * HTTP/"] {
            assert_eq!(protocol(head.as_bytes()), Spoken::Undecided, "{head}");
        }
        for head in ["G", "PUT / HTTP/1.1", "PRI * HTTP/1.1", "\r\n"] {
            assert_eq!(protocol(head.as_bytes()), Spoken::Http1, "{head}");
        }
    }

    const PATHS: [&str; 2] = ["/api/health", "/api/metrics"];

    #[test]
    fn a_head_is_judged_by_its_method_and_path() {
        for head in [
            "GET /api/health",
            "GET /api/health/live HTTP/1.1\r\n",
            "HEAD /api/metrics ",
            "POST /api/metrics/x",
        ] {
            assert_eq!(judge(head.as_bytes(), &PATHS), Asks::Reserved, "{head}");
        }
        for head in ["GET  /api/health", "GET /api/cases", "DELETE /api/health", "PRI * HTTP/2.0"] {
            assert_eq!(judge(head.as_bytes(), &PATHS), Asks::Other, "{head}");
        }
        for head in ["", "G", "GET ", "GET /api/heal", "POST /api/m"] {
            assert_eq!(judge(head.as_bytes(), &PATHS), Asks::Undecided, "{head}");
        }
    }

    /// A connection of which this much has come, and its other end.
    async fn connection(begun: &str) -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        peer.write_all(begun.as_bytes()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        if !begun.is_empty() {
            accepted.readable().await.unwrap();
        }
        (accepted, peer)
    }

    #[tokio::test]
    async fn a_head_in_crumbs_is_waited_for_a_moment() {
        const PATIENCE: Duration = Duration::from_secs(30);
        let (accepted, mut peer) = connection("GET ").await;
        let rest = async { peer.write_all(b"/api/health HTTP/1.1\r\n").await.unwrap() };
        let (judged, ()) = tokio::join!(asks_for(&accepted, &PATHS, PATIENCE), rest);
        assert!(judged.unwrap());

        let (accepted, _silent) = connection("GET /api/").await;
        assert!(!asks_for(&accepted, &PATHS, PATIENCE).await.unwrap());

        // Who came late is told that there is no place rather than nothing.
        let (accepted, _silent) = connection("GET /api/").await;
        assert!(!asks_for(&accepted, &PATHS, CRUMB_PAUSES[0]).await.unwrap());
        let (accepted, _silent) = connection("").await;
        let late = asks_for(&accepted, &PATHS, CRUMB_PAUSES[0]).await.unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    }
}
