//! Two firms on one server: to each, the other does not exist.

use e2e::{PASSWORD, Route, TestApp, Things, absent, id_of, one_of_each, open_case, routes};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

async fn call(client: &Client, route: &Route, path: &str, things: &Things) -> Answer {
    let body = route.body(things).map(|body| body.to_string()).unwrap_or_default();
    let headers = [("content-type", "application/json")];
    client.send(route.method.clone(), path, &headers, body.into()).await
}

/// An answer without what differs from request to request: ids, paths, times.
fn bare(answer: &Answer, ids: &[&str]) -> String {
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    for member in ["correlationId", "timestamp"] {
        body.as_object_mut().map(|members| members.remove(member));
    }
    ids.iter().fold(body.to_string(), |text, id| text.replace(id, "ID"))
}

#[tokio::test]
async fn to_every_route_another_firms_things_are_not_there() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    app.settle().await;
    let stranger = app.second_firm().await;
    let before = Snapshot::take(&app, &things).await;
    let mut called = 0;
    for route in routes(&app).iter().filter(|route| route.has_id()) {
        let (path, missing) = (route.path_of(&things), route.absent_path());
        let foreign = call(&stranger, route, &path, &things).await;
        // A file may be put under an id of the caller's choice: that one is not free, and nothing more is told.
        let chosen = route.method == Method::PUT && route.template.ends_with("/content");
        // What happened to a thing is told of things that are gone, too: of those of others, nothing happened.
        let history = ["/api/audit-logs/entity/", "/api/audit-logs/user/"];
        let is_history = history.iter().any(|begin| route.template.starts_with(begin));
        let expected: &[u16] = match (chosen, is_history) {
            (true, _) => &[404, 409],
            (_, true) => &[200],
            _ => &[404],
        };
        assert!(
            expected.contains(&foreign.status.as_u16()),
            "{} {path}: {} {}",
            route.method,
            foreign.status,
            foreign.text()
        );
        if !chosen {
            let nothing = call(&stranger, route, &missing, &things).await;
            let ids = things.all();
            let ids: Vec<&str> = ids.iter().map(String::as_str).chain([absent().leak() as &str]).collect();
            assert_eq!(foreign.status, nothing.status, "{} {path}", route.method);
            assert_eq!(bare(&foreign, &ids), bare(&nothing, &ids), "{} {path}", route.method);
        }
        called += 1;
    }
    assert!(called >= 40, "only {called} routes have an id");
    assert_eq!(before, Snapshot::take(&app, &things).await, "something was changed");
    app.finish().await;
}

/// The first firm's things as it sees them.
#[derive(Debug, PartialEq)]
struct Snapshot(Vec<String>);

impl Snapshot {
    async fn take(app: &TestApp, things: &Things) -> Self {
        let mut seen = Vec::new();
        // The record of a case grows by each look at it.
        let grows = |route: &Route| route.template.ends_with("/audit-logs");
        for route in
            routes(app).iter().filter(|route| route.method == Method::GET && route.has_id() && !grows(route))
        {
            let answer = app.admin().get(&route.path_of(things)).await;
            assert!(
                answer.status.is_success() || answer.status == 404,
                "{}: {}",
                route.template,
                answer.text()
            );
            seen.push(if answer.status.is_success() { answer.text() } else { String::new() });
        }
        Self(seen)
    }
}

#[tokio::test]
async fn lists_counts_and_search_show_nothing_of_another_firm() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    app.settle().await;
    let stranger = app.second_firm().await;
    for route in routes(&app).iter().filter(|route| route.method == Method::GET && !route.has_id()) {
        let mut paths = vec![route.absent_path()];
        for query in ["query=alder", "search=alder", "limit=1000"] {
            paths.push(format!("{}?{query}", route.absent_path()));
        }
        for path in paths {
            let text = stranger.get(&path).await.text();
            for id in things.all() {
                assert!(!text.contains(&id), "{path} shows {id}: {text}");
            }
            assert!(!text.to_lowercase().contains("alder v"), "{path}: {text}");
        }
    }
    for path in ["/api/search", "/api/search/cases", "/api/search/documents"] {
        let found = stranger.get(&format!("{path}?query=alder")).await.expect_status(200).json();
        assert_eq!(found["total"], 0, "{path}: {found}");
    }
    let own = app.admin().get("/api/search?query=alder").await.expect_status(200).json();
    assert!(own["total"].as_u64().unwrap() >= 4, "{own}");
    app.finish().await;
}

