use crate::bell::Bell;
use crate::retry::Drain;
use crate::sync::{AtomicU64, Ordering};

/// What all pools of one tree share.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) bell: Bell,
    pub(crate) drain: Drain,
    tickets: AtomicU64,
}

impl Tree {
    /// A place in the order of arrival, the same for all queues of the tree: whoever came first is first wherever it has
    /// to wait, so that two never stand in each other's way.
    pub(crate) fn ticket(&self) -> u64 {
        self.tickets.fetch_add(1, Ordering::Relaxed)
    }
}
