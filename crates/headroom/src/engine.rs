mod acting;
mod admitting;
mod classes;
mod following;
mod keeping;
mod working;

use crate::allocator::{Allocator, HeapSpaces, PurgeReport};
use crate::charge::Spares;
use crate::class::Class;
use crate::controller::{Chores, survive};
use crate::controls::{ControlStats, Controls, Decision};
use crate::faults::Faults;
use crate::history::History;
use crate::ledger::Ledger;
use crate::lending::Lending;
use crate::level::{Level, Thresholds, event_of};
use crate::limit::{Budget, budget_of};
use crate::meter::RequestMemory;
use crate::observe::{observe, share_of};
use crate::plan::{Action, ActionSettings};
use crate::pool::{Pool, PoolStats};
use crate::roots::SystemRoots;
use crate::routes::Routes;
use crate::snapshot::Snapshot;
use crate::source::{MemorySource, Reading, SystemSource};
use crate::stores::{BoundedStore, StoreRegistry};
use crate::tenants::{TenantStats, Tenants};
use crate::tuning::Tuning;
use classes::Classes;
use keeping::Keepers;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// What an operator sets.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The budget asked for, in bytes; `None` to take it from the system.
    pub explicit_budget_bytes: Option<u64>,
    /// How much of the budget is lent.
    pub lending: Lending,
    /// The marks of the levels.
    pub thresholds: Thresholds,
    /// A request whose peak is above this is counted as large, in bytes.
    pub large_request_bytes: u64,
    /// A request that holds more than this is ended, in bytes; `None` for as much as the budget lets it have.
    pub max_request_bytes: Option<u64>,
    /// Whether anything is done against pressure; otherwise it is only reported.
    pub acts: bool,
    /// How.
    pub actions: ActionSettings,
    /// Where the series begins that spreads the return of refused callers; any number.
    pub jitter_seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            explicit_budget_bytes: None,
            lending: Lending::default(),
            thresholds: Thresholds::default(),
            large_request_bytes: 50 << 20,
            max_request_bytes: None,
            acts: true,
            actions: ActionSettings::default(),
            jitter_seed: 0,
        }
    }
}

/// So many routes, and kinds of background work, are told of.
const TOLD_ROUTES: usize = 20;

/// The owner of all memory books of the process. Cloning gives another handle.
#[derive(Clone)]
pub struct Headroom {
    inner: Arc<Inner>,
}

struct Inner {
    lending: RwLock<Lending>,
    tuning: RwLock<Tuning>,
    source: Arc<dyn MemorySource>,
    allocator: Option<Allocator>,
    budget: watch::Sender<Budget>,
    root: Pool,
    classes: Classes,
    tenants: Tenants,
    stores: StoreRegistry,
    routes: Arc<Routes>,
    /// The same of background work.
    work: Arc<Routes>,
    /// The level as a byte, for whoever only looks; the channel, for whoever waits for a change.
    level: AtomicU8,
    level_changes: watch::Sender<Level>,
    /// Tells that other settings are in force.
    tuned: watch::Sender<()>,
    looking: Mutex<()>,
    controls: Controls,
    ledger: Ledger,
    spares: Spares,
    began: Instant,
    history: History,
    keepers: Keepers,
    requests: AtomicU64,
    large_requests: AtomicU64,
    purges: AtomicU64,
    purged_bytes: AtomicU64,
    purge_micros: AtomicU64,
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

    /// Books that refuse some of what is asked of them, to see what a refusal leaves behind. For tests: no setting leads
    /// here.
    pub fn with_faults(settings: Settings, source: Arc<dyn MemorySource>, faults: Arc<Faults>) -> Self {
        let headroom = Self::new(settings, source);
        headroom.root().inject(faults);
        headroom
    }