#[tokio::test]
async fn a_filter_or_a_body_with_another_firms_id_finds_nothing() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    let stranger = app.second_firm().await;
    for path in ["docket", "parties", "documents", "billing/time-entries", "time-entries"] {
        let answer = stranger.get(&format!("/api/{path}?caseId={}", things.case)).await;
        let empty = answer.status == 200 && answer.json()["total"] == 0;
        assert!(empty || answer.status == 404, "{path}: {}", answer.text());
    }
    let by_user = stranger.get(&format!("/api/billing/time-entries?userId={}", things.user)).await;
    assert_eq!(by_user.expect_status(200).json()["total"], 0);

    let case = &things.case;
    for (path, body) in [
        ("/api/parties", json!({ "caseId": case, "name": "A", "kind": "Defendant" })),
        ("/api/docket", json!({ "caseId": case, "filedOn": "2026-03-02", "text": "A" })),
        (
            "/api/billing/time-entries",
            json!({ "caseId": case, "workedOn": "2026-03-02", "workedSeconds": 6, "description": "A" }),
        ),
    ] {
        stranger.post(path, &body).await.expect_problem(404, "case_not_found");
    }
    let form = e2e::Form::new().text("caseId", case).file("a.txt", "text/plain", b"words");
    form.post(&stranger, "/api/documents").await.expect_problem(404, "case_not_found");
    let client = stranger.post("/api/cases", &json!({ "title": "A", "clientId": things.client })).await;
    client.expect_problem(400, "case_client_unknown");
    // Another firm's user is like one who is not there.
    for lead in [things.user.clone(), absent()] {
        let refused = stranger.post("/api/cases", &json!({ "title": "A", "leadUserId": lead })).await;
        refused.expect_problem(400, "case_lead_unknown");
    }

    let own = id_of(&open_case(&stranger, "Own").await);
    let document = id_of(&e2e::upload_text(&stranger, &own, "a.txt", "a text of their own").await);
    let moved = stranger.patch(&format!("/api/documents/{document}"), &json!({ "caseId": case })).await;
    assert!(moved.status.is_client_error(), "{}", moved.text());
    let total = app.admin().get(&format!("/api/cases/{case}/documents")).await.expect_status(200).json();
    assert_eq!(total["total"], 1);
    app.settle().await;
    app.finish().await;
}

#[tokio::test]
async fn an_address_names_one_user_on_the_whole_server() {
    let app = TestApp::start().await;
    let stranger = app.second_firm().await;
    let body = json!({ "email": app.admin_email().to_uppercase(), "firstName": "A", "lastName": "B", "role": "clerk",
        "password": PASSWORD });
    stranger.post("/api/users", &body).await.expect_problem(409, "email_taken");
    app.finish().await;
}

#[tokio::test]
async fn an_idempotency_key_of_one_firm_means_nothing_to_another() {
    let app = TestApp::start().await;
    let stranger = app.second_firm().await;
    let body = json!({ "title": "Alder v. Birch" }).to_string();
    let headers = [("content-type", "application/json"), ("idempotency-key", "the-same-key")];
    let first =
        app.admin().send(Method::POST, "/api/cases", &headers, body.clone().into()).await.expect_status(201);
    let second = stranger.send(Method::POST, "/api/cases", &headers, body.into()).await.expect_status(201);
    assert_ne!(first.json()["id"], second.json()["id"]);
    app.finish().await;
}
