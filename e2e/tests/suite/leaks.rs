//! The leak verdict of a running server: windows are taken when the test says so, at the test's own time.

use crate::emergencies;
use access::Role;
use bytes::Bytes;
use chrono::TimeDelta;
use e2e::{Form, RawConnection, TestApp, head_of};
use http::Method;
use lexiflow::commands::{Console, run};
use serde_json::Value;
use std::fs;
use std::hint::black_box;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use testkit::{Answer, Client};

const LEAKS: &str = "/api/monitoring/memory/leaks";
const CHECK: &str = "/api/monitoring/memory/leaks/check";
/// Nothing by itself, and tokens that live as long as the test's time runs.
const SETTINGS: [(&str, &str); 2] = [("memory.leak_check_interval", "1d"), ("auth.access_token_ttl", "1d")];
/// Enough for the detector's warm-up, the fewest windows and its doubts.
const WINDOWS: usize = 36;
/// Requests before each: more than a thousand after a third of the windows.
const REQUESTS: usize = 100;
/// So large that the allocator samples each of them.
const LEAKED: usize = 4 << 20;

async fn check(client: &Client) -> Value {
    let answer = alone(async || client.send(Method::POST, CHECK, &[], Bytes::new()).await).await;
    answer.expect_status(200).json()
}

