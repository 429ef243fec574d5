//! The one place that speaks to the memory engine.

pub(crate) use headroom::{Unrefused, cover, cover_only};

use crate::codes;
use crate::problem::{Problem, Shortage};
use bytes::Bytes;
use headroom::{
    Class, Entry, Flight, Headroom, Lease, Meter, Pool, Refusal, RefusalKind, Registered, RequestMemory,
};
use http::{Extensions, Method};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How a route is treated when memory is scarce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Treatment {
    /// Its class of work: those that can wait are refused first.
    pub class: Class,
    /// Whether it is neither refused nor ended: health, metrics, and what gives memory back.
    pub is_exempt: bool,
}

/// Who decides whether a request may begin.
#[derive(Clone)]
pub struct Admission {
    /// The memory engine.
    pub headroom: Headroom,
    /// The treatment of a method and a route's template.
    pub treat: fn(&Method, &str) -> Treatment,
}

impl Admission {
    /// Lets a request begin and follows it, or refuses it before its body is read.
    pub(crate) fn admit(&self, method: &Method, route: &str, meter: &RequestMeter) -> Result<Entry, Refusal> {
        let Treatment { class, is_exempt } = (self.treat)(method, route);
        self.headroom.admit(route, class, meter.0.clone(), is_exempt)
    }

    pub(crate) fn closes_idle(&self) -> bool {
        self.headroom.closes_idle()
    }
}

/// The request in the memory engine's books, as the layers hand it on.
#[derive(Debug, Clone)]
pub(crate) struct InFlight(pub(crate) Arc<Flight>);

/// Notes whom the request works for: what it holds counts in that one's share from now on, and the one who holds most is
/// found when memory is scarce.
///
/// # Errors
/// 503 `memory_exhausted` where the share has no room for what the request holds already.
pub fn works_for(extensions: &Extensions, tenant: [u8; 16]) -> Result<(), Problem> {
    let Some(InFlight(flight)) = extensions.get::<InFlight>() else { return Ok(()) };
    flight.belongs_to(tenant).map_err(Problem::from)
}

/// Why a request was ended before its time.
#[derive(Debug, thiserror::Error)]
#[error("the request was ended to keep the server within its memory limit")]
pub(crate) struct Ended;

impl Ended {
    /// What whoever asked is told, and when the next try finds room for what this one held.
    pub(crate) fn told(after: Option<Duration>) -> Problem {
        let problem = Problem::new(codes::MEMORY_EXHAUSTED).with_cause(Self);
        match after {
            Some(after) => problem.with_retry_after(whole_seconds(after)),
            None => problem,
        }
    }
}

/// The memory that a request holds until its answer is finished.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pool: Option<Pool>,
    lease: Mutex<Option<(Lease, Registered)>>,
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
            Some((lease, noted)) => lease.grow(bytes).map(|()| noted.grow(bytes)),
            None => pool.try_lease(bytes).map(|fresh| *lease = Some((fresh, Registered::here(bytes)))),
        }
    }

    /// Gives back what is held: the work that needed it is done.
    pub(crate) fn end(&self) {
        let ended = self.lease.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(ended);
    }

    /// A loan that ends with its holder instead of the request.
    pub(crate) fn borrow(&self, bytes: u64) -> Result<Loan, Refusal> {
        match &self.pool {
            None => Ok(Loan { _lease: None }),
            Some(pool) => {
                pool.try_lease(bytes).map(|lease| Loan { _lease: Some((lease, Registered::here(bytes))) })
            }
        }
    }
}

/// Memory that is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Loan {
    _lease: Option<(Lease, Registered)>,
}

/// What the connection read of a request's body, as that of the request that runs here now.
pub(crate) fn taken_over(chunk: Bytes) -> Bytes {
    match Meter::current() {
        Some(meter) => Bytes::from_owner(meter.take_over(chunk)),
        None => chunk,
    }
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

    /// Drops what the request made and the connection kept for it.
    pub(crate) fn free<T>(&self, value: T) {
        self.0.free(value);
    }

    pub(crate) fn totals(&self) -> Used {
        self.0.totals()
    }

    /// The request is over; how much of what it spawned is not.
    pub(crate) fn end(&self) -> u64 {
        self.0.end()
    }
}

/// To the nearest second, as the header has it.
pub(crate) fn whole_seconds(after: Duration) -> u32 {
    u32::try_from((after.as_millis() + 500) / 1000).unwrap_or(u32::MAX).max(1)
}

/// The refusal that an error came from, if it is about memory, and what the error that it came by says.
pub(crate) fn refusal_behind<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<(&'a Refusal, String)> {
    let mut above = error;
    loop {
        let below = above.source()?;
        if let Some(refusal) = below.downcast_ref() {
            return Some((refusal, above.to_string()));
        }
        above = below;
    }
}

/// 503 for want of memory that was found while the request was at work; `detail` says what to do.
pub(crate) fn scarce(refusal: &Refusal, detail: impl Into<String>) -> Problem {
    let problem =
        Problem::new(codes::MEMORY_EXHAUSTED).with_shortage(shortage_of(refusal)).with_detail(detail);
    match refusal.retry_after {
        Some(after) => problem.with_retry_after(whole_seconds(after)),
        None => problem,
    }
}

fn shortage_of(refusal: &Refusal) -> Shortage {
    Shortage {
        retryable: refusal.is_retryable(),
        scope: refusal.scope.to_string(),
        bytes_wanted: refusal.wanted,
        bytes_limit: refusal.limit,
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.kind {
            RefusalKind::TooLarge => codes::BODY_TOO_LARGE,
            RefusalKind::Exhausted => codes::MEMORY_EXHAUSTED,
            RefusalKind::Draining => codes::DRAINING,
        };
        let mut problem = Self::new(code).with_shortage(shortage_of(&refusal));
        if let Some(after) = refusal.retry_after {
            problem = problem.with_retry_after(whole_seconds(after));
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
