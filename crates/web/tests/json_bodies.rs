//! JSON bodies: read, bounded, and refused with all faults at once.

mod support;

use axum::routing::post;
use axum::{Json, Router};
use garde::Validate;
use http::Request;
use serde::{Deserialize, Serialize};
use serde_json::json;
use support::Server;
use web::ValidJson;

#[derive(Debug, Serialize, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OpenFile {
    #[garde(length(min = 1, max = 20))]
    title: String,
    #[garde(skip)]
    kind: Kind,
    #[garde(skip)]
    opened_on: chrono::NaiveDate,
    #[garde(range(max = 10))]
    priority: u8,
    #[garde(dive)]
    #[serde(default)]
    people: Vec<Person>,
    #[garde(skip)]
    owner_id: Option<ids::UserId>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Civil,
    Criminal,
}

#[derive(Debug, Serialize, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Person {
    #[garde(length(min = 1))]
    last_name: String,
    #[garde(skip)]
    #[serde(default)]
    active: bool,
}

fn routes() -> Router {
    Router::new().route("/api/files", post(async |ValidJson(file): ValidJson<OpenFile>| Json(file)))
}

const GOOD: &str = r#"{"title":"Estate","kind":"civil","openedOn":"2026-01-31","priority":3}"#;

#[tokio::test]
async fn a_good_body_reaches_the_handler() {
    let server = Server::start(routes());
    let answer = server.post_json("/api/files", GOOD).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["title"], "Estate");
    let suffixed =
        Request::post("/api/files").header("content-type", "application/vnd.firm+json; charset=utf-8");
    assert_eq!(server.send(suffixed, GOOD).await.status, 200);
}

#[tokio::test]
async fn all_faults_come_at_once_with_their_places() {
    let server = Server::start(routes());
    let body = json!({
        "title": 7, "kind": 5, "priority": 300, "colour": "red", "size": 1, "ownerId": "nobody",
        "people": [{"lastName": "Ito"}, {"lastName": "", "active": "yes", "age": 3}, {}],
    });
    let answer = server.post_json("/api/files", &body.to_string()).await;
    answer.problem(400, "validation_failed");
    let mut faults = answer.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "colour unknown",
            "kind wrong_type",
            "openedOn missing",
            "ownerId invalid",
            "people[1].active wrong_type",
            "people[1].age unknown",
            "people[1].lastName invalid",
            "people[2].lastName missing",
            "priority out_of_range",
            "size unknown",
            "title wrong_type",
        ]
    );
}

#[tokio::test]
async fn rules_of_content_name_their_members_in_camel_case() {
    let server = Server::start(routes());
    let body =
        r#"{"title":"","kind":"civil","openedOn":"2026-01-31","priority":11,"people":[{"lastName":""}]}"#;
    let answer = server.post_json("/api/files", body).await;
    answer.problem(400, "validation_failed");
    let mut faults = answer.faults();
    faults.sort();
    assert_eq!(faults, ["people[0].lastName invalid", "priority invalid", "title invalid"]);
}

