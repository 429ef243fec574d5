use crate::meter::RequestMemory;
use crate::stores::BoundedStore;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The most routes that are told apart; requests of further ones are counted under `other`.
pub const ROUTE_CAP: usize = 512;
/// The same for kinds of background work.
pub const WORK_CAP: usize = 64;
/// The most that the tables of routes and of background work take, in bytes.
pub const ROUTES_BYTES: u64 = (ROUTE_CAP + WORK_CAP) as u64 * ROUTE_BYTES;

/// The memory of all requests of one route so far, or of all background work of one name, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteStats {
    /// The route's template, never a raw path; or what the work is called.
    pub route: Arc<str>,
    /// Requests, or runs.
    pub count: u64,
    /// Allocated by all of them.
    pub allocated: u64,
    /// Freed by all of them.
    pub freed: u64,
    /// The highest peak of one.
    pub peak_max: u64,
    /// The most that one had borrowed from pools at once.
    pub registered_max: u64,
    /// The most by which the peak of one was above what it had borrowed.
    pub unregistered_max: u64,
    /// Retained by all of them at their end.
    pub retained: i64,
    /// Those whose peak was above the warning mark.
    pub large: u64,
}

/// Figures for each route, in bounded memory.
#[derive(Debug)]
pub struct Routes {
    name: &'static str,
    cap: usize,
    large_bytes: AtomicU64,
    // bounded: `cap`, and registered as a store.
    table: Mutex<HashMap<Arc<str>, RouteStats>>,
}

impl Routes {
    /// An empty table of requests; peaks above `large_bytes` count as large.
    pub fn of_requests(large_bytes: u64) -> Self {
        Self::new("headroom.routes", ROUTE_CAP, large_bytes)
    }

    /// The same of background work.
    pub fn of_work(large_bytes: u64) -> Self {
        Self::new("headroom.background", WORK_CAP, large_bytes)
    }

    fn new(name: &'static str, cap: usize, large_bytes: u64) -> Self {
        let large_bytes = AtomicU64::new(large_bytes);
        Self { name, cap, large_bytes, table: Mutex::new(HashMap::new()) }
    }

    /// From now on peaks above this count as large.
    pub fn set_large_bytes(&self, large_bytes: u64) {
        self.large_bytes.store(large_bytes, Ordering::Relaxed);
    }

    /// Adds a finished request of `route` (its template, such as `/api/cases/{id}`). Whether its peak was large.
    pub fn record(&self, route: &str, memory: RequestMemory) -> bool {
        let is_large = memory.peak_live > self.large_bytes.load(Ordering::Relaxed);
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let known = table.contains_key(route) || table.len() < self.cap - 1;
        let name = if known { route } else { "other" };
        if !table.contains_key(name) {
            table.insert(Arc::from(name), RouteStats::empty(name));
        }
        if let Some(stats) = table.get_mut(name) {
            stats.add(memory, is_large);
        }
        is_large
    }

    /// Forgets all of them.
    pub fn forget(&self) {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The `limit` routes with the highest peaks, highest first.
    pub fn top(&self, limit: usize) -> Vec<RouteStats> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = table.values().cloned().collect();
        drop(table);
        all.sort_unstable_by(|a, b| b.peak_max.cmp(&a.peak_max).then_with(|| a.route.cmp(&b.route)));
        all.truncate(limit);
        all
    }
}

/// A route's template, its figures and its place in the table, in bytes.
const ROUTE_BYTES: u64 = (size_of::<RouteStats>() + size_of::<Arc<str>>() + 96) as u64;

/// Figures are not thrown out: who looks for what grew needs them most when memory is scarce.
impl BoundedStore for Routes {
    fn name(&self) -> &'static str {
        self.name
    }

    fn entries(&self) -> u64 {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    fn bytes(&self) -> u64 {
        self.entries() * ROUTE_BYTES
    }

    fn cap_bytes(&self) -> u64 {
        self.cap as u64 * ROUTE_BYTES
    }

    fn max_entries(&self) -> Option<u64> {
        Some(self.cap as u64)
    }

    fn shrink_to(&self, _bytes: u64) -> u64 {
        0
    }

    fn floor_bytes(&self) -> u64 {
        self.cap_bytes()
    }
}

impl RouteStats {
    fn empty(route: &str) -> Self {
        Self {
            route: Arc::from(route),
            count: 0,
            allocated: 0,
            freed: 0,
            peak_max: 0,
            registered_max: 0,
            unregistered_max: 0,
            retained: 0,
            large: 0,
        }
    }

    fn add(&mut self, memory: RequestMemory, is_large: bool) {
        self.count += 1;
        self.allocated = self.allocated.saturating_add(memory.allocated);
        self.freed = self.freed.saturating_add(memory.freed);
        self.peak_max = self.peak_max.max(memory.peak_live);
        self.registered_max = self.registered_max.max(memory.registered_peak);
        let unregistered = memory.peak_live.saturating_sub(memory.registered_peak);
        self.unregistered_max = self.unregistered_max.max(unregistered);
        self.retained = self.retained.saturating_add(memory.retained);
        self.large += u64::from(is_large);
    }
}
