//! Who is billed on this thread.
//!
//! jemalloc counts, per thread, every byte it hands out and takes back. A scope notes both counters when it begins and
//! bills the difference when it ends. Scopes nest: an inner one first settles the outer's bill and lets it go on
//! afterwards, so each byte is billed once, to the innermost scope.
#![expect(
    unsafe_code,
    reason = "the billed account is remembered as a pointer, to keep a poll at a few instructions"
)]

use crate::mallctl;
use crate::meter::Account;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{Ordering, compiler_fence};

/// From this many bytes on, the highest point inside one stretch is asked from jemalloc, which notes it every 64 KiB.
const PEAK_STEP: u64 = 64 << 10;

/// What a thread's counters point to where jemalloc has none.
static NOTHING: u64 = 0;

/// The state of one thread.
struct Thread {
    /// Where jemalloc counts what it handed out and took back on this thread; null until first asked.
    allocated_at: Cell<*const u64>,
    freed_at: Cell<*const u64>,
    /// Who is billed now; null for nobody.
    account: Cell<*const Account>,
    /// The two counters when the present stretch began.
    allocated: Cell<u64>,
    freed: Cell<u64>,
    /// `allocated - freed` when jemalloc's own peak was last set to zero on this thread.
    peak_base: Cell<u64>,
}

thread_local! {
    static THREAD: Thread = const {
        Thread {
            allocated_at: Cell::new(ptr::null()),
            freed_at: Cell::new(ptr::null()),
            account: Cell::new(ptr::null()),
            allocated: Cell::new(0),
            freed: Cell::new(0),
            peak_base: Cell::new(0),
        }
    };
}

/// Bills this thread's allocations to one account until it is dropped. Scopes must end in the reverse order of their
/// beginning, which is why this type stays inside the crate and is only ever a local variable.
pub(crate) struct Scope<'a> {
    /// This thread's state, looked up once; the type is neither `Send` nor `Sync`.
    thread: *const Thread,
    outer: *const Account,
    _account: PhantomData<&'a Account>,
}

impl<'a> Scope<'a> {
    #[inline]
    pub(crate) fn begin(account: &'a Arc<Account>) -> Self {
        let address = THREAD.with(ptr::from_ref);
        // SAFETY: the state of a thread without a destructor lives until the thread ends, and `address` is only used
        // in this call and in a value that cannot leave the thread.
        let thread = unsafe { &*address };
        let (allocated, freed) = thread.read();
        let outer = thread.account.get();
        if !outer.is_null() {
            thread.settle_outer(outer, allocated, freed);
        }
        thread.start(Arc::as_ptr(account), allocated, freed);
        Self { thread: address, outer, _account: PhantomData }
    }
}

impl Drop for Scope<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: as in `begin`; a scope cannot leave the thread it began on.
        let thread = unsafe { &*self.thread };
        let (allocated, freed) = thread.read();
        thread.settle(thread.account.get(), allocated, freed);
        thread.start(self.outer, allocated, freed);
    }
}

/// Bills nobody for what this thread allocates and frees until it is dropped. Like [`Scope`], only ever a local variable.
pub(crate) struct Unbilled {
    thread: *const Thread,
    outer: *const Account,
}

impl Unbilled {
    pub(crate) fn begin() -> Self {
        let address = THREAD.with(ptr::from_ref);
        // SAFETY: as in `Scope::begin`.
        let thread = unsafe { &*address };
        let (allocated, freed) = thread.read();
        let outer = thread.account.get();
        if !outer.is_null() {
            thread.settle(outer, allocated, freed);
        }
        thread.start(ptr::null(), allocated, freed);
        Self { thread: address, outer }
    }
}

impl Drop for Unbilled {
    fn drop(&mut self) {
        // SAFETY: as in `Scope::begin`; the value cannot leave the thread it began on.
        let thread = unsafe { &*self.thread };
        let (allocated, freed) = thread.read();
        thread.start(self.outer, allocated, freed);
    }
}

/// The account billed on this thread now.
pub(crate) fn current() -> Option<Arc<Account>> {
    THREAD.with(|thread| {
        let account = thread.account.get();
        if account.is_null() {
            return None;
        }
        // SAFETY: a non-null pointer was stored by `Scope::begin` from a borrow that outlives the scope, and the scope
        // puts the outer pointer back when it ends, so the account is alive. The pointer came from `Arc::as_ptr`, so
        // its count may be raised.
        unsafe {
            Arc::increment_strong_count(account);
            Some(Arc::from_raw(account))
        }
    })
}

/// Bills what was allocated and freed so far to the account that is current, so that its figures are up to date.
pub(crate) fn settle_now() {
    THREAD.with(|thread| {
        let account = thread.account.get();
        if !account.is_null() {
            let (allocated, freed) = thread.read();
            thread.settle(account, allocated, freed);
            thread.start(account, allocated, freed);
        }
    });
}

impl Thread {
    /// Both counters now.
    #[inline]
    fn read(&self) -> (u64, u64) {
        if self.allocated_at.get().is_null() {
            self.resolve();
        }
        // The compiler may assume that allocating changes no memory it can see; these counters are the exception.
        compiler_fence(Ordering::SeqCst);
        // SAFETY: `resolve` set both pointers, to jemalloc's counters of this very thread, which live as long as the
        // thread does, or to a constant. Only this thread writes to them.
        let both = unsafe { (self.allocated_at.get().read_volatile(), self.freed_at.get().read_volatile()) };
        compiler_fence(Ordering::SeqCst);
        both
    }

    #[cold]
    fn resolve(&self) {
        let nothing = ptr::from_ref(&NOTHING);
        let (allocated, freed) = mallctl::thread_counters().unwrap_or((nothing, nothing));
        self.allocated_at.set(allocated);
        self.freed_at.set(freed);
    }

    #[inline]
    fn start(&self, account: *const Account, allocated: u64, freed: u64) {
        self.account.set(account);
        self.allocated.set(allocated);
        self.freed.set(freed);
    }

    /// [`Self::settle`] out of line: scopes seldom nest.
    #[cold]
    fn settle_outer(&self, account: *const Account, allocated: u64, freed: u64) {
        self.settle(account, allocated, freed);
    }

    /// Bills the stretch from its start to the given counters.
    #[inline]
    fn settle(&self, account: *const Account, allocated: u64, freed: u64) {
        let taken = allocated.wrapping_sub(self.allocated.get());
        let given = freed.wrapping_sub(self.freed.get());
        if taken | given == 0 {
            return;
        }
        let rise = if taken >= PEAK_STEP { self.highest_rise(taken, given) } else { 0 };
        // SAFETY: as in `current`: the pointer is that of a scope that has not ended, or of the scope around it, and
        // both borrow their account for as long as they live.
        let account = unsafe { &*account };
        account.bill(taken, given, rise);
    }

    /// How far the live bytes rose above the stretch's start at their highest. jemalloc's peak may be older than the
    /// stretch, so the answer is held between what the stretch certainly reached and what it could reach at most.
    #[cold]
    fn highest_rise(&self, taken: u64, given: u64) -> u64 {
        let start = self.allocated.get().wrapping_sub(self.freed.get());
        let base = self.peak_base.get();
        let peak = mallctl::read_u64(c"thread.peak.read").unwrap_or(0);
        let above_start = peak.wrapping_add(base).wrapping_sub(start).cast_signed();
        let least = taken.saturating_sub(given);
        if mallctl::act(c"thread.peak.reset") {
            let (allocated, freed) = self.read();
            self.peak_base.set(allocated.wrapping_sub(freed));
        }
        u64::try_from(above_start).unwrap_or(0).clamp(least, taken)
    }
}
