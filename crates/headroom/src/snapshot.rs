use crate::level::{Level, Thresholds};
use crate::limit::Budget;
use crate::pool::PoolStats;
use crate::routes::RouteStats;
use crate::source::Reading;
use crate::stores::StoreStats;

/// All that the memory report shows, read at one moment. Bytes throughout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The level of the last sample.
    pub level: Level,
    /// The used share of the limit now, in thousandths: the worst of the shares the level is made of.
    pub share_permille: u32,
    /// The marks of the levels.
    pub thresholds: Thresholds,
    /// The denominator of the shares.
    pub budget: Budget,
    /// Process, control group, stalls and allocator.
    pub reading: Reading,
    /// Purges since the start.
    pub purges: u64,
    /// Bytes those purges gave back.
    pub purged_bytes: u64,
    /// How long those purges took, in microseconds.
    pub purge_micros: u64,
    /// The budget tree: the root first.
    pub pools: Vec<PoolStats>,
    /// Every bounded store.
    pub stores: Vec<StoreStats>,
    /// The twenty routes with the highest peaks.
    pub routes: Vec<RouteStats>,
    /// The twenty kinds of background work with the highest peaks.
    pub work: Vec<RouteStats>,
    /// Requests whose memory was recorded.
    pub requests: u64,
    /// Those of them above the warning mark.
    pub large_requests: u64,
}

impl Snapshot {
    /// Live heap bytes: the allocator's, or the anonymous resident memory where it is not known.
    pub fn heap_used(&self) -> u64 {
        self.reading.allocator.map_or(self.reading.process.rss_anon, |allocator| allocator.allocated)
    }

    /// Resident memory at which the report turns to `warning`: 75 % of the budget.
    pub fn rss_warning_bytes(&self) -> u64 {
        self.budget.bytes / 4 * 3
    }

    /// Resident memory at which the report turns to `critical`: the budget.
    pub fn rss_critical_bytes(&self) -> u64 {
        self.budget.bytes
    }

    /// Heap use at which the report turns to `warning`, in percent of the budget.
    pub fn heap_warning_percent(&self) -> u32 {
        self.thresholds.enter(Level::Warning) / 10
    }

    /// Heap use at which the report turns to `critical`, in percent of the budget.
    pub fn heap_critical_percent(&self) -> u32 {
        self.thresholds.enter(Level::Critical) / 10
    }
}