/// Only one profile is taken at once in a process, which all tests of this program share.
pub(crate) async fn alone(ask: impl AsyncFn() -> Answer) -> Answer {
    for _ in 0..500 {
        let answer = ask().await;
        if answer.status != 409 {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("another profile is always being taken");
}

#[inline(never)]
fn forget_a_buffer(kept: &mut Vec<Vec<u8>>) {
    kept.push(black_box(vec![0_u8; LEAKED]));
}

/// Lets the server leak for as long as a verdict takes.
async fn leak(app: &TestApp, kept: &mut Vec<Vec<u8>>) {
    for _ in 0..WINDOWS {
        forget_a_buffer(kept);
        for _ in 0..REQUESTS {
            drop(app.anonymous().get("/api/health/live").await.expect_status(200));
        }
        app.advance(TimeDelta::seconds(30));
        check(app.admin()).await;
    }
}

/// What `lexiflow memory leaks` says to a report.
async fn named(report: &Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("report.json"), report.to_string()).unwrap();
    let words = ["lexiflow", "memory", "leaks", "--file"].map(std::ffi::OsString::from);
    let words: Vec<_> = words.into_iter().chain([path("report.json").into()]).collect();
    let files = ["out", "err"].map(|name| fs::File::create(path(name)).unwrap());
    let work = move || {
        let [out, err] = files;
        run(words, std::iter::empty::<(String, String)>().collect(), None, &mut Console::to(out, err))
    };
    let code = headroom::spawn_blocking(work).await.unwrap();
    let said = |name: &str| fs::read_to_string(path(name)).unwrap();
    assert!(code == 0 && said("err").is_empty(), "{}", said("err"));
    said("out")
}

#[tokio::test]
async fn a_leak_is_told_everywhere_and_outlives_a_restart() {
    let app = TestApp::with(&SETTINGS).await;
    let before = app.admin().get(LEAKS).await.expect_status(200).json();
    assert_eq!((before["watching"].as_bool(), before["windows"].as_u64()), (Some(true), Some(0)));
    let mut kept = Vec::new();
    leak(&app, &mut kept).await;

    let answer = app.admin().get(LEAKS).await.expect_status(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let report = answer.json();
    let suspects = report["suspects"].as_array().unwrap();
    let ours = suspects.iter().find(|suspect| suspect["grownBytes"].as_u64().unwrap() >= 60 << 20);
    let ours = ours.unwrap_or_else(|| panic!("{report:#}"));
    let per_hour = ours["bytesPerHour"].as_u64().unwrap();
    assert!(per_hour.abs_diff(480 << 20) < 10 << 20, "{ours:#}");
    assert!(ours["calls"][0].as_str().unwrap().contains("+0x"), "{ours:#}");
    let out = named(&report).await;
    let line = out.lines().find(|line| line.contains("forget_a_buffer")).unwrap_or_default();
    assert!(line.contains("MiB/h"), "{out}");

    let site = ours["site"].as_str().unwrap().to_owned();
    let metrics = app.anonymous().get("/api/metrics").await.expect_status(200).text();
    assert!(!metrics.contains("lexiflow_leak_suspects 0"), "{metrics}");
    assert!(metrics.contains(&format!("lexiflow_leak_bytes_per_hour{{site=\"{site}\"}}")), "{metrics}");
    let health = app.anonymous().get("/api/health/memory").await.expect_status(200).json();
    let doctor = health["doctor"].as_array().unwrap();
    assert!(doctor.iter().any(|line| line.as_str().unwrap().contains("lexiflow memory leaks")), "{doctor:?}");
    let firm = accounts::find_first_firm(app.app()).await.unwrap().unwrap().id;
    let records = audit::entries_of(app.app().db().reader(), firm, firm, 100).await.unwrap();
    assert!(records.iter().any(|record| record.entity == "leak verdict" && record.action == "read"));
    assert!(emergencies::kept(&emergencies::diagnostics(&app)).is_some(), "a profile of the leak");
    let (record, path) = emergencies::recorded(&app).await;
    assert_eq!(record.changes.as_ref().unwrap()["reason"], "leak", "{record:?}");
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);

    Box::pin(restarted(app, &site)).await;
    drop(kept);
}

/// Ends the server, starts it again, and looks for the site among what leaked before; then with a damaged file.
async fn restarted(app: TestApp, site: &str) {
    let path = |folder: &Path| folder.join("diagnostics/leaks.json");
    let again = app
        .restart(|folder| {
            assert_eq!(fs::metadata(path(folder)).unwrap().permissions().mode() & 0o777, 0o600);
        })
        .await;
    let report = check(again.admin()).await;
    let past = report["history"].as_array().unwrap().iter().find(|past| past["site"] == site).unwrap();
    assert_eq!((past["runs"].as_u64(), &past["buildId"]), (Some(1), &report["buildId"]));
    assert_eq!(report["runs"].as_array().unwrap().len(), 2, "{:#}", report["runs"]);
    assert_eq!(report["suspects"].as_array().unwrap().len(), 0, "{:#}", report["suspects"]);
    assert!(named(&report).await.contains("leaked before:"));
    let anew = again.restart(|folder| fs::write(path(folder), "{").unwrap()).await;
    let report = anew.admin().get(LEAKS).await.expect_status(200).json();
    assert_eq!((&report["history"], &report["runs"]), (&serde_json::json!([]), &serde_json::json!([])));
    anew.finish().await;
}

#[tokio::test]
async fn a_server_that_is_told_not_to_does_not_watch() {
    for setting in ["memory.leak_detection_enabled", "memory.monitoring_enabled"] {
        let app = TestApp::with(&[(setting, "false")]).await;
        let report = app.admin().get(LEAKS).await.expect_status(200).json();
        assert_eq!(report["watching"], false, "{setting}");
        assert!(named(&report).await.contains("does not watch"));
        assert_eq!(report["lastWindowAt"], Value::Null, "{setting}");
        app.finish().await;
    }
}

#[tokio::test]
async fn the_verdict_is_for_operators_alone() {
    let app = TestApp::start().await;
    app.anonymous().get(LEAKS).await.expect_problem(401, "unauthenticated");
    let attorney = app.user(Role::Attorney).await;
    attorney.get(LEAKS).await.expect_problem(403, "forbidden");
    attorney.send(Method::POST, CHECK, &[], Bytes::new()).await.expect_problem(403, "forbidden");
    let health = app.anonymous().get("/api/health/memory").await.expect_status(200).json();
    assert!(health["tasks"]["background"].as_array().unwrap().iter().any(|task| task == "memory.leaks"));
    app.finish().await;
}

#[tokio::test]
async fn connections_of_clients_are_no_leak_and_a_file_on_its_way_in_is_counted() {
    let app = TestApp::with(&SETTINGS).await;
    let counted = async |name: &str| {
        let report = check(app.admin()).await;
        let counts = report["counts"].as_array().unwrap().clone();
        assert_eq!(counts.len(), 7, "{report}");
        counts.iter().find(|count| count["name"] == name).unwrap()["now"].as_u64().unwrap()
    };
    let (tasks, files) = (counted("tasks").await, counted("temporaryFiles").await);
    assert_eq!(files, 0);
    // Without a task of their own on this side, which would be one of the same runtime.
    let mut idle = Vec::new();
    for _ in 0..40 {
        let mut client = RawConnection::open(app.admin().address()).await;
        client.send("GET /api/version HTTP/1.1\r\nhost: test\r\n\r\n").await;
        idle.push(client);
    }
    while app.gauge("http_connections_open").await < 40 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    app.quiet().await;
    // Some are on their way out, more of them on a busy machine; a task for each client would stay.
    let mut after = counted("tasks").await;
    for _ in 0..1000 {
        if after <= tasks + 8 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        after = counted("tasks").await;
    }
    assert!(after <= tasks + 8, "{tasks} tasks, and {after} with 40 clients more");

    let mut upload = RawConnection::open(app.admin().address()).await;
    let head = head_of("POST", "/api/documents", app.admin().token());
    let kind = Form::content_type();
    let form = Form::new().file("a.txt", "text/plain", &vec![b'a'; 100_000]).body();
    let begun = &form[..form.len() / 2];
    upload.send(format!("{head}content-type: {kind}\r\ncontent-length: {}\r\n\r\n", form.len())).await;
    upload.send(begun).await;
    while counted("temporaryFiles").await != 1 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    upload.hang_up().await;
    drop(idle);
    app.quiet().await;
    assert_eq!(counted("temporaryFiles").await, 0);
    app.finish().await;
}
