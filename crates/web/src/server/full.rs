//! What a connection is told for which there is no place.

use super::connection::closing;
use crate::codes;
use crate::problem::Problem;
use axum::response::Response;
use http_body_util::BodyExt as _;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// How long the refusal may take; it fits into any socket's buffer.
const PATIENCE: Duration = Duration::from_millis(250);
/// What has come of the request is taken, so that closing does not reset the connection before the refusal is read.
const TAKEN_BYTES: usize = 16 << 10;

/// The answer on a reserved connection to what it is not reserved for.
pub(super) fn full() -> Response {
    closing(Problem::new(codes::CONNECTIONS_EXHAUSTED).with_retry_after(5))
}

/// Writes the answer without reading the request to its end, which may never come.
pub(super) async fn refuse(stream: &mut TcpStream) -> io::Result<()> {
    let (head, body) = full().into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let mut answer = format!("HTTP/1.1 {}\r\n", head.status).into_bytes();
    for (name, value) in &head.headers {
        answer.extend_from_slice(name.as_str().as_bytes());
        answer.extend_from_slice(b": ");
        answer.extend_from_slice(value.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(&body);
    // What is not there yet is not waited for.
    let _taken = stream.try_read(&mut [0; TAKEN_BYTES]);
    let writing = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await
    };
    tokio::time::timeout(PATIENCE, writing).await?
}
