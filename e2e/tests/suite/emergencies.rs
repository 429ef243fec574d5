//! What is left behind by a moment at which memory was all but used up.

use crate::pressure::{HEAP, PLENTY, Scene};
use e2e::TestApp;
use headroom::{Headroom, InjectedSource, Level};
use ids::ProfileId;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const MIB: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) fn kept(folder: &Path) -> Option<(ProfileId, PathBuf)> {
    let entries = fs::read_dir(folder).ok()?;
    let mut profiles = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let name = path.file_name()?.to_str()?;
        let id = name.strip_prefix("heap-")?.strip_suffix(".pb")?.parse().ok()?;
        Some((id, path))
    });
    profiles.next()
}

/// Waits for a profile that nobody asked for and its record.
pub(crate) async fn recorded(app: &TestApp) -> (audit::Entry, PathBuf) {
    let folder = diagnostics(app);
    let recorded = async {
        loop {
            if let Some((id, path)) = kept(&folder) {
                let firm = accounts::find_first_firm(app.app()).await.unwrap().unwrap().id;
                let records = audit::entries_of(app.app().db().reader(), firm, id, 9).await.unwrap();
                if let Some(record) = records.into_iter().next() {
                    return (record, path);
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, recorded).await.expect("a profile and its record")
}

#[tokio::test]
async fn a_profile_is_kept_for_the_servers_user_alone_and_recorded() {
    let source = Arc::new(InjectedSource::with_limit(1024 * MIB));
    source.hold_heap(10 * MIB);
    let memory = Arc::clone(&source) as _;
    let app = TestApp::with_memory(&[], Box::new(|settings| Headroom::new(settings, memory))).await;
    let folder = diagnostics(&app);
    assert!(kept(&folder).is_none(), "at rest there is none");

    // The budget is three quarters of the limit.
    source.hold_heap(760 * MIB);
    let (record, path) = recorded(&app).await;
    source.hold_heap(10 * MIB);
    assert_eq!((record.entity.as_str(), record.action.as_str()), ("heap profile", "create"));
    let changes = serde_json::to_string(&record.changes).unwrap();
    assert!(changes.contains("emergency") && changes.contains("takenAt"), "{changes}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let profile = headroom::heap_profile::HeapProfile::read_pprof(&fs::read(&path).unwrap()).unwrap();
    assert!(profile.total().bytes > 0);
    app.finish().await;
}

/// The file of the one spell there is, and what it says.
fn written(folder: &Path) -> Option<(PathBuf, serde_json::Value)> {
    let mut names = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let path = names.find(|path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("critical-1"))
    })?;
    let text = fs::read(&path).ok()?;
    Some((path, serde_json::from_slice(&text).unwrap()))
}

/// Where a server writes it.
pub(crate) fn diagnostics(app: &TestApp) -> PathBuf {
    app.running().parts().config.storage.data_dir.join("diagnostics")
}

async fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let seen = async {
        loop {
            if let Some(seen) = look() {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.expect("it happens in time")
}

#[tokio::test]
async fn a_spell_of_critical_memory_is_written_down_and_told_by_the_server_after_one_that_was_killed() {
    let scene = Scene::start().await;
    let folder = diagnostics(&scene.app);
    let calm = scene.app.admin().get("/api/monitoring/memory/history").await.expect_status(200).json();
    assert_eq!((calm["everySeconds"].as_u64(), calm["spells"].as_array().map(Vec::len)), (Some(60), Some(0)));

    scene.press(870, Level::Critical);
    let Scene { app, source } = scene;
    let (path, spell) = until(|| written(&folder)).await;
    assert!(spell["spell"]["end"].is_null(), "it lasts: {}", spell["spell"]);
    assert_eq!(spell["spell"]["level"], "critical");
    assert_eq!(spell["report"]["level"], "critical");
    let seconds = spell["seconds"].as_array().unwrap();
    assert!(seconds.iter().any(|row| row["heapBytes"].as_u64() >= Some(HEAP)), "{seconds:?}");
    assert!(spell["spell"]["findings"][0].as_str().is_some_and(|finding| finding.len() > 20), "{spell:#}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let as_it_was = fs::read(&path).unwrap();

    source.change(|reading| reading.limit.bytes = PLENTY);
    let over = until(|| written(&folder).filter(|(_, spell)| spell["spell"]["end"] == "over")).await.1;
    assert!(
        over["spell"]["findings"][0].as_str().is_some_and(|finding| finding.contains("critical")),
        "{over:#}"
    );
    let told = app.admin().get("/api/monitoring/memory/history?minutes=2").await.expect_status(200).json();
    assert_eq!((told["everySeconds"].as_u64(), &told["spells"][0]["end"]), (Some(1), &"over".into()));
    let rows = told["rows"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["level"] == "critical"), "{rows:?}");
    for minutes in ["0", "1441", "-1", "x"] {
        let path = format!("/api/monitoring/memory/history?minutes={minutes}");
        drop(app.admin().get(&path).await.expect_status(400));
    }

    // What a server leaves that is killed meanwhile, in place of what this one does.
    let app = app.restart(|_| fs::write(&path, &as_it_was).unwrap()).await;
    let report = app.anonymous().get("/api/health/memory").await.expect_status(200).json();
    let doctor = report["doctor"].to_string();
    assert!(doctor.contains("did not end in order, and its memory was critical"), "{doctor}");
    assert!(doctor.contains("diagnostics/critical-1"), "{doctor}");
    let told = app.admin().get("/api/monitoring/memory/history").await.expect_status(200).json();
    assert_eq!(told["spells"][0]["end"], "lost");
    let metrics = app.admin().get("/api/metrics").await.expect_status(200);
    assert!(metrics.text().contains("\nlexiflow_memory_predecessor_lost 1\n"), "{}", metrics.text());
    // The next one has nothing to tell: its predecessor ended in order.
    let app = app.restart(|_| ()).await;
    let report = app.anonymous().get("/api/health/memory").await.expect_status(200).json();
    assert_eq!(report["doctor"], serde_json::json!(["Nothing is wrong."]));
    app.finish().await;
}

#[tokio::test]
async fn a_server_that_ends_in_order_during_a_spell_leaves_no_riddle() {
    let scene = Scene::start().await;
    let folder = diagnostics(&scene.app);
    scene.press(870, Level::Critical);
    until(|| written(&folder)).await;
    let left = std::sync::Mutex::new(None);
    let app = scene.app.restart(|_| *left.lock().unwrap() = written(&folder)).await;
    let (_, spell) = left.into_inner().unwrap().unwrap();
    assert_eq!(spell["spell"]["end"], "stopped");
    let report = app.anonymous().get("/api/health/memory").await.expect_status(200).json();
    assert_eq!(report["doctor"], serde_json::json!(["Nothing is wrong."]));
    app.finish().await;
}
