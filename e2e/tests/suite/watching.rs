//! What watches the memory can fail as well: that nobody looks, and that the kernel does not tell, is seen from outside.

use e2e::{TestApp, read_metrics};
use headroom::{Class, Headroom, MemorySource, Reading, SystemRoots, SystemSource};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// The running system, whose controller can be kept and whose limit can be made unreadable.
struct Failing {
    system: SystemSource,
    keeps_controller: Mutex<bool>,
    changed: Condvar,
    is_unreadable: AtomicBool,
}

impl Failing {
    /// Keeps the controller until what this gives is dropped, which a test that fails does too.
    fn keep_controller(&self) -> Kept<'_> {
        self.set(true);
        Kept(self)
    }

    fn set(&self, keeps: bool) {
        *self.keeps_controller.lock().unwrap() = keeps;
        self.changed.notify_all();
    }
}

struct Kept<'a>(&'a Failing);

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl MemorySource for Failing {
    fn read(&self) -> Reading {
        if std::thread::current().name() == Some("headroom") {
            let mut keeps = self.keeps_controller.lock().unwrap();
            while *keeps {
                keeps = self.changed.wait(keeps).unwrap();
            }
        }
        let mut reading = self.system.read();
        reading.unreadable.limit = self.is_unreadable.load(Ordering::Relaxed);
        reading
    }
}

async fn metric(app: &TestApp, name: &str, part: Option<&str>) -> f64 {
    let text = app.anonymous().get("/api/metrics").await.expect_status(200).text();
    let samples = read_metrics(&text);
    let found = samples.iter().find(|sample| {
        sample.name == name && part.is_none_or(|part| sample.labels.get("part").is_some_and(|is| is == part))
    });
    found.unwrap_or_else(|| panic!("no {name}")).value.parse().unwrap()
}

async fn findings(app: &TestApp) -> Vec<Value> {
    let report = app.anonymous().get("/api/health/memory").await.expect_status(200).json();
    report["doctor"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_watcher_that_does_not_come_and_a_limit_that_is_not_told_are_seen() {
    let source = Arc::new(Failing {
        system: SystemSource::open(SystemRoots::default()),
        keeps_controller: Mutex::new(false),
        changed: Condvar::new(),
        is_unreadable: AtomicBool::new(false),
    });
    let memory = Arc::clone(&source) as _;
    let app = TestApp::with_memory(&[], Box::new(|settings| Headroom::new(settings, memory))).await;
    let says = |findings: &[Value], words: &str| {
        findings.iter().any(|finding| finding.as_str().is_some_and(|finding| finding.contains(words)))
    };
    assert!(!says(&findings(&app).await, "overdue"));

    let kept = source.keep_controller();
    // A second after it should have looked; a test that waits for ever fails.
    while metric(&app, "lexiflow_controller_late_seconds", None).await <= 0.0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(says(&findings(&app).await, "is overdue by"));
    let full = app.admin().get("/api/health/full").await.expect_status(200).json();
    assert_eq!(
        (&full["status"], &full["checks"]["memory"]["status"]),
        (&"degraded".into(), &"degraded".into())
    );
    let bulk = app.app().headroom().class(Class::Bulk);
    let lent = bulk.try_lease(bulk.available()).unwrap();
    assert!(bulk.try_lease(1).is_err(), "whether anybody looks or not");
    drop(lent);

    drop(kept);
    while metric(&app, "lexiflow_controller_late_seconds", None).await > 0.0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        metric(&app, "lexiflow_controller_overdue_total", None).await >= 1.0,
        "it came late and is counted"
    );

    assert!(metric(&app, "lexiflow_memory_unreadable", Some("limit")).await < 0.5);
    source.is_unreadable.store(true, Ordering::Relaxed);
    assert!(metric(&app, "lexiflow_memory_unreadable", Some("limit")).await > 0.5);
    assert!(says(&findings(&app).await, "cannot be read any more. The limit in force is"));
    app.finish().await;
}
