//! Streams of HTTP/2 are bounded for all connections together, as the server's own SETTINGS frames say.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

mod support;

use axum::Router;
use axum::routing::get;
use support::Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use web::server::{Crowd, ServerSettings};

/// The preface and an empty SETTINGS frame (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// `SETTINGS_MAX_CONCURRENT_STREAMS` (RFC 9113, 6.5.2).
const MOST_STREAMS: u16 = 3;

fn start(all: u64, most: u32) -> Server {
    let router = Router::new().route("/api/hello", get(async || "hello"));
    Server::start_with(
        router,
        |_| {},
        |bounds: &mut ServerSettings| {
            bounds.crowd = Crowd::of(1024, all);
            bounds.http2_streams = most;
        },
    )
}

/// A connection of HTTP/2, and how many streams the server grants it.
async fn open(server: &Server) -> (TcpStream, u32) {
    let mut stream = server.connect().await;
    stream.write_all(PREFACE).await.unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4, "the first frame is SETTINGS: {head:?}");
    let mut settings = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
    stream.read_exact(&mut settings).await.unwrap();
    let granted = settings.chunks(6).find_map(|setting| {
        let id = u16::from_be_bytes([setting[0], setting[1]]);
        (id == MOST_STREAMS).then(|| u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]))
    });
    (stream, granted.expect("the server bounds its streams"))
}

#[tokio::test]
async fn many_connections_share_the_streams_and_the_last_ones_have_one_each() {
    let server = start(40, 4);
    let mut open_now = Vec::new();
    for _ in 0..60 {
        open_now.push(open(&server).await);
    }
    let granted: Vec<u32> = open_now.iter().map(|(_, granted)| *granted).collect();
    assert_eq!(granted[0], 4, "one connection alone has as many as one may have");
    assert_eq!(granted.last(), Some(&1));
    assert!(granted.iter().sum::<u32>() <= 40 + 60, "{granted:?}");
    assert_eq!(server.get("/api/hello").await.text(), "hello");
    drop(open_now);
    // They are there again once the server has seen that the others went.
    while open(&server).await.1 < 4 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_of_http_1_keeps_no_streams_from_others() {
    let server = start(8, 100);
    let mut kept = Vec::new();
    for _ in 0..20 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET /api/hello HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 1024];
        let length = stream.read(&mut answer).await.unwrap();
        assert!(answer[..length].ends_with(b"hello"));
        kept.push(stream);
        // Nor one of which nobody knows yet what it will speak.
        kept.push(server.connect().await);
    }
    assert_eq!(open(&server).await.1, 2);
}
