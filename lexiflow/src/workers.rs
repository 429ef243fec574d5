//! The background work of a serving process. Every task is owned, has a name, and ends when it is told to.

use crate::ops::Ops;
use crate::state::Parts;
use headroom::{Headroom, Level};
use queue::Tasks;
use std::sync::Arc;
use std::time::{Duration, Instant};
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
    let watch = MemoryWatch {
        headroom: parts.app.headroom().clone(),
        ops: Arc::clone(ops),
        pause: parts.config.memory.check_interval.min(CALM),
        purges: parts.config.memory.monitoring_enabled && parts.config.memory.gc_after_threshold,
        purged: None,
    };
    tasks.spawn("headroom.sample", watch.run(tasks.token()));
}

/// The longest pause between two samples; also how often the watchdog is fed.
const CALM: Duration = Duration::from_secs(1);
/// The pause when memory gets scarce.
const PRESSED: Duration = Duration::from_millis(100);
/// A purge gives back what is unused; more often it finds nothing.
const PURGE_PAUSE: Duration = Duration::from_secs(10);

/// Samples the memory, faster under pressure. Its life is the sign that the runtime makes progress.
struct MemoryWatch {
    headroom: Headroom,
    ops: Arc<Ops>,
    pause: Duration,
    purges: bool,
    purged: Option<Instant>,
}

impl MemoryWatch {
    async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let level = self.headroom.sample();
            self.ops.status().tick(level);
            if self.purges && level >= Level::Critical {
                self.purge().await;
            }
            let pause = if level >= Level::Elevated { PRESSED } else { self.pause };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn purge(&mut self) {
        if self.purged.is_some_and(|at| at.elapsed() < PURGE_PAUSE) {
            return;
        }
        self.purged = Some(Instant::now());
        let headroom = self.headroom.clone();
        if let Ok(Some(report)) = headroom::spawn_blocking(move || headroom.purge()).await {
            tracing::info!(
                freed_bytes = report.freed,
                duration_ms = report.duration_micros / 1000,
                "unused memory was given back"
            );
        }
    }
}
