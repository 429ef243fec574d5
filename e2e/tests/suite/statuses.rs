//! Every status that an operation answers stands in its description.

use crate::examples::{members, name, operation};
use crate::openapi::described;
use access::{Gate, Role};
use bytes::Bytes;
use e2e::{Form, RawConnection, Route, TestApp, Things, head_of, one_of_each, routes};
use http::{Method, StatusCode};
use serde_json::Value;
use std::collections::BTreeMap;
use testkit::Client;

/// Larger than any body may be, in bytes.
const OVERSIZED: u64 = 1 << 40;

/// Whether the answer's status stands in the operation's description.
pub(super) fn is_listed(document: &Value, route: &Route, status: StatusCode) -> bool {
    !operation(document, route)["responses"][status.as_str()].is_null()
}

/// The answers that are not listed, and how often each status came.
struct Heard<'a> {
    document: &'a Value,
    unlisted: Vec<String>,
    seen: BTreeMap<u16, usize>,
}

impl Heard<'_> {
    fn note(&mut self, route: &Route, what: &str, status: StatusCode) {
        *self.seen.entry(status.as_u16()).or_default() += 1;
        if !is_listed(self.document, route, status) {
            self.unlisted.push(format!("{}: {what}: {status}", name(route)));
        }
    }
}

/// A request that something is wrong with: a word for it, its path, its headers and its body.
type Wrong = (&'static str, String, Vec<(&'static str, &'static str)>, Bytes);

const JSON: (&str, &str) = ("content-type", "application/json");
const FILE: (&str, &str) = ("content-type", "application/octet-stream");

/// What breaks on the way to a handler.
fn wrong_ways(route: &Route, things: &Things) -> Vec<Wrong> {
    let body = route.body(things).map(|body| body.to_string()).unwrap_or_default();
    let (real, absent) = (route.path_of(things), route.absent_path());
    let mut all: Vec<Wrong> = vec![
        ("absent", absent.clone(), vec![JSON], body.clone().into()),
        ("no id", route.filled(|_| "not-an-id".to_owned()), vec![JSON], body.clone().into()),
        ("no UTF-8", route.filled(|_| "%FF".to_owned()), vec![JSON], body.clone().into()),
        ("unknown parameter", format!("{absent}?nonsense=1"), vec![JSON], body.clone().into()),
        ("stale", real.clone(), vec![JSON, ("if-match", "\"v999\"")], body.clone().into()),
        ("no entity tag", real.clone(), vec![JSON, ("if-match", "v999")], body.clone().into()),
        ("known", real.clone(), vec![JSON, ("if-none-match", "*"), ("if-match", "\"v999\"")], Bytes::new()),
        ("no range", real.clone(), vec![JSON, ("range", "bytes=999999-"), ("if-match", "*")], body.into()),
    ];
    if route.method != Method::GET && route.method != Method::DELETE {
        let (broken, empty) = (Bytes::from_static(b"{\"a\":"), Bytes::from_static(b"{}"));
        all.extend([
            ("text", real.clone(), vec![("content-type", "text/plain")], empty.clone()),
            ("no type", real.clone(), vec![], empty.clone()),
            ("squeezed", real.clone(), vec![JSON, ("content-encoding", "gzip")], empty.clone()),
            ("no JSON", real.clone(), vec![JSON], broken),
            ("a list", real.clone(), vec![JSON], Bytes::from_static(b"[]")),
            ("unknown member", real.clone(), vec![JSON], Bytes::from_static(b"{\"nonsense\":1}")),
            ("no key", real, vec![JSON, ("idempotency-key", "")], empty.clone()),
            ("a key", absent.clone(), vec![JSON, ("idempotency-key", "once")], empty),
            ("the key again", absent, vec![JSON, ("idempotency-key", "once")], Bytes::from_static(b"[]")),
        ]);
    }
    all
}

/// Declares a body that is too large, and sends none of it.
async fn send_oversized(client: &Client, route: &Route, path: &str, headers: &[(&str, &str)]) -> StatusCode {
    let mut head = head_of(route.method.as_str(), path, client.token());
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    let mut connection = RawConnection::open(client.address()).await;
    connection.send(format!("{head}content-length: {OVERSIZED}\r\n\r\n")).await;
    connection.answer().await.0
}

async fn send(client: &Client, route: &Route, (_, path, headers, body): &Wrong) -> StatusCode {
    client.send(route.method.clone(), path, headers, body.clone()).await.status
}

#[tokio::test]
async fn whatever_is_wrong_with_a_request_its_status_is_listed() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let mut heard = Heard { document: &document, unlisted: Vec::new(), seen: BTreeMap::new() };
    let (stranger, outsider) = (app.anonymous(), app.user(Role::Client).await);
    let mut things = one_of_each(&app, "alder").await;
    for (number, route) in routes(&app).iter().enumerate() {
        // Who signs out or changes the password is nobody else.
        let secret = route.template.starts_with("/api/auth/");
        let caller = if secret { app.user(Role::Associate).await } else { app.admin().clone() };
        for wrong in wrong_ways(route, &things) {
            heard.note(route, wrong.0, send(&caller, route, &wrong).await);
        }
        if ![Method::GET, Method::DELETE].contains(&route.method) {
            let path = route.path_of(&things);
            for headers in [&[JSON][..], &[FILE], &[JSON, ("idempotency-key", "twice")]] {
                heard.note(route, "too large", send_oversized(&caller, route, &path, headers).await);
            }
        }
        let first = &wrong_ways(route, &things)[0];
        heard.note(route, "a stranger", send(&stranger, route, first).await);
        if !secret {
            heard.note(route, "an outsider", send(&outsider, route, first).await);
        }
        if route.method == Method::DELETE {
            things = one_of_each(&app, &format!("alder{number}")).await;
        }
    }
    assert_eq!(heard.unlisted, Vec::<String>::new());
    for status in [304, 400, 401, 403, 404, 412, 413, 415, 416, 422] {
        assert!(heard.seen.contains_key(&status), "{status} never came: {:?}", heard.seen);
    }
    app.settle().await;
    app.finish().await;
}

