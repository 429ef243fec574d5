//! How often somebody may ask: per principal and per address, in the time of the server's clock.
//!
//! Each request belongs to one class of a route ([`RateClass`]) and counts under the address that it comes from, before
//! anything is done for it, and under its principal as soon as that is known. Each count is one [`gcra`] time in one of two
//! tables of a fixed size. Servers on one database tell each other what they admitted ([`RateLimits::share`]).

mod class;
mod gcra;
mod header;
mod key;
mod shared;
mod table;

pub use class::RateClass;
pub use gcra::Quota;
pub use key::RateKey;
pub use shared::{Admitted, Known};

pub(crate) use header::Standings;

use crate::client::{Client, is_local};
use crate::codes;
use crate::problem::Problem;
use crate::scope::Scope;
use axum::extract::{MatchedPath, Request};
use clock::SharedClock;
use gcra::Verdict;
use headroom::{RegistryFull, StoreRegistry};
use http::{Extensions, HeaderMap};
use shared::Shared;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use table::Table;

/// How many requests each class has, and where they are counted.
#[derive(Debug, Clone)]
pub struct RateSettings {
    /// The quota of each class, in the order of [`RateClass::ALL`]; none lets everything through.
    pub quotas: [Option<Quota>; 3],
    /// So many times a quota may come from one address when its requests show a token: a firm behind one address is many
    /// people. Signing in has no token, and no such factor.
    pub address_factor: u32,
    /// The most bytes of each of the two tables.
    pub table_bytes: u64,
}

/// The limits of a process. Clones share the counts.
#[derive(Debug, Clone)]
pub struct RateLimits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: RateSettings,
    clock: SharedClock,
    principals: Table,
    /// Apart, so that nobody who has addresses without number makes room for himself among the principals.
    addresses: Table,
    shared: Shared,
    refused: [AtomicU64; 3],
}

/// Whom a count is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom {
    Principal,
    Address,
}

/// One request's place in the counts.
#[derive(Debug)]
pub(crate) struct Rated {
    limits: RateLimits,
    class: RateClass,
    pub(crate) standings: Standings,
}

impl RateLimits {
    /// Nobody has asked yet. Both tables are registered stores.
    pub fn register(
        settings: RateSettings,
        clock: SharedClock,
        stores: &StoreRegistry,
    ) -> Result<Self, RegistryFull> {
        let principals = Table::register("rates.principals", settings.table_bytes, stores)?;
        let addresses = Table::register("rates.addresses", settings.table_bytes, stores)?;
        Ok(Self(Arc::new(Inner {
            settings,
            clock,
            principals,
            addresses,
            shared: Shared::default(),
            refused: Default::default(),
        })))
    }

    /// Counts a request under the address that it comes from; nothing where no limit is for it.
    ///
    /// # Errors
    /// 429 `rate_limited` when too many came from there.
    pub(crate) fn admit(&self, request: &Request) -> Result<Option<Arc<Rated>>, Problem> {
        let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let address =
            request.extensions().get::<Client>().map(|client| client.address.unwrap_or(client.peer));
        let is_local = || is_local(address, request.headers());
        let Some(class) = class::of(request.method(), route, is_local) else { return Ok(None) };
        let rated = Arc::new(Rated { limits: self.clone(), class, standings: Standings::default() });
        if let Some(address) = address {
            let factor = self.factor(class, request.headers());
            self.count(&rated, Whom::Address, RateKey::address(class, address, factor > 1), factor)?;
        }
        Ok(Some(rated))
    }

    fn factor(&self, class: RateClass, headers: &HeaderMap) -> u32 {
        let shows_token = class != RateClass::Auth && headers.contains_key(http::header::AUTHORIZATION);
        if shows_token { self.0.settings.address_factor.max(1) } else { 1 }
    }

    fn count(&self, rated: &Rated, whom: Whom, key: RateKey, factor: u32) -> Result<(), Problem> {
        let Some(quota) = self.quota(rated.class) else { return Ok(()) };
        let quota = quota.times(factor);
        let now_micros = self.0.clock.now().timestamp_micros();
        let table = if whom == Whom::Principal { &self.0.principals } else { &self.0.addresses };
        let verdict = self.0.shared.take(table, key, quota, now_micros);
        rated.standings.note(whom, rated.class, quota, verdict);
        let Verdict::Refused { after_micros } = verdict else { return Ok(()) };
        if let Some(refused) = self.0.refused.get(rated.class as usize) {
            refused.fetch_add(1, Ordering::Relaxed);
        }
        Err(rated.standings.write_on(refusal(rated.class, quota, after_micros)))
    }

