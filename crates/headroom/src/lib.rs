//! The memory engine: budgets, leases, pressure and measurement. Knows no HTTP, no SQL and no law.
//!
//! Three kinds of truth meet here. *Registered* memory is what code asked for before using it ([`Pool`], [`Lease`]);
//! *measured* memory is what the allocator handed out ([`Meter`], [`AllocatorStats`]); *charged* memory is what the
//! kernel counts against the process ([`ProcessStats`], [`CgroupStats`]). The [`Headroom`] owner holds all three beside
//! the [`Budget`] and tells the [`Level`] of pressure.
//!
//! The binary installs the allocator with [`install_allocator!`]. Without it everything still works; the allocator's
//! own figures are then those of whatever part of the process uses jemalloc.

mod allocator;
mod bell;
mod blocking;
mod bounds;
mod cache;
mod cgroup;
mod charge;
mod class;
mod code_pages;
mod concurrency;
mod controller;
mod controls;
mod cover;
mod detached;
mod ending;
mod engine;
mod faults;
mod frames;
mod gaps;
pub mod heap_profile;
mod history;
mod huge_pages;
mod injected;
mod install;
mod judge;
pub mod leaks;
mod lease;
mod ledger;
mod lending;
mod level;
mod limit;
mod limit_files;
mod mallctl;
mod measured;
mod meter;
mod node;
mod observe;
mod plan;
mod pool;
mod pressure;
pub mod probe;
mod process;
mod prompt;
mod queue;
mod refusal;
mod registered;
mod retry;
mod roots;
mod routes;
mod scope;
mod size_class;
mod snapshot;
mod source;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod stores;
mod sync;
mod taken;
mod tenants;
mod thread_cache;
mod tree;
mod tuning;
mod waiting;

pub use allocator::{Allocator, AllocatorStats, HeapSpaces, PurgeReport, SizeClassStats};
pub use blocking::spawn_blocking;
pub use bounds::{Bound, Bounds, MemoryBounds, Part};
pub use cache::{Cache, CacheConfig, Weigh};
pub use cgroup::{Cgroup, CgroupStats, CgroupVersion};
pub use charge::REQUEST_BYTES;
pub use class::Class;
pub use code_pages::release_code_pages;
pub use controller::{Controller, Pace};
pub use controls::{ActionRecord, ControlStats, LimitChange, RECORDS, Transitions};
pub use cover::{Unrefused, cover, cover_only};
pub use detached::{DetachedWork, detached_work};
pub use engine::{Headroom, Settings};
pub use faults::Faults;
pub use frames::{sample_by_frame_pointers, sample_this_thread, samples_by_frame_pointers};
pub use gaps::Gaps;
pub use history::{Fates, HISTORY_BYTES, HistoryRow};
pub use huge_pages::disable_huge_pages;
pub use injected::InjectedSource;
pub use install::{ConfPointer, MALLOC_CONF, MALLOC_CONF_POINTER};
pub use judge::{Cause, Judge, Observation};
pub use lease::Lease;
pub use ledger::{Entry, Flight, FlightStats, LEDGER_BYTES, LEDGER_CAP, Ledger};
pub use lending::Lending;
pub use level::{Level, Thresholds, permille};
pub use limit::{Budget, Limit, LimitSource, budget, budget_of, discover};
pub use measured::{Measured, inherit, measure};
pub use meter::{Meter, RequestMemory};
pub use plan::{Action, ActionSettings, Plan, Shrinking};
pub use pool::{Pool, PoolStats};
pub use pressure::Pressure;
pub use process::{ProcessStats, process_cpu_micros};
pub use prompt::run_promptly;
pub use queue::{OVERTAKES, WAITERS_CAP};
pub use refusal::{Refusal, RefusalKind};
pub use registered::Registered;
pub use roots::SystemRoots;
pub use routes::{ROUTE_CAP, ROUTES_BYTES, RouteStats, Routes, WORK_CAP};
pub use size_class::size_class;
pub use snapshot::Snapshot;
pub use source::{MemorySource, Reading, SystemSource, Unreadable};
pub use stores::{BoundedStore, Eviction, RegistryFull, STORE_CAP, StoreRegistry, StoreStats};
pub use taken::Taken;
pub use tenants::{TENANT_CAP, TENANTS_BYTES, Tenant, TenantMemory, TenantStats};
pub use thread_cache::give_back_thread_cache;
/// The allocator itself, for a `#[global_allocator]`; [`install_allocator!`] does it together with its settings.
pub use tikv_jemallocator::Jemalloc;
pub use tuning::Tuning;
