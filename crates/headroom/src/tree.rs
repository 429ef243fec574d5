use crate::bell::Bell;
use crate::faults::Faults;
use crate::retry::Drain;
use crate::sync::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// What all pools of one tree share.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) bell: Bell,
    pub(crate) drain: Drain,
    tickets: AtomicU64,
    refused: AtomicU64,
    /// Set in tests only.
    pub(crate) faults: OnceLock<Arc<Faults>>,
}

impl Tree {
    /// A place in the order of arrival, the same for all queues of the tree: whoever came first is first wherever it has
    /// to wait, so that two never stand in each other's way.
    pub(crate) fn ticket(&self) -> u64 {
        self.tickets.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a request that one of its pools has refused.
    pub(crate) fn note_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests its pools have refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Whether this reservation is refused for a test's sake.
    pub(crate) fn strikes(&self) -> bool {
        self.faults.get().is_some_and(|faults| faults.strikes())
    }
}
