//! What every answer has, whatever the route.

mod support;

use axum::Router;
use axum::routing::{get, post};
use http::Request;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use support::Server;
use web::CorrelationId;
use web::layers::{CorsFault, CorsSettings, Finished, Observer, long_running};

fn routes() -> Router {
    let slow = Router::new().route("/api/export", get(after_a_while));
    Router::new()
        .route("/api/hello", get(async |id: axum::Extension<CorrelationId>| id.0.to_string()))
        .route("/api/files/{id}", get(async || "a file"))
        .route("/api/docs", get(async || "<p>docs</p>"))
        .route("/api/cached", get(async || ([("cache-control", "max-age=5")], "kept")))
        .route("/api/slow", get(async || std::future::pending::<String>().await))
        .route("/api/upload", post(async |_: web::RawBody| after_a_while().await))
        .merge(long_running(slow))
}

async fn after_a_while() -> &'static str {
    tokio::time::sleep(Duration::from_millis(120)).await;
    "at last"
}

#[tokio::test]
async fn a_sane_correlation_id_is_taken_and_any_other_replaced() {
    let server = Server::start(routes());
    let send =
        async |id: &str| server.send(Request::get("/api/hello").header("x-correlation-id", id), "").await;
    let answer = send("job-7_a.B").await;
    assert_eq!((answer.header("x-correlation-id"), answer.text().as_str()), ("job-7_a.B", "job-7_a.B"));
    for wild in ["a b", "<script>", "", &"x".repeat(65)] {
        let answer = send(wild).await;
        let made = answer.header("x-correlation-id");
        assert!(made.parse::<ids::CorrelationId>().is_ok(), "{made}");
        assert_eq!(made, answer.text());
    }
    let (first, second) = (server.get("/api/hello").await.text(), server.get("/api/hello").await.text());
    assert_ne!(first, second);
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let server = Server::start(routes());
    for path in ["/api/hello", "/api/nowhere"] {
        let answer = server.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(
            answer.header("content-security-policy").contains("default-src 'none'; frame-ancestors 'none'")
        );
    }
    let docs = server.get("/api/docs").await;
    assert!(docs.header("content-security-policy").starts_with("default-src 'self'"));
    assert!(docs.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(server.get("/api/cached").await.header("cache-control"), "max-age=5");
}

#[tokio::test]
async fn the_versioned_prefix_answers_the_same() {
    let server = Server::start(routes());
    assert_eq!(server.get("/api/v1/files/7?x=1").await.text(), "a file");
    let problem = server.get("/api/v1/nowhere").await.problem(404, "not_found");
    assert_eq!(problem["path"], "/api/v1/nowhere", "the path is told as it was written");
    server.get("/api/v10/files/7").await.problem(404, "not_found");
    server.get("/v1/files/7").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let server =
        Server::start_with(routes(), |layers| layers.request_timeout = Duration::from_millis(40), |_| {});
    let answer = server.get("/api/slow").await;
    answer.problem(503, "request_timed_out");
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(server.get("/api/export").await.text(), "at last");
    assert_eq!(server.send(Request::post("/api/upload"), "data").await.text(), "at last");
}

#[tokio::test]
async fn other_origins_are_not_allowed_unless_configured() {
    let preflight = || {
        Request::options("/api/hello")
            .header("origin", "https://app.example.org")
            .header("access-control-request-method", "GET")
    };
    let server = Server::start(routes());
    let answer = server.send(preflight(), "").await;
    assert_eq!(answer.header("access-control-allow-origin"), "");

    let origins = ["https://app.example.org".to_owned()];
    let cors = CorsSettings::new(&origins, true, Duration::from_mins(1)).unwrap();
    let server = Server::start_with(routes(), |layers| layers.cors = Some(cors), |_| {});
    let answer = server.send(preflight(), "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example.org");
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    let stranger = Request::get("/api/hello").header("origin", "https://evil.example");
    assert_eq!(server.send(stranger, "").await.header("access-control-allow-origin"), "");
}

#[test]
fn origins_are_checked_when_they_are_configured() {
    let new = |origin: &str, credentials| {
        CorsSettings::new(&[origin.to_owned()], credentials, Duration::from_secs(1)).map(drop)
    };
    assert_eq!(new("*", true), Err(CorsFault::AnyWithCredentials));
    assert_eq!(new("*", false), Ok(()));
    assert_eq!(new("http://localhost:3000", true), Ok(()));
    for wrong in ["localhost", "https://a.example/", "https://a.example/path", "a b", ""] {
        assert_eq!(new(wrong, true), Err(CorsFault::NotAnOrigin(wrong.to_owned())));
    }
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Observer for Notes {
    fn finished(&self, request: &Finished<'_>) {
        let status = request.status.map_or(0, |status| status.as_u16());
        let note = format!(
            "{} {} {status} {} {}",
            request.method, request.route, request.size_bytes, request.complete
        );
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }
}

#[tokio::test]
async fn each_request_is_told_once_by_its_template() {
    let notes = Arc::new(Notes::default());
    let observer = Arc::clone(&notes);
    let server = Server::start_with(routes(), |layers| layers.observer = Some(observer), |_| {});
    server.get("/api/files/secret-name?token=1").await;
    server.send(Request::head("/api/files/1"), "").await;
    let size = server.get("/nowhere/at/all").await.body.len();
    server.stop().await;
    let found = notes.0.lock().unwrap().clone();
    assert_eq!(
        found,
        [
            "GET /api/files/{id} 200 6 true".to_owned(),
            "HEAD /api/files/{id} 200 0 true".to_owned(),
            format!("GET unmatched 404 {size} true"),
        ]
    );
}

#[tokio::test]
async fn a_request_whose_client_leaves_is_told_too() {
    let notes = Arc::new(Notes::default());
    let observer = Arc::clone(&notes);
    let server = Server::start_with(routes(), |layers| layers.observer = Some(observer), |_| {});
    let mut stream = server.connect().await;
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET /api/slow HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    drop(stream);
    while notes.0.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(*notes.0.lock().unwrap(), ["GET /api/slow 0 0 false"]);
}

#[tokio::test]
async fn a_large_answer_is_held_on_the_account_until_it_is_read() {
    const SIZE: usize = 4 << 20;
    let routes = Router::new()
        .route("/api/list", get(async || "x".repeat(SIZE)).post(async || "y".repeat(SIZE)))
        .route("/api/hello", get(async || "hello"));
    let pool = headroom::Pool::root("answers", (SIZE as u64) * 3 / 2);
    let lent = pool.clone();
    let server = Server::start_with(routes, |layers| layers.pool = Some(lent), |_| {});

    // Reads nothing, so the answer stays here.
    let mut slow = server.connect().await;
    let head = b"GET /api/list HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut slow, head).await.unwrap();
    while pool.used() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let refused = server.send(Request::get("/api/list"), "").await;
    refused.problem(503, "memory_exhausted");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(server.send(Request::get("/api/hello"), "").await.status, 200);
    let changed = server.send(Request::post("/api/list"), "").await;
    assert_eq!(changed.status, 200, "what was changed is told");

    assert!(support::read_all(&mut slow).await.ends_with('x'));
    assert_eq!(server.send(Request::get("/api/list"), "").await.status, 200);
    server.stop().await;
    assert_eq!(pool.used(), 0);
}
