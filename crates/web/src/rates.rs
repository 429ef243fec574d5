//! How often somebody may ask: per principal and per address, in the time of the server's clock; and how many requests of a
//! principal may run at once.
//!
//! Each request belongs to one class of a route ([`RateClass`]) and counts under the address that it comes from, before
//! anything is done for it, and under its principal as soon as that is known. Each count is one [`gcra`] time in one of two
//! tables of a fixed size. Servers on one database tell each other what they admitted ([`RateLimits::share`]).

mod class;
mod gcra;
mod header;
mod key;
mod running;
mod shared;
mod table;

pub use class::RateClass;
pub use gcra::Quota;
pub use key::RateKey;
pub use running::RUNNING_BYTES;
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
use http::{Extensions, HeaderMap, Method};
use running::{Crowded, Place, Running};
use shared::Shared;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use table::Table;

/// How many requests each class has, and where they are counted.
#[derive(Debug, Clone)]
pub struct RateSettings {
    /// The quota of each class, in the order of [`RateClass::ALL`]; none lets everything through.
    pub quotas: [Option<Quota>; 3],
    /// So many times a quota may come from one address when its requests show a token: a firm behind one address is many
    /// people. Signing in has no token, and no such factor.
    pub address_factor: u32,
    /// So many requests of one principal may run at once on this server; 0 for as many as they like.
    pub max_concurrent: u32,
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
    running: Arc<Running>,
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
    /// Whether it has a place among the requests that run. Who takes things away or proves who they are needs none: whoever
    /// got hold of somebody's token could keep them from ending it.
    needs_place: bool,
    pub(crate) standings: Standings,
    /// Among the requests of the principal, as soon as that is known and for as long as the request runs.
    place: OnceLock<Place>,
}

impl Rated {
    fn new(limits: RateLimits, class: RateClass, method: &Method) -> Self {
        let needs_place = class != RateClass::Auth && method != Method::DELETE;
        Self { limits, class, needs_place, standings: Standings::default(), place: OnceLock::new() }
    }
}

impl RateLimits {
    /// Nobody has asked yet. All tables are registered stores.
    pub fn register(
        settings: RateSettings,
        clock: SharedClock,
        stores: &StoreRegistry,
    ) -> Result<Self, RegistryFull> {
        let principals = Table::register("rates.principals", settings.table_bytes, stores)?;
        let addresses = Table::register("rates.addresses", settings.table_bytes, stores)?;
        let running = Arc::new(Running::new(settings.max_concurrent));
        stores.register(Arc::clone(&running) as _)?;
        Ok(Self(Arc::new(Inner {
            settings,
            clock,
            principals,
            addresses,
            running,
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
        let rated = Arc::new(Rated::new(self.clone(), class, request.method()));
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
        self.note_refused(rated.class);
        Err(rated.standings.write_on(refusal(rated.class, quota, after_micros)))
    }

    /// Takes the request's place among those of its principal, until its answer's last byte.
    fn seat(&self, rated: &Rated, principal: [u8; 16]) -> Result<(), Problem> {
        if !rated.needs_place || rated.place.get().is_some() {
            return Ok(());
        }
        match self.0.running.begin(principal) {
            Ok(place) => {
                let _only = place.map(|place| rated.place.set(place));
                Ok(())
            }
            Err(crowded) => {
                self.note_refused(rated.class);
                Err(rated.standings.write_on(crowd_refusal(crowded)))
            }
        }
    }

    fn note_refused(&self, class: RateClass) {
        if let Some(refused) = self.0.refused.get(class as usize) {
            refused.fetch_add(1, Ordering::Relaxed);
        }
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

/// Notes who asks, as soon as that is known, counts the request there and gives it a place among those that run for them.
///
/// # Errors
/// 429 `rate_limited` when the principal asked too often, or has as many requests that run as they may have at once.
pub fn asks_as(extensions: &Extensions, principal: [u8; 16]) -> Result<(), Problem> {
    let Some(scope) = Scope::of(extensions) else { return Ok(()) };
    // A second answer to the same question changes nothing.
    let _first = scope.user.set(principal);
    let Some(rated) = scope.rated() else { return Ok(()) };
    rated.limits.count(rated, Whom::Principal, RateKey::principal(rated.class, principal), 1)?;
    rated.limits.seat(rated, principal)
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

/// The next place is free as soon as one of the requests is answered.
const CROWD_RETRY_SECONDS: u32 = 1;

fn crowd_refusal(crowded: Crowded) -> Problem {
    let limit = crowded.limit;
    Problem::new(codes::RATE_LIMITED)
        .with_detail(format!(
            "{limit} requests of yours run already, as many as may at once: send further ones when some are answered"
        ))
        .with_retry_after(CROWD_RETRY_SECONDS)
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
            max_concurrent: 2,
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
        let rated = Rated::new(limits.clone(), RateClass::Auth, &Method::POST);
        let key = RateKey::principal(RateClass::Auth, [1; 16]);
        for _ in 0..=LIMIT {
            assert!(limits.count(&rated, Whom::Principal, key, 1).is_ok());
        }
    }

    #[test]
    fn a_principal_has_so_many_places_and_a_request_that_ends_gives_its_own_back() {
        let limits = limits();
        let begin = || {
            let rated = Rated::new(limits.clone(), RateClass::General, &Method::GET);
            limits.seat(&rated, [1; 16]).map(|()| rated)
        };
        let (first, second) = (begin().unwrap(), begin().unwrap());
        assert!(limits.seat(&first, [1; 16]).is_ok(), "a request that asks twice has one place");
        let Err(problem) = begin() else { panic!("one too many was admitted") };
        assert_eq!((problem.code(), limits.refused()[0].1), (codes::RATE_LIMITED, 1));
        for (class, method) in [(RateClass::General, Method::DELETE), (RateClass::Auth, Method::POST)] {
            let ends = Rated::new(limits.clone(), class, &method);
            assert!(
                limits.seat(&ends, [1; 16]).is_ok(),
                "who ends things or proves who they are needs no place"
            );
        }
        drop(second);
        assert!(begin().is_ok());
    }
}
