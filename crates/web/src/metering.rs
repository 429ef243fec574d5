//! The one place that speaks to the memory engine.

use crate::codes;
use crate::problem::{Problem, Shortage};
use headroom::{Lease, Meter, Pool, Refusal, RefusalKind, RequestMemory};
use std::sync::{Mutex, PoisonError};

/// The memory that a request holds until its answer is finished.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pool: Option<Pool>,
    lease: Mutex<Option<Lease>>,
}

impl Held {
    pub(crate) fn of(pool: Option<Pool>) -> Self {
        Self { pool, lease: Mutex::new(None) }
    }

    /// Holds `bytes` more; without a pool everything is granted.
    pub(crate) fn hold(&self, bytes: u64) -> Result<(), Refusal> {
        let Some(pool) = &self.pool else { return Ok(()) };
        let mut lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        match lease.as_mut() {
            Some(lease) => lease.grow(bytes),
            None => pool.try_lease(bytes).map(|fresh| *lease = Some(fresh)),
        }
    }

    /// A loan that ends with its holder instead of the request; `None` when the pool refuses.
    pub(crate) fn borrow(&self, bytes: u64) -> Option<Loan> {
        match &self.pool {
            None => Some(Loan { _lease: None }),
            Some(pool) => pool.try_lease(bytes).ok().map(|lease| Loan { _lease: Some(lease) }),
        }
    }
}

/// Memory that is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Loan {
    _lease: Option<Lease>,
}

/// What one request used.
pub(crate) type Used = RequestMemory;

/// Measures one request, wherever its parts run.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestMeter(Meter);

impl RequestMeter {
    /// Bills each poll of `future` and its drop.
    pub(crate) fn billed<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        headroom::measure(self.0.clone(), future)
    }

    /// Bills what `work` does now.
    pub(crate) fn around<R>(&self, work: impl FnOnce() -> R) -> R {
        self.0.around(work)
    }

    pub(crate) fn totals(&self) -> Used {
        self.0.totals()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.kind {
            RefusalKind::TooLarge => codes::BODY_TOO_LARGE,
            RefusalKind::Exhausted => codes::MEMORY_EXHAUSTED,
            RefusalKind::Draining => codes::DRAINING,
        };
        let mut problem = Self::new(code).with_shortage(Shortage {
            retryable: refusal.is_retryable(),
            scope: refusal.scope.to_string(),
            bytes_wanted: refusal.wanted,
            bytes_limit: refusal.limit,
        });
        if let Some(after) = refusal.retry_after {
            problem = problem.with_retry_after(u32::try_from(after.as_secs().max(1)).unwrap_or(30));
        }
        if code == codes::BODY_TOO_LARGE {
            let detail = format!(
                "the request needs {} bytes of memory and can have {} at most: send less at once",
                refusal.wanted, refusal.limit
            );
            problem = problem.with_detail(detail);
        }
        problem.with_cause(refusal)
    }
}
