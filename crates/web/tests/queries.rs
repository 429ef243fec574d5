//! Query strings, forms, texts and ids in paths.

mod support;

use axum::routing::{get, post};
use axum::{Json, Router};
use garde::Validate;
use http::Request;
use serde::{Deserialize, Serialize};
use support::Server;
use web::extract::{TextBody, ValidForm};
use web::paging::{MAX_LIMIT, Page, Paged, Sort};
use web::{PathId, Problem, ValidQuery};

#[derive(Debug, Deserialize, Serialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListFiles {
    #[garde(skip)]
    page: Option<u64>,
    #[garde(skip)]
    limit: Option<u64>,
    #[garde(skip)]
    sort: Option<String>,
    #[garde(skip)]
    sort_by: Option<String>,
    #[garde(skip)]
    order: Option<String>,
    #[garde(skip)]
    is_open: Option<bool>,
    #[garde(inner(custom(web::calendar_day)))]
    opened_after: Option<chrono::NaiveDate>,
    #[garde(length(max = 7))]
    search: Option<String>,
    #[garde(skip)]
    #[serde(default)]
    status: Vec<String>,
}

const FIELDS: &[(&str, &str)] = &[("title", "title"), ("createdAt", "created_at")];

async fn list(ValidQuery(query): ValidQuery<ListFiles>) -> Result<Paged<u64>, Problem> {
    let page = Page::from_parts(query.page, query.limit, MAX_LIMIT)?;
    Ok(Paged::new(vec![page.offset()], 41, page))
}

async fn sorted(ValidQuery(query): ValidQuery<ListFiles>) -> Result<String, Problem> {
    let default = Sort::descending("created_at");
    let (sort, by, order) = (query.sort.as_deref(), query.sort_by.as_deref(), query.order.as_deref());
    Ok(format!("{:?}", Sort::parse(sort, by, order, FIELDS, default)?))
}

fn routes() -> Router {
    Router::new()
        .route("/api/echo", get(async |ValidQuery(query): ValidQuery<ListFiles>| Json(query)))
        .route("/api/files", get(list))
        .route("/api/form", post(async |ValidForm(query): ValidForm<ListFiles>| Json(query)))
        .route("/api/text", post(async |TextBody(text): TextBody| text))
        .route("/api/sorted", get(sorted))
        .route("/api/files/{id}", get(async |PathId(id): PathId<ids::CaseId>| id.to_string()))
        .route(
            "/api/files/{id}/parties/{party}",
            get(async |PathId(_): PathId<ids::CaseId>, PathId(party): PathId<ids::PartyId, 1>| {
                party.to_string()
            }),
        )
}

#[tokio::test]
async fn parameters_are_read_into_their_types() {
    let server = Server::start(routes());
    let path = "/api/echo?page=3&isOpen=true&openedAfter=2026-01-31&search=a%20%2Bb+c&status=open&status=closed&sort=";
    let query = server.get(path).await.json();
    assert_eq!(query["page"], 3, "{query}");
    assert_eq!(query["isOpen"], true);
    assert_eq!(query["openedAfter"], "2026-01-31");
    assert_eq!(query["search"], "a +b c");
    assert_eq!(query["status"], serde_json::json!(["open", "closed"]));
    assert!(query["sort"].is_null(), "an empty parameter is none");
    assert_eq!(server.get("/api/echo?status=open").await.json()["status"], serde_json::json!(["open"]));
}

#[tokio::test]
async fn all_faults_of_a_query_come_at_once() {
    let server = Server::start(routes());
    let path = "/api/echo?page=x&limit=-1&isOpen=maybe&colour=red&openedAfter=soon&search=too+long&page2=";
    let answer = server.get(path).await;
    answer.problem(400, "malformed_query");
    let mut faults = answer.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "colour unknown",
            "isOpen wrong_type",
            "limit out_of_range",
            "openedAfter invalid",
            "page wrong_type",
            "page2 unknown",
            "search invalid",
        ]
    );
    server.get("/api/echo?page=1&page=2").await.problem(400, "malformed_query");
    server.get("/api/echo?search=%ff").await.problem(400, "malformed_query");
    server.get(&format!("/api/echo?{}", "status=a&".repeat(300))).await.problem(400, "malformed_query");
}