    fn quota(&self, class: RateClass) -> Option<Quota> {
        self.0.settings.quotas.get(class as usize).copied().flatten()
    }

    /// Requests refused so far, of each class.
    pub fn refused(&self) -> [(RateClass, u64); 3] {
        let count = |class: RateClass| {
            self.0.refused.get(class as usize).map_or(0, |refused| refused.load(Ordering::Relaxed))
        };
        RateClass::ALL.map(|class| (class, count(class)))
    }

    /// From now on other servers have the same callers: what is admitted here is told through [`RateLimits::wait_to_share`]
    /// and [`RateLimits::admitted`], and what they admitted is learnt through [`RateLimits::learn`].
    pub fn share(&self) {
        self.0.shared.begin();
    }

    /// Ends when something was admitted that the others should hear of at once.
    pub async fn wait_to_share(&self) {
        self.0.shared.wait().await;
    }

    /// What was admitted here and is not told yet.
    pub fn admitted(&self) -> Vec<Admitted> {
        self.0.shared.admitted(self.tables())
    }

    /// What all servers together know of the keys that were told. Without a word on one it counts as not told.
    pub fn learn(&self, told: &[Admitted], known: Option<&[Known]>) {
        self.0.shared.learn(self.tables(), told, known);
    }

    fn tables(&self) -> [&Table; 2] {
        [&self.0.principals, &self.0.addresses]
    }
}

/// Notes who asks, as soon as that is known, and counts the request there.
///
/// # Errors
/// 429 `rate_limited` when the principal asked too often.
pub fn asks_as(extensions: &Extensions, principal: [u8; 16]) -> Result<(), Problem> {
    let Some(scope) = Scope::of(extensions) else { return Ok(()) };
    // A second answer to the same question changes nothing.
    let _first = scope.user.set(principal);
    let Some(rated) = scope.rated() else { return Ok(()) };
    rated.limits.count(rated, Whom::Principal, RateKey::principal(rated.class, principal), 1)
}

fn refusal(class: RateClass, quota: Quota, after_micros: i64) -> Problem {
    let seconds = u32::try_from(after_micros.max(1).unsigned_abs().div_ceil(1_000_000)).unwrap_or(u32::MAX);
    let (limit, window) = (quota.limit(), quota.window_seconds());
    let detail = match class {
        RateClass::General => format!("more than {limit} requests in {window} seconds"),
        RateClass::Auth => {
            format!("more than {limit} attempts to sign in or prove who you are in {window} seconds")
        }
        RateClass::Upload => format!("more than {limit} uploads in {window} seconds"),
    };
    Problem::new(codes::RATE_LIMITED)
        .with_detail(format!("{detail}: wait {seconds} seconds and try again"))
        .with_retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use clock::{MockClock, Timestamp};

    const LIMIT: u32 = 10_000;

    fn limits() -> RateLimits {
        let settings = RateSettings {
            quotas: [Quota::new(LIMIT, 60_000_000), None, None],
            address_factor: 10,
            table_bytes: 64 << 10,
        };
        let clock = Arc::new(MockClock::at(Timestamp::UNIX_EPOCH));
        RateLimits::register(settings, clock, &StoreRegistry::default()).unwrap()
    }

    fn request() -> Request {
        let mut request = Request::new(Body::empty());
        request.extensions_mut().insert(Client { address: None, peer: [192, 0, 2, 1].into(), country: None });
        request
    }

    #[test]
    fn as_many_as_are_allowed_go_through_and_no_more() {
        let (limits, request) = (limits(), request());
        let admitted =
            (0..LIMIT).filter(|_| limits.admit(&request).is_ok_and(|rated| rated.is_some())).count();
        assert_eq!(admitted, 10_000);
        let Err(problem) = limits.admit(&request) else { panic!("one too many was admitted") };
        assert_eq!((problem.code(), limits.refused()[0]), (codes::RATE_LIMITED, (RateClass::General, 1)));
    }

    #[test]
    fn a_class_without_a_number_has_no_limit() {
        let limits = limits();
        let rated = Rated { limits: limits.clone(), class: RateClass::Auth, standings: Standings::default() };
        let key = RateKey::principal(RateClass::Auth, [1; 16]);
        for _ in 0..=LIMIT {
            assert!(limits.count(&rated, Whom::Principal, key, 1).is_ok());
        }
    }
}
