//! Reservations of memory that are refused at random, by a seed, whatever is asked of the server: each request gets its usual
//! answer or is refused as a whole, and what was refused has done nothing.

mod entrance;

use crate::examples::{operation, real, sent_example};
use crate::openapi::described;
use bytes::Bytes;
use chrono::TimeDelta;
use db::Reads as _;
use e2e::{Form, PASSWORD, TestApp, Things, id_of, one_of_each, routes};
use futures_util::future::join_all;
use headroom::Faults;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use testkit::{Answer, Client};

/// How many of a million reservations are refused.
const PER_MILLION: [u32; 4] = [1_000, 10_000, 100_000, 500_000];
/// Whoever asks so often is served in the end.
const TRIES: usize = 40;
const JSON: &str = "application/json";
/// What can be listed, by the path that lists it.
const LISTS: [&str; 7] = [
    "/api/cases",
    "/api/clients",
    "/api/parties",
    "/api/docket",
    "/api/billing/time-entries",
    "/api/documents",
    "/api/users",
];

/// A request that can be sent again.
#[derive(Debug, Clone)]
struct Call {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    /// Who sends it; the administrator where nobody is named.
    client: Option<Client>,
}

impl Call {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: Bytes::new(), client: None }
    }

    fn json(method: Method, path: impl Into<String>, body: &Value) -> Self {
        Self::new(method, path).with("content-type", JSON, body.to_string())
    }

    fn form(method: Method, path: impl Into<String>, form: Form) -> Self {
        Self::new(method, path).with("content-type", &Form::content_type(), form.body())
    }

    fn with(mut self, name: &'static str, value: &str, body: impl Into<Bytes>) -> Self {
        self.headers.push((name, value.to_owned()));
        self.body = body.into();
        self
    }

    fn by(self, client: &Client) -> Self {
        Self { client: Some(client.clone()), ..self }
    }

    async fn send(&self, app: &TestApp) -> Answer {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let client = self.client.as_ref().unwrap_or_else(|| app.admin());
        client.send(self.method.clone(), &self.path, &headers, self.body.clone()).await
    }
}

/// All that a request could leave behind: the rows of each table, and the files.
pub(crate) type Traces = (BTreeMap<String, i64>, Vec<String>);

/// A server whose reservations are refused, and what its answers are when they are not.
struct Trial {
    app: TestApp,
    faults: Arc<Faults>,
    tables: Vec<String>,
    per_million: u32,
    /// As they were before; unknown after a change.
    traces: Option<Traces>,
    /// The usual status of each request, by its name.
    usual: BTreeMap<String, u16>,
    /// Requests that were refused.
    refused: usize,
}

impl Trial {
    async fn start() -> (Self, Things) {
        let faults = Faults::seeded(41);
        let app = TestApp::with_faults(&faults).await;
        let things = one_of_each(&app, "alder").await;
        let tables = tables(&app).await;
        let trial =
            Self { app, faults, tables, per_million: 0, traces: None, usual: BTreeMap::new(), refused: 0 };
        (trial, things)
    }

