use crate::bell::Bell;
use crate::faults::Faults;
use crate::lease::Lease;
use crate::node::{Node, Role};
use crate::queue::Asker;
use crate::refusal::{Refusal, RefusalKind};
use crate::sync::Ordering;
use crate::tree::Tree;
use std::sync::Arc;
use std::time::Duration;

/// A bounded amount of memory to lend from, in a tree: what a pool lends counts in every pool above it too.
///
/// Cloning gives another handle on the same pool. Lending is exact: no pool on the way to the root ever lends more
/// than its limit, however many threads ask at once, and a refusal leaves nothing charged. Nothing costs nothing: a
/// lease of zero bytes is never refused.
#[derive(Debug, Clone)]
pub struct Pool {
    pub(crate) node: Arc<Node>,
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
        Self::build(Arc::from(name), limit, 0, None, Role::Pool)
    }

    /// A pool below this one.
    #[must_use]
    pub fn child(&self, name: &str, limit: u64) -> Self {
        self.child_with_floor(name, limit, 0)
    }

    /// A pool below this one whose limit is never lowered under `floor` bytes.
    #[must_use]
    pub fn child_with_floor(&self, name: &str, limit: u64, floor: u64) -> Self {
        Self::build(Arc::from(name), limit, floor, Some(self.clone()), Role::Pool)
    }

    /// A pool below this one that shares with its siblings: what it cannot lend now it may lend when they are fewer.
    #[must_use]
    pub fn share(&self, name: Arc<str>, limit: u64) -> Self {
        Self::build(name, limit, 0, Some(self.clone()), Role::Share)
    }

    /// A pool below this one for a single borrower, without a limit of its own. It may wait only while it holds no more
    /// than half of what it needs ([`Pool::declare`]): two that hold the greater part and wait for the rest would wait
    /// for each other.
    #[must_use]
    pub fn request(&self, name: Arc<str>) -> Self {
        Self::build(name, u64::MAX, 0, Some(self.clone()), Role::Request)
    }

    fn build(name: Arc<str>, limit: u64, floor: u64, parent: Option<Self>, role: Role) -> Self {
        Self { node: Arc::new(Node::new(name, limit, floor, parent, role)) }
    }

    /// Borrows `bytes` at once or says why not.
    #[inline]
    pub fn try_lease(&self, bytes: u64) -> Result<Lease, Refusal> {
        if bytes >= Bell::LOUD {
            self.charge_loudly(bytes)?;
        } else if let Err(at) = self.node.climb(bytes) {
            self.charge_slowly(at, bytes)?;
        }
        Ok(Lease::of(self.clone(), bytes))
    }

    /// Borrows `bytes`, waiting up to `wait` for others to give back.
    ///
    /// Whoever came first is first wherever it has to wait; smaller ones that fit may pass it [`OVERTAKES`] times, then
    /// what comes back is kept for it. Dropping the future gives up the place and leaves nothing charged. A request that
    /// can never fit, that comes to a draining pool, that finds [`WAITERS_CAP`] others waiting, or whose borrower holds
    /// too much to wait ([`Pool::request`]), is refused at once.
    ///
    /// [`OVERTAKES`]: crate::OVERTAKES
    /// [`WAITERS_CAP`]: crate::WAITERS_CAP
    pub async fn lease(&self, bytes: u64, wait: Duration) -> Result<Lease, Refusal> {
        crate::waiting::patiently(self, 0, bytes, wait).await.map(|()| Lease::of(self.clone(), bytes))
    }

    /// What the borrower of this pool will need in all, in bytes; the highest that was said counts. It decides whether
    /// the borrower may wait.
    pub fn declare(&self, bytes: u64) {
        self.node.declared.fetch_max(bytes, Ordering::Relaxed);
    }

    /// From now on all that this pool has lent and lends counts in `share` too, which must lie below the same pool. To
    /// be joined with the same again changes nothing. Refused where the share has no room for what is lent already;
    /// then everything stays as it was, and it may be tried again.
    pub fn join(&self, share: &Self) -> Result<(), Refusal> {
        let parent = |pool: &Self| pool.node.parent.clone();
        debug_assert!(
            matches!((parent(self), parent(share)), (Some(own), Some(its)) if own.is_same(&its)),
            "a share joins what lies beside it"
        );
        let wanted = self.used();
        if self.tree().strikes() {
            return Err(Blocked { at: share.clone(), kind: RefusalKind::Exhausted }.refuse(wanted));
        }
        self.node.join(share).map_err(|kind| Blocked { at: share.clone(), kind }.refuse(wanted))
    }

    /// Sets the limit (never under the floor). More may be lent than a lowered limit allows; nothing new is lent until
    /// enough has come back.
    pub fn set_limit(&self, bytes: u64) {
        self.node.set_limit(bytes);
    }

    /// Refuses every new lease of this pool and those below it from now on; whoever waits for it is refused too.
    pub fn drain(&self) {
        self.node.drain();
    }

    /// From now on `faults` refuse some of what is asked of this tree, whose root this is.
    pub(crate) fn inject(&self, faults: Arc<Faults>) {
        let _first = self.tree().faults.set(faults);
        self.node.make_faulty();
    }

    /// The pool's name.
    pub fn name(&self) -> &str {
        &self.node.name
    }

    /// The most the pool lends, in bytes.
    pub fn limit(&self) -> u64 {
        self.node.limit()
    }

    /// The limit of the pool that this one was made below, in bytes.
    pub(crate) fn limit_above(&self) -> u64 {
        self.node.parent.as_ref().map_or(u64::MAX, Self::limit)
    }

    /// What is lent now, in bytes.
    pub fn used(&self) -> u64 {
        self.node.used()
    }

    /// What could be lent now if no pool above were tighter, in bytes.
    pub fn available(&self) -> u64 {
        self.node.available()
    }

    /// The pool's figures.
    pub fn stats(&self) -> PoolStats {
        let node = &*self.node;
        PoolStats {
            name: Arc::clone(&node.name),
            parent: node.above_now().map(|above| Arc::clone(&above.node.name)),
            limit: node.limit(),
            floor: node.floor,
            used: node.used(),
            peak: node.peak(),
            refused: node.refused.load(Ordering::Relaxed),
        }
    }

    /// What this pool shares with its whole tree.
    pub(crate) fn tree(&self) -> &Tree {
        &self.node.tree
    }

    /// How many handles on this pool there are, those of its borrowers included.
    pub(crate) fn handles(&self) -> usize {
        Arc::strong_count(&self.node)
    }

    /// Whether both handles are the same pool.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.node, &other.node)
    }

    /// This pool and those above it.
    fn path(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |pool| pool.node.above_now())
    }

    /// Charges for a lease that the controller may have to hear of.
    #[inline(never)]
    fn charge_loudly(&self, bytes: u64) -> Result<(), Refusal> {
        self.charge(0, bytes, Asker::Hurried).map_err(|blocked| blocked.refuse(bytes))
    }

    /// Charges for a lease where something has to be looked at.
    #[cold]
    #[inline(never)]
    fn charge_slowly(&self, at: &Node, bytes: u64) -> Result<(), Refusal> {
        let charged = self.charge_by_the_rules(at, 0, bytes, Asker::Hurried);
        charged.map_err(|blocked| blocked.refuse(bytes))
    }

    /// Charges `bytes` to every pool up to the root, or to none. `held` is what the same borrower already has, which
    /// tells a request that can never fit from one that has to wait.
    pub(crate) fn charge(&self, held: u64, bytes: u64, asker: Asker) -> Result<(), Blocked> {
        if !Node::is_countable(bytes) {
            return Err(self.blocked(&self.node, RefusalKind::Exhausted, bytes));
        }
        if let Err(at) = self.node.climb(bytes) {
            self.charge_by_the_rules(at, held, bytes, asker)?;
        }
        if bytes >= Bell::LOUD
            && let Some(root) = self.path().last()
        {
            self.tree().bell.hear(root.used());
        }
        Ok(())
    }

    /// Goes on from where something has to be looked at; refused, takes back what was charged on the way.
    #[cold]
    fn charge_by_the_rules(&self, at: &Node, held: u64, bytes: u64, asker: Asker) -> Result<(), Blocked> {
        at.climb_by_the_rules(bytes, asker).map_err(|(at, kind)| {
            self.node.descend_from(at, bytes);
            self.blocked(at, kind, held.saturating_add(bytes))
        })
    }

    /// Gives `bytes` back to every pool up to the root.
    #[inline]
    pub(crate) fn give_back(&self, bytes: u64) {
        self.node.give_back(bytes);
    }

    /// The refusal's cause: a pool that is too small altogether, before one that is merely full. A share is too small
    /// only for now.
    #[cold]
    fn blocked(&self, at: &Node, kind: RefusalKind, total: u64) -> Blocked {
        let is_small = |pool: &&Self| pool.node.role != Role::Share && pool.limit() < total;
        if kind == RefusalKind::Exhausted
            && let Some(small) = self.path().find(is_small)
        {
            return Blocked { at: small.clone(), kind: RefusalKind::TooLarge };
        }
        // Joined meanwhile, the way leads through one pool more, but all that were on it still are.
        let at = self.path().find(|pool| std::ptr::eq(Arc::as_ptr(&pool.node), at)).unwrap_or(self);
        Blocked { at: at.clone(), kind }
    }

    /// The pool on the way to the root that would refuse `bytes` now, or this one.
    pub(crate) fn tightest(&self, bytes: u64) -> Self {
        self.path().find(|pool| pool.available() < bytes).unwrap_or(self).clone()
    }
}

impl Blocked {
    /// The refusal for the caller; counts it.
    #[cold]
    pub(crate) fn refuse(self, wanted: u64) -> Refusal {
        let node = &*self.at.node;
        node.refused.fetch_add(1, Ordering::Relaxed);
        node.tree.note_refused();
        node.tree.bell.ring();
        let available = node.available();
        let retry_after = match self.kind {
            RefusalKind::TooLarge => None,
            RefusalKind::Exhausted => Some(node.tree.drain.wait_for(wanted.saturating_sub(available))),
            RefusalKind::Draining => Some(node.tree.drain.until_replaced()),
        };
        Refusal {
            scope: Arc::clone(&node.name),
            wanted,
            available,
            limit: node.limit(),
            kind: self.kind,
            retry_after,
        }
    }
}
