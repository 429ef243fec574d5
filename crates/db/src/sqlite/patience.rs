use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How many steps of SQLite's machine lie between two looks at the time: some tens of microseconds.
pub(crate) const STEPS_BETWEEN_LOOKS: i32 = 2_000;

/// How long the running statement of a connection may take. SQLite asks from time to time, also in the middle of a
/// sort or a full-text query.
#[derive(Debug, Clone)]
pub(crate) struct Patience(Arc<Limits>);

#[derive(Debug)]
struct Limits {
    epoch: Instant,
    /// In nanoseconds after the epoch; `u64::MAX` is never.
    until: AtomicU64,
    is_forsaken: AtomicBool,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Limits {
            epoch: Instant::now(),
            until: AtomicU64::new(u64::MAX),
            is_forsaken: AtomicBool::new(false),
        }))
    }

    /// Lets the next statement run for `time`, or without an end.
    pub(crate) fn grant(&self, time: Option<Duration>) {
        let until = time.map_or(u64::MAX, |time| nanos(self.0.epoch.elapsed().saturating_add(time)));
        self.0.until.store(until, Ordering::Relaxed);
        self.0.is_forsaken.store(false, Ordering::Relaxed);
    }

    /// Ends the running statement at its next look: nobody waits for its answer any more.
    pub(crate) fn forsake(&self) {
        self.0.is_forsaken.store(true, Ordering::Relaxed);
    }

    /// Whether the running statement has to end.
    pub(crate) fn is_over(&self) -> bool {
        let until = self.0.until.load(Ordering::Relaxed);
        self.0.is_forsaken.load(Ordering::Relaxed)
            || (until != u64::MAX && nanos(self.0.epoch.elapsed()) > until)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
