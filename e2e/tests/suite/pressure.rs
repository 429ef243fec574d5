//! What clients see at each level of pressure on the memory, from the first warning to the emergency and back.

use crate::leaks::alone;
use bytes::Bytes;
use e2e::{Form, TestApp, id_of, open_case, read_metrics, upload_text};
use headroom::{Headroom, InjectedSource, Level, Tuning};
use http::Method;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use testkit::{Answer, Client};

const MIB: u64 = 1 << 20;
/// What the program is said to hold at all times.
pub(crate) const HEAP: u64 = 300 * MIB;
/// A limit under which that is nothing.
pub(crate) const PLENTY: u64 = 8192 * MIB;
/// Longer than a level lasts for which nothing asks any more, in microseconds.
const CALM: u64 = 3_000_000;

/// A server whose memory limit is what the test says. What is used stays the same, so that nothing counts as growth.
pub(crate) struct Scene {
    pub(crate) app: TestApp,
    pub(crate) source: Arc<InjectedSource>,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let source = Arc::new(InjectedSource::with_limit(PLENTY));
        source.hold_heap(HEAP);
        let books = Arc::clone(&source);
        let memory = move |settings| Headroom::new(settings, books);
        Self { app: TestApp::with_memory(&[], Box::new(memory)).await, source }
    }

    /// Lowers the limit until the heap is so many thousandths of the budget, which is three quarters of the limit.
    pub(crate) fn press(&self, permille: u64, level: Level) {
        self.source.change(|reading| reading.limit.bytes = HEAP * 1000 / permille * 4 / 3);
        assert_eq!(self.app.app().headroom().sample(), level);
    }

    /// The limit of the beginning, and looks from so far ahead that each level has lasted long enough.
    fn recover(&self) {
        self.source.change(|reading| reading.limit.bytes = PLENTY);
        let headroom = self.app.app().headroom();
        let begun = headroom.uptime_micros();
        let looks = 0..=Level::ALL.len() as u64;
        let last = looks.fold(Level::Emergency, |_, look| headroom.sample_at(begun + look * CALM));
        assert_eq!(last, Level::Normal);
    }

    async fn probe(&self, path: &str) -> (u16, Value) {
        let answer = self.app.anonymous().get(path).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(
            answer.header("connection"),
            "",
            "{path}: who looks after the server keeps the connection"
        );
        (answer.status.as_u16(), answer.json())
    }

    /// The level in each report, and that the process is alive and ready: a short spell is ridden out.
    async fn expect_reported(&self, level: &str, status: &str) {
        let (code, report) = self.probe("/api/health/memory").await;
        assert_eq!(code, if status == "critical" { 503 } else { 200 }, "{report:#}");
        assert_eq!((&report["status"], &report["level"]), (&json!(status), &json!(level)));
        let cause = if level == "normal" { "none" } else { "share" };
        assert_eq!(report["cause"], cause, "{report:#}");
        let health = if status == "critical" { "degraded" } else { "healthy" };
        for (path, word) in
            [("/api/health", health), ("/api/health/live", "alive"), ("/api/health/ready", "ready")]
        {
            let (code, body) = self.probe(path).await;
            assert_eq!((code, &body["status"]), (200, &json!(word)), "{path}: {body}");
        }
        let metrics = self.app.anonymous().get("/api/metrics").await.expect_status(200).text();
        let samples = read_metrics(&metrics);
        let state = samples
            .iter()
            .find(|sample| sample.name == "lexiflow_memory_pressure_level")
            .map(|sample| &*sample.value);
        let number =
            Level::ALL.iter().position(|known| known.as_str() == level).map(|place| place.to_string());
        assert_eq!(state, number.as_deref(), "{metrics}");
    }

    /// Waits until the report has these actions: what takes long is left to threads of its own, and a profile waits its turn.
    async fn expect_actions(&self, names: &[&str]) {
        let taken = async {
            loop {
                let (_, report) = self.probe("/api/health/memory").await;
                let found = actions(&report);
                if names.iter().all(|name| found.iter().any(|(known, ..)| known == name)) {
                    // The others say what there was when they were done, and what others did meanwhile.
                    let frees = |name: &str| ["shrink_stores", "purge"].contains(&name);
                    let grew = found.iter().find(|(name, before, after)| {
                        frees(name) && after.is_none_or(|after| after > *before)
                    });
                    assert!(grew.is_none(), "{found:?}");
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let outcome = tokio::time::timeout(Duration::from_mins(1), taken).await;
        assert!(
            outcome.is_ok(),
            "not all of {names:?}: {:?}",
            self.probe("/api/health/memory").await.1["actions"]
        );
    }
}

/// The actions of a report by name, each with the bytes before it and, as soon as that is known, after it.
fn actions<'a>(report: &'a Value) -> Vec<(&'a str, u64, Option<u64>)> {
    let list = report["actions"].as_array().unwrap().iter();
    let told = |action: &'a Value| {
        let before = action["beforeBytes"].as_u64().unwrap();
        (action["action"].as_str().unwrap(), before, action["afterBytes"].as_u64())
    };
    list.map(told).collect()
}

