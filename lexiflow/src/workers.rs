//! The background work of a serving process. Every task is owned, has a name, and ends when it is told to.

mod give_back;

use crate::config::Config;
use crate::ops::{Ops, TICK, record_profiles, watch_leaks};
use crate::state::Parts;
use access::SharedRates;
use queue::Tasks;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often the parts of it come round that an operator sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// What has expired is thrown out of the stores.
    sweep: Duration,
    /// The same, and unused memory goes back to the system; `None` for never.
    clean_up: Option<Duration>,
}

impl Periods {
    /// As the settings say.
    pub(crate) fn of(config: &Config) -> Self {
        let memory = &config.memory;
        let cleans_up = memory.monitoring_enabled && memory.cleanup_enabled;
        Self { sweep: config.cache.check_period, clean_up: cleans_up.then_some(memory.cleanup_interval) }
    }
}

/// Starts all of it.
pub fn start(parts: &Parts, ops: &Arc<Ops>, tasks: &Tasks, periods: &watch::Sender<Periods>) {
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
    look_at_database(ops, tasks);
    tasks.spawn(
        "code_pages",
        give_back::run(parts.app.headroom().clone(), parts.app.db().clone(), tasks.token()),
    );
    let stores = parts.clone();
    tasks.spawn(
        "stores.sweep",
        as_told(
            periods.subscribe(),
            |periods| Some(periods.sweep),
            tasks.token(),
            move || {
                let bytes = sweep(&stores);
                tracing::debug!(bytes, "expired entries were thrown out");
                std::future::ready(())
            },
        ),
    );
    let cleaned = parts.clone();
    tasks.spawn(
        "memory.cleanup",
        as_told(
            periods.subscribe(),
            |periods| periods.clean_up,
            tasks.token(),
            move || clean_up(cleaned.clone()),
        ),
    );
    let kept = Arc::clone(ops);
    tasks.spawn(
        "diagnostics.expire",
        every(LOOK_FOR_OLD_PROFILES, tasks.token(), move || Arc::clone(&kept).forget_old_profiles()),
    );
    if parts.app.db().is_shared() {
        tasks.spawn("rates.share", share_rates(parts, tasks.token()));
    }
    tasks.spawn("diagnostics.record", record_profiles(Arc::clone(ops), tasks.token()));
    tasks.spawn("memory.leaks", watch_leaks(Arc::clone(ops), tasks.token()));
    tasks.spawn("runtime.heartbeat", heartbeat(Arc::clone(ops), tasks.token()));
}

/// Asks the database in the background what health checks and metrics tell: they never wait for it themselves.
fn look_at_database(ops: &Arc<Ops>, tasks: &Tasks) {
    let watching = Arc::clone(ops);
    tasks.spawn(
        "db.ping",
        every(TICK, tasks.token(), move || {
            let watching = Arc::clone(&watching);
            async move { watching.refresh_ping().await }
        }),
    );
    let counting = Arc::clone(ops);
    tasks.spawn(
        "queue.count",
        every(TICK, tasks.token(), move || {
            let counting = Arc::clone(&counting);
            async move { counting.refresh_depths().await }
        }),
    );
}

/// Other servers hear at least so often of what was admitted here.
const SHARE_EVERY: Duration = Duration::from_secs(1);
/// So long the database may take for it; meanwhile each server admits on its own.
const SHARE_PATIENCE: Duration = Duration::from_secs(2);
/// After an attempt that failed the next one waits.
const SHARE_AGAIN: Duration = Duration::from_secs(1);

/// Tells the other servers of the database how often callers asked here.
fn share_rates(parts: &Parts, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
    let rates = SharedRates::of(parts.app.clone(), parts.rates.clone());
    async move {
        let due = || tokio::time::timeout(SHARE_EVERY, rates.wait());
        while stop.run_until_cancelled(due()).await.is_some() {
            if let Err(error) = rates.tell(SHARE_PATIENCE).await {
                tracing::warn!(%error, "other servers do not hear how often callers ask here");
                tokio::time::sleep(SHARE_AGAIN).await;
            }
        }
    }
}

/// How often kept profiles are looked through for old ones.
const LOOK_FOR_OLD_PROFILES: Duration = Duration::from_hours(1);

/// A sign of life of the runtime. The memory is watched by a thread of its own, which does not need one.
async fn heartbeat(ops: Arc<Ops>, stop: CancellationToken) {
    let tick = || {
        ops.beat();
        std::future::ready(())
    };
    tick().await;
    every(TICK, stop, tick).await;
}

/// Runs `work` again and again, the first time after one period.
async fn every<F: Future<Output = ()>>(
    period: Duration,
    stop: CancellationToken,
    mut work: impl FnMut() -> F,
) {
    while stop.run_until_cancelled(tokio::time::sleep(period)).await.is_some() {
        work().await;
    }
}

/// As [`every`], with a period that may change, or be none for a while. A new one counts from when it is set.
async fn as_told<F: Future<Output = ()>>(
    mut periods: watch::Receiver<Periods>,
    mine: impl Fn(&Periods) -> Option<Duration>,
    stop: CancellationToken,
    mut work: impl FnMut() -> F,
) {
    loop {
        let period = mine(&periods.borrow_and_update());
        let passed = async {
            match period {
                Some(period) => tokio::time::sleep(period).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = passed => work().await,
            changed = periods.changed() => if changed.is_err() { return },
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
    let purged = headroom::spawn_blocking(move || headroom.purge_at_rest()).await.ok().flatten();
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