#[tokio::test]
async fn faults_say_what_to_do_and_repeat_no_input() {
    let server = Server::start(routes());
    let answer =
        server.post_json("/api/files", r#"{"title":"x","kind":"hunter2","priority":"hunter2"}"#).await;
    let text = answer.text();
    assert!(text.contains("must be one of civil, criminal"), "{text}");
    assert!(text.contains("must be a whole number from 0 to 255"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_member_given_twice_is_refused() {
    let server = Server::start(routes());
    let body = GOOD.replace(r#""priority":3"#, r#""priority":3,"priority":4"#);
    let answer = server.post_json("/api/files", &body).await;
    answer.problem(400, "validation_failed");
    assert!(answer.text().contains("duplicate field `priority`"));
}

#[tokio::test]
async fn a_body_of_the_wrong_kind_as_a_whole_is_one_fault() {
    let server = Server::start(routes());
    let answer = server.post_json("/api/files", "\"text\"").await;
    answer.problem(400, "validation_failed");
    assert_eq!(answer.faults(), [" wrong_type"]);
}

#[tokio::test]
async fn a_thousand_unknown_members_make_a_bounded_answer() {
    let server = Server::start(routes());
    let members: serde_json::Map<_, _> = (0..1000).map(|n| (format!("m{n}"), json!(n))).collect();
    let answer = server.post_json("/api/files", &serde_json::Value::Object(members).to_string()).await;
    answer.problem(400, "validation_failed");
    assert!(answer.faults().len() <= 64);
}

#[tokio::test]
async fn malformed_json_is_refused_with_line_and_column() {
    let server = Server::start(routes());
    let answer = server.post_json("/api/files", "{\n  \"title\": oops\n}").await;
    let problem = answer.problem(400, "malformed_json");
    assert!(problem["detail"].as_str().unwrap().contains("line 2 column 12"), "{problem}");
    let answer = server.post_json("/api/files", "{\"title\":").await;
    let problem = answer.problem(400, "malformed_json");
    assert!(problem["detail"].as_str().unwrap().contains("ends too early"), "{problem}");
    server.post_json("/api/files", "  ").await.problem(400, "malformed_json");
    server.post_json("/api/files", &format!("{GOOD} x")).await.problem(400, "malformed_json");
}

#[tokio::test]
async fn deep_nesting_is_refused() {
    let server = Server::start(routes());
    let deep = format!("{{\"people\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let answer = server.post_json("/api/files", &deep).await;
    assert_eq!(answer.status, 400);
    let wide = format!("{}{}", "[".repeat(200), "]".repeat(200));
    server.post_json("/api/files", &wide).await;
    let answer = server.post_json("/api/files", &format!("{{\"colour\":{wide}}}")).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn another_content_type_or_a_coded_body_is_415() {
    let server = Server::start(routes());
    let plain = Request::post("/api/files").header("content-type", "text/plain");
    server.send(plain, GOOD).await.problem(415, "unsupported_media_type");
    server.send(Request::post("/api/files"), GOOD).await.problem(415, "unsupported_media_type");
    let coded = Request::post("/api/files")
        .header("content-type", "application/json")
        .header("content-encoding", "br");
    server.send(coded, GOOD).await.problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let server = Server::start(routes());
    // Nothing but the head is ever sent; an answer proves that nothing else was waited for.
    let head = "POST /api/files HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 99999999\r\nconnection: close\r\n\r\n";
    let answer = server.raw(head).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("body_too_large"), "{answer}");
}

#[tokio::test]
async fn a_body_of_unknown_length_is_refused_where_it_passes_the_limit() {
    let server = Server::start_with(routes(), |layers| layers.limits.json_bytes = 100, |_| {});
    let head = "POST /api/files HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let chunk = format!("40\r\n{}\r\n", " ".repeat(64));
    let answer = server.raw(format!("{head}{chunk}{chunk}")).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let small = server.raw(format!("{head}50\r\n{GOOD:<80}\r\n0\r\n\r\n")).await;
    assert!(small.starts_with("HTTP/1.1 200"), "{small}");
}

#[tokio::test]
async fn a_body_cut_off_is_no_success() {
    let server = Server::start(routes());
    let head = "POST /api/files HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{";
    let mut stream = server.connect().await;
    tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await.unwrap();
    tokio::io::AsyncWriteExt::shutdown(&mut stream).await.unwrap();
    let answer = support::read_all(&mut stream).await;
    assert!(!answer.contains("200 OK"), "{answer}");
}

#[tokio::test]
async fn buffered_bodies_borrow_memory_and_give_it_back() {
    let pool = headroom::Pool::root("bodies", 128 << 10);
    let lent = pool.clone();
    let server = Server::start_with(routes(), |layers| layers.pool = Some(lent), |_| {});
    let huge = GOOD.replace("Estate", &"x".repeat(200 << 10));
    let problem = server.post_json("/api/files", &huge).await.problem(413, "body_too_large");
    assert_eq!(problem["retryable"], false);
    assert_eq!(problem["scope"], "bodies");
    assert_eq!(problem["bytesLimit"], 128 << 10);

    let taken = pool.try_lease(128 << 10).unwrap();
    let answer = server.post_json("/api/files", GOOD).await;
    let problem = answer.problem(503, "memory_exhausted");
    assert_eq!(problem["retryable"], true);
    assert!(problem["bytesWanted"].as_u64().unwrap() > 0);
    assert_eq!(answer.header("retry-after"), "1");
    drop(taken);

    assert_eq!(server.post_json("/api/files", GOOD).await.status, 200);
    server.stop().await;
    assert_eq!(pool.used(), 0);
}

#[tokio::test]
async fn a_list_in_the_place_of_an_object_is_refused() {
    let server = Server::start(routes());
    let answer = server.post_json("/api/files", r#"["Estate","civil","2026-01-31",3,[],null]"#).await;
    answer.problem(400, "validation_failed");
    let body = GOOD.replace('}', r#","people":[["Ito",true]]}"#);
    let answer = server.post_json("/api/files", &body).await;
    answer.problem(400, "validation_failed");
    assert_eq!(answer.faults(), ["people[0] wrong_type"]);
}

/// The body itself finds room; the second look at it, which lists call for, does not.
#[tokio::test]
async fn what_cannot_be_looked_at_for_want_of_memory_does_not_pass_for_right() {
    let listed = r#"["Estate","civil","2026-01-31",3,[],null]"#.to_owned();
    let broken = GOOD.replace("Estate", "").replace('}', r#","people":[]}"#);
    for body in [listed, broken] {
        let pool = headroom::Pool::root("bodies", body.len() as u64);
        let server = Server::start_with(routes(), |layers| layers.pool = Some(pool.clone()), |_| {});
        let answer = server.post_json("/api/files", &body).await;
        answer.problem(413, "body_too_large");
        server.stop().await;
        assert_eq!(pool.used(), 0);
    }
}

#[tokio::test]
async fn a_long_body_tells_its_first_fault_with_its_line() {
    let server = Server::start(routes());
    let title = "x".repeat(2 << 20);
    let answer = server.post_json("/api/files", &format!("{{\"title\":\"{title}\",\n\"kind\":7}}")).await;
    answer.problem(400, "validation_failed");
    assert!(answer.text().contains("line 2 column"), "{}", answer.text());
}

#[tokio::test]
async fn a_body_of_unknown_length_borrows_what_its_buffer_takes_while_it_grows() {
    let pool = headroom::Pool::root("bodies", 8 << 20);
    let lent = pool.clone();
    let server = Server::start_with(routes(), |layers| layers.pool = Some(lent), |_| {});
    let text = GOOD.replace("Estate", &"x".repeat(1 << 20));
    let head = "POST /api/files HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                connection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunks = text
        .as_bytes()
        .chunks(8 << 10)
        .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)));
    let body: String = chunks.collect();
    server.raw(format!("{head}{body}0\r\n\r\n")).await;
    let peak = pool.stats().peak;
    assert!(peak >= 3 << 19, "the old and the new buffer are there at once, {peak} bytes were borrowed");
    server.stop().await;
    assert_eq!(pool.used(), 0);
}
