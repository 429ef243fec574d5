use crate::lease::Lease;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// What each request is charged for being there, in bytes: its head, its row, its answer and the work in between. What it
/// buffers beyond that it asks for itself, and a test holds every route to it. Requests that only wait add up too: without
/// the charge a few connections with many streams each would fill the memory beside the books.
pub const REQUEST_BYTES: u64 = 64 << 10;

/// So many requests that are never refused go on when there is nothing to lend: 2 MiB, of what is held back.
const SPARES: u32 = 32;

/// A request's charge, given back when it is dropped.
#[derive(Debug)]
pub(crate) enum Charge {
    Lent(Lease),
    #[expect(dead_code, reason = "it is held for what its drop gives back")]
    Spared(Spare),
}

/// The places for requests that go on with nothing lent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spares(Arc<AtomicU32>);

/// One of them.
#[derive(Debug)]
pub(crate) struct Spare(Arc<AtomicU32>);

impl Spares {
    pub(crate) fn take(&self) -> Option<Spare> {
        let taken = self
            .0
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |taken| (taken < SPARES).then_some(taken + 1));
        taken.is_ok().then(|| Spare(Arc::clone(&self.0)))
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
