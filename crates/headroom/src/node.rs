use crate::pool::Pool;
use crate::queue::{Asker, Full, Queue, Waiter};
use crate::refusal::RefusalKind;
use crate::sync::{AtomicU64, Mutex, Ordering, PoisonError};
use crate::tree::Tree;
use std::sync::{Arc, OnceLock};

/// The bits of [`Node::used`] that count. The others are marks: with one of them on, the word is far above any limit and
/// any peak, so that one comparison on the way tells both that nothing special has to be done and that it fits. Only a
/// request joins another node: its limit and its peak have that mark on as well.
const BYTES: u64 = (1 << 60) - 1;
/// Some reservations are refused for a test's sake. Only on a root, which joins nothing: the marks and the sum fit.
const FAULTY: u64 = 1 << 60;
/// What the node lends counts in the node it joined, on the way up.
const JOINED: u64 = 1 << 61;
/// Somebody stands in the queue: nobody is served and nothing given back without a look at it.
const QUEUED: u64 = 1 << 62;
/// Nothing is lent any more.
const DRAINING: u64 = 1 << 63;

/// The limit of a node that has none of its own.
const NO_LIMIT: u64 = BYTES | JOINED;

/// Whose books a node keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Many borrowers', under a lasting limit.
    Pool,
    /// Many borrowers', under a limit that moves with the number of its siblings: what it refuses may fit later.
    Share,
    /// One borrower's.
    Request,
}

/// One account of the tree.
#[derive(Debug)]
pub(crate) struct Node {
    /// What is lent, and the marks: one word, so that each change of the sum knows which marks it was made under.
    used: AtomicU64,
    limit: AtomicU64,
    peak: AtomicU64,
    pub(crate) parent: Option<Pool>,
    /// A node between this one and its parent, once there is one.
    joined: OnceLock<Pool>,
    pub(crate) tree: Arc<Tree>,
    pub(crate) refused: AtomicU64,
    /// What a borrower said it would need in all.
    pub(crate) declared: AtomicU64,
    pub(crate) floor: u64,
    pub(crate) name: Arc<str>,
    pub(crate) role: Role,
    queue: Mutex<Queue>,
}