    /// Everything that was lent is given back, in each account of the tree; a test that waits for ever fails.
    async fn nothing_lent(&self) {
        while !self.app.lent().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Asks until it is not refused any more. Each refusal leaves the server as it was.
    async fn ask(&mut self, name: &str, call: &Call) -> Answer {
        let mut tries = 0;
        while tries < TRIES {
            if self.traces.is_none() && self.per_million > 0 {
                self.traces = Some(traces_of(&self.app, &self.tables).await);
            }
            self.faults.refuse(self.per_million);
            let answer = call.send(&self.app).await;
            self.faults.refuse(0);
            self.nothing_lent().await;
            if answer.status == 409 && answer.json()["code"] == "profile_in_progress" {
                // Only one profile is taken at once in a process, which all tests of this program share.
                self.traces = None;
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
            tries += 1;
            if answer.status != 503 {
                // Whoever looks into the process is on record.
                let recorded = ["/api/monitoring/", "/api/documents/", "/api/audit-logs"];
                let is_recorded = recorded.iter().any(|path| call.path.starts_with(path))
                    || call.path.ends_with("/audit-logs");
                if call.method != Method::GET || is_recorded {
                    self.traces = None;
                }
                self.compare(name, &answer);
                return answer;
            }
            answer.expect_problem(503, "memory_exhausted");
            let wait: u32 =
                answer.header("retry-after").parse().unwrap_or_else(|_| panic!("{name}: no time"));
            assert!((1..=30).contains(&wait), "{name}: {wait}");
            let left = traces_of(&self.app, &self.tables).await;
            if call.method == Method::GET {
                // That somebody wanted to read it is on record before the memory for it is asked for.
                self.note_readings(&left);
            }
            assert_eq!(Some(left), self.traces, "{name} was refused and left something");
            self.refused += 1;
        }
        panic!("{name} is never served");
    }

    /// Takes over how many entries the audit log has.
    fn note_readings(&mut self, left: &Traces) {
        if let (Some(entries), Some((counts, _))) = (left.0.get("audit_log"), &mut self.traces) {
            counts.insert("audit_log".to_owned(), *entries);
        }
    }

    /// The answer is the usual one, which is that of the first time.
    fn compare(&mut self, name: &str, answer: &Answer) {
        let status = answer.status.as_u16();
        let usual = *self.usual.entry(name.to_owned()).or_insert(status);
        assert_eq!(status, usual, "{name}: {}", answer.text());
        assert!(status < 500, "{name}: {}", answer.text());
    }

    /// Lets time pass, after which the server does what is due by then.
    fn advance(&mut self, by: TimeDelta) {
        self.app.advance(by);
        self.traces = None;
    }

    /// What each list counts.
    async fn totals(&self) -> Vec<i64> {
        let totals = join_all(LISTS.map(|path| self.app.admin().get(path))).await;
        totals.into_iter().map(|page| page.expect_status(200).json()["total"].as_i64().unwrap()).collect()
    }
}

/// Looks when nothing runs any more, nor is due: the server records what it does by itself.
pub(crate) async fn traces_of(app: &TestApp, tables: &[String]) -> Traces {
    app.settle_periodic().await;
    let reader = app.app().db().reader();
    let counts: Vec<String> = tables.iter().map(|table| format!("(SELECT count(*) FROM {table})")).collect();
    let counts = format!("SELECT {}", counts.join(", "));
    let rows = reader.rows(db::sql(reader.dialect(), counts, [])).await.unwrap();
    let count = |(place, table): (usize, &String)| (table.clone(), rows[0].at(place).unwrap());
    (tables.iter().enumerate().map(count).collect(), app.stored_files())
}

/// Every table, but for those that a full-text index keeps for itself and the checkpoints, which the server makes by itself
/// whenever its chains have grown.
pub(crate) async fn tables(app: &TestApp) -> Vec<String> {
    let reader = app.app().db().reader();
    let names = match reader.dialect() {
        db::Dialect::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%fts%'"
        }
        db::Dialect::Postgres => "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'",
    };
    let rows = reader.rows(db::sql(reader.dialect(), names, [])).await.unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.at(0).unwrap()).collect();
    let names: Vec<String> = names.into_iter().filter(|name| name != "audit_checkpoints").collect();
    assert!(names.len() >= 20, "{names:?}");
    names
}

/// Where what is made under this path is found by its id.
fn kind_of(template: &str) -> &str {
    match template {
        "/api/matters" => "/api/cases",
        "/api/time-entries" => "/api/billing/time-entries",
        parties if parties.ends_with("/parties") => "/api/parties",
        grants if grants.ends_with("/permissions") => "/api/permissions",
        "/api/api-keys/{id}/rotate" => "/api/api-keys",
        own => own,
    }
}

