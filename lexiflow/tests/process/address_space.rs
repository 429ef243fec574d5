//! A limit of the address space, where malloc itself fails beyond it and a program that asks for more ends at once.

use crate::place::Place;
use crate::skipped;
use crate::wire::Wire;
use std::collections::BTreeMap;
use std::io;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// What the process may map, in bytes: not three times what it maps at rest.
const LIMIT_BYTES: u64 = 384 << 20;
/// A body just below the largest, of which a tree several times its size is made.
const BODY_BYTES: usize = 9 << 20;
/// Together far more than the limit.
const CLIENTS: usize = 60;
const PATIENCE: Duration = Duration::from_mins(1);

/// The command, within the limit.
fn within(command: &Command) -> Command {
    let mut inside = Command::new("prlimit");
    inside.arg(format!("--as={LIMIT_BYTES}")).arg("--").arg(command.get_program()).args(command.get_args());
    inside.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = command.get_current_dir() {
        inside.current_dir(folder);
    }
    inside
}

/// Wide, so that the tree of it is large.
fn body() -> Arc<[u8]> {
    let mut body = b"{\"title\":[".to_vec();
    while body.len() < BODY_BYTES {
        body.extend_from_slice(b"[],{\"a\":1},\"b\",");
    }
    body.extend_from_slice(b"0]}");
    body.into()
}

/// Sends the body three times; the statuses of what was answered.
async fn press(mut wire: Wire, body: Arc<[u8]>) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..3 {
        // Who is refused before the body is read may find the connection closed.
        let asked: io::Result<u16> = async {
            let headers = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
            wire.begin("POST", "/api/cases", &headers).await?;
            let _cut = wire.write(&body).await;
            Ok(wire.answer().await?.status)
        }
        .await;
        statuses.extend(asked.ok());
        let Ok(next) = wire.again().await else { break };
        wire = next;
    }
    statuses
}

/// Whether a list is answered. While there is pressure, the connection may be closed instead.
async fn is_served(wire: &Wire) -> bool {
    let Ok(mut wire) = wire.again().await else { return false };
    wire.get("/api/cases").await.is_ok_and(|answer| answer.status == 200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn within_a_small_address_space_what_does_not_fit_is_refused_and_no_allocation_fails() {
    if Command::new("prlimit").arg("--version").output().is_err() {
        return skipped("a limit of the address space: there is no prlimit");
    }
    let place = Place::new().await;
    let server = place.launch(within(&place.command())).await;
    let mut wire = server.sign_in().await;
    let report = wire.get("/api/health/memory?format=bytes").await.unwrap().json();
    assert_eq!(report["budget"]["limitSource"], "address_space", "{report:#}");
    assert!(report["budget"]["limitBytes"].as_u64().unwrap() < LIMIT_BYTES, "{report:#}");

    // All are connected before the first presses.
    let (mut wires, body) = (Vec::new(), body());
    for _ in 0..CLIENTS {
        wires.push(wire.again().await.unwrap());
    }
    let mut clients = JoinSet::new();
    for wire in wires {
        clients.spawn(press(wire, Arc::clone(&body)));
    }
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    while let Some(statuses) = clients.join_next().await {
        for status in statuses.unwrap() {
            *counts.entry(status).or_default() += 1;
        }
    }
    assert!(counts.keys().all(|status| (400..500).contains(status) || *status == 503), "{counts:?}");
    assert!(counts.contains_key(&503), "nothing was too much for it: {counts:?}");

    let begun = Instant::now();
    while !is_served(&wire).await {
        assert!(begun.elapsed() < PATIENCE, "it is not itself again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    server.stop().await;
}
