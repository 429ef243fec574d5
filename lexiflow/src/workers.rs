//! The background work of a serving process. Every task is owned, has a name, and ends when it is told to.

use crate::ops::Ops;
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
    let stores = parts.clone();
    tasks.spawn(
        "stores.sweep",
        every(parts.config.cache.check_period, tasks.token(), move || {
            let bytes = sweep(&stores);
            tracing::debug!(bytes, "expired entries were thrown out");
            std::future::ready(())
        }),
    );
    let memory = &parts.config.memory;
    if memory.monitoring_enabled && memory.cleanup_enabled {
        let parts = parts.clone();
        tasks.spawn(
            "memory.cleanup",
            every(memory.cleanup_interval, tasks.token(), move || clean_up(parts.clone())),
        );
    }
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

/// Runs `work` again and again, the first time after one period.
async fn every<F: Future<Output = ()>>(
    period: Duration,
    stop: CancellationToken,
    mut work: impl FnMut() -> F,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(period) => work().await,
        }
    }
}

/// Throws out of every store what has expired; returns the bytes that this freed.
fn sweep(parts: &Parts) -> u64 {
    parts.app.headroom().stores().sweep(parts.app.clock().now().timestamp_micros())
}

/// The periodic clean-up: what has expired goes, and the allocator's unused pages go back to the system.
async fn clean_up(parts: Parts) {
    let swept_bytes = sweep(&parts);
    let headroom = parts.app.headroom().clone();
    let purged = headroom::spawn_blocking(move || headroom.purge()).await.ok().flatten();
    if let Some(report) = purged {
        tracing::info!(
            swept_bytes,
            before_bytes = report.before_resident,
            after_bytes = report.after_resident,
            duration_us = report.duration_micros,
            "periodic memory clean-up"
        );
    }
}