/// Every route that an example shows, and every one that is read.
async fn walk(trial: &mut Trial, document: &Value, things: &Things, number: usize) {
    for (place, route) in routes(&trial.app).into_iter().enumerate() {
        let path = route.path_of(things);
        let name = format!("{} {}", route.method, route.template);
        // Signing in and profiles have steps of their own.
        if route.template.starts_with("/api/auth/") || route.template.ends_with("/memory/profile") {
            continue;
        }
        let call = match sent_example(operation(document, &route)) {
            _ if route.method == Method::GET && route.template.starts_with("/api/search") => {
                Call::new(Method::GET, format!("{path}?query=alder"))
            }
            _ if route.method == Method::GET => Call::new(Method::GET, path),
            // Only what was made here is ended, so that there is something to end the next time.
            _ if route.method == Method::DELETE => continue,
            Some(example) => {
                let mut body = real(document, example, things, number + place);
                if route.template == "/api/roles/{role}" {
                    // The role is where its name is.
                    body["name"] = json!(things.role);
                }
                Call::json(route.method.clone(), path, &body)
            }
            None => continue,
        };
        let answer = trial.ask(&name, &call).await;
        if answer.status == 201 && name != "POST /api/users" {
            let kind = kind_of(&route.template);
            let made = answer.json();
            let path = match kind {
                "/api/roles" => format!("{kind}/{}", made["name"].as_str().unwrap()),
                _ => format!("{kind}/{}", id_of(&made)),
            };
            // A wall and a grant are ended for a reason, and shown as they were ended.
            let reason = match kind {
                "/api/ethical-walls" => Some("liftReason"),
                "/api/permissions" => Some("revokeReason"),
                _ => None,
            };
            let delete = match reason {
                Some(reason) => Call::json(Method::DELETE, path, &json!({ reason: "Both clients consent" })),
                None => Call::new(Method::DELETE, path),
            };
            let expected = if reason.is_some() { 200 } else { 204 };
            drop(trial.ask(&format!("DELETE {kind}"), &delete).await.expect_status(expected));
        }
    }
}

/// Files: as forms and as bodies, as documents and as versions; and what they are read by.
async fn files(trial: &mut Trial, things: &Things, number: usize) {
    let text = format!("the letter number {number}");
    let form = || Form::new().text("caseId", &things.case).file("a.txt", "text/plain", text.as_bytes());
    let mut ids = Vec::new();
    for path in ["/api/documents", "/api/documents/upload"] {
        let answer = trial.ask(&format!("form {path}"), &Call::form(Method::POST, path, form())).await;
        ids.push(id_of(&answer.expect_status(201).json()));
    }
    let own = format!("/api/documents/{}", ids[0]);
    let second = Form::new().file("a.txt", "text/plain", format!("second {number}").as_bytes());
    let versions = Call::form(Method::POST, format!("{own}/versions"), second);
    drop(trial.ask("form of a version", &versions).await.expect_status(201));
    let content = Call::new(Method::PUT, format!("{own}/content?fileName=b.txt"));
    let content = content.with("content-type", "text/plain", format!("body number {number}"));
    drop(trial.ask("a body as a file", &content).await.expect_status(200));
    let restored = Call::new(Method::POST, format!("{own}/versions/1/restore"));
    drop(trial.ask("restore a version", &restored).await.expect_status(201));
    let read = trial.ask("download", &Call::new(Method::GET, format!("{own}/download"))).await;
    assert_eq!(read.text(), text);
    for id in ids {
        let delete = Call::new(Method::DELETE, format!("/api/documents/{id}"));
        drop(trial.ask("delete a document", &delete).await.expect_status(204));
    }
}

