use crate::charge::Charge;
use crate::class::Class;
use crate::concurrency::Running;
use crate::meter::{Meter, RequestMemory};
use crate::pool::Pool;
use crate::refusal::Refusal;
use crate::stores::BoundedStore;
use crate::tenants::{Seat, Tenant};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;

/// The most requests that are followed at once; further ones run unfollowed and cannot be cancelled.
pub const LEDGER_CAP: usize = 8_192;
/// The most that the table of running requests takes, in bytes.
pub const LEDGER_BYTES: u64 = LEDGER_CAP as u64 * FLIGHT_BYTES;

/// Less is not worth cancelling anybody for, in bytes.
const WORTH_CANCELLING: u64 = 256 << 10;

/// One request that runs now.
#[derive(Debug)]
pub struct Flight {
    route: Arc<str>,
    class: Class,
    meter: Meter,
    started: Instant,
    tenant: OnceLock<Tenant>,
    /// Its place in the budget tree.
    seat: Option<Seat>,
    /// Whether it may be cancelled for want of memory.
    is_expendable: bool,
    is_cancelled: AtomicBool,
    cancelled: Notify,
}

/// A request's figures at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlightStats {
    /// The route's template.
    pub route: Arc<str>,
    /// The class of work.
    pub class: Class,
    /// Whom it works for, once that is known.
    pub tenant: Option<Tenant>,
    /// Live bytes.
    pub live_bytes: u64,
    /// What it has borrowed, in bytes.
    pub lent_bytes: u64,
    /// How long it has been running, in milliseconds.
    pub age_millis: u64,
    /// Whether it was told to end.
    pub is_cancelled: bool,
}

impl Flight {
    /// Notes whom the request works for, once that is known: from then on all it has borrowed and borrows counts in that
    /// tenant's share too. Refused where the share has no room for what is borrowed already; it stays below its class
    /// then. What is never refused for want of memory is not refused here either.
    pub fn belongs_to(&self, tenant: Tenant) -> Result<(), Refusal> {
        // A second answer to the same question changes nothing.
        let tenant = *self.tenant.get_or_init(|| tenant);
        match &self.seat {
            Some(seat) if self.is_expendable => seat.join(tenant),
            Some(seat) => {
                let _joined = seat.join(tenant);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Whom the request works for, once that is known.
    pub fn tenant(&self) -> Option<Tenant> {
        self.tenant.get().copied()
    }

    /// Adds what the request did, now that it is over, to the figures of whom it worked for.
    pub fn record(&self, memory: RequestMemory) {
        if let (Some(seat), Some(tenant)) = (&self.seat, self.tenant()) {
            seat.record(tenant, memory);
        }
    }

    /// Where the request borrows.
    pub fn pool(&self) -> Option<&Pool> {
        self.seat.as_ref().map(|seat| &seat.pool)
    }

    /// Whether it may be refused and ended for want of memory.
    pub fn is_expendable(&self) -> bool {
        self.is_expendable
    }

    /// The most that it held so far, as measured or as borrowed, in bytes.
    pub(crate) fn most_held(&self) -> u64 {
        let memory = self.meter.totals();
        memory.peak_live.max(memory.registered_peak)
    }

    /// Whether the request was told to end.
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Acquire)
    }

    /// Waits until the request is told to end.
    pub async fn cancelled(&self) {
        let notified = self.cancelled.notified();
        if !self.is_cancelled() {
            notified.await;
        }
    }

    fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Release);
        self.cancelled.notify_waiters();
    }

    fn live_bytes(&self) -> u64 {
        self.meter.live()
    }

    fn stats(&self) -> FlightStats {
        FlightStats {
            route: Arc::clone(&self.route),
            class: self.class,
            tenant: self.tenant(),
            live_bytes: self.live_bytes(),
            lent_bytes: self.pool().map_or(0, Pool::used),
            age_millis: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            is_cancelled: self.is_cancelled(),
        }
    }
}

/// The requests that run now. Cloning gives another handle.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    slots: Arc<Mutex<Slots>>,
}

#[derive(Debug, Default)]
struct Slots {
    flights: Vec<Option<Arc<Flight>>>,
    free: Vec<usize>,
    /// Requests that may be ended, and came to their own end.
    completed: u64,
}

/// A place in the ledger, given up when it is dropped.
#[derive(Debug)]
#[must_use = "a request that is not held is not followed"]
pub struct Entry {
    flight: Arc<Flight>,
    place: Option<(Ledger, usize)>,
    charge: Option<Charge>,
    running: Option<Running>,
}

impl Entry {
    /// Holds the request's charge for as long as it is followed.
    pub(crate) fn charged(mut self, charge: Charge) -> Self {
        self.charge = Some(charge);
        self
    }

    /// Counts it among the requests of its class that run, until its work is done.
    pub(crate) fn running(mut self, running: Option<Running>) -> Self {
        self.running = running;
        self
    }

    /// The work is done, and the answer goes out: others may begin, however slowly it is read.
    pub fn work_done(&mut self) {
        self.running = None;
    }

