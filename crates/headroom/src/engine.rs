use crate::allocator::{Allocator, HeapSpaces, PurgeReport};
use crate::class::Class;
use crate::level::{Level, Thresholds, permille};
use crate::limit::{Budget, budget_of};
use crate::meter::RequestMemory;
use crate::pool::{Pool, PoolStats};
use crate::roots::SystemRoots;
use crate::routes::{RouteStats, Routes};
use crate::snapshot::Snapshot;
use crate::source::{MemorySource, Reading, SystemSource};
use crate::stores::StoreRegistry;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;

/// What an operator sets.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The budget asked for, in bytes; `None` to take it from the system.
    pub explicit_budget_bytes: Option<u64>,
    /// The marks of the levels.
    pub thresholds: Thresholds,
    /// A request whose peak is above this is counted as large, in bytes.
    pub large_request_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { explicit_budget_bytes: None, thresholds: Thresholds::default(), large_request_bytes: 50 << 20 }
    }
}

/// The owner of all memory books of the process. Cloning gives another handle.
#[derive(Clone)]
pub struct Headroom {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    source: Arc<dyn MemorySource>,
    allocator: Option<Allocator>,
    budget: RwLock<Budget>,
    root: Pool,
    classes: [Pool; Class::ALL.len()],
    stores: StoreRegistry,
    routes: Routes,
    /// The level as a byte, for whoever only looks; the channel, for whoever waits for a change.
    level: AtomicU8,
    level_changes: watch::Sender<Level>,
    requests: AtomicU64,
    large_requests: AtomicU64,
    purges: AtomicU64,
    purged_bytes: AtomicU64,
}

impl std::fmt::Debug for Headroom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Headroom")
            .field("budget", &self.budget())
            .field("level", &self.level())
            .finish_non_exhaustive()
    }
}

impl Headroom {
    /// Books for the running system.
    pub fn system(settings: Settings) -> Self {
        Self::new(settings, Arc::new(SystemSource::open(SystemRoots::default())))
    }

