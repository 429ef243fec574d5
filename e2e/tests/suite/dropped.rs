//! Requests that are dropped at each point where they wait: the real router, polled so often and no further. Whatever was
//! done by then is whole or absent, and everything that was lent is given back.

use crate::audit::verify;
use crate::refusals::{Traces, tables, traces_of};
use access::Role;
use bytes::Bytes;
use e2e::{Form, PASSWORD, TestApp, Things, one_of_each};
use futures_util::stream;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// No request here waits so often.
const MOST_POLLS: u32 = 300;
/// Nor is any sign-in here dropped so often, be it at once or when it was woken again.
const MOST_SIGN_INS: u32 = 400;
/// In pieces of so many bytes a body comes, and each of them is waited for.
const PIECE: usize = 256;

/// A file that is in the store when its request is dropped stays for a day, though no row names it.
const LEFT_FILE: [(&str, i64); 1] = [("files", 1)];

type Slow = UnsyncBoxBody<Bytes, Infallible>;
/// How many rows each table, and how many files the folder, has more or less than before.
type Change<'a> = BTreeMap<&'a str, i64>;

fn slowly(body: Bytes) -> Slow {
    let pieces = stream::unfold(body, |mut rest| async move {
        tokio::task::yield_now().await;
        if rest.is_empty() {
            return None;
        }
        let piece = rest.split_to(PIECE.min(rest.len()));
        Some((Ok(Frame::data(piece)), rest))
    });
    StreamBody::new(pieces).boxed_unsync()
}

fn request(app: &TestApp, method: Method, path: &str, kind: &str, body: impl Into<Bytes>) -> Request<Slow> {
    let request = Request::builder().method(method).uri(path).header(HOST, "test");
    let token = app.admin().token().expect("a token");
    let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    let request = if kind.is_empty() { request } else { request.header(CONTENT_TYPE, kind) };
    request.body(slowly(body.into())).expect("a request")
}

/// Polls the future `polls` times and drops it: at once, or only when it was woken again. `Some` if it ended before.
async fn poll_and_drop<T>(future: impl Future<Output = T>, polls: u32, waits_for_wake: bool) -> Option<T> {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(None);
        }
        polled += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polled == polls && !waits_for_wake => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// A server, and what it has in its tables.
struct Scene {
    app: TestApp,
    tables: Vec<String>,
    things: Things,
}

impl Scene {
    async fn start() -> Self {
        // Nobody's login is ended by how many of them came through.
        let app = TestApp::with(&[("auth.max_sessions_per_user", "1000")]).await;
        let things = one_of_each(&app, "alder").await;
        let tables = tables(&app).await;
        Self { app, tables, things }
    }

    /// What there is when nothing of the request is left, which a test that waits for ever would miss.
    async fn traces(&self) -> Traces {
        self.app.quiet().await;
        self.app.no_open_transaction().await;
        while self.app.stored_files().iter().any(|file| file.contains("/files/tmp/")) {
            // A thread that writes for nobody any more removes the file when it is done.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        traces_of(&self.app, &self.tables).await
    }

    /// Drops the request at each poll until it ends before. `numbered` makes one that is like no other.
    async fn drop_everywhere(&self, name: &str, numbered: impl Fn(&TestApp, u32) -> Request<Slow>) {
        let parts = self.app.running().parts();
        let router = lexiflow::router::router(parts, self.app.running().ops()).expect("a router");
        let service = TowerToHyperService::new(router);
        let ask = async |number: u32| -> StatusCode {
            let answer =
                service.call(numbered(&self.app, number)).await.unwrap_or_else(|never| match never {});
            let (status, mut body, mut text) = (answer.status(), answer.into_body(), Vec::new());
            // A client hangs up after the head as well, and between two pieces of the body.
            tokio::task::yield_now().await;
            while let Some(frame) = body.frame().await {
                text.extend(frame.expect("a whole answer").into_data().unwrap_or_default());
                tokio::task::yield_now().await;
            }
            assert!(status.is_success(), "{name}: {status} {}", String::from_utf8_lossy(&text));
            status
        };
        let before = self.traces().await;
        ask(0).await;
        let first = self.traces().await;
        let whole = change(&before, &first);
        let mut before = first.clone();
        let mut number = 0;
        for waits_for_wake in [false, true] {
            let mut polls = 0;
            loop {
                (number, polls) = (number + 1, polls + 1);
                let ended = poll_and_drop(ask(number), polls, waits_for_wake).await;
                let after = self.traces().await;
                let change = change(&before, &after);
                let is_absent = change.is_empty() || change == Change::from(LEFT_FILE);
                assert!(
                    change == whole || (is_absent && ended.is_none()),
                    "{name} after {polls} polls: {change:?} instead of {whole:?}"
                );
                before = after;
                if ended.is_some() {
                    break;
                }
                assert!(polls < MOST_POLLS, "{name} never ends");
            }
            assert!(polls > 1, "{name} was never dropped");
        }
        assert!(verify(&self.app).await.is_intact(), "{name}");
    }
}

/// What search derives from the rows has as many words as there are new ones.
fn change<'a>((before, files): &Traces, (after, files_after): &'a Traces) -> Change<'a> {
    let rows = after.iter().filter(|(table, _)| !table.starts_with("search_"));
    let rows = rows.map(|(table, count)| (table.as_str(), count - before[table]));
    let more = i64::try_from(files_after.len()).unwrap() - i64::try_from(files.len()).unwrap();
    rows.chain([("files", more)]).filter(|(_, more)| *more != 0).collect()
}

