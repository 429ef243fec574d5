//! What a request registers with the budget is held against what it takes: of each route, at most so much may go beside the
//! books. `e2e/allowances.txt` lists the routes that may take more, with the reason.

use crate::examples::{operation, real, sent_example};
use crate::openapi::described;
use bytes::Bytes;
use e2e::{Route, TestApp, Things, id_of, one_of_each, open_case, routes};
use headroom::heap_profile::take_charged_heap_profile;
use headroom::{ROUTE_CAP, RouteStats};
use http::Method;
use serde_json::Value;
use std::collections::BTreeMap;

/// What any request may take without asking: it is charged so much for being there.
const BASE_BYTES: u64 = headroom::REQUEST_BYTES;
/// Inside of a poll the peak is known to jemalloc's steps of 64 KiB only: so much over the base is not told apart from it,
/// in bytes.
const BLUR_BYTES: u64 = 64 << 10;
/// The peak that is seen may also be one that the thread had before, under other work. What a route really holds is there
/// in every pass, so that the lowest of some counts.
const PASSES: usize = 4;
const ALLOWANCES: &str = include_str!("../../allowances.txt");

/// The routes with an allowance of their own, in bytes.
fn allowances() -> BTreeMap<&'static str, u64> {
    let lines = ALLOWANCES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let (route, kib) = (words.next().expect("a route"), words.next().expect("KiB"));
            assert!(words.count() >= 3, "{line}: say why");
            (route, kib.parse::<u64>().expect("KiB") << 10)
        })
        .collect()
}

/// Calls every route that an example shows, some of them in several ways.
async fn walk(app: &TestApp, things: &Things, from: usize) -> usize {
    let document = described(app).await;
    let mut called = 0;
    for (number, route) in routes(app).into_iter().enumerate() {
        called += usize::from(call(app, &document, &route, things, from + number).await);
    }
    called
}

async fn call(app: &TestApp, document: &Value, route: &Route, things: &Things, number: usize) -> bool {
    let path = route.path_of(things);
    if route.method == Method::GET {
        let queries: &[&str] = match route.template.as_str() {
            search if search.starts_with("/api/search") => &["?query=alder"],
            "/api/monitoring/memory/profile" => &["", "?format=inventory"],
            "/api/audit-logs/export" => &["", "?format=csv", "?format=pdf"],
            _ => &[""],
        };
        for query in queries {
            drop(app.admin().get(&format!("{path}{query}")).await);
        }
        return true;
    }
    let Some(example) = sent_example(operation(document, route)) else { return false };
    let body = real(document, example, things, number).to_string();
    let headers = [("content-type", "application/json")];
    drop(app.admin().send(route.method.clone(), &path, &headers, body.into()).await);
    true
}

/// The route with the lower of two figures.
fn lowest(mut route: RouteStats, before: &[RouteStats]) -> RouteStats {
    if let Some(other) = before.iter().find(|other| other.route == route.route) {
        route.unregistered_max = route.unregistered_max.min(other.unregistered_max);
    }
    route
}

#[tokio::test]
async fn no_route_takes_more_beside_the_books_than_it_may() {
    // All statements are kept: one that must be compiled again takes memory that no request holds.
    let app = TestApp::with(&[("database.readers", "1"), ("database.statements", "2048")]).await;
    let things = one_of_each(&app, "alder").await;
    // The first time, statements are compiled, which stay with the connection and are no request's.
    walk(&app, &things, 0).await;
    let is_embedded = app.app().db().dialect() == db::Dialect::Sqlite;
    let mut measured: Vec<RouteStats> = Vec::new();
    for pass in 1..=PASSES {
        app.settle().await;
        app.quiet().await;
        app.app().headroom().forget_routes();
        let called = walk(&app, &things, 1000 * pass).await;
        assert!(called >= 80, "only {called} calls");
        app.quiet().await;
        let seen = app.app().headroom().top_routes(ROUTE_CAP);
        measured = seen.into_iter().map(|route| lowest(route, &measured)).collect();
    }
    assert!(measured.len() >= 60, "only {} routes were measured", measured.len());
    let allowed = allowances();
    let of = |route: &RouteStats| allowed.get(&*route.route).copied().unwrap_or(BASE_BYTES) + BLUR_BYTES;
    let over: Vec<String> = measured
        .iter()
        .filter(|route| route.unregistered_max > of(route))
        .map(|route| {
            let (took, may) = (route.unregistered_max >> 10, of(route) >> 10);
            format!("{}: {took} KiB beside {} registered, {may} allowed", route.route, route.registered_max)
        })
        .collect();
    assert!(over.is_empty(), "hold a lease for what is buffered:\n{}", over.join("\n"));
    app.finish().await;
    if !is_embedded {
        // The list is made for the embedded database, whose statements cost most.
        return;
    }
    // An allowance that is not needed any more goes, and one that is too large is lowered: the list only shrinks.
    for (route, bytes) in &allowed {
        let took = measured.iter().find(|stats| *stats.route == **route).map(|stats| stats.unregistered_max);
        let took = took.unwrap_or_else(|| panic!("{route} has an allowance and was not called"));
        assert!(took > BASE_BYTES, "{route} needs no allowance: it takes {took} bytes");
        assert!(*bytes <= took * 2, "{route} takes {} KiB: lower its allowance", took >> 10);
    }
}