/// A case through its states, made once for all tries by its key.
async fn states(trial: &mut Trial, number: usize) {
    let key = format!("key-{number}");
    let body = json!({ "title": "Alder v. Birch", "number": format!("S-{number}") });
    let open = Call::json(Method::POST, "/api/cases", &body).with("idempotency-key", &key, body.to_string());
    let opened = trial.ask("open with a key", &open).await.expect_status(201);
    let again = trial.ask("open with the same key", &open).await.expect_status(201);
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &opened.body));
    let path = format!("/api/cases/{}", id_of(&opened.json()));
    for verb in ["hold", "reopen", "close", "archive"] {
        drop(trial.ask(verb, &Call::new(Method::POST, format!("{path}/{verb}"))).await.expect_status(200));
    }
    drop(trial.ask("delete a case", &Call::new(Method::DELETE, path)).await);
}

/// What is wrong stays wrong: in the words, in the form, and in a list for an object.
async fn wrong(trial: &mut Trial) {
    for (name, body) in [
        ("no title", json!({ "title": "" })),
        ("no title with a list", json!({ "title": "", "tags": ["a"] })),
        ("a list", json!(["Alder v. Birch"])),
        ("no JSON", json!("Alder v. Birch")),
    ] {
        let answer = trial.ask(name, &Call::json(Method::POST, "/api/cases", &body)).await;
        assert!(answer.status.is_client_error(), "{name}: {} {}", answer.status, answer.text());
    }
}

/// Signing in and out, which borrows the memory of the hash.
async fn sessions(trial: &mut Trial) {
    let body = json!({ "email": trial.app.admin_email(), "password": PASSWORD });
    let login = trial.ask("log in", &Call::json(Method::POST, "/api/auth/login", &body)).await;
    let tokens = login.expect_status(200).json();
    let body = json!({ "refreshToken": tokens["refreshToken"] });
    let fresh = trial.ask("refresh", &Call::json(Method::POST, "/api/auth/refresh", &body)).await;
    assert!(fresh.expect_status(200).json()["accessToken"].is_string());
    drop(trial.ask("who am I", &Call::new(Method::GET, "/api/auth/me")).await.expect_status(200));
    let wrong = json!({ "email": trial.app.admin_email(), "password": "wrong" });
    drop(trial.ask("a wrong password", &Call::json(Method::POST, "/api/auth/login", &wrong)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_for_want_of_memory_has_done_nothing_and_is_done_when_asked_again() {
    let (mut trial, things) = Trial::start().await;
    let document = described(&trial.app).await;
    for (pass, per_million) in [0].into_iter().chain(PER_MILLION).enumerate() {
        trial.per_million = per_million;
        let (before, refused) = (trial.totals().await, trial.refused);
        walk(&mut trial, &document, &things, 1000 * pass).await;
        files(&mut trial, &things, pass).await;
        states(&mut trial, pass).await;
        wrong(&mut trial).await;
        sessions(&mut trial).await;
        entrance::walk(&mut trial, pass).await;
        // All that was acknowledged is there and was taken back, but for the users, who stay.
        let mut expected = before;
        *expected.last_mut().unwrap() += 3;
        assert_eq!(trial.totals().await, expected, "{LISTS:?}");
        // About half of the requests ask for memory, most of them once.
        let least = [0, 0, 0, 5, 30][pass];
        let refused = trial.refused - refused;
        assert!(refused >= least, "only {refused} at {per_million} of a million");
    }
    trial.app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_that_are_refused_now_and_then_each_is_done_once() {
    let faults = Faults::seeded(43);
    let app = TestApp::with_faults(&faults).await;
    let open = async |number: usize| {
        let body = json!({ "title": "Alder v. Birch", "number": format!("M-{number}") });
        let call = Call::json(Method::POST, "/api/cases", &body);
        let mut refused = 0;
        loop {
            let answer = call.send(&app).await;
            if answer.status == 503 {
                answer.expect_problem(503, "memory_exhausted");
                refused += 1;
                continue;
            }
            drop(answer.expect_status(201));
            return refused;
        }
    };
    faults.refuse(100_000);
    let refused: usize = join_all((0..96).map(open)).await.into_iter().sum();
    faults.refuse(0);
    assert!(refused >= 5, "only {refused}");
    assert_eq!(app.admin().get("/api/cases").await.expect_status(200).json()["total"], 96);
    app.finish().await;
}
