//! What goes wrong is told in one form.

mod support;

use axum::Router;
use axum::response::IntoResponse as _;
use axum::routing::get;
use http::Request;
use support::Server;
use web::problem::{Code, Failure, Fault, Problem};

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("file 7 was not found")]
    Absent,
    #[error("the shelf is locked by 10.0.0.7")]
    Locked(#[source] std::io::Error),
    #[error("too many readers")]
    Crowded,
    #[error("the file needs a title")]
    Untitled,
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Absent => Code::new("file_not_found", 404, "The file was not found"),
            Self::Locked(_) => web::codes::INTERNAL,
            Self::Crowded => web::codes::RATE_LIMITED,
            Self::Untitled => web::codes::RULE_REFUSED,
        }
    }

    fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Untitled => vec![Fault::new("title", "missing", "is required")],
            _ => Vec::new(),
        }
    }

    fn retry_after_seconds(&self) -> Option<u32> {
        matches!(self, Self::Crowded).then_some(17)
    }
}

async fn absent() -> Result<(), Problem> {
    Err(Error::Absent)?
}

async fn locked() -> Result<(), Problem> {
    Err(Error::Locked(std::io::Error::other("password=secret")))?
}

fn routes() -> Router {
    Router::new()
        .route("/api/absent", get(absent))
        .route("/api/locked", get(locked))
        .route("/api/crowded", get(async || Problem::from(Error::Crowded).into_response()))
        .route("/api/untitled", get(async || Problem::from(Error::Untitled).into_response()))
        .route("/api/panic", get(async || -> &'static str { panic!("a nail in the shelf") }))
        .route("/api/plain", get(async || (http::StatusCode::IM_A_TEAPOT, "short and stout")))
        .route("/api/own", get(async || (http::StatusCode::SERVICE_UNAVAILABLE, axum::Json("own shape"))))
}

#[tokio::test]
async fn a_failure_becomes_a_problem_with_every_member() {
    let server = Server::start(routes());
    let problem = server.get("/api/absent?secret=1").await.problem(404, "file_not_found");
    assert_eq!(problem["title"], "The file was not found");
    assert_eq!(problem["detail"], "file 7 was not found");
    assert_eq!(problem["path"], "/api/absent");
    assert_eq!(problem["instance"], "/api/absent");
    assert!(problem.get("errors").is_none() && problem.get("retryable").is_none());
}

#[tokio::test]
async fn a_fault_of_the_server_tells_nothing_of_its_inside() {
    let server = Server::start(routes());
    let answer = server.get("/api/locked").await;
    answer.problem(500, "internal");
    assert!(!answer.text().contains("10.0.0.7") && !answer.text().contains("secret"));
}

#[tokio::test]
async fn faults_and_waiting_times_are_passed_on() {
    let server = Server::start(routes());
    let answer = server.get("/api/crowded").await;
    answer.problem(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), "17");
    let answer = server.get("/api/untitled").await;
    answer.problem(422, "rule_refused");
    assert_eq!(answer.faults(), ["title missing"]);
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_server_goes_on() {
    let server = Server::start(routes());
    let answer = server.get("/api/panic").await;
    answer.problem(500, "internal");
    assert!(!answer.text().contains("nail"));
    server.get("/api/absent").await.problem(404, "file_not_found");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let server = Server::start(routes());
    let problem = server.get("/api/nowhere").await.problem(404, "not_found");
    assert_eq!(problem["path"], "/api/nowhere");
    let answer = server.send(Request::delete("/api/absent"), "").await;
    answer.problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD");
}

#[tokio::test]
async fn plain_errors_of_others_become_problems_and_shaped_ones_stay() {
    let server = Server::start(routes());
    let problem = server.get("/api/plain").await.json();
    assert_eq!(problem["code"], "malformed_request");
    assert_eq!(problem["detail"], "short and stout");
    let own = server.get("/api/own").await;
    assert_eq!((own.status.as_u16(), own.json()), (503, serde_json::json!("own shape")));
}

#[test]
fn every_generic_code_is_listed_once_and_has_an_error_status() {
    let mut names: Vec<&str> = web::codes::ALL.iter().map(|code| code.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), web::codes::ALL.len());
    for code in web::codes::ALL {
        assert!((400..600).contains(&code.status), "{}", code.name);
        assert!(code.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
    }
}
