//! How the server is: health, memory, metrics, version.
//!
//! Anybody may ask whether it is alive and ready. Figures are for callers on this machine and for users who may operate
//! the server; a request that came through a proxy is never a local one.

mod alive;
mod books;
mod checks;
mod collectors;
mod depths;
mod diagnostics;
mod doctor;
mod emergency;
mod error;
mod health;
mod history;
mod inventory;
mod judgement;
mod leaks;
mod memory;
mod metrics;
mod monitoring;
mod observer;
mod ping;
mod process;
mod profile;
mod purge;
mod report;
mod shrink;
mod signalled;
mod spells;
mod status;
mod storage;
mod store;
mod trend;
mod version;
mod viewer;

pub(crate) use books::PARTS as BOOK_PARTS;
pub use checks::{Check, FullHealth};
pub use emergency::run as record_profiles;
pub use error::CODES;
pub use health::{Health, Readiness};
pub use leaks::run as watch_leaks;
pub(crate) use leaks::{LEAKS_BYTES, Watch};
pub use memory::MemoryHealth;
pub use observer::RequestObserver;
pub(crate) use status::TICK;
pub use status::{Phase, Status};
pub use version::Version;

use crate::state::{Parts, StartError};
use access::{Gate, Principal, Routes};
use clock::Timestamp;
use depths::Depths;
use headroom::Level;
use queue::Tasks;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tokio::sync::Mutex;
use utoipa_axum::routes;
use web::server::ServerStats;

/// What the routes of this file look at.
#[derive(Debug)]
pub struct Ops {
    parts: Parts,
    status: Arc<Status>,
    tasks: alive::Alive,
    depths: Arc<Depths>,
    stats: Arc<ServerStats>,
    in_flight: metrics::InFlightGauge,
    diagnostics: diagnostics::Diagnostics,
    leaks: Arc<leaks::Leaks>,
    spells: Arc<spells::Spells>,
    /// What the memory engine counted lately.
    trend: trend::Trend,
    /// Held by whoever takes a heap profile: one at a time.
    profiles: Mutex<()>,
    /// Held by whoever waits for a profile of some time: each keeps one in memory meanwhile.
    timed: Mutex<()>,
    unrecorded: emergency::Unrecorded,
    /// The last detailed report: asking again and again must cost the database nothing.
    full: Mutex<Option<(Instant, FullHealth)>>,
    ping: ping::Ping,
    storage: storage::StoragePing,
    /// Since when the clock is held against one that only goes on.
    compared: std::sync::Mutex<(Instant, Timestamp)>,
    /// The first administrator, once there is one: in whose name is recorded what nobody asked for.
    first_administrator: OnceLock<Principal>,
}

impl Ops {
    /// Registers the collectors of the metrics.
    pub fn new(parts: &Parts, tasks: Tasks, stats: Arc<ServerStats>) -> Result<Arc<Self>, StartError> {
        let depths = Arc::new(Depths::default());
        let status = Arc::new(Status::new());
        let diagnostics = diagnostics::Diagnostics::of(&parts.config.storage);
        let watch = Watch::of(&parts.config.memory);
        let leaks = Arc::new(leaks::Leaks::within(&diagnostics, watch));
        parts.app.headroom().stores().register(Arc::new(leaks::LeakStore(Arc::clone(&leaks))))?;
        let tasks = alive::Alive::here(tasks);
        let spells = Arc::new(spells::Spells::within(&diagnostics, parts.app.clock().now()));
        collectors::register(parts, &tasks, &stats, &depths, &status, &leaks, &spells)?;
        let ops = Arc::new(Self {
            parts: parts.clone(),
            status,
            tasks,
            depths,
            in_flight: metrics::InFlightGauge::new(Arc::clone(&stats)),
            stats,
            spells,
            diagnostics,
            leaks,
            trend: trend::Trend::default(),
            profiles: Mutex::new(()),
            timed: Mutex::new(()),
            unrecorded: emergency::Unrecorded::default(),
            full: Mutex::new(None),
            ping: ping::Ping::default(),
            storage: storage::StoragePing::default(),
            compared: std::sync::Mutex::new((Instant::now(), parts.app.clock().now())),
            first_administrator: OnceLock::new(),
        });
        // Weakly: the engine is a part of what this holds.
        let keeper = Arc::downgrade(&ops);
        parts.app.headroom().on_emergency(move || {
            if let Some(ops) = keeper.upgrade() {
                ops.keep_at_emergency();
            }
        });
        let witness = Arc::downgrade(&ops);
        parts.app.headroom().on_critical(move |level| witness.upgrade().is_none_or(|ops| ops.witness(level)));
        Ok(ops)
    }