#[tokio::test]
async fn the_allocators_text_is_on_the_books_of_who_asks_for_a_profile() {
    const PROFILE: &str = "/api/monitoring/memory/profile";
    let app = TestApp::start().await;
    let mut text_bytes = 0;
    while take_charged_heap_profile(|bytes| text_bytes = bytes).is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    app.app().headroom().forget_routes();
    drop(crate::leaks::alone(async || app.admin().get(PROFILE).await).await.expect_status(200));
    app.quiet().await;
    let routes = app.app().headroom().top_routes(ROUTE_CAP);
    let route = routes.iter().find(|route| &*route.route == PROFILE).expect("the route was called");
    // The heap, and so its profile, changes meanwhile with the other tests.
    let least = text_bytes / 4;
    assert!(route.registered_max >= least, "{text_bytes} bytes of text: {route:?}");
    app.finish().await;
}

#[tokio::test]
async fn what_a_request_holds_is_on_its_books() {
    let app = TestApp::start().await;
    let route = |name: &str| {
        let all = app.app().headroom().top_routes(ROUTE_CAP);
        all.into_iter().find(|route| &*route.route == name).expect("the route was called")
    };
    // The sign-in of the administrator: the hash takes 8 MiB in these tests, and borrows them.
    app.quiet().await;
    let login = route("/api/auth/login");
    assert!(login.registered_max >= 8 << 20, "{login:?}");
    assert!(login.unregistered_max < 1 << 20, "{login:?}");
    let large = format!("{{\"title\":\"Alder\",\"description\":\"{}\"}}", "x".repeat(2 << 20));
    let headers = [("content-type", "application/json")];
    drop(app.admin().send(Method::POST, "/api/cases", &headers, large.into()).await);
    app.quiet().await;
    let cases = route("/api/cases");
    assert!(cases.registered_max >= 2 << 20, "{cases:?}");
    app.finish().await;
}

/// Each request is charged for being there, and what must answer answers all the same.
#[tokio::test]
async fn with_nothing_left_to_lend_others_are_told_to_come_back_and_health_and_deletions_answer() {
    let app = TestApp::start().await;
    let case = id_of(&open_case(app.admin(), "Alder v. Birch").await);
    app.quiet().await;
    let root = app.app().headroom().root().clone();
    assert_eq!(root.used(), 0, "a request that is over gives its charge back");
    let all = root.try_lease(root.limit()).unwrap();
    for path in ["/api/cases".to_owned(), format!("/api/cases/{case}")] {
        let refused = app.admin().get(&path).await;
        refused.expect_problem(503, "memory_exhausted");
        assert!(!refused.header("retry-after").is_empty(), "{path}");
    }
    drop(app.anonymous().get("/api/health").await.expect_status(200));
    let path = format!("/api/cases/{case}");
    let deleted = app.admin().send(Method::DELETE, &path, &[("if-match", "\"v1\"")], Bytes::new()).await;
    drop(deleted.expect_status(204));
    drop(all);
    drop(app.admin().get("/api/cases").await.expect_status(200));
    app.finish().await;
}