#[tokio::test]
async fn days_outside_of_four_digits_are_refused() {
    let server = Server::start(routes());
    for wrong in ["-0001-01-01", "0000-12-31", "%2B10000-01-01", "-200000-01-01"] {
        let answer = server.get(&format!("/api/echo?openedAfter={wrong}")).await;
        answer.problem(400, "malformed_query");
        assert_eq!(answer.faults(), ["openedAfter invalid"], "{wrong}");
    }
    for fine in ["0001-01-01", "9999-12-31"] {
        assert_eq!(server.get(&format!("/api/echo?openedAfter={fine}")).await.json()["openedAfter"], fine);
    }
}

#[tokio::test]
async fn pages_have_bounds_that_are_told() {
    let server = Server::start(routes());
    let list = server.get("/api/files").await.json();
    assert_eq!(
        list,
        serde_json::json!({"data": [0], "total": 41, "page": 1, "limit": 20, "totalPages": 3, "nextCursor": null})
    );
    let far = server.get("/api/files?page=1000000000&limit=1000").await;
    assert_eq!(far.status, 200);
    assert_eq!(far.json()["data"], serde_json::json!([999_999_999_000_u64]));
    for wrong in ["limit=1001", "limit=0", "page=0", "page=18446744073709551615&limit=1000"] {
        server.get(&format!("/api/files?{wrong}")).await.problem(400, "validation_failed");
    }
}

#[tokio::test]
async fn the_order_comes_from_a_documented_list() {
    let server = Server::start(routes());
    let of = async |query: &str| server.get(&format!("/api/sorted?{query}")).await.text();
    assert_eq!(of("").await, "Sort { field: \"created_at\", descending: true }");
    assert_eq!(of("sort=title").await, "Sort { field: \"title\", descending: false }");
    assert_eq!(of("sort=-title").await, "Sort { field: \"title\", descending: true }");
    assert_eq!(of("sortBy=title&order=DESC").await, "Sort { field: \"title\", descending: true }");
    assert_eq!(of("sortBy=createdAt&order=asc").await, "Sort { field: \"created_at\", descending: false }");
    for wrong in ["sort=shoe", "sortBy=-title", "sort=title&sortBy=title", "sort=title&order=up"] {
        let answer = server.get(&format!("/api/sorted?{wrong}")).await;
        answer.problem(400, "validation_failed");
    }
    assert!(of("sort=shoe").await.contains("title, createdAt"));
}

#[tokio::test]
async fn ids_in_paths_are_uuids() {
    let server = Server::start(routes());
    let id = "0192e4a0-7c1e-7b3a-9f00-5a1d2c3b4e5f";
    assert_eq!(server.get(&format!("/api/files/{id}")).await.text(), id);
    assert_eq!(server.get(&format!("/api/files/{id}/parties/{id}")).await.text(), id);
    let problem = server.get("/api/files/7").await.problem(400, "malformed_id");
    assert!(problem["detail"].as_str().unwrap().starts_with("the case id in the path is not a case id"));
    server.get(&format!("/api/files/{id}/parties/x")).await.problem(400, "malformed_id");
    server.get("/api/files/%ff").await.problem(400, "malformed_id");
}

#[tokio::test]
async fn forms_and_texts_have_their_types_and_limits() {
    let small = |layers: &mut web::layers::Settings| {
        layers.limits.urlencoded_bytes = 40;
        layers.limits.text_bytes = 5;
    };
    let server = Server::start_with(routes(), small, |_| {});
    let form = || Request::post("/api/form").header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(server.send(form(), "page=2&search=a+b").await.json()["search"], "a b");
    let answer = server.send(form(), "page=x&colour=red").await;
    answer.problem(400, "validation_failed");
    assert_eq!(answer.faults().len(), 2);
    server.send(form(), "x=".repeat(21)).await.problem(413, "body_too_large");
    server.send(Request::post("/api/form"), "page=2").await.problem(415, "unsupported_media_type");

    let text = || Request::post("/api/text").header("content-type", "text/plain; charset=utf-8");
    assert_eq!(server.send(text(), "hello").await.text(), "hello");
    server.send(text(), "hello!").await.problem(413, "body_too_large");
    server.send(text(), vec![b'a', 0xff]).await.problem(400, "malformed_request");
}
