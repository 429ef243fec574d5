//! Bodies that are streamed.

mod support;

use axum::Router;
use axum::routing::post;
use futures_util::StreamExt as _;
use http::Request;
use std::time::Duration;
use support::{Server, read_all};
use tokio::io::AsyncWriteExt as _;
use web::{BodyPace, Limits, Problem, RawBody, UploadForm};

async fn count(mut body: RawBody) -> Result<String, Problem> {
    let declared = body.declared_bytes();
    let mut size = 0;
    while let Some(chunk) = body.next().await.transpose()? {
        size += chunk.len();
    }
    Ok(format!("{size} of {declared:?}"))
}

async fn parts(UploadForm(mut form): UploadForm) -> Result<String, Problem> {
    let mut found = Vec::new();
    while let Some(mut part) = form.next_field().await? {
        let mut size = 0;
        while let Some(chunk) = part.chunk().await? {
            size += chunk.len();
        }
        found.push(format!("{}={size}", part.name().unwrap_or_default()));
    }
    Ok(found.join("&"))
}

fn start(limits: Limits) -> Server {
    let routes = Router::new().route("/api/raw", post(count)).route("/api/form", post(parts));
    Server::start_with(routes, |layers| layers.limits = limits, |_| {})
}

fn slow_after(millis: u64) -> Limits {
    let pace = BodyPace {
        min_bytes_per_second: 1000,
        grace: Duration::from_millis(millis),
        total: Duration::from_mins(1),
    };
    Limits { pace, ..Limits::default() }
}

const CHUNKED: &str =
    "POST /api/raw HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_body_streams_with_and_without_a_declared_length() {
    let server = start(Limits::default());
    let answer = server.send(Request::post("/api/raw"), vec![7; 3 << 20]).await;
    assert_eq!(answer.text(), "3145728 of Some(3145728)");
    let answer = server.raw(format!("{CHUNKED}5\r\nhello\r\n0\r\n\r\n")).await;
    assert!(answer.ends_with("5 of None"), "{answer}");
}

#[tokio::test]
async fn the_limit_holds_with_and_without_a_declared_length() {
    let server = start(Limits { upload_bytes: 10, ..Limits::default() });
    server.send(Request::post("/api/raw"), "x".repeat(11)).await.problem(413, "body_too_large");
    assert_eq!(server.send(Request::post("/api/raw"), "x".repeat(10)).await.status, 200);
    let answer = server.raw(format!("{CHUNKED}8\r\n12345678\r\n3\r\n123\r\n0\r\n\r\n")).await;
    assert!(answer.contains("413") && answer.contains("body_too_large"), "{answer}");
}

#[tokio::test]
async fn a_body_that_dribbles_is_given_up_with_408() {
    let server = start(slow_after(50));
    let mut stream = server.connect().await;
    stream.write_all(CHUNKED.as_bytes()).await.unwrap();
    stream.write_all(b"1\r\nx\r\n").await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.contains("408") && answer.contains("request_timeout"), "{answer}");
    assert!(answer.contains("less than 1000 bytes per second"), "{answer}");
}

#[tokio::test]
async fn a_body_that_takes_too_long_as_a_whole_is_given_up() {
    let pace = BodyPace {
        min_bytes_per_second: 0,
        grace: Duration::from_millis(5),
        total: Duration::from_millis(60),
    };
    let server = start(Limits { pace, ..Limits::default() });
    let mut stream = server.connect().await;
    stream.write_all(CHUNKED.as_bytes()).await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.contains("408") && answer.contains("seconds: send it faster"), "{answer}");
}

#[tokio::test]
async fn a_slow_json_body_is_408_too() {
    let routes = Router::new().route("/api/json", post(async |_: web::MergePatch| "read"));
    let server = Server::start_with(routes, |layers| layers.limits = slow_after(50), |_| {});
    let head = "POST /api/json HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\
                connection: close\r\n\r\n{";
    let answer = server.raw(head).await;
    assert!(answer.contains("408"), "{answer}");
}

#[tokio::test]
async fn a_body_cut_off_midway_is_not_a_success() {
    let server = start(Limits::default());
    let mut stream = server.connect().await;
    stream.write_all(b"POST /api/raw HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhello").await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(!answer.contains("200 OK"), "{answer}");
}

fn form(body: &str) -> (http::request::Builder, String) {
    let request = Request::post("/api/form").header("content-type", "multipart/form-data; boundary=cut");
    (request, body.replace('\n', "\r\n"))
}

#[tokio::test]
async fn the_parts_of_a_form_are_streamed() {
    let server = start(Limits::default());
    let large = "x".repeat(3 << 20);
    let (request, body) = form(&format!(
        "--cut\nContent-Disposition: form-data; name=\"title\"\n\nDeed\n\
         --cut\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\n\n{large}\n--cut--\n"
    ));
    assert_eq!(server.send(request, body).await.text(), "title=4&file=3145728");
}

#[tokio::test]
async fn a_broken_form_is_a_400_and_a_large_one_a_413() {
    let server = start(Limits { upload_bytes: 200, ..Limits::default() });
    let (request, body) = form("--cut\nContent-Disposition: form-data; name=\"title\"\n\nDeed");
    let broken = server.send(request, body).await;
    broken.problem(400, "malformed_request");
    let plain = Request::post("/api/form").header("content-type", "text/plain");
    server.send(plain, "x").await.problem(415, "unsupported_media_type");
    let (request, body) = form("--cut--");
    let packed = server.send(request.header("content-encoding", "gzip"), body).await;
    packed.problem(415, "unsupported_media_type");
    assert_eq!(packed.header("accept-encoding"), "identity");
    let nameless = Request::post("/api/form").header("content-type", "multipart/form-data");
    server.send(nameless, "x").await.problem(400, "malformed_request");
    let head = "POST /api/form HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=cut\r\n\
                transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let start = "--cut\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n";
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let sent = format!("{head}{}{}", chunk(start), chunk(&"x".repeat(300)));
    let answer = server.raw(sent).await;
    assert!(answer.contains("413") && answer.contains("body_too_large"), "{answer}");
}