    /// Books for any source.
    pub fn new(settings: Settings, source: Arc<dyn MemorySource>) -> Self {
        let budget = budget_of(settings.explicit_budget_bytes, source.read().limit);
        let lendable = settings.lending.lendable(&budget);
        let root = Pool::root("root", lendable);
        let classes = Classes::below(&root, lendable);
        let routes = Arc::new(Routes::of_requests(settings.large_request_bytes));
        let work = Arc::new(Routes::of_work(settings.large_request_bytes));
        let (stores, ledger, history) = (StoreRegistry::default(), Ledger::default(), History::default());
        let tenants = Tenants::below(classes.pools());
        for own in [
            Arc::clone(&routes) as Arc<dyn BoundedStore>,
            Arc::clone(&work) as _,
            Arc::new(ledger.clone()),
            Arc::new(tenants.clone()),
            Arc::new(history.clone()),
        ] {
            let _has_room = stores.register(own).is_ok();
        }
        let controls = Controls::new(settings.thresholds, settings.actions);
        root.tree().bell.set_mark(mark_of(lendable, &settings.thresholds));
        root.tree().drain.seed(settings.jitter_seed);
        let inner = Inner {
            allocator: allocator(settings.actions),
            lending: RwLock::new(settings.lending),
            tuning: RwLock::new(Tuning::of(&settings)),
            source,
            budget: watch::Sender::new(budget),
            root,
            classes,
            tenants,
            stores,
            routes,
            work,
            tuned: watch::Sender::new(()),
            looking: Mutex::new(()),
            level: AtomicU8::new(Level::Normal as u8),
            level_changes: watch::Sender::new(Level::Normal),
            controls,
            ledger,
            spares: Spares::default(),
            began: Instant::now(),
            history,
            keepers: Keepers::default(),
            requests: AtomicU64::new(0),
            large_requests: AtomicU64::new(0),
            purges: AtomicU64::new(0),
            purged_bytes: AtomicU64::new(0),
            purge_micros: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The settings in force of those that may change.
    pub fn tuning(&self) -> Tuning {
        *self.inner.tuning.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The budget in force.
    pub fn budget(&self) -> Budget {
        *self.inner.budget.borrow()
    }

    /// Tells every change of the budget, and so of the limit.
    pub fn watch_budget(&self) -> watch::Receiver<Budget> {
        self.inner.budget.subscribe()
    }

    /// The pool above all others.
    pub fn root(&self) -> &Pool {
        &self.inner.root
    }

    /// The pool of a class of work.
    pub fn class(&self, class: Class) -> &Pool {
        self.inner.classes.of(class)
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

    /// Tells when other settings were put in force: [`Headroom::tuning`].
    pub fn watch_tuning(&self) -> watch::Receiver<()> {
        self.inner.tuned.subscribe()
    }

    /// Adds a finished request of `route` (its template). Whether its peak was above the mark for large requests, which
    /// the caller logs with what it knows about the request.
    pub fn record(&self, route: &str, memory: RequestMemory) -> bool {
        self.inner.requests.fetch_add(1, Ordering::Relaxed);
        let is_large = self.add_to(&self.inner.routes, route, memory);
        self.inner.large_requests.fetch_add(is_large.into(), Ordering::Relaxed);
        is_large
    }

    /// Looks now: reads the source, follows a changed limit, computes the level and does what the level calls for. The
    /// controller's thread does so by itself.
    pub fn sample(&self) -> Level {
        self.look(None)
    }

    /// Looks, and leaves what takes long to the threads for it.
    pub(crate) fn look(&self, chores: Option<&Chores>) -> Level {
        let _alone = self.look_alone();
        let reading = self.read();
        // Of now, and not of when the reading began: it may have been kept from it.
        self.look_at(&reading, self.uptime_micros(), chores)
    }

    /// Looks at a moment that the caller names, in microseconds since the engine began: for tests of what follows when.
    pub fn sample_at(&self, at_micros: u64) -> Level {
        let _alone = self.look_alone();
        self.look_at(&self.read(), at_micros, None)
    }

    /// One looks at a time: a reading that is older than another's judgement would pass for growth.
    fn look_alone(&self) -> MutexGuard<'_, ()> {
        self.inner.looking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> Reading {
        self.inner.root.tree().bell.hush();
        self.inner.source.read()
    }

    fn look_at(&self, reading: &Reading, at_micros: u64, chores: Option<&Chores>) -> Level {
        let inner = &*self.inner;
        inner.controls.note_unreadable(reading.unreadable, &reading.limit);
        let tuning = self.tuning();
        let Tuning { thresholds, acts, .. } = tuning;
        let budget = self.follow_limit(reading, &tuning, at_micros, chores);
        let seen = observe(reading, &budget, &thresholds, at_micros);
        let decision = inner.controls.decide(&seen, thresholds.leave(Level::Critical), acts);
        let (before, level) = (decision.before, decision.level);
        inner.controls.note_stalls(reading.pressure);
        if level != before {
            inner.level.store(level as u8, Ordering::Relaxed);
            inner.level_changes.send_replace(level);
            if level == Level::Normal {
                inner.stores.forget_sheds();
            }
            tell_change(&decision, seen.share, &budget, reading);
        }
        inner.root.tree().drain.look(at_micros, inner.root.used());
        survive(|| inner.tenants.look(level));
        self.show_effects(at_micros);
        survive(|| self.keep(reading, level, at_micros));
        // Before a profile, which may take its thread longer than there is time.
        survive(|| self.bear_witness(level, at_micros, chores));
        let is_emergency = seen.share >= thresholds.leave(Level::Emergency);
        let may = |action: &Action| self.may_act(*action, is_emergency, at_micros);
        for action in decision.actions.into_iter().filter(may) {
            survive(|| self.act(action, level, at_micros, chores));
        }
        survive(|| self.bound_concurrency(if acts { level } else { Level::Normal }, at_micros));
        if acts {
            survive(|| self.bound_requests(&tuning, level, at_micros, chores));
            survive(|| self.bound_unused(reading, level, at_micros, chores));
        }
        level
    }

    /// By how much the next look is overdue: zero while the controller comes in time.
    pub fn overdue(&self) -> Duration {
        self.overdue_at(self.uptime_micros())
    }

    /// The same at a moment that the caller names, in microseconds since the engine began.
    pub fn overdue_at(&self, at_micros: u64) -> Duration {
        Duration::from_micros(self.inner.controls.overdue_micros(at_micros))
    }

    /// The longest that a controller pauses between two looks.
    pub(crate) fn expect_looks_every(&self, pause: Duration) {
        self.inner.controls.expect_looks_every(pause);
    }

    pub(crate) fn note_tick(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.inner.controls.tick_micros.store(micros, Ordering::Relaxed);
    }

    /// The requests that run now.
    pub fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    /// The `limit` tenants' shares of a class that hold most.
    pub fn top_tenants(&self, limit: usize) -> Vec<TenantStats> {
        self.inner.tenants.top(limit)
    }

    /// What comes back to the root lately, in bytes per second.
    pub fn drain_per_second(&self) -> u64 {
        self.inner.root.tree().drain.per_second()
    }

    /// Whether clients should not keep their connections now.
    pub fn closes_idle(&self) -> bool {
        self.inner.controls.closes_idle.load(Ordering::Relaxed)
    }

    /// Whether background work is held back.
    pub fn background_paused(&self) -> watch::Receiver<bool> {
        self.inner.controls.background_paused.subscribe()
    }

    /// How many seconds a caller that was refused for want of memory should wait.
    pub fn retry_seconds(&self) -> u32 {
        self.inner.controls.retry_seconds()
    }

    /// The controller's own figures.
    pub fn controls(&self) -> ControlStats {
        self.inner.controls.stats()
    }

    /// How long the engine has been running, in microseconds.
    pub fn uptime_micros(&self) -> u64 {
        u64::try_from(self.inner.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Puts other settings in force. The next look goes by them: it follows another budget, and takes back what the old
    /// settings began and the new ones would not have.
    pub fn tune(&self, tuning: Tuning) {
        *self.inner.tuning.write().unwrap_or_else(PoisonError::into_inner) = tuning;
        self.inner.controls.retune(tuning.thresholds, tuning.actions);
        for table in [&self.inner.routes, &self.inner.work] {
            table.set_large_bytes(tuning.large_request_bytes);
        }
        self.set_mark(&tuning.thresholds);
        self.inner.tuned.send_replace(());
    }

    /// Everything the memory report shows, read now. The level stays that of the last sample.
    pub fn snapshot(&self) -> Snapshot {
        let inner = &*self.inner;
        let reading = inner.source.read();
        let (budget, thresholds) = (self.budget(), self.tuning().thresholds);
        Snapshot {
            level: self.level(),
            share_permille: share_of(&reading, &budget, &thresholds),
            thresholds,
            budget,
            reading,
            purges: inner.purges.load(Ordering::Relaxed),
            purged_bytes: inner.purged_bytes.load(Ordering::Relaxed),
            purge_micros: inner.purge_micros.load(Ordering::Relaxed),
            pools: self.pools(),
            stores: inner.stores.snapshot(),
            routes: inner.routes.top(TOLD_ROUTES),
            work: inner.work.top(TOLD_ROUTES),
            requests: inner.requests.load(Ordering::Relaxed),
            large_requests: inner.large_requests.load(Ordering::Relaxed),
        }
    }

    /// The figures of the root, of what is not reserved in it, and of the classes' pools.
    pub fn pools(&self) -> Vec<PoolStats> {
        std::iter::once(self.inner.root.stats()).chain(self.inner.classes.stats()).collect()
    }

    /// Gives the allocator's unused pages back to the system and counts it. It may take tens of milliseconds: call it
    /// through [`spawn_blocking`](crate::spawn_blocking). `None` where jemalloc cannot.
    pub fn purge(&self) -> Option<PurgeReport> {
        Some(self.purged(self.inner.allocator?.purge()?))
    }

    /// The same, but for the dropped pages of the database, which a server at work wants again the next moment.
    pub fn purge_at_rest(&self) -> Option<PurgeReport> {
        Some(self.purged(self.inner.allocator?.purge_at_rest()?))
    }

    fn purged(&self, report: PurgeReport) -> PurgeReport {
        self.inner.purges.fetch_add(1, Ordering::Relaxed);
        self.inner.purged_bytes.fetch_add(report.freed, Ordering::Relaxed);
        self.inner.purge_micros.fetch_add(report.duration_micros, Ordering::Relaxed);
        report
    }

    /// Requests that have ended since the start.
    pub fn ended_requests(&self) -> u64 {
        self.inner.requests.load(Ordering::Relaxed)
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

/// A level from warning on is for whoever is woken by warnings. A line's severity is a constant where it is written, hence two.
fn tell_change(decision: &Decision, share_permille: u32, budget: &Budget, reading: &Reading) {
    let (from, to, cause) = (decision.before.as_str(), decision.level.as_str(), decision.cause.as_str());
    let event = event_of(decision.before, decision.level);
    let (budget_bytes, limit_bytes) = (budget.bytes, reading.limit.bytes);
    if decision.level > decision.before && decision.level >= Level::Warning {
        tracing::warn!(
            event,
            from,
            to,
            cause,
            share_permille,
            budget_bytes,
            limit_bytes,
            "memory level changed"
        );
    } else {
        tracing::info!(
            event,
            from,
            to,
            cause,
            share_permille,
            budget_bytes,
            limit_bytes,
            "memory level changed"
        );
    }
}

/// The allocator, set up to give back as it is wished.
fn allocator(actions: ActionSettings) -> Option<Allocator> {
    let allocator = Allocator::open()?;
    // Where jemalloc is not the allocator there is nothing to give back.
    let _done = allocator.return_large_at_once();
    let _taken = allocator.set_decay(actions.calm_decay_millis());
    Some(allocator)
}

/// What is lent in all when the controller should look at once instead of at its next turn, in bytes.
fn mark_of(lendable: u64, thresholds: &Thresholds) -> u64 {
    lendable / 1000 * u64::from(thresholds.enter(Level::Warning))
}
