use http::Method;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

/// How much of a request is looked at: the method and the beginning of the path.
const HEAD_BYTES: usize = 64;

/// Whether the first request on a connection asks for one of the paths, told from what has come of it; nothing is taken
/// from the connection. An error when nothing comes in time or the peer has gone.
///
/// A head that comes in crumbs counts as asking for something else: who wants to be served first sends it at once.
pub(super) async fn asks_for(stream: &TcpStream, paths: &[&str], patience: Duration) -> io::Result<bool> {
    let mut head = [0; HEAD_BYTES];
    let length = tokio::time::timeout(patience, stream.peek(&mut head)).await??;
    match length {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        length => Ok(begins_with(&head[..length], paths)),
    }
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

fn begins_with(head: &[u8], paths: &[&str]) -> bool {
    [Method::GET, Method::HEAD, Method::POST].iter().any(|method| {
        let path = head.strip_prefix(method.as_str().as_bytes()).and_then(|rest| rest.strip_prefix(b" "));
        path.is_some_and(|path| paths.iter().any(|reserved| path.starts_with(reserved.as_bytes())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_head_is_judged_by_its_method_and_path() {
        let paths = ["/api/health", "/api/metrics"];
        for head in [
            "GET /api/health",
            "GET /api/health/live HTTP/1.1\r\n",
            "HEAD /api/metrics ",
            "POST /api/metrics/x",
        ] {
            assert!(begins_with(head.as_bytes(), &paths), "{head}");
        }
        for head in [
            "",
            "G",
            "GET /api/heal",
            "GET  /api/health",
            "GET /api/cases",
            "DELETE /api/health",
            "PRI * HTTP/2.0",
        ] {
            assert!(!begins_with(head.as_bytes(), &paths), "{head}");
        }
    }
}
