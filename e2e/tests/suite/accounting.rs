//! What a request registers with the budget is held against what it takes: of each operation, at most so much may go beside
//! the books. `e2e/allowances.txt` lists those that may take more, with the reason.

use crate::examples::{name, operation, real, sent_example};
use crate::openapi::described;
use bytes::Bytes;
use e2e::{Form, Route, TestApp, Things, id_of, one_of_each, open_case, routes};
use headroom::heap_profile::take_charged_heap_profile;
use headroom::{ROUTE_CAP, RouteStats};
use http::Method;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use testkit::Answer;

/// What any request may take without asking: it is charged so much for being there.
const BASE_BYTES: u64 = headroom::REQUEST_BYTES;
/// Inside of a poll the peak is known to jemalloc's steps of 64 KiB only: so much over the base is not told apart from it,
/// in bytes.
const BLUR_BYTES: u64 = 64 << 10;
/// The peak that is seen may also be one that the thread had before, under other work. What an operation really holds is
/// there in every pass, so that the lowest of some counts. The first pass is not counted: statements are compiled then, which
/// stay with the connection and are no request's. Each has a word of its own, and things that are called so.
const PASSES: [&str; 5] = ["alder", "birch", "cedar", "dogwood", "elm"];
/// What takes things away comes last.
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
const ALLOWANCES: &str = include_str!("../../allowances.txt");

/// Operations that are not called, and why.
const LEFT_OUT: [(&str, &str); 2] = [
    ("POST /api/auth/logout", "it ends the login that all the others are called with"),
    ("DELETE /api/organizations/{id}/sessions", "it ends every login of the firm, that one too"),
];

/// The operations with an allowance of their own, in bytes.
fn allowances() -> BTreeMap<String, u64> {
    let lines = ALLOWANCES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let mut word = |what| words.next().expect(what);
            let (operation, kib) = (format!("{} {}", word("a method"), word("a route")), word("KiB"));
            assert!(words.count() >= 3, "{line}: say why");
            (operation, kib.parse::<u64>().expect("KiB") << 10)
        })
        .collect()
}

/// What is sent to an operation: the type of the body, and the body.
fn sent(document: &Value, route: &Route, things: &Things, number: usize) -> (String, Bytes) {
    let with_file = |form: Form| {
        let content = format!("The letter of number {number}.");
        (Form::content_type(), form.file("letter.txt", "text/plain", content.as_bytes()).body())
    };
    match (route.method.as_str(), route.template.as_str()) {
        ("POST", "/api/documents" | "/api/documents/upload") => {
            with_file(Form::new().text("caseId", &things.case).text("title", "Letter"))
        }
        ("POST", "/api/documents/{id}/versions") => with_file(Form::new()),
        ("PUT", "/api/documents/{id}/content") => {
            ("text/plain".to_owned(), format!("The content of number {number}.").into())
        }
        _ => {
            let example = sent_example(operation(document, route));
            let body = example.map(|example| real(document, example, things, number).to_string());
            ("application/json".to_owned(), body.unwrap_or_default().into())
        }
    }
}

/// What the operations of one pass are called about.
struct Scene<'a> {
    app: &'a TestApp,
    document: &'a Value,
    /// All of them hold the word.
    things: Things,
    word: &'static str,
}

impl Scene<'_> {
    /// The paths that an operation is called under.
    fn paths(&self, route: &Route, number: usize) -> Vec<String> {
        let path = route.path_of(&self.things);
        let queries = match (route.method.as_str(), route.template.as_str()) {
            ("GET", search) if search.starts_with("/api/search") => vec![format!("?query={}", self.word)],
            ("GET", "/api/monitoring/memory/profile") => vec![String::new(), "?format=inventory".to_owned()],
            ("GET", "/api/audit-logs/export") => {
                ["", "?format=csv", "?format=pdf"].map(str::to_owned).to_vec()
            }
            // Whoever sends it chooses the id of the new document.
            ("PUT", "/api/documents/{id}/content") => {
                let id = format!("019cae00-0000-7000-8000-{number:012}");
                return vec![format!("/api/documents/{id}/content?fileName=a.txt")];
            }
            _ => vec![String::new()],
        };
        queries.iter().map(|query| format!("{path}{query}")).collect()
    }

    async fn call(&self, route: &Route, number: usize) -> Answer {
        let (kind, body) = sent(self.document, route, &self.things, number);
        let mut headers = if body.is_empty() { Vec::new() } else { vec![("content-type", kind.as_str())] };
        if route.method == Method::DELETE {
            headers.push(("if-match", "*"));
        }
        let mut last = None;
        for path in self.paths(route, number) {
            last = Some(self.app.admin().send(route.method.clone(), &path, &headers, body.clone()).await);
        }
        last.expect("a path")
    }
}

/// Whether others are gone once it is done.
fn takes_all(route: &Route) -> bool {
    route.method == Method::DELETE
        && ["/api/cases/{id}", "/api/users/{id}"].contains(&route.template.as_str())
}

/// What was seen of each operation.
#[derive(Default)]
struct Seen {
    figures: BTreeMap<String, RouteStats>,
    /// Those that did what they are for at least once.
    done: BTreeSet<String>,
}