/// What may be refused: lists, searches, and what moves files.
async fn deferrable(client: &Client, document: &str) -> Vec<(&'static str, Answer)> {
    let file = Form::new().file("a.txt", "text/plain", b"a letter");
    let body = ("content-type", "text/plain");
    let content = format!("/api/documents/{document}/content?fileName=b.txt");
    vec![
        ("a list", client.get("/api/cases").await),
        ("a search", client.get("/api/search?query=alder").await),
        ("a download", client.get(&format!("/api/documents/{document}/download")).await),
        ("an upload", file.post(client, "/api/documents").await),
        (
            "a body as a file",
            client.send(Method::PUT, &content, &[body], Bytes::from("another letter")).await,
        ),
    ]
}

/// What goes on while others wait: opening, changing and deleting one thing.
async fn interactive(client: &Client, case: &str) -> Vec<(&'static str, Answer)> {
    let path = format!("/api/cases/{case}");
    let opened = client.post("/api/cases", &json!({ "title": "Opened under pressure" })).await;
    let gone = format!("/api/cases/{}", id_of(&opened.json()));
    vec![
        ("opening", opened),
        ("reading one", client.get(&path).await),
        ("changing", client.patch(&path, &json!({ "judge": "Fir" })).await),
        ("who am I", client.get("/api/auth/me").await),
        ("deleting", client.delete(&gone).await),
    ]
}

#[track_caller]
fn expect_served(answers: Vec<(&str, Answer)>, connection: &str) {
    for (name, answer) in answers {
        assert!(answer.status.is_success(), "{name}: {} {}", answer.status, answer.text());
        // Deletions give memory back: they are treated as those who look after the server.
        let expected = if name == "deleting" { "" } else { connection };
        assert_eq!(answer.header("connection"), expected, "{name}");
    }
}

#[track_caller]
fn expect_refused(answers: Vec<(&str, Answer)>) {
    for (name, answer) in answers {
        let problem = answer.expect_problem(503, "memory_exhausted");
        assert_eq!(problem["retryable"], true, "{name}: {problem}");
        let wait: u32 = answer.header("retry-after").parse().unwrap_or_else(|_| panic!("{name}: no time"));
        assert!((1..=30).contains(&wait), "{name}: {wait}");
    }
}

#[tokio::test]
async fn clients_see_each_level_and_are_served_again_after_it() {
    let scene = Scene::start().await;
    let (admin, anonymous) = (scene.app.admin().clone(), scene.app.anonymous());
    let case = id_of(&open_case(&admin, "Alder v. Birch").await);
    let document = upload_text(&admin, &case, "a.txt", "a letter about alders").await;
    let document = id_of(&document);
    let leaving = anonymous.sign_in(scene.app.admin_email(), e2e::PASSWORD).await;
    scene.expect_reported("normal", "healthy").await;
    expect_served(deferrable(&admin, &document).await, "");
    expect_served(interactive(&admin, &case).await, "");

    scene.press(770, Level::Warning);
    scene.expect_reported("warning", "warning").await;
    scene
        .expect_actions(&[
            "shrink_stores",
            "pause_background",
            "close_connections",
            "shorten_idle",
            "small_chunks",
        ])
        .await;
    expect_served(deferrable(&admin, &document).await, "close");
    expect_served(interactive(&admin, &case).await, "close");

    scene.press(870, Level::Critical);
    scene.expect_reported("critical", "critical").await;
    scene.expect_actions(&["shrink_stores", "shed_bulk", "shed_standard", "purge"]).await;
    expect_refused(deferrable(&admin, &document).await);
    expect_served(interactive(&admin, &case).await, "close");
    let left = leaving.post("/api/auth/logout", &json!({})).await;
    assert!(left.status.is_success(), "{}", left.text());
    leaving.get("/api/auth/me").await.expect_problem(401, "unauthenticated");

    scene.press(950, Level::Emergency);
    scene.expect_reported("emergency", "critical").await;
    scene.expect_actions(&["shrink_stores", "dump_heap"]).await;
    expect_refused(deferrable(&admin, &document).await);
    expect_served(interactive(&admin, &case).await, "close");
    operate(&admin).await;

    scene.recover();
    scene.expect_reported("normal", "healthy").await;
    scene.expect_actions(&["admit_bulk", "admit_standard", "resume_background", "keep_connections"]).await;
    scene.expect_actions(&["restore_idle", "restore_chunks"]).await;
    expect_served(deferrable(&admin, &document).await, "");
    expect_served(interactive(&admin, &case).await, "");
    scene.app.finish().await;
}

