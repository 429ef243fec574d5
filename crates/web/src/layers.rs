//! What every request passes, once, for all routes.
//!
//! From the outside in: the version alias, then for each route one `account` (correlation id, meter, security
//! headers, access log), compression, cross-origin rules, and one `boundary` (deadline, panics, idempotency, the
//! final form of problems). Few and fat, because each boxed layer costs about a thousand instructions.

mod accounting;
mod alias;
mod boundary;
mod compression;
mod correlation;
mod cors;
mod crowds;
mod deadline;
mod finish;
mod large;
mod long_running;
mod security;
mod settle;
mod stack;

pub use compression::{CompressionSettings, NoCompression, accepts_coding};
pub use cors::{CorsFault, CorsSettings};
pub use crowds::CrowdLog;
pub use finish::{Finished, Observer};
pub use long_running::long_running;
pub use stack::stack;

use crate::client::TrustedProxies;
use crate::idempotency::IdempotencySettings;
use crate::metering::Admission;
use crate::rates::RateLimits;
use crate::scope::Limits;
use clock::{SharedClock, SharedRandom};
use headroom::Pool;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// What the layers need to know.
#[derive(Clone)]
pub struct Settings {
    /// Where the time of problems comes from.
    pub clock: SharedClock,
    /// Where the randomness of correlation ids comes from.
    pub random: SharedRandom,
    /// How long a request may take until its answer begins; 503 `request_timed_out` afterwards. Uploads and
    /// [`long_running()`] routes are exempt.
    pub request_timeout: Duration,
    /// How large and how slow bodies may be.
    pub limits: Limits,
    /// Which answers are compressed.
    pub compression: CompressionSettings,
    /// How many answers are compressed at once; the others are sent as they are. Each compressor takes 4 MiB of the memory
    /// budget until its answer is read.
    pub compressors: Arc<Semaphore>,
    /// Which other origins' pages may call; `None` for none.
    pub cors: Option<CorsSettings>,
    /// Where requests borrow that have no place of their own, for want of an `admission`; `None` for no accounting.
    pub pool: Option<Pool>,
    /// How repeated POSTs are recognised; `None` for not at all.
    pub idempotency: Option<IdempotencySettings>,
    /// Who decides whether a request may begin; `None` lets all begin.
    pub admission: Option<Admission>,
    /// Whose word counts about where a request comes from.
    pub proxies: TrustedProxies,
    /// How often somebody may ask; `None` for as often as they like.
    pub rates: Option<RateLimits>,
    /// Who is told about each finished request.
    pub observer: Option<Arc<dyn Observer>>,
    /// What keeps crowds from filling the log.
    pub crowds: Arc<CrowdLog>,
}

impl Settings {
    /// The defaults, with nothing optional.
    pub fn new(clock: SharedClock, random: SharedRandom) -> Self {
        Self {
            clock,
            random,
            request_timeout: Duration::from_secs(30),
            limits: Limits::default(),
            compression: CompressionSettings::default(),
            compressors: Arc::new(Semaphore::new(64)),
            cors: None,
            pool: None,
            idempotency: None,
            admission: None,
            proxies: TrustedProxies::default(),
            rates: None,
            observer: None,
            crowds: Arc::default(),
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("request_timeout", &self.request_timeout)
            .field("limits", &self.limits)
            .field("compression", &self.compression)
            .field("cors", &self.cors)
            .finish_non_exhaustive()
    }
}