impl Seen {
    /// Calls each operation once, one method after the other, because the figures are those of a route.
    async fn pass(&mut self, app: &TestApp, document: &Value, word: &'static str, number: usize) {
        let scene = Scene { app, document, things: one_of_each(app, word).await, word };
        let mut all = routes(app);
        all.retain(|route| LEFT_OUT.iter().all(|(left_out, _)| *left_out != name(route)));
        all.sort_by_key(takes_all);
        for method in METHODS {
            app.settle().await;
            app.quiet().await;
            app.app().headroom().forget_routes();
            let with_it: Vec<&Route> = all.iter().filter(|route| route.method == method).collect();
            for (place, route) in with_it.iter().enumerate() {
                let answer = scene.call(route, number + place).await;
                if answer.status.is_success() {
                    self.done.insert(name(route));
                }
            }
            app.quiet().await;
            let figures = app.app().headroom().top_routes(ROUTE_CAP);
            for route in with_it {
                let found = figures.iter().find(|figures| *figures.route == *route.template);
                self.take(name(route), found.unwrap_or_else(|| panic!("{} was not measured", name(route))));
            }
        }
    }

    fn take(&mut self, operation: String, figures: &RouteStats) {
        let lowest = self.figures.entry(operation).or_insert_with(|| figures.clone());
        lowest.unregistered_max = lowest.unregistered_max.min(figures.unregistered_max);
        lowest.registered_max = lowest.registered_max.max(figures.registered_max);
    }
}

#[tokio::test]
async fn no_operation_takes_more_beside_the_books_than_it_may() {
    // All statements are kept: one that must be compiled again takes memory that no request holds.
    let app = TestApp::with(&[("database.readers", "1"), ("database.statements", "2048")]).await;
    let document = described(&app).await;
    let is_embedded = app.app().db().dialect() == db::Dialect::Sqlite;
    let mut seen = Seen::default();
    for (number, word) in PASSES.into_iter().enumerate() {
        seen.pass(&app, &document, word, 1000 * (number + 1)).await;
        if number == 0 {
            seen.figures.clear();
        }
    }
    every_operation_was_called(&document, &seen);
    let allowed = allowances();
    let of = |operation: &str| allowed.get(operation).copied().unwrap_or(BASE_BYTES) + BLUR_BYTES;
    let over: Vec<String> = seen
        .figures
        .iter()
        .filter(|(operation, figures)| figures.unregistered_max > of(operation))
        .map(|(operation, figures)| {
            let (took, may) = (figures.unregistered_max >> 10, of(operation) >> 10);
            format!("{operation}: {took} KiB beside {} registered, {may} allowed", figures.registered_max)
        })
        .collect();
    assert!(over.is_empty(), "hold a lease for what is buffered:\n{}", over.join("\n"));
    app.finish().await;
    if !is_embedded {
        // The list is made for the embedded database, whose statements cost most.
        return;
    }
    // An allowance that is not needed any more goes, and one that is too large is lowered: the list only shrinks.
    for (operation, bytes) in &allowed {
        let took = seen.figures.get(operation).map(|figures| figures.unregistered_max);
        let took = took.unwrap_or_else(|| panic!("{operation} has an allowance and was not called"));
        if *bytes <= BASE_BYTES + 2 * BLUR_BYTES {
            // A step more or less of the allocator's may make it needed in one run and not in the next.
            continue;
        }
        assert!(took > BASE_BYTES, "{operation} needs no allowance: it takes {took} bytes");
        assert!(*bytes <= took * 2, "{operation} takes {} KiB: lower its allowance", took >> 10);
    }
}

/// Each operation of the description was called, or stands among those that are left out; and most did what they are for.
fn every_operation_was_called(document: &Value, seen: &Seen) {
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let methods = item.as_object().expect("operations").keys().map(|method| method.to_ascii_uppercase());
        let known = methods.filter(|method| METHODS.iter().any(|known| known.as_str() == method));
        described.extend(known.map(|method| format!("{method} {path}")));
    }
    let left_out: BTreeSet<String> = LEFT_OUT.iter().map(|(operation, _)| (*operation).to_owned()).collect();
    let called: BTreeSet<String> = seen.figures.keys().cloned().collect();
    let missing: Vec<_> = described.difference(&called).filter(|one| !left_out.contains(*one)).collect();
    assert!(missing.is_empty(), "neither called nor left out: {missing:?}");
    let needless: Vec<_> =
        left_out.iter().filter(|one| !described.contains(*one) || called.contains(*one)).collect();
    assert!(needless.is_empty(), "left out needlessly: {needless:?}");
    let refused: Vec<_> = called.difference(&seen.done).collect();
    assert!(refused.len() * 3 < called.len(), "most of them only refused: {refused:?}");
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
    // Each route has metrics of its own once it was called.
    for route in routes(&app).iter().filter(|route| route.method == Method::GET) {
        drop(app.anonymous().get(&route.template.replace(['{', '}'], "")).await);
    }
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
    // Also those that are long, and so would have to be lent for.
    let metrics = app.admin().get("/api/metrics").await.expect_status(200);
    assert!(metrics.text().len() > 64 << 10, "{}", metrics.text().len());
    let path = format!("/api/cases/{case}");
    let deleted = app.admin().send(Method::DELETE, &path, &[("if-match", "\"v1\"")], Bytes::new()).await;
    drop(deleted.expect_status(204));
    drop(all);
    drop(app.admin().get("/api/cases").await.expect_status(200));
    app.finish().await;
}
