use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The figures of an accept loop since it began.
#[derive(Debug, Default)]
pub struct ServerStats {
    open: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
    held_back: AtomicU64,
    beyond_share: AtomicU64,
    failed: AtomicU64,
    stalled: AtomicU64,
    requests: AtomicU64,
}

impl ServerStats {
    /// Connections open now.
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Connections accepted.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Requests refused because they came on a reserved connection.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// How often all permits were taken, so that the next connection had to wait.
    pub fn held_back(&self) -> u64 {
        self.held_back.load(Ordering::Relaxed)
    }

    /// Connections of addresses that had their share of the places.
    pub fn beyond_share(&self) -> u64 {
        self.beyond_share.load(Ordering::Relaxed)
    }

    /// Connections that could not be accepted.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Answers that were ended because the peer took nothing of them for too long.
    pub fn stalled(&self) -> u64 {
        self.stalled.load(Ordering::Relaxed)
    }

    /// Requests running now, until the last byte of their answers.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn hold_back(&self) {
        self.held_back.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn exceed_share(&self) {
        self.beyond_share.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stall(&self, answers: u64) {
        self.stalled.fetch_add(answers, Ordering::Relaxed);
    }

    pub(super) fn fail(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn accept(self: &Arc<Self>) -> Counted {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        Counted::one(Arc::clone(self), |stats| &stats.open)
    }

    pub(super) fn request(self: &Arc<Self>) -> Counted {
        Counted::one(Arc::clone(self), |stats| &stats.requests)
    }
}

/// One more in a gauge, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    stats: Arc<ServerStats>,
    gauge: fn(&ServerStats) -> &AtomicU64,
}

impl Counted {
    fn one(stats: Arc<ServerStats>, gauge: fn(&ServerStats) -> &AtomicU64) -> Self {
        gauge(&stats).fetch_add(1, Ordering::Relaxed);
        Self { stats, gauge }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.gauge)(&self.stats).fetch_sub(1, Ordering::Relaxed);
    }
}

/// How an accept loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Connections accepted in all.
    pub accepted: u64,
    /// Connections open when shutdown began.
    pub draining: u64,
    /// Of these, how many were still open at the deadline and were cut.
    pub aborted: u64,
    /// How long draining took.
    pub drain_time: Duration,
}