#[tokio::test]
async fn what_was_done_at_a_level_is_taken_back_when_nothing_is_to_be_done_any_more() {
    let scene = Scene::start().await;
    scene.press(770, Level::Warning);
    scene.expect_actions(&["shorten_idle", "small_chunks"]).await;
    let headroom = scene.app.app().headroom();
    headroom.tune(Tuning { acts: false, ..headroom.tuning() });
    scene.expect_actions(&["restore_idle", "restore_chunks"]).await;
    assert_eq!(headroom.level(), Level::Warning);
    scene.app.finish().await;
}

/// Whoever looks after the server can do so whatever the memory is like.
async fn operate(admin: &Client) {
    let purged = admin.post("/api/monitoring/memory/purge", &json!({})).await.expect_status(200).json();
    assert!(purged["success"] == true && purged["freedMB"].is_number(), "{purged}");
    let profile = alone(async || admin.get("/api/monitoring/memory/profile?format=inventory").await).await;
    assert!(profile.expect_status(200).json().is_object());
    for path in ["stats", "stores", "requests", "allocator", "health"] {
        drop(admin.get(&format!("/api/monitoring/memory/{path}")).await.expect_status(200));
    }
    let full = admin.get("/api/health/full").await.expect_status(200).json();
    assert_eq!(
        (&full["status"], &full["checks"]["memory"]["status"]),
        (&json!("degraded"), &json!("degraded"))
    );
}

/// A spell of thirty seconds is ridden out; a longer one makes the server not ready, and its end ready again.
#[tokio::test]
async fn only_a_long_spell_of_critical_memory_makes_the_server_not_ready() {
    let scene = Scene::start().await;
    let ops = scene.app.running().ops();
    let status = ops.status();
    scene.press(870, Level::Critical);
    ops.beat();
    status.pass(Duration::from_secs(29));
    ops.beat();
    let (code, body) = scene.probe("/api/health/ready").await;
    assert_eq!((code, &body["status"]), (200, &json!("ready")));
    status.pass(Duration::from_secs(3));
    ops.beat();
    let (code, body) = scene.probe("/api/health/ready").await;
    assert_eq!((code, &body), (503, &json!({ "status": "not_ready", "failing": ["memory"] })));
    let (code, body) = scene.probe("/api/health/live").await;
    assert_eq!((code, &body["status"]), (200, &json!("alive")), "it is short of memory and not stuck");
    scene.recover();
    ops.beat();
    assert_eq!(scene.probe("/api/health/ready").await.0, 200);
    scene.app.finish().await;
}

/// The runtime is this thread, which waits for the answer: no sign of life comes meanwhile, and liveness is told all the
/// same, by the thread of health.
#[tokio::test]
async fn a_runtime_that_gives_no_sign_of_life_is_told_as_stalled() {
    let scene = Scene::start().await;
    let address = scene.app.admin().address();
    scene.app.running().ops().status().pass(Duration::from_secs(11));
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /api/health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\"stalled\""), "{answer}");
    // The next sign of life ends that.
    while scene.probe("/api/health/live").await.0 != 200 {}
    scene.app.finish().await;
}
