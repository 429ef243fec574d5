//! What a running server does when it is sent a signal.

use crate::place::{Place, Server};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::fs;
use std::time::{Duration, Instant};

/// How long a signal may take to show.
const PATIENCE: Duration = Duration::from_secs(20);

/// A place with a file of settings, which the server is told of.
async fn place(settings: &str) -> Place {
    let place = Place::embedded().await;
    let file = place.folder().join("lexiflow.toml");
    fs::write(&file, settings).unwrap();
    let named = file.to_str().unwrap().to_owned();
    // The file counts for what the environment does not set.
    place.with("LEXIFLOW_CONFIG", &named).with("LOG_LEVEL", "info")
}

fn rewrite(place: &Place, settings: &str) {
    fs::write(place.folder().join("lexiflow.toml"), settings).unwrap();
}

/// Waits until the log says this, and gives the line.
async fn logged(place: &Place, words: &str) -> String {
    let begun = Instant::now();
    loop {
        let log = fs::read_to_string(place.folder().join("err.log")).unwrap();
        if let Some(line) = log.lines().find(|line| line.contains(words)) {
            return line.to_owned();
        }
        assert!(begun.elapsed() < PATIENCE, "nothing says {words:?} in {log}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The share of the budget from which on the server warns.
async fn warning(server: &Server) -> String {
    let mut wire = server.sign_in().await;
    let report: Value = wire.get("/api/health/memory").await.unwrap().json();
    report["thresholds"]["heapWarning"].as_str().expect("the report has thresholds").to_owned()
}

#[tokio::test]
async fn changed_settings_are_read_again_and_what_needs_a_restart_is_said() {
    let place = place("[memory]\nwarning_threshold = \"70%\"\n").await;
    let server = place.start().await;
    assert_eq!(warning(&server).await, "70%");
    rewrite(
        &place,
        "[memory]\nwarning_threshold = \"60%\"\n[cache]\nlogins_size = \"128KiB\"\n[workers]\nblocking_threads = 3\n",
    );
    server.signal(Signal::SIGHUP);
    logged(&place, "the settings were read again").await;
    let needs_restart = logged(&place, "needs a restart").await;
    assert!(needs_restart.contains("workers.blocking_threads"), "{needs_restart}");
    assert_eq!(warning(&server).await, "60%");
    let mut wire = server.sign_in().await;
    let stores = wire.get("/api/monitoring/memory/stores").await.unwrap().json();
    let all = stores.as_array().or_else(|| stores["stores"].as_array()).expect("a list of stores");
    let known = all.iter().find(|store| store["name"] == "sessions.known").expect("the cache of logins");
    assert_eq!(known["maxBytes"], 128 << 10, "{known}");
    server.stop().await;
}

#[tokio::test]
async fn settings_with_a_fault_change_nothing() {
    let place = place("[memory]\nwarning_threshold = \"70%\"\n").await;
    let server = place.start().await;
    for (settings, words) in [
        ("[memory]\nwarning_threshold = \"99%\"\n", "the settings stay as they are"),
        ("[memory\n", "the settings stay as they are"),
        ("[memory]\nbudget = \"32MiB\"\n", "does not fit"),
    ] {
        rewrite(&place, settings);
        server.signal(Signal::SIGHUP);
        logged(&place, words).await;
        assert_eq!(warning(&server).await, "70%", "{settings}");
        fs::write(place.folder().join("err.log"), "").unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn a_signal_keeps_a_heap_profile_and_another_tells_tasks_and_stores() {
    let place = place("").await;
    let server = place.start().await;
    server.signal(Signal::SIGUSR1);
    logged(&place, "a heap profile was kept").await;
    let kept: Vec<_> = fs::read_dir(place.data().join("diagnostics")).unwrap().collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    server.signal(Signal::SIGUSR2);
    let line = logged(&place, "\"task\":\"queue.worker\"").await;
    assert!(line.contains("background task"), "{line}");
    logged(&place, "\"store\":\"sessions.known\"").await;
    server.stop().await;
}