impl Node {
    pub(crate) fn new(name: Arc<str>, limit: u64, floor: u64, parent: Option<Pool>, role: Role) -> Self {
        debug_assert!(
            parent.as_ref().is_none_or(|parent| parent.node.role != Role::Request),
            "nothing lies below a request: the way up looks for a join at its first node only"
        );
        let tree = parent.as_ref().map_or_else(Arc::default, |parent| Arc::clone(&parent.node.tree));
        Self {
            used: AtomicU64::new(0),
            limit: AtomicU64::new(if role == Role::Request { NO_LIMIT } else { limit.max(floor).min(BYTES) }),
            peak: AtomicU64::new(0),
            parent,
            joined: OnceLock::new(),
            tree,
            refused: AtomicU64::new(0),
            declared: AtomicU64::new(0),
            floor,
            name,
            role,
            queue: Mutex::default(),
        }
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed) & BYTES
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed) & BYTES
    }

    pub(crate) fn available(&self) -> u64 {
        self.limit().saturating_sub(self.used())
    }

    /// The most that was lent at once: use only ever falls from a peak, and each fall notes where it began.
    pub(crate) fn peak(&self) -> u64 {
        (self.peak.load(Ordering::Relaxed) & BYTES).max(self.used())
    }

    /// The pool above now.
    pub(crate) fn above_now(&self) -> Option<&Pool> {
        let is_joined = self.used.load(Ordering::Acquire) & JOINED != 0;
        if is_joined { self.joined.get() } else { self.parent.as_ref() }
    }

    /// The node above, for a change that was made when the word was `word`.
    #[inline]
    fn above(&self, word: u64) -> Option<&Self> {
        let above = if word & JOINED != 0 { self.joined.get() } else { self.parent.as_ref() };
        above.map(|pool| &*pool.node)
    }

    /// Counts `bytes` more here and in each node above, as long as nothing but the limits has to be looked at. Fails with
    /// the first node where that does not fit or some mark is on; those below it have counted.
    #[inline]
    pub(crate) fn climb(&self, bytes: u64) -> Result<(), &Self> {
        let mut above = self.above(self.add(bytes).ok_or(self)?);
        while let Some(node) = above {
            node.add(bytes).ok_or(node)?;
            above = node.parent.as_ref().map(|pool| &*pool.node);
        }
        Ok(())
    }

    /// Goes on from here to the root by all rules. Fails with the node that refuses.
    pub(crate) fn climb_by_the_rules(&self, bytes: u64, asker: Asker) -> Result<(), (&Self, RefusalKind)> {
        let mut node = self;
        loop {
            let word = node.add_by_the_rules(bytes, asker).map_err(|kind| (node, kind))?;
            match node.above(word) {
                Some(above) => node = above,
                None => break,
            }
        }
        Ok(())
    }

    /// Takes back what was counted from here on the way to `stop`. A node that has joined another since then has counted
    /// it there as well: the word that is changed tells.
    pub(crate) fn descend_from(&self, stop: &Self, bytes: u64) {
        let mut node = self;
        while !std::ptr::eq(node, stop) {
            match node.take_back(bytes) {
                Some(above) => node = above,
                None => return,
            }
        }
    }

    /// Counts `bytes` less here and in each node above.
    #[inline]
    pub(crate) fn give_back(&self, bytes: u64) {
        self.tree.drain.came_back(bytes);
        let mut above = self.above(self.subtract(bytes));
        while let Some(node) = above {
            node.subtract(bytes);
            above = node.parent.as_ref().map(|pool| &*pool.node);
        }
    }

    /// Whether a sum of `bytes` can be counted at all; more is above any limit.
    #[inline]
    pub(crate) fn is_countable(bytes: u64) -> bool {
        bytes <= BYTES
    }

    /// Counts `bytes` more, where nothing but the limit has to be looked at, and gives the word as it is then. Not where
    /// that does not fit, some mark is on or another thread came between: [`Node::add_by_the_rules`] knows then.
    #[inline]
    fn add(&self, bytes: u64) -> Option<u64> {
        let word = self.used.load(Ordering::Relaxed);
        // No overflow: the marks, the sum and a countable number of bytes fit into the word.
        let next = word + bytes;
        let is_added = next <= self.limit.load(Ordering::Relaxed)
            && self.used.compare_exchange(word, next, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        is_added.then_some(next)
    }

    /// Counts `bytes` more by all rules, and gives the word as it is then.
    #[cold]
    fn add_by_the_rules(&self, bytes: u64, asker: Asker) -> Result<u64, RefusalKind> {
        // Who would wait was refused before, or is not: nobody would call it.
        let can_be_struck = bytes > 0 && asker == Asker::Hurried;
        if can_be_struck && self.used.load(Ordering::Relaxed) & FAULTY != 0 && self.tree.strikes() {
            return Err(RefusalKind::Exhausted);
        }
        loop {
            let word = self.used.load(Ordering::Acquire);
            if word & DRAINING != 0 && bytes > 0 {
                return Err(RefusalKind::Draining);
            }
            if self.room(word) < bytes {
                return Err(RefusalKind::Exhausted);
            }
            if word & QUEUED == 0 {
                let next = word + bytes;
                match self.used.compare_exchange(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                    Ok(_) => return Ok(next),
                    Err(_) => continue,
                }
            }
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let word = self.used.load(Ordering::Acquire);
            // The mark comes and goes under the lock, and with it on, nobody adds without: the room can only grow.
            if word & QUEUED == 0 || self.room(word) < bytes {
                continue;
            }
            if !queue.pass(asker, bytes, self.room(word)) {
                return Err(RefusalKind::Exhausted);
            }
            return Ok(self.used.fetch_add(bytes, Ordering::AcqRel) + bytes);
        }
    }

    /// Counts `bytes` less and gives the word as it was. From a new peak, or with a mark on, that is not all.
    #[inline]
    fn subtract(&self, bytes: u64) -> u64 {
        let word = self.used.fetch_sub(bytes, Ordering::AcqRel);
        if word > self.peak.load(Ordering::Relaxed) {
            self.note(word);
        }
        word
    }

    /// What is to be done when use falls from a peak or a mark is on; `word` is what it was.
    #[cold]
    #[inline(never)]
    fn note(&self, word: u64) {
        self.peak.fetch_max(word & (BYTES | JOINED), Ordering::Relaxed);
        if word & QUEUED != 0 {
            self.call_next();
        }
    }

    /// Takes back what was counted for somebody who is refused in the end: it was never lent, and is no peak.
    fn take_back(&self, bytes: u64) -> Option<&Self> {
        let word = self.used.fetch_sub(bytes, Ordering::AcqRel);
        if word & QUEUED != 0 {
            self.call_next();
        }
        self.above(word)
    }

    /// From now on what this node lends, and all it has lent, counts in `between` too, which lies below the same parent.
    ///
    /// At no moment is a byte uncounted: the parent's sum stays as it is, `between` counts before the mark is set, and
    /// the mark is set only if the sum is still what `between` has counted. Each later change of the sum, also the
    /// giving back of what was lent before, sees the mark in the word it changes.
    pub(crate) fn join(&self, between: &Pool) -> Result<(), RefusalKind> {
        debug_assert!(self.role == Role::Request, "only a request joins");
        let between = self.joined.get_or_init(|| between.clone());
        let mut word = self.used.load(Ordering::Acquire);
        while word & JOINED == 0 {
            let bytes = word & BYTES;
            if between.node.add(bytes).is_none() {
                between.node.add_by_the_rules(bytes, Asker::Hurried)?;
            }
            match self.used.compare_exchange(word, word | JOINED, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    self.peak.fetch_or(JOINED, Ordering::Relaxed);
                    return Ok(());
                }
                Err(seen) => {
                    between.node.take_back(bytes);
                    word = seen;
                }
            }
        }
        Ok(())
    }

    /// Changes the limit of a node that has one.
    pub(crate) fn set_limit(&self, bytes: u64) {
        if self.role == Role::Request {
            return;
        }
        self.limit.store(bytes.max(self.floor).min(BYTES), Ordering::Relaxed);
        // Through the queue's lock: who stands there already is called, and who comes later sees the new limit.
        self.call_next();
    }

    /// From now on the tree's faults are asked for each reservation. Without them, no reservation pays for the question.
    pub(crate) fn make_faulty(&self) {
        debug_assert!(self.parent.is_none(), "only a root");
        self.used.fetch_or(FAULTY, Ordering::AcqRel);
    }

    pub(crate) fn drain(&self) {
        self.used.fetch_or(DRAINING, Ordering::AcqRel);
        let all = self.queue.lock().unwrap_or_else(PoisonError::into_inner).all();
        for waiter in &all {
            waiter.call();
        }
    }

    /// Takes a place in the queue. Whoever gives something back from here on sees that somebody waits: the mark is in
    /// the word that giving back changes.
    pub(crate) fn stand(&self, waiter: &Arc<Waiter>) -> Result<(), Full> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.stand(waiter)?;
        self.used.fetch_or(QUEUED, Ordering::AcqRel);
        Ok(())
    }

    /// Keeps the place of one that waits elsewhere now, and calls who may go instead.
    pub(crate) fn step_aside(&self, waiter: &Waiter) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).step_aside(waiter.ticket);
        self.call_next();
    }

    /// Gives the place up and calls who may go now.
    pub(crate) fn leave(&self, waiter: &Waiter) {
        {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.leave(waiter.ticket);
            if queue.is_empty() {
                self.used.fetch_and(!QUEUED, Ordering::AcqRel);
                return;
            }
        }
        self.call_next();
    }

    /// Calls the first that could be served.
    #[cold]
    pub(crate) fn call_next(&self) {
        let next = {
            let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.next(self.room(self.used.load(Ordering::Acquire)))
        };
        if let Some(waiter) = next {
            waiter.call();
        }
    }

    fn room(&self, word: u64) -> u64 {
        self.limit().saturating_sub(word & BYTES)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Every lease keeps its node: bytes that are left were counted and never given back.
        debug_assert!(
            self.used() == 0 || std::thread::panicking(),
            "{} bytes are left in {}",
            self.used(),
            self.name
        );
    }
}