    /// Names the first administrator; the first one stays.
    pub(crate) fn know_first_administrator(&self, principal: Principal) {
        let _known = self.first_administrator.set(principal);
    }

    /// Where the server stands in its life.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// A sign of life of the runtime; what the memory engine counted is kept for later at times.
    pub fn beat(&self) {
        let headroom = self.parts.app.headroom();
        self.status.tick(headroom.level() >= Level::Critical || headroom.is_at_standstill());
        self.trend.note(headroom);
    }

    /// Counts the work that waits, for the first look at the metrics.
    pub(crate) async fn count_depths(&self) {
        if let Err(error) = self.depths.count(&self.parts.app).await {
            tracing::warn!(%error, "the waiting work could not be counted");
        }
    }

    /// Counts the work that waits again, while somebody looks at the metrics.
    pub(crate) async fn refresh_depths(&self) {
        self.depths.refresh(&self.parts.app).await;
    }

    /// Watches the heap for leaks so from now on.
    pub(crate) fn watch_leaks_as(&self, watch: Watch) {
        self.leaks.watch_as(watch);
    }
}

/// The routes of health, metrics and version.
pub fn routes(ops: &Arc<Ops>) -> Routes {
    let operate = Gate::May(access::Action::Operate);
    Routes::new()
        .route(routes!(health::show_health), Gate::Public)
        .route(routes!(health::show_liveness), Gate::Public)
        .route(routes!(health::show_readiness), Gate::Public)
        .route(routes!(health::show_database), Gate::Public)
        .route(routes!(health::show_redis), Gate::Public)
        .route(routes!(health::show_full), operate)
        .route(routes!(memory::show_memory), Gate::Public)
        .route(routes!(metrics::show_metrics), Gate::Public)
        .route(routes!(metrics::show_system), operate)
        .route(routes!(version::show_version), Gate::Public)
        .merge(monitoring(operate))
        .with(Arc::clone(ops))
}

/// The memory in detail, and what can be done about it.
fn monitoring(operate: Gate) -> Routes {
    Routes::new()
        .route(routes!(monitoring::show_stats), operate)
        .route(routes!(monitoring::show_stores), operate)
        .route(routes!(monitoring::show_requests), operate)
        .route(routes!(history::show_history), operate)
        .route(routes!(monitoring::show_allocator), operate)
        .route(routes!(monitoring::show_heap_statistics), operate)
        .route(routes!(judgement::show_judgement), operate)
        .route(routes!(monitoring::show_process), operate)
        .merge(profiles(operate))
        .route(routes!(leaks::routes::show_leaks), operate)
        .route(routes!(leaks::routes::check_leaks), operate)
        .route(routes!(leaks::routes::keep_leak_snapshot), operate)
        .route(routes!(leaks::routes::clear_leak_history), operate)
        .route(routes!(leaks::routes::configure_leaks), operate)
        .route(routes!(purge::purge_memory), operate)
        .route(routes!(purge::collect_memory), operate)
        .route(routes!(shrink::shrink_store), operate)
}

/// A profile of some time takes that time, which has a bound of its own.
fn profiles(operate: Gate) -> Routes {
    Routes::new().route(routes!(profile::show_profile, profile::keep_profile), operate).long_running()
}
