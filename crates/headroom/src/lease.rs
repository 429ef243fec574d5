use crate::pool::Pool;
use crate::queue::Asker;
use crate::refusal::Refusal;
use std::time::Duration;

/// Bytes borrowed from a [`Pool`], given back when it is dropped.
#[derive(Debug)]
#[must_use = "a lease that is dropped gives its bytes back at once"]
pub struct Lease {
    pool: Pool,
    bytes: u64,
}

impl Lease {
    /// For bytes that were just charged.
    #[inline]
    pub(crate) fn of(pool: Pool, bytes: u64) -> Self {
        Self { pool, bytes }
    }

    /// How much is borrowed, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The pool it came from.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Borrows `more` bytes, all or none.
    pub fn grow(&mut self, more: u64) -> Result<(), Refusal> {
        self.pool.charge(self.bytes, more, Asker::Hurried).map_err(|blocked| blocked.refuse(more))?;
        self.bytes += more;
        Ok(())
    }

    /// Borrows `more` bytes, waiting up to `wait` like [`Pool::lease`]. Refused at once where the greater part of what is
    /// needed is held already: whoever holds much and waits for more keeps others from giving back.
    pub async fn grow_within(&mut self, more: u64, wait: Duration) -> Result<(), Refusal> {
        crate::waiting::patiently(&self.pool, self.bytes, more, wait).await?;
        self.bytes += more;
        Ok(())
    }

    /// Gives back up to `less` bytes and tells how many that were.
    pub fn shrink(&mut self, less: u64) -> u64 {
        let given = less.min(self.bytes);
        self.bytes -= given;
        if given > 0 {
            self.pool.give_back(given);
        }
        given
    }

    /// Moves `bytes` of this lease into one of their own; `None` when there are not that many.
    pub fn split(&mut self, bytes: u64) -> Option<Self> {
        self.bytes = self.bytes.checked_sub(bytes)?;
        Some(Self { pool: self.pool.clone(), bytes })
    }

    /// Takes over another lease of the same pool; gives one of another pool back unchanged.
    pub fn merge(&mut self, mut other: Self) -> Result<(), Self> {
        if !self.pool.is_same(&other.pool) {
            return Err(other);
        }
        self.bytes += std::mem::take(&mut other.bytes);
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Also nothing: to ask first costs every other lease more.
        self.pool.give_back(self.bytes);
    }
}
