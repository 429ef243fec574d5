//! The background work of a serving process. Every task is owned, has a name, and ends when it is told to.

use crate::ops::{Ops, TICK};
use crate::state::Parts;
use headroom::Headroom;
use queue::Tasks;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Starts all of it.
pub fn start(parts: &Parts, ops: &Arc<Ops>, tasks: &Tasks) {
    let db = parts.app.db().clone();
    tasks.spawn("db.check_pages", async move {
        if let Err(error) = db.check_pages().await {
            tracing::warn!(error = %error, "the pages of the database were not found whole");
        }
    });
    let (dispatcher, stop) = (Arc::clone(&parts.dispatcher), tasks.token());
    tasks.spawn("queue.dispatcher", async move { dispatcher.run(stop).await });
    let (worker, stop) = (parts.worker.clone(), tasks.token());
    tasks.spawn("queue.worker", async move { worker.run(stop).await });
    let (scheduler, stop) = (parts.scheduler.clone(), tasks.token());
    tasks.spawn("queue.scheduler", async move { scheduler.run(stop).await });
    let (watching, stop) = (Arc::clone(ops), tasks.token());
    tasks.spawn("db.ping", async move {
        while a_second_passes(&stop).await {
            watching.refresh_ping().await;
        }
    });
    let heartbeat = heartbeat(parts.app.headroom().clone(), Arc::clone(ops), tasks.token());
    tasks.spawn("runtime.heartbeat", heartbeat);
}

/// A sign of life of the runtime. The memory is watched by a thread of its own, which does not need one.
async fn heartbeat(headroom: Headroom, ops: Arc<Ops>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        ops.status().tick(headroom.level());
        a_second_passes(&stop).await;
    }
}

/// Waits a second; `false` when told to stop.
async fn a_second_passes(stop: &CancellationToken) -> bool {
    stop.run_until_cancelled(tokio::time::sleep(TICK)).await.is_some()
}