#[tokio::test]
async fn what_reads_gives_everything_back_wherever_it_is_dropped() {
    let scene = Scene::start().await;
    let document = scene.things.document.clone();
    for (name, path) in [
        ("a list", "/api/cases?sort=title&limit=100".to_owned()),
        ("a search", "/api/search?query=alder".to_owned()),
        ("a download", format!("/api/documents/{document}/download")),
        ("one case", format!("/api/cases/{}", scene.things.case)),
    ] {
        scene.drop_everywhere(name, |app, _| request(app, Method::GET, &path, "", "")).await;
    }
    scene.app.finish().await;
}

#[tokio::test]
async fn what_writes_is_whole_or_absent_wherever_it_is_dropped() {
    let scene = Scene::start().await;
    let json = "application/json";
    let create = |app: &TestApp, number: u32| {
        let body = json!({ "title": "Alder v. Birch", "number": format!("D-{number}"), "description": "n".repeat(600) });
        request(app, Method::POST, "/api/cases", json, body.to_string())
    };
    scene.drop_everywhere("a create", create).await;
    let case = format!("/api/cases/{}", scene.things.case);
    let change = |app: &TestApp, number: u32| {
        let body = json!({ "judge": format!("Fir {number}") });
        request(app, Method::PATCH, &case, "application/merge-patch+json", body.to_string())
    };
    scene.drop_everywhere("a change", change).await;
    // An attempt whose client hangs up stays counted, and an account has ten of them.
    let mut people = Vec::new();
    for _ in 0..MOST_SIGN_INS / 10 {
        people.push(scene.app.add_user(Role::Paralegal).await);
    }
    let sign_in = |_: &TestApp, number: u32| {
        let email = &people[number as usize % people.len()];
        let body = json!({ "email": email, "password": PASSWORD });
        request(&scene.app, Method::POST, "/api/auth/login", json, body.to_string())
    };
    scene.drop_everywhere("a login", sign_in).await;
    scene.app.finish().await;
}

#[tokio::test]
async fn files_are_whole_or_absent_wherever_their_upload_is_dropped() {
    let scene = Scene::start().await;
    let upload = |app: &TestApp, number: u32| {
        let text = format!("letter {number} {}", "about alders ".repeat(100));
        let form = Form::new().file("a.txt", "text/plain", text.as_bytes()).body();
        request(app, Method::POST, "/api/documents", &Form::content_type(), form)
    };
    scene.drop_everywhere("an upload", upload).await;
    let path = format!("/api/documents/{}/content?fileName=b.txt", scene.things.document);
    let content = |app: &TestApp, number: u32| {
        let text = format!("version {number} {}", "about birches ".repeat(100));
        request(app, Method::PUT, &path, "text/plain", text)
    };
    scene.drop_everywhere("a body as a file", content).await;
    scene.app.finish().await;
}

#[tokio::test]
#[should_panic(expected = "dropped without `finish` while 4096 bytes are lent")]
async fn a_test_that_forgets_its_server_while_bytes_are_lent_fails() {
    let app = TestApp::start().await;
    app.quiet().await;
    let _lease = app.app().headroom().root().try_lease(4096).unwrap();
    drop(app);
}
