//! Entity tags and the requests that depend on them.

mod support;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, Request};
use proptest::prelude::*;
use support::Server;
use web::etag::{self, Tags};
use web::extract::IfMatchTags;
use web::{IfMatch, Problem, Version};

async fn read(headers: HeaderMap) -> Response {
    etag::conditional(&headers, Version(12), "the resource")
}

async fn change(IfMatch(expected): IfMatch) -> String {
    format!("{expected:?}")
}

async fn strict(condition: IfMatch) -> Result<String, Problem> {
    Ok(condition.required()?.to_string())
}

async fn exact(IfMatchTags(tags): IfMatchTags) -> Result<&'static str, Problem> {
    tags.unwrap_or(Tags::Any).require(Version(12)).map(|()| "changed")
}

fn routes() -> Router {
    Router::new()
        .route("/api/it", get(read).put(change).patch(strict).delete(exact))
        .route("/api/new", get(async || etag::created("/api/it", Version(1), "made")))
}

#[tokio::test]
async fn a_known_version_is_not_sent_again() {
    let server = Server::start(routes());
    let fresh = server.get("/api/it").await;
    assert_eq!((fresh.status.as_u16(), fresh.header("etag")), (200, "\"v12\""));
    for known in ["\"v12\"", "W/\"v12\"", "\"v3\", \"v12\"", "*"] {
        let answer = server.send(Request::get("/api/it").header("if-none-match", known), "").await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (304, 0), "{known}");
        assert_eq!(answer.header("etag"), "\"v12\"");
    }
    for other in ["\"v11\"", "\"12\"", "rubbish"] {
        let answer = server.send(Request::get("/api/it").header("if-none-match", other), "").await;
        assert_eq!(answer.status.as_u16(), 200, "{other}");
    }
}

#[tokio::test]
async fn if_match_names_the_version_to_change() {
    let server = Server::start(routes());
    let put = async |tag: &str| server.send(Request::put("/api/it").header("if-match", tag), "").await;
    assert_eq!(server.send(Request::put("/api/it"), "").await.text(), "None");
    assert_eq!(put("*").await.text(), "None");
    assert_eq!(put("\"v7\"").await.text(), "Some(Version(7))");
    assert_eq!(put("\"v7\", \"v9\", W/\"v11\"").await.text(), "Some(Version(9))");
    put("W/\"v12\"").await.problem(412, "stale_version");
    put("\"abc\"").await.problem(412, "stale_version");
    put("v12").await.problem(400, "malformed_if_match");
    put("\"v1\"\"v2\"").await.problem(400, "malformed_if_match");
    server.send(Request::patch("/api/it"), "").await.problem(428, "precondition_required");
}

#[tokio::test]
async fn a_list_matches_any_of_its_versions_and_no_weak_one() {
    let server = Server::start(routes());
    let delete = async |tag: &str| server.send(Request::delete("/api/it").header("if-match", tag), "").await;
    assert_eq!(delete("\"v12\", \"v99\"").await.text(), "changed");
    delete("\"v11\"").await.problem(412, "stale_version");
    delete("W/\"v12\"").await.problem(412, "stale_version");
}

#[tokio::test]
async fn a_creation_tells_where_and_which_version() {
    let server = Server::start(routes());
    let answer = server.get("/api/new").await;
    assert_eq!(answer.status, 201);
    assert_eq!((answer.header("location"), answer.header("etag")), ("/api/it", "\"v1\""));
}

proptest! {
    #[test]
    fn a_tag_comes_back_as_its_version(number in 0..i64::MAX) {
        let version = Version(number);
        prop_assert_eq!(version.to_string().parse::<Version>().unwrap(), version);
        prop_assert!(Tags::parse(&version.to_string()).unwrap().has(version));
    }

    #[test]
    fn no_header_value_upsets_the_reader(text in "[ -~]{0,60}") {
        // Whatever comes is read or refused; what is read and is not a star never matches a version it does not show.
        if let Ok(Tags::Listed { strong, weak }) = Tags::parse(&text) {
            for version in strong.iter().chain(&weak) {
                prop_assert!(text.contains(&version.0.to_string()));
            }
        }
    }
}