    /// Books for any source.
    pub fn new(settings: Settings, source: Arc<dyn MemorySource>) -> Self {
        let budget = budget_of(settings.explicit_budget_bytes, source.read().limit);
        let root = Pool::root("root", budget.bytes);
        let classes = Class::ALL.map(|class| root.child(class.as_str(), class_limit(class, budget.bytes)));
        let routes = Routes::new(settings.large_request_bytes);
        let inner = Inner {
            settings,
            source,
            allocator: Allocator::open(),
            budget: RwLock::new(budget),
            root,
            classes,
            stores: StoreRegistry::default(),
            routes,
            level: AtomicU8::new(Level::Normal as u8),
            level_changes: watch::Sender::new(Level::Normal),
            requests: AtomicU64::new(0),
            large_requests: AtomicU64::new(0),
            purges: AtomicU64::new(0),
            purged_bytes: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The budget in force.
    pub fn budget(&self) -> Budget {
        *self.inner.budget.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pool above all others.
    pub fn root(&self) -> &Pool {
        &self.inner.root
    }

    /// The pool of a class of work.
    pub fn class(&self, class: Class) -> &Pool {
        &self.inner.classes[class as usize]
    }

    /// The registry of bounded stores.
    pub fn stores(&self) -> &StoreRegistry {
        &self.inner.stores
    }

    /// The level of the last sample.
    pub fn level(&self) -> Level {
        Level::from_u8(self.inner.level.load(Ordering::Relaxed))
    }

    /// Tells every change of the level.
    pub fn watch_level(&self) -> watch::Receiver<Level> {
        self.inner.level_changes.subscribe()
    }

    /// Adds a finished request of `route` (its template). Whether its peak was above the mark for large requests, which
    /// the caller logs with what it knows about the request.
    pub fn record(&self, route: &str, memory: RequestMemory) -> bool {
        self.inner.requests.fetch_add(1, Ordering::Relaxed);
        let is_large = self.inner.routes.record(route, memory);
        self.inner.large_requests.fetch_add(u64::from(is_large), Ordering::Relaxed);
        is_large
    }

    /// The `limit` routes with the highest peaks.
    pub fn top_routes(&self, limit: usize) -> Vec<RouteStats> {
        self.inner.routes.top(limit)
    }

    /// Reads the source, follows a changed limit and computes the level. To be called by one task, every so often.
    pub fn sample(&self) -> Level {
        let reading = self.inner.source.read();
        let budget = self.follow_limit(&reading);
        let share = share_of(&reading, &budget, &self.inner.settings.thresholds);
        let before = self.level();
        let level = before.next(share, &self.inner.settings.thresholds);
        if level != before {
            self.inner.level.store(level as u8, Ordering::Relaxed);
            self.inner.level_changes.send_replace(level);
            tracing::info!(
                from = before.as_str(),
                to = level.as_str(),
                share_permille = share,
                budget_bytes = budget.bytes,
                limit_bytes = reading.limit.bytes,
                "memory level changed"
            );
        }
        level
    }

    /// When the system's limit has changed, cuts a new budget and sets the pools' limits by it.
    fn follow_limit(&self, reading: &Reading) -> Budget {
        let known = self.budget();
        if known.limit == reading.limit {
            return known;
        }
        let budget = budget_of(self.inner.settings.explicit_budget_bytes, reading.limit);
        *self.inner.budget.write().unwrap_or_else(PoisonError::into_inner) = budget;
        self.inner.root.set_limit(budget.bytes);
        for class in Class::ALL {
            self.class(class).set_limit(class_limit(class, budget.bytes));
        }
        tracing::info!(
            limit_bytes = reading.limit.bytes,
            budget_bytes = budget.bytes,
            source = reading.limit.source.as_str(),
            "memory limit changed"
        );
        budget
    }

    /// Everything the memory report shows, read now. The level stays that of the last sample.
    pub fn snapshot(&self) -> Snapshot {
        let inner = &*self.inner;
        let reading = inner.source.read();
        let budget = self.budget();
        Snapshot {
            level: self.level(),
            share_permille: share_of(&reading, &budget, &inner.settings.thresholds),
            thresholds: inner.settings.thresholds,
            budget,
            reading,
            purges: inner.purges.load(Ordering::Relaxed),
            purged_bytes: inner.purged_bytes.load(Ordering::Relaxed),
            pools: self.pools(),
            stores: inner.stores.snapshot(),
            routes: inner.routes.top(20),
            requests: inner.requests.load(Ordering::Relaxed),
            large_requests: inner.large_requests.load(Ordering::Relaxed),
        }
    }

    /// The figures of the root and the classes' pools.
    pub fn pools(&self) -> Vec<PoolStats> {
        std::iter::once(&self.inner.root).chain(&self.inner.classes).map(Pool::stats).collect()
    }

    /// Gives the allocator's unused pages back to the system and counts it. It may take tens of milliseconds: call it
    /// through [`spawn_blocking`](crate::spawn_blocking). `None` where jemalloc cannot.
    pub fn purge(&self) -> Option<PurgeReport> {
        let report = self.inner.allocator?.purge()?;
        self.inner.purges.fetch_add(1, Ordering::Relaxed);
        self.inner.purged_bytes.fetch_add(report.freed, Ordering::Relaxed);
        Some(report)
    }

    /// Where the live heap bytes lie, with the `top` size classes.
    pub fn heap_spaces(&self, top: usize) -> Option<HeapSpaces> {
        self.inner.allocator?.spaces(top)
    }

    /// Refuses new leases from now on: the server is stopping.
    pub fn drain(&self) {
        self.inner.root.drain();
    }
}

/// A class's share of the budget, in bytes.
fn class_limit(class: Class, budget: u64) -> u64 {
    budget / 100 * class.percent()
}

/// The worst of three shares, in thousandths: the live heap of the budget, what the kernel cannot take back of the hard
/// limit, and the resident memory of the budget. The last one reaches the `warning` mark at 75 % of the budget and the
/// `critical` mark at all of it, since resident memory includes what a purge would give back.
fn share_of(reading: &Reading, budget: &Budget, thresholds: &Thresholds) -> u32 {
    let heap = reading.allocator.map_or(0, |allocator| permille(allocator.allocated, budget.bytes));
    let charged = match reading.cgroup {
        Some(cgroup) if budget.limit.source.is_cgroup() => cgroup.unreclaimable(),
        _ => reading.process.rss_anon,
    };
    let charge = permille(charged, budget.limit.bytes);
    let resident = permille(reading.process.rss_anon, budget.bytes);
    let (warning, critical) = (thresholds.enter(Level::Warning), thresholds.enter(Level::Critical));
    let resident = if resident < 750 {
        resident * warning / 750
    } else {
        let past = u64::from(resident - 750) * u64::from(critical - warning) / 250;
        warning.saturating_add(u32::try_from(past).unwrap_or(u32::MAX))
    };
    heap.max(charge).max(resident)
}
