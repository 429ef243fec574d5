//! Which answers are compressed.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use futures_util::{StreamExt as _, stream};
use http::Request;
use std::sync::Arc;
use support::{Answer, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use web::layers::{CompressionSettings, NoCompression};

async fn big() -> Json<Vec<&'static str>> {
    Json(vec!["the same words again"; 500])
}

fn of_type(kind: &'static str) -> Response {
    ([("content-type", kind)], "x".repeat(4096)).into_response()
}

async fn streamed() -> Response {
    let chunks = (0..64).map(|_| Ok::<_, std::io::Error>("some words that come bit by bit ".repeat(32)));
    let body = Body::from_stream(stream::iter(chunks));
    ([("content-type", "text/csv")], body).into_response()
}

fn routes() -> Router {
    let ranged = async || ([("content-type", "text/plain"), ("accept-ranges", "bytes")], "x".repeat(4096));
    let partial = async || (http::StatusCode::PARTIAL_CONTENT, "x".repeat(4096));
    Router::new()
        .route("/api/big", get(big))
        .route("/api/small", get(async || Json("short")))
        .route("/api/auth/login", get(big))
        .route("/api/authors", get(big))
        .route("/api/secret", get(async || (Extension(NoCompression), big().await)))
        .route("/api/pdf", get(async || of_type("application/pdf")))
        .route("/api/events", get(async || of_type("text/event-stream")))
        .route("/api/ranged", get(ranged))
        .route("/api/partial", get(partial))
        .route("/api/streamed", get(streamed))
}

async fn fetch(server: &Server, path: &str, accepts: &str) -> Answer {
    server.send(Request::get(path).header("accept-encoding", accepts), "").await
}

#[tokio::test]
async fn text_is_compressed_as_the_client_prefers() {
    let server = Server::start(routes());
    let plain = server.get("/api/big").await;
    assert_eq!(plain.header("content-encoding"), "");
    let magic: [(&str, &[u8]); 3] =
        [("gzip", &[0x1f, 0x8b]), ("zstd", &[0x28, 0xb5, 0x2f, 0xfd]), ("br", &[])];
    for (coding, start) in magic {
        let answer = fetch(&server, "/api/big", coding).await;
        assert_eq!(answer.header("content-encoding"), coding);
        assert_eq!(answer.header("vary"), "accept-encoding");
        assert!(answer.body.starts_with(start) && answer.body.len() * 10 < plain.body.len(), "{coding}");
    }
    let preferred = fetch(&server, "/api/big", "gzip;q=1.0, br;q=0.5").await;
    assert_eq!(preferred.header("content-encoding"), "gzip");
    let streamed = fetch(&server, "/api/streamed", "gzip").await;
    assert_eq!(streamed.header("content-encoding"), "gzip");
}

#[tokio::test]
async fn what_is_short_secret_compressed_already_or_in_parts_is_left_alone() {
    let server = Server::start(routes());
    for path in ["small", "auth/login", "secret", "pdf", "events", "ranged", "partial", "nowhere"] {
        let answer = fetch(&server, &format!("/api/{path}"), "gzip, br, zstd").await;
        assert_eq!(answer.header("content-encoding"), "", "{path}");
        assert!(!answer.body.is_empty());
    }
    assert_eq!(fetch(&server, "/api/authors", "gzip").await.header("content-encoding"), "gzip");
    assert_eq!(fetch(&server, "/api/v1/auth/login", "gzip").await.header("content-encoding"), "");
}

#[tokio::test]
async fn it_can_be_switched_off_and_its_threshold_moved() {
    let off = CompressionSettings { enabled: false, ..CompressionSettings::default() };
    let server = Server::start_with(routes(), |layers| layers.compression = off, |_| {});
    assert_eq!(fetch(&server, "/api/big", "gzip").await.header("content-encoding"), "");
    let low = CompressionSettings { threshold_bytes: 1, level: 9, ..CompressionSettings::default() };
    let server = Server::start_with(routes(), |layers| layers.compression = low, |_| {});
    assert_eq!(fetch(&server, "/api/small", "gzip").await.header("content-encoding"), "gzip");
}

#[tokio::test]
async fn a_preference_that_cannot_be_met_gets_the_plain_answer() {
    let server = Server::start(routes());
    for impossible in ["identity;q=0", "snappy, *;q=0", "snappy"] {
        let answer = fetch(&server, "/api/big", impossible).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-encoding")), (200, ""), "{impossible}");
    }
}

#[tokio::test]
async fn without_memory_for_a_compressor_the_answer_goes_out_plain() {
    let pool = headroom::Pool::root("answers", 1 << 20);
    let lent = pool.clone();
    let server = Server::start_with(routes(), |layers| layers.pool = Some(lent), |_| {});
    let answer = fetch(&server, "/api/big", "gzip").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-encoding")), (200, ""));

    let pool = headroom::Pool::root("answers", 64 << 20);
    let lent = pool.clone();
    let server = Server::start_with(routes(), |layers| layers.pool = Some(lent), |_| {});
    assert_eq!(fetch(&server, "/api/big", "gzip").await.header("content-encoding"), "gzip");
    server.stop().await;
    assert_eq!(pool.used(), 0);
}

/// A connection with the head of an answer that has begun and does not end.
async fn begun(server: &Server) -> (TcpStream, String) {
    let mut stream = server.connect().await;
    stream.write_all(b"GET /api/endless HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n").await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (stream, String::from_utf8(head).unwrap())
}

#[tokio::test]
async fn so_many_are_compressed_at_once_and_the_others_sent_as_they_are() {
    let endless = async || {
        let first = stream::iter([Ok::<_, std::io::Error>("some words ".repeat(1000))]);
        ([("content-type", "text/csv")], Body::from_stream(first.chain(stream::pending()))).into_response()
    };
    let router = || Router::new().route("/api/endless", get(endless));
    let start = |most| {
        Server::start_with(router(), |layers| layers.compressors = Arc::new(Semaphore::new(most)), |_| {})
    };
    let server = start(2);
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(begun(&server).await);
    }
    let compressed = |head: &str| head.contains("content-encoding: gzip");
    assert_eq!(open.iter().filter(|(_, head)| compressed(head)).count(), 2);
    drop(open);
    // There is room again once the server has seen that they went.
    while !compressed(&begun(&server).await.1) {
        tokio::task::yield_now().await;
    }
    assert!(!compressed(&begun(&start(0)).await.1));
}
