use crate::bell::Bell;
use crate::lease::Lease;
use crate::refusal::{Refusal, RefusalKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, Notify};

/// A bounded amount of memory to lend from, in a tree: what a pool lends counts in every pool above it too.
///
/// Cloning gives another handle on the same pool. Lending is exact: no pool on the way to the root ever lends more
/// than its limit, however many threads ask at once, and a refusal leaves nothing charged.
#[derive(Debug, Clone)]
pub struct Pool {
    pub(crate) node: Arc<Node>,
}

#[derive(Debug)]
pub(crate) struct Node {
    name: Arc<str>,
    floor: u64,
    limit: AtomicU64,
    used: AtomicU64,
    peak: AtomicU64,
    refused: AtomicU64,
    draining: AtomicBool,
    /// One for the whole tree.
    bell: Arc<Bell>,
    parent: Option<Pool>,
    /// Held by the first waiter; the lock itself keeps the others in order of arrival.
    pub(crate) turnstile: Mutex<()>,
    /// Rung when bytes come back, the limit rises or the pool starts to drain.
    pub(crate) freed: Notify,
    /// Waiters that listen to `freed`, so that giving back costs nothing when nobody waits.
    pub(crate) sleepers: AtomicUsize,
}

/// A pool's figures, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolStats {
    /// The pool's name.
    pub name: Arc<str>,
    /// The name of the pool above, if there is one.
    pub parent: Option<Arc<str>>,
    /// The most it lends.
    pub limit: u64,
    /// The limit is never lowered under this.
    pub floor: u64,
    /// What is lent now, the pools below included.
    pub used: u64,
    /// The most that was lent at once.
    pub peak: u64,
    /// How many requests were refused because of this pool.
    pub refused: u64,
}

/// Why a charge failed, and which pool said so.
pub(crate) struct Blocked {
    pub(crate) at: Pool,
    pub(crate) kind: RefusalKind,
}

impl Pool {
    /// A tree's top.
    pub fn root(name: &str, limit: u64) -> Self {
        Self::build(name, limit, 0, None)
    }

    /// A pool below this one.
    #[must_use]
    pub fn child(&self, name: &str, limit: u64) -> Self {
        Self::build(name, limit, 0, Some(self.clone()))
    }

    /// A pool below this one whose limit is never lowered under `floor` bytes.
    #[must_use]
    pub fn child_with_floor(&self, name: &str, limit: u64, floor: u64) -> Self {
        Self::build(name, limit, floor, Some(self.clone()))
    }

    fn build(name: &str, limit: u64, floor: u64, parent: Option<Self>) -> Self {
        let bell = parent.as_ref().map_or_else(Arc::default, |parent| Arc::clone(&parent.node.bell));
        Self {
            node: Arc::new(Node {
                name: Arc::from(name),
                floor,
                limit: AtomicU64::new(limit.max(floor)),
                used: AtomicU64::new(0),
                peak: AtomicU64::new(0),
                refused: AtomicU64::new(0),
                draining: AtomicBool::new(false),
                bell,
                parent,
                turnstile: Mutex::new(()),
                freed: Notify::new(),
                sleepers: AtomicUsize::new(0),
            }),
        }
    }

    /// Borrows `bytes` at once or says why not.
    pub fn try_lease(&self, bytes: u64) -> Result<Lease, Refusal> {
        match self.charge(0, bytes) {
            Ok(()) => Ok(Lease::of(self.clone(), bytes)),
            Err(blocked) => Err(blocked.refuse(bytes)),
        }
    }

    /// Borrows `bytes`, waiting up to `wait` for others to give back. Those who wait on the same pool are served in
    /// order of arrival. Dropping the future gives up the place and leaves nothing charged. A request that can never
    /// fit, and any request to a draining pool, is refused at once.
    pub async fn lease(&self, bytes: u64, wait: Duration) -> Result<Lease, Refusal> {
        crate::waiting::lease(self, bytes, wait).await
    }

    /// Sets the limit (never under the floor). More may be lent than a lowered limit allows; nothing new is lent until
    /// enough has come back.
    pub fn set_limit(&self, bytes: u64) {
        self.node.limit.store(bytes.max(self.node.floor), Ordering::SeqCst);
        self.node.ring();
    }

    /// Refuses every new lease of this pool and those below it from now on; those waiting are refused too.
    pub fn drain(&self) {
        self.node.draining.store(true, Ordering::SeqCst);
        self.node.ring();
    }

    /// The pool's name.
    pub fn name(&self) -> &str {
        &self.node.name
    }

    /// The most the pool lends, in bytes.
    pub fn limit(&self) -> u64 {
        self.node.limit.load(Ordering::Relaxed)
    }

    /// What is lent now, in bytes.
    pub fn used(&self) -> u64 {
        self.node.used.load(Ordering::Relaxed)
    }

