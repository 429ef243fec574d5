//! What work holds beyond what it has asked for beforehand is borrowed as it grows.
//!
//! Nobody knows how long the rows of a list are before they are read. So whoever gathers things of unknown size asks here with
//! each of them: what the work holds by the allocator's own count, and has borrowed nowhere yet, is borrowed then.

use crate::charge::REQUEST_BYTES;
use crate::lease::Lease;
use crate::meter::{Account, Meter};
use crate::pool::Pool;
use crate::refusal::Refusal;
use crate::scope;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So much is borrowed at once, at least, in bytes.
const STEP_BYTES: u64 = 64 << 10;

/// Where a piece of work borrows for what it holds, and what it has borrowed for that.
#[derive(Debug, Default)]
pub(crate) struct Cover(Mutex<Option<Covering>>);

#[derive(Debug)]
struct Covering {
    pool: Pool,
    lease: Option<Lease>,
    /// What is let on when nothing is left to lend is not refused here either.
    is_spared: bool,
}

impl Cover {
    fn lock(&self) -> MutexGuard<'_, Option<Covering>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meter {
    /// From now on what the work holds can be borrowed from `pool`.
    pub(crate) fn covered_by(&self, pool: Pool, is_spared: bool) {
        *self.account.cover.lock() = Some(Covering { pool, lease: None, is_spared });
    }

    /// Gives back what was borrowed for what the work held, for good.
    pub(crate) fn uncovered(&self) {
        let covering = self.account.cover.lock().take();
        if let Some(lease) = covering.and_then(|covering| covering.lease) {
            self.note_given_back(lease.bytes());
        }
    }
}

/// Makes sure that what the work on this thread holds, and `more` bytes that it is about to, is borrowed: beyond what each
/// request is charged for being there, and beyond what it has noted with [`Registered`](crate::Registered). What is borrowed here
/// stays so until [`uncover`]. Nothing happens where nobody measures, or the work has no pool.
///
/// # Errors
/// The pool has no room for it: what was gathered so far should go.
pub fn cover(more: u64) -> Result<(), Refusal> {
    let Some(account) = scope::current() else { return Ok(()) };
    scope::settle_now();
    let Some(missing) = account.beyond_the_books(more) else { return Ok(()) };
    let meter = Meter { account };
    let mut covering = meter.account.cover.lock();
    let Some(Covering { pool, lease, is_spared }) = covering.as_mut() else { return Ok(()) };
    let missing = missing.next_multiple_of(STEP_BYTES);
    let lent = match lease {
        Some(lease) => lease.grow(missing),
        None => pool.try_lease(missing).map(|fresh| *lease = Some(fresh)),
    };
    match lent {
        Ok(()) => meter.note_registered(missing),
        Err(_) if *is_spared => {}
        Err(refusal) => return Err(refusal),
    }
    Ok(())
}

/// Gives back what was borrowed by [`cover`] for the work on this thread: what was gathered is gone, or has a lease of its own
/// from now on. A further call of `cover` borrows what is missing then.
pub fn uncover() {
    let Some(account) = scope::current() else { return };
    let meter = Meter { account };
    let lease = meter.account.cover.lock().as_mut().and_then(|covering| covering.lease.take());
    if let Some(lease) = lease {
        meter.note_given_back(lease.bytes());
    }
}

impl Account {
    /// How much is held, with `more`, that stands on no book.
    fn beyond_the_books(&self, more: u64) -> Option<u64> {
        let booked = REQUEST_BYTES.saturating_add(u64::try_from(self.registered_now()).unwrap_or(0));
        let held = u64::try_from(self.live_now()).unwrap_or(0).saturating_add(more);
        held.checked_sub(booked).filter(|missing| *missing > 0)
    }
}