    /// The request's work is done, and `bytes` are what its answer takes until it is sent: of its charge the rest is given
    /// back. One that was let on with nothing lent gives its place up, because others look after the server too.
    pub fn settle(&mut self, bytes: u64) {
        self.flight.meter.uncovered();
        match &mut self.charge {
            Some(Charge::Lent(lease)) => {
                let _given = lease.shrink(lease.bytes().saturating_sub(bytes));
            }
            Some(Charge::Spared(_)) => self.charge = None,
            None => {}
        }
    }

    /// The request.
    pub fn flight(&self) -> &Arc<Flight> {
        &self.flight
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.flight.meter.uncovered();
        if let Some((ledger, place)) = self.place.take() {
            let is_completed = self.flight.is_expendable && !self.flight.is_cancelled();
            ledger.with(|slots| {
                slots.completed += u64::from(is_completed);
                slots.flights[place] = None;
                slots.free.push(place);
            });
        }
    }
}

impl Ledger {
    /// Follows a request of `route` (its template) for as long as the entry lives.
    pub fn enter(&self, route: &str, class: Class, meter: Meter, is_expendable: bool) -> Entry {
        self.seat(route, class, meter, is_expendable, None)
    }

    /// The same for one that has a place in the budget tree.
    pub(crate) fn seat(
        &self,
        route: &str,
        class: Class,
        meter: Meter,
        is_expendable: bool,
        seat: Option<Seat>,
    ) -> Entry {
        let flight = Arc::new(Flight {
            route: Arc::from(route),
            class,
            meter,
            started: Instant::now(),
            tenant: OnceLock::new(),
            seat,
            is_expendable,
            is_cancelled: AtomicBool::new(false),
            cancelled: Notify::new(),
        });
        let place = self.with(|slots| match slots.free.pop() {
            Some(place) => {
                slots.flights[place] = Some(Arc::clone(&flight));
                Some(place)
            }
            None if slots.flights.len() < LEDGER_CAP => {
                slots.flights.push(Some(Arc::clone(&flight)));
                Some(slots.flights.len() - 1)
            }
            None => None,
        });
        Entry { flight, place: place.map(|place| (self.clone(), place)), charge: None, running: None }
    }

    /// Requests that run now.
    pub fn len(&self) -> usize {
        self.with(|slots| slots.flights.len() - slots.free.len())
    }

    /// Whether nothing runs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `limit` requests with the most live bytes.
    pub fn largest(&self, limit: usize) -> Vec<FlightStats> {
        let mut flights: Vec<FlightStats> = self.flights().iter().map(|flight| flight.stats()).collect();
        flights.sort_unstable_by_key(|flight| std::cmp::Reverse(flight.live_bytes));
        flights.truncate(limit);
        flights
    }

    /// How many of the requests that may be ended came to their own end.
    pub(crate) fn completed(&self) -> u64 {
        self.with(|slots| slots.completed)
    }

    /// Tells the largest request of the tenant that holds most to end, and gives its figures; `None` when nobody holds
    /// enough to be worth it.
    pub fn cancel_largest(&self) -> Option<FlightStats> {
        let flights = self.flights();
        let mut held: HashMap<Option<&Tenant>, u64> = HashMap::new();
        // What is ending gives back what it holds in a moment.
        for flight in flights.iter().filter(|flight| !flight.is_cancelled()) {
            *held.entry(flight.tenant.get()).or_default() += flight.live_bytes();
        }
        let candidates = flights.iter().filter(|flight| {
            flight.is_expendable && !flight.is_cancelled() && flight.live_bytes() >= WORTH_CANCELLING
        });
        let chosen = candidates.max_by_key(|flight| {
            (held.get(&flight.tenant.get()).copied().unwrap_or_default(), flight.live_bytes())
        })?;
        chosen.cancel();
        Some(chosen.stats())
    }

    /// Tells the requests to end that hold more than `bytes`, but for those that are never ended, and gives their figures.
    pub fn cancel_above(&self, bytes: u64) -> Vec<FlightStats> {
        let mut above = self.flights();
        above.retain(|flight| flight.is_expendable && !flight.is_cancelled() && flight.live_bytes() > bytes);
        let cancel = |flight: &Arc<Flight>| {
            let stats = flight.stats();
            flight.cancel();
            stats
        };
        above.iter().map(cancel).collect()
    }

    fn flights(&self) -> Vec<Arc<Flight>> {
        self.with(|slots| slots.flights.iter().flatten().cloned().collect())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Slots) -> T) -> T {
        work(&mut self.slots.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request's entry and its place, in bytes.
const FLIGHT_BYTES: u64 = (size_of::<Flight>() + 2 * size_of::<usize>() + 64) as u64;

/// The requests that run are nobody's to throw out.
impl BoundedStore for Ledger {
    fn name(&self) -> &'static str {
        "headroom.requests"
    }

    fn entries(&self) -> u64 {
        self.len() as u64
    }

    fn bytes(&self) -> u64 {
        self.entries() * FLIGHT_BYTES
    }

    fn cap_bytes(&self) -> u64 {
        LEDGER_BYTES
    }

    fn max_entries(&self) -> Option<u64> {
        Some(LEDGER_CAP as u64)
    }

    fn shrink_to(&self, _bytes: u64) -> u64 {
        0
    }

    fn floor_bytes(&self) -> u64 {
        self.cap_bytes()
    }
}
