//! The background work of a serving process. Every task is owned, has a name, and ends when it is told to.

use crate::ops::{Ops, watch_leaks};
use crate::state::Parts;
use headroom::Headroom;
use queue::Tasks;
use std::sync::Arc;
use std::time::Duration;
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
    tasks.spawn("memory.leaks", watch_leaks(Arc::clone(ops), tasks.token()));
    let heartbeat = heartbeat(parts.app.headroom().clone(), Arc::clone(ops), tasks.token());
    tasks.spawn("runtime.heartbeat", heartbeat);
}

/// How often the runtime shows that it makes progress.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// A sign of life of the runtime. The memory is watched by a thread of its own, which does not need one.
async fn heartbeat(headroom: Headroom, ops: Arc<Ops>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        ops.status().tick(headroom.level());
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(HEARTBEAT) => {}
        }
    }
}
