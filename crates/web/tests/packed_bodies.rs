//! Bodies that gzip has packed: unpacked within the same limits, and no bombs.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use axum::Router;
use axum::routing::post;
use flate2::Compression;
use flate2::write::GzEncoder;
use garde::Validate;
use http::Request;
use serde::Deserialize;
use std::io::Write as _;
use support::Server;
use web::ValidJson;

#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Note {
    #[garde(skip)]
    text: String,
}

fn server(json_bytes: u64) -> Server {
    server_with(json_bytes, |_| ())
}

fn server_with(json_bytes: u64, change: impl FnOnce(&mut web::layers::Settings)) -> Server {
    let length = async |ValidJson(note): ValidJson<Note>| note.text.len().to_string();
    let routes = Router::new().route("/api/notes", post(length));
    let set = |layers: &mut web::layers::Settings| {
        layers.limits.json_bytes = json_bytes;
        change(layers);
    };
    Server::start_with(routes, set, |_| {})
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

fn note(text: &str) -> Vec<u8> {
    format!("{{\"text\":\"{text}\"}}").into_bytes()
}

fn request(coding: &str) -> http::request::Builder {
    Request::post("/api/notes").header("content-type", "application/json").header("content-encoding", coding)
}

/// Letters that do not repeat for long.
fn letters(count: usize) -> String {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + u8::try_from(state >> 24).unwrap() % 26)
    };
    (0..count).map(|_| next()).collect()
}

#[tokio::test]
async fn what_gzip_has_packed_is_read_as_if_it_had_not() {
    let server = server(10 << 20);
    for (coding, length) in [("gzip", 5), ("GZIP", 100_000), ("x-gzip", 1_000_000)] {
        let answer = server.send(request(coding), packed(&note(&letters(length)))).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, length.to_string()), "{coding}");
    }
    let plain = server.send(request("identity"), note("a brief")).await;
    assert_eq!(plain.text(), "7");
    let empty = server.send(request("gzip"), packed(b"")).await;
    empty.problem(400, "malformed_json");
}

#[tokio::test]
async fn what_is_too_large_unpacked_or_was_made_to_grow_is_413() {
    let server = server(1 << 20);
    let large = server.send(request("gzip"), packed(&note(&letters(1 << 20)))).await;
    assert!(large.problem(413, "body_too_large")["detail"].as_str().unwrap().contains("1048576 bytes"));
    let bomb = packed(&note(&"x".repeat(1_000_000)));
    assert!(bomb.len() < 2_000);
    let refused = server.send(request("gzip"), bomb).await.problem(413, "body_too_large");
    assert!(refused["detail"].as_str().unwrap().contains("100 times"), "{refused}");
    // A small one is nobody's danger.
    let small = server.send(request("gzip"), packed(&note(&"x".repeat(60_000)))).await;
    assert_eq!(small.text(), "60000");
}

#[tokio::test]
async fn what_is_unpacked_is_lent_for_and_comes_back() {
    let pool = headroom::Pool::root("bodies", 2 << 20);
    let lent = pool.clone();
    let server = server_with(10 << 20, |layers| layers.pool = Some(lent));
    let small = packed(&note("a brief"));
    let taken = pool.try_lease(2 << 20).unwrap();
    server.send(request("gzip"), small.clone()).await.problem(503, "memory_exhausted");
    drop(taken);
    assert_eq!(server.send(request("gzip"), small).await.text(), "7");
    // Packed it is a third, and would fit.
    let large = server.send(request("gzip"), packed(&note(&letters(2 << 20)))).await;
    large.problem(413, "body_too_large");
    server.stop().await;
    assert_eq!(pool.used(), 0);
}

#[tokio::test]
async fn what_is_not_whole_gzip_data_is_400_and_another_coding_415() {
    let server = server(1 << 20);
    let whole = packed(&note("a brief"));
    let mut broken = whole.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 0x55;
    let longer = [whole.clone(), b"more".to_vec()].concat();
    let members = [whole.clone(), packed(b"")].concat();
    let shorter = whole[..whole.len() - 3].to_vec();
    for (name, body) in [
        ("plain", note("a")),
        ("broken", broken),
        ("longer", longer),
        ("members", members),
        ("shorter", shorter),
    ] {
        let answer = server.send(request("gzip"), body).await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.text());
        answer.problem(400, "malformed_request");
    }
    for coding in ["br", "deflate", "gzip, gzip", ""] {
        let answer = server.send(request(coding), whole.clone()).await;
        answer.problem(415, "unsupported_media_type");
        assert_eq!(answer.header("accept-encoding"), "gzip", "{coding}");
    }
    let twice = request("gzip").header("content-encoding", "gzip");
    let answer = server.send(twice, whole).await;
    answer.problem(415, "unsupported_media_type");
    assert_eq!(answer.header("accept-encoding"), "gzip");
}