#[tokio::test]
async fn a_body_of_another_kind_or_size_is_refused_as_listed() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let things = one_of_each(&app, "alder").await;
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for route in routes(&app) {
        let kinds = &operation(&document, &route)["requestBody"]["content"];
        let Some((kind, _)) = members(kinds).next() else { continue };
        let (kind, path) = (kind.as_str(), route.path_of(&things));
        let form = Form::content_type();
        let sent = if kind.starts_with("multipart/") { form.as_str() } else { kind };
        // A file may be of any kind.
        let takes_all = members(kinds).any(|(kind, _)| kind == "application/octet-stream");
        let other: &[(&str, &str)] = if takes_all {
            &[("content-type", kind), ("content-encoding", "gzip")]
        } else {
            &[("content-type", "text/plain")]
        };
        let body = Bytes::from_static(b"{}");
        let refused = app.admin().send(route.method.clone(), &path, other, body).await.status;
        let oversized = send_oversized(app.admin(), &route, &path, &[("content-type", sent)]).await;
        for (expected, status) in [(415, refused), (413, oversized)] {
            if status != expected || !is_listed(&document, &route, status) {
                wrong.push(format!("{} {expected}: {status}", name(&route)));
            }
        }
        asked += 1;
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(asked >= 30, "only {asked} bodies");
    app.finish().await;
}

#[tokio::test]
async fn what_cannot_be_provoked_at_will_is_listed_too() {
    let app = TestApp::start().await;
    let document = described(&app).await;
    let mut missing = Vec::new();
    for route in routes(&app) {
        let described = operation(&document, &route);
        let mut expected = vec!["500", "503"];
        if route.method != Method::GET {
            expected.push("507");
        }
        if !described["requestBody"].is_null() {
            expected.push("408");
        }
        if route.gate != Gate::Public && route.method == Method::POST && !route.template.contains("/auth/") {
            expected.extend(["400", "409", "422"]);
        }
        let absent = expected.into_iter().filter(|status| described["responses"][*status].is_null());
        missing.extend(absent.map(|status| format!("{}: {status}", name(&route))));
    }
    assert_eq!(missing, Vec::<String>::new());
    app.finish().await;
}