    /// What could be lent now if no pool above were tighter, in bytes.
    pub fn available(&self) -> u64 {
        self.limit().saturating_sub(self.used())
    }

    /// The pool's figures.
    pub fn stats(&self) -> PoolStats {
        let node = &*self.node;
        PoolStats {
            name: Arc::clone(&node.name),
            parent: node.parent.as_ref().map(|parent| Arc::clone(&parent.node.name)),
            limit: self.limit(),
            floor: node.floor,
            used: self.used(),
            peak: node.peak.load(Ordering::Relaxed),
            refused: node.refused.load(Ordering::Relaxed),
        }
    }

    /// What wakes whoever watches this tree.
    pub(crate) fn bell(&self) -> &Bell {
        &self.node.bell
    }

    /// Whether both handles are the same pool.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.node, &other.node)
    }

    /// This pool and those above it.
    fn path(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |pool| pool.node.parent.as_ref())
    }

    /// Charges `bytes` to every pool up to the root, or to none. `held` is what the same borrower already has, which
    /// tells a request that can never fit from one that has to wait.
    pub(crate) fn charge(&self, held: u64, bytes: u64) -> Result<(), Blocked> {
        let mut next = Some(self);
        while let Some(pool) = next {
            if let Err(kind) = pool.node.add(bytes) {
                self.give_back_below(pool, bytes);
                return Err(self.blocked(pool, kind, held.saturating_add(bytes)));
            }
            next = pool.node.parent.as_ref();
        }
        // Only now is it certain that the bytes are lent, so only now can they count as a peak.
        let mut next = Some(self);
        while let Some(pool) = next {
            let used = pool.node.note_peak();
            next = pool.node.parent.as_ref();
            if next.is_none() && bytes >= Bell::LOUD {
                pool.node.bell.hear(used);
            }
        }
        Ok(())
    }

    /// Gives `bytes` back to every pool up to the root.
    pub(crate) fn give_back(&self, bytes: u64) {
        let mut next = Some(self);
        while let Some(pool) = next {
            pool.node.subtract(bytes);
            next = pool.node.parent.as_ref();
        }
    }

    #[cold]
    fn give_back_below(&self, stop: &Self, bytes: u64) {
        for pool in self.path().take_while(|pool| !pool.is_same(stop)) {
            pool.node.subtract(bytes);
        }
    }

    /// The refusal's cause: a pool that is too small altogether, before one that is merely full.
    #[cold]
    fn blocked(&self, at: &Self, kind: RefusalKind, total: u64) -> Blocked {
        if kind == RefusalKind::Exhausted
            && let Some(small) = self.path().find(|pool| pool.limit() < total)
        {
            return Blocked { at: small.clone(), kind: RefusalKind::TooLarge };
        }
        Blocked { at: at.clone(), kind }
    }

    /// The pool on the way to the root that would refuse `bytes` now, or this one.
    pub(crate) fn tightest(&self, bytes: u64) -> Self {
        self.path().find(|pool| pool.available() < bytes).unwrap_or(self).clone()
    }
}

impl Node {
    #[inline]
    fn add(&self, bytes: u64) -> Result<(), RefusalKind> {
        if self.draining.load(Ordering::SeqCst) {
            return Err(RefusalKind::Draining);
        }
        let mut used = self.used.load(Ordering::SeqCst);
        loop {
            let Some(next) =
                used.checked_add(bytes).filter(|next| *next <= self.limit.load(Ordering::SeqCst))
            else {
                return Err(RefusalKind::Exhausted);
            };
            match self.used.compare_exchange_weak(used, next, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => return Ok(()),
                Err(seen) => used = seen,
            }
        }
    }

    #[inline]
    fn note_peak(&self) -> u64 {
        let used = self.used.load(Ordering::Relaxed);
        if used > self.peak.load(Ordering::Relaxed) {
            self.peak.fetch_max(used, Ordering::Relaxed);
        }
        used
    }

    #[inline]
    fn subtract(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::SeqCst);
        self.ring();
    }

    /// Wakes those who wait. A waiter counts itself before it looks at `used`, and giving back changes `used` before
    /// it looks at the count, both in one total order: one of the two sees the other.
    #[inline]
    fn ring(&self) {
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            self.freed.notify_waiters();
        }
    }
}

impl Blocked {
    /// The refusal for the caller; counts it.
    #[cold]
    pub(crate) fn refuse(self, wanted: u64) -> Refusal {
        let node = &*self.at.node;
        node.refused.fetch_add(1, Ordering::Relaxed);
        node.bell.ring();
        let retry_after = match self.kind {
            RefusalKind::TooLarge => None,
            RefusalKind::Exhausted => Some(Duration::from_secs(1)),
            RefusalKind::Draining => Some(Duration::from_secs(5)),
        };
        Refusal {
            scope: Arc::clone(&node.name),
            wanted,
            available: self.at.available(),
            limit: self.at.limit(),
            kind: self.kind,
            retry_after,
        }
    }
}
