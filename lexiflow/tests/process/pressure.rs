//! Real load on the real binary within a control group: up through the levels, and back by itself.

use crate::memory_limit::MemoryLimit;
use crate::place::Place;
use crate::skipped;
use crate::wire::Wire;
use serde_json::Value;
use std::io;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// What the server and its page cache may use, in bytes.
const LIMIT_BYTES: u64 = 256 << 20;
/// What the server plans with, in mebibytes. At rest it holds a small part of it.
const BUDGET_MIB: &str = "128";
/// The levels begin early, so that a part of the load is enough and the kernel never has a reason to end the server.
const THRESHOLDS: [(&str, &str); 2] =
    [("MEMORY_WARNING_THRESHOLD", "0.4"), ("MEMORY_CRITICAL_THRESHOLD", "0.5")];
/// How much each client sends of a body that it does not end, in bytes.
const BODY_BYTES: usize = 8 << 20;
/// Clients that do so at once: together more than what is critical.
const CLIENTS: usize = 12;
/// How long anything may take: a level lasts for two calm seconds, and there are four to fall.
const PATIENCE: Duration = Duration::from_secs(40);

/// Sends a large body that never ends, again and again: whoever is refused or ended begins anew.
async fn press(wire: Wire) {
    loop {
        let Ok(mut wire) = wire.again().await else { continue };
        // A server that ends the request closes the connection; both sides of that are the load that is wanted.
        let _ended: io::Result<()> = async {
            let headers = format!("content-type: application/json\r\ncontent-length: {}\r\n", BODY_BYTES + 1);
            wire.begin("POST", "/api/cases", &headers).await?;
            wire.write(b"{\"title\":\"").await?;
            wire.write(&vec![b'a'; BODY_BYTES - 10]).await?;
            wire.answer().await.map(drop)
        }
        .await;
        tokio::task::yield_now().await;
    }
}

/// The reports one after the other, until one is as wanted.
async fn report(wire: &Wire, wanted: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    let mut wire = wire.again().await.unwrap();
    loop {
        let report = wire.get("/api/health/memory?format=bytes").await.unwrap().json();
        if is_wanted(&report) {
            return report;
        }
        assert!(begun.elapsed() < PATIENCE, "not {wanted}: {report:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn level(report: &Value) -> &str {
    report["level"].as_str().unwrap()
}

/// Whether something was done that gave bytes back, by its figures.
fn has_freed(report: &Value) -> bool {
    let mut actions = report["actions"].as_array().unwrap().iter();
    actions.any(|action| {
        let after = action["afterBytes"].as_u64();
        after.is_some_and(|after| action["beforeBytes"].as_u64().unwrap() > after)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load_raises_the_level_is_shed_and_is_served_again_after_it() {
    let Some(group) = MemoryLimit::new("pressure", LIMIT_BYTES) else {
        return skipped("the levels under load: making a control group takes root");
    };
    let place = Place::new().await.with("MEMORY_BUDGET_MB", BUDGET_MIB).with("MAX_CONNECTIONS", "128");
    let place = THRESHOLDS.into_iter().fold(place, |place, (name, value)| place.with(name, value));
    let server = place.launch(group.around(&place.command())).await;
    let mut wire = server.sign_in().await;
    assert_eq!(wire.get("/api/cases").await.unwrap().status, 200);
    report(&wire, "calm before the load", |report| level(report) == "normal").await;

    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(press(wire.again().await.unwrap()));
    }
    let pressed = report(&wire, "under pressure", |report| {
        ["warning", "critical", "emergency"].contains(&level(report)) && has_freed(report)
    })
    .await;
    let budget = &pressed["budget"];
    assert_eq!((&budget["source"], &budget["limitBytes"]), (&"explicit".into(), &LIMIT_BYTES.into()));
    expect_refusal(&wire).await;

    clients.shutdown().await;
    let calm = report(&wire, "calm after the load", |report| level(report) == "normal").await;
    assert_eq!(calm["status"], "healthy");
    let mut wire = server.sign_in().await;
    assert_eq!(wire.get("/api/cases").await.unwrap().status, 200);
    // What the report itself is charged for being asked is all that is lent.
    report(&wire, "given back", |report| {
        report["pools"].as_array().unwrap().iter().all(|pool| pool["used"].as_u64().unwrap() <= 64 << 10)
    })
    .await;
    server.stop().await;
}

/// Lists are refused while the memory is critical: asks for one until that is so.
async fn expect_refusal(wire: &Wire) {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let mut wire = wire.again().await.unwrap();
        // A connection that is closed in between says nothing about the level.
        let Ok(answer) = wire.get("/api/cases").await else { continue };
        if answer.status == 503 {
            assert_eq!(answer.json()["code"], "memory_exhausted", "{}", answer.text());
            let wait = answer.retry_after.expect("when to try again");
            assert!((1..=30).contains(&wait), "{wait}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no list was ever refused");
}
