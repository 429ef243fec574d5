//! Work that outlives whoever began it. A request's meter knows the tasks and the blocking work that the request spawned;
//! what is not over when the request or the job is, is detached. The counts are the process's, as the allocator's are.

use crate::meter::Account;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

static NOW: AtomicU64 = AtomicU64::new(0);
static TOTAL: AtomicU64 = AtomicU64::new(0);

/// Set in an account's state once its work is over; the rest of the state counts the parts that run.
const ENDED: u64 = 1 << 63;

/// Spawned work that outlived the request it worked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DetachedWork {
    /// What runs now.
    pub now: u64,
    /// How much there was since the start.
    pub total: u64,
}

/// The detached work of the process.
pub fn detached_work() -> DetachedWork {
    DetachedWork { now: NOW.load(Ordering::Relaxed), total: TOTAL.load(Ordering::Relaxed) }
}

fn detach(parts: u64) {
    if parts > 0 {
        NOW.fetch_add(parts, Ordering::Relaxed);
        TOTAL.fetch_add(parts, Ordering::Relaxed);
    }
}

/// How many parts of a piece of work run, and whether the work itself is over.
#[derive(Debug, Default)]
pub(crate) struct Parts(AtomicU64);

impl Parts {
    /// The work is over; how many of its parts are not.
    pub(crate) fn end(&self) -> u64 {
        let before = self.0.fetch_or(ENDED, Ordering::AcqRel);
        if before & ENDED != 0 {
            return 0;
        }
        detach(before);
        before
    }
}

/// A spawned part of a piece of work, for as long as it runs or waits to.
#[derive(Debug)]
pub(crate) struct Part(Arc<Account>);

impl Part {
    pub(crate) fn of(account: Arc<Account>) -> Self {
        if account.parts.0.fetch_add(1, Ordering::AcqRel) & ENDED != 0 {
            detach(1);
        }
        Self(account)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.0.parts.0.fetch_sub(1, Ordering::AcqRel) & ENDED != 0 {
            NOW.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
