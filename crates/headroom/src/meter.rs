use crate::cover::Cover;
use crate::detached::{Part, Parts};
use crate::measured::{Measured, spawned};
use crate::scope::{self, Scope};
use crate::taken::Taken;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// What a piece of work did with memory so far.
///
/// Bytes are *usable* bytes, as the allocator rounds them: a request for 10,000 bytes counts as 10,240.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestMemory {
    /// Bytes allocated in all.
    pub allocated: u64,
    /// Bytes freed in all. What the work frees of other work's memory counts too.
    pub freed: u64,
    /// The most bytes alive at once. Exact at every poll's end; inside a poll that allocates 64 KiB or more, to 64 KiB
    /// (and never less than at its ends, nor more than it allocated).
    pub peak_live: u64,
    /// `allocated - freed`. At the end of the work a signal, not a proof: a cache insert, a hand-over to another task
    /// and a leak look the same.
    pub retained: i64,
    /// Polls and bracketed calls.
    pub polls: u64,
    /// The most bytes that the work had borrowed from pools at once, as far as it was noted with
    /// [`Registered`](crate::Registered).
    pub registered_peak: u64,
}

/// Measures the memory of one piece of work, such as a request, wherever its parts run. Clones share the figures.
///
/// The cost is a few tens of instructions for each poll and nothing for each allocation, because the allocator's own
/// per-thread counters are compared before and after.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    pub(crate) account: Arc<Account>,
}

/// The figures behind a [`Meter`]; parts of the work may run on several threads at once.
#[derive(Debug, Default)]
pub(crate) struct Account {
    allocated: AtomicU64,
    live: AtomicI64,
    peak: AtomicI64,
    polls: AtomicU64,
    registered: AtomicI64,
    registered_peak: AtomicI64,
    pub(crate) parts: Parts,
    pub(crate) cover: Cover,
}

impl Meter {
    /// A meter at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// The meter of the work that runs on this thread now, if it is measured.
    pub fn current() -> Option<Self> {
        scope::current().map(|account| Self { account })
    }

    /// Runs `work` and bills its allocations here: for the synchronous parts of a request that run outside its future,
    /// such as a response body's frames.
    #[inline]
    pub fn around<R>(&self, work: impl FnOnce() -> R) -> R {
        self.account.count_poll();
        let _scope = self.scope();
        work()
    }

    /// Drops a value that the work made and others kept for it, such as a piece of its answer, and bills here what that frees.
    pub fn free<T>(&self, value: T) {
        let _scope = self.scope();
        drop(value);
    }

    /// Bills bytes that others allocated, such as a piece of a request's body, to this work for as long as it keeps them.
    pub fn take_over<T: AsRef<[u8]>>(&self, value: T) -> Taken<T> {
        Taken::new(Arc::clone(&self.account), value)
    }

    /// Wraps a future that runs elsewhere, such as a spawned task, so that it is billed here.
    pub fn spawned<F: Future>(&self, future: F) -> Measured<F> {
        spawned(self.clone(), future)
    }

    /// The work is over: what it spawned and is not over counts as detached from now on. How much that is.
    pub fn end(&self) -> u64 {
        self.account.parts.end()
    }

    /// A part of the work that is spawned.
    pub(crate) fn part(&self) -> Part {
        Part::of(Arc::clone(&self.account))
    }

    pub(crate) fn note_registered(&self, bytes: u64) {
        self.account.note_registered(bytes);
    }

    pub(crate) fn note_given_back(&self, bytes: u64) {
        self.account.note_given_back(bytes);
    }

    /// The figures so far, the poll that is running included when it is this thread's.
    pub fn totals(&self) -> RequestMemory {
        scope::settle_now();
        let account = &*self.account;
        let allocated = account.allocated.load(Ordering::Relaxed);
        let retained = account.live.load(Ordering::Relaxed);
        RequestMemory {
            allocated,
            freed: allocated.saturating_add_signed(retained.saturating_neg()),
            peak_live: u64::try_from(account.peak.load(Ordering::Relaxed)).unwrap_or(0),
            retained,
            polls: account.polls.load(Ordering::Relaxed),
            registered_peak: u64::try_from(account.registered_peak.load(Ordering::Relaxed)).unwrap_or(0),
        }
    }

    /// Bytes alive now, but for those of the poll that is running.
    pub fn live(&self) -> u64 {
        u64::try_from(self.account.live.load(Ordering::Relaxed)).unwrap_or(0)
    }

    #[inline]
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope::begin(&self.account)
    }
}

impl Account {
    pub(crate) fn live_now(&self) -> i64 {
        self.live.load(Ordering::Relaxed)
    }

    pub(crate) fn note_registered(&self, bytes: u64) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let now = self.registered.fetch_add(bytes, Ordering::Relaxed).wrapping_add(bytes);
        self.registered_peak.fetch_max(now, Ordering::Relaxed);
    }

    pub(crate) fn note_given_back(&self, bytes: u64) {
        self.registered.fetch_sub(i64::try_from(bytes).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn registered_now(&self) -> i64 {
        self.registered.load(Ordering::Relaxed)
    }

    #[inline]
    fn count_poll(&self) {
        self.polls.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds a stretch that allocated `taken`, freed `given` and at its highest had `rise` more alive than at its start.
    #[inline]
    pub(crate) fn bill(&self, taken: u64, given: u64, rise: u64) {
        self.allocated.fetch_add(taken, Ordering::Relaxed);
        let change = taken.wrapping_sub(given).cast_signed();
        let before = self.live.fetch_add(change, Ordering::Relaxed);
        let highest = before.wrapping_add(change.max(rise.cast_signed()));
        if highest > self.peak.load(Ordering::Relaxed) {
            self.peak.fetch_max(highest, Ordering::Relaxed);
        }
    }
}
