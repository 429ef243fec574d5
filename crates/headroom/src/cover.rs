//! What work holds beyond what it has asked for beforehand is borrowed as it grows.
//!
//! Nobody knows how long the rows of a list are before they are read. So whoever gathers things of unknown size asks here with
//! each of them: what the work holds by the allocator's own count, and has borrowed nowhere yet, is borrowed then.

use crate::charge::REQUEST_BYTES;
use crate::lease::Lease;
use crate::meter::{Account, Meter};
use crate::pool::Pool;
use crate::refusal::{Refusal, RefusalKind};
use crate::scope;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So much is borrowed at once, at least, in bytes.
const STEP_BYTES: u64 = 64 << 10;

/// So much needs no borrowing: what each request is charged for being there, and as much again, since pages of the database that it
/// reads count as its own until the statement is over. A short change must not be refused for them.
const FREE_BYTES: u64 = 2 * REQUEST_BYTES;

/// Where a piece of work borrows for what it holds, and what it has borrowed for that.
#[derive(Debug, Default)]
pub(crate) struct Cover(Mutex<Option<Covering>>);

#[derive(Debug)]
struct Covering {
    pool: Pool,
    lease: Option<Lease>,
    /// What was not to be had and let on all the same, in bytes: it is asked for once.
    let_on: u64,
    /// How many there are that may not be refused; what is let on when nothing is left to lend is one itself.
    spared: u32,
}

impl Covering {
    fn borrowed(&self) -> u64 {
        self.lease.as_ref().map_or(0, Lease::bytes)
    }

    fn borrow(&mut self, missing: u64) -> Result<(), Refusal> {
        let lent = match &mut self.lease {
            Some(lease) => lease.grow(missing),
            None => self.pool.try_lease(missing).map(|fresh| self.lease = Some(fresh)),
        };
        match lent {
            Err(_) if self.spared > 0 => {
                self.let_on += missing;
                Ok(())
            }
            lent => lent.map_err(|refusal| self.of_all(refusal, missing)),
        }
    }

    /// A refusal of the last step as one of all that was gathered: the next try gathers it anew.
    fn of_all(&self, refusal: Refusal, missing: u64) -> Refusal {
        let wanted = self.borrowed() + missing;
        // A firm's share may be larger the next time; its class is what there is for all of them.
        if wanted + REQUEST_BYTES > self.pool.limit_above() {
            return Refusal { wanted, kind: RefusalKind::TooLarge, retry_after: None, ..refusal };
        }
        let back = wanted.saturating_sub(refusal.available).max(missing);
        let retry_after = refusal.retry_after.max(Some(self.pool.tree().drain.wait_for(back)));
        Refusal { wanted, retry_after, ..refusal }
    }

    /// Gives back all but `bytes`; how much of the whole that was on the books, let on included.
    fn shrink_to(&mut self, bytes: u64) -> u64 {
        let let_on = std::mem::take(&mut self.let_on);
        let more = self.borrowed().saturating_sub(bytes);
        let given = self.lease.as_mut().map_or(0, |lease| lease.shrink(more));
        if bytes == 0 {
            self.lease = None;
        }
        given + let_on
    }
}

impl Cover {
    fn lock(&self) -> MutexGuard<'_, Option<Covering>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meter {
    /// From now on what the work holds can be borrowed from `pool`.
    pub(crate) fn covered_by(&self, pool: Pool, is_spared: bool) {
        let spared = u32::from(is_spared);
        *self.account.cover.lock() = Some(Covering { pool, lease: None, let_on: 0, spared });
    }

    /// Gives back what was borrowed for what the work held, for good.
    pub(crate) fn uncovered(&self) {
        let covering = self.account.cover.lock().take();
        if let Some(mut covering) = covering {
            self.note_given_back(covering.shrink_to(0));
        }
    }
}

/// Makes sure that what the work on this thread holds is borrowed: beyond what each request is charged for being there, and
/// beyond what it has noted with [`Registered`](crate::Registered). What is borrowed here stays so until [`cover_only`], or the
/// request's end. Nothing happens where nobody measures, or the work has no pool.
///
/// # Errors
/// The pool has no room for it: what was gathered so far should go.
pub fn cover() -> Result<(), Refusal> {
    let Some(account) = scope::current() else { return Ok(()) };
    scope::settle_now();
    if account.beyond_the_books().is_none() {
        return Ok(());
    }
    let mut covering = account.cover.lock();
    let Some(covering) = covering.as_mut() else { return Ok(()) };
    // Another part of the same work may have been here meanwhile.
    let Some(missing) = account.beyond_the_books() else { return Ok(()) };
    let missing = missing.next_multiple_of(STEP_BYTES);
    covering.borrow(missing)?;
    account.note_registered(missing);
    Ok(())
}

/// Gives back what was borrowed by [`cover`] for the work on this thread, but for `bytes`: what was gathered is gone, and so much is
/// left of what was made of it. How much of that is not borrowed here. A further call of `cover` borrows what is missing then.
pub fn cover_only(bytes: u64) -> u64 {
    let Some(account) = scope::current() else { return bytes };
    let mut covering = account.cover.lock();
    let Some(covering) = covering.as_mut() else { return bytes };
    account.note_given_back(covering.shrink_to(bytes));
    bytes.saturating_sub(covering.borrowed())
}

/// While this is there, [`cover`] refuses nothing to the work on whose thread it was made: what has been done must be told and
/// kept.
#[derive(Debug)]
#[must_use = "what is dropped at once spares nobody"]
pub struct Unrefused(Option<Arc<Account>>);

impl Unrefused {
    /// For the work that runs on this thread.
    pub fn here() -> Self {
        let unrefused = Self(scope::current());
        unrefused.count(|spared| spared + 1);
        unrefused
    }

    fn count(&self, change: impl FnOnce(u32) -> u32) {
        let Some(account) = &self.0 else { return };
        if let Some(covering) = account.cover.lock().as_mut() {
            covering.spared = change(covering.spared);
        }
    }
}

impl Drop for Unrefused {
    fn drop(&mut self) {
        self.count(|spared| spared.saturating_sub(1));
    }
}

impl Account {
    /// How much is held that stands on no book.
    fn beyond_the_books(&self) -> Option<u64> {
        let booked = FREE_BYTES.saturating_add(u64::try_from(self.registered_now()).unwrap_or(0));
        let held = u64::try_from(self.live_now()).unwrap_or(0);
        held.checked_sub(booked).filter(|missing| *missing > 0)
    }
}
