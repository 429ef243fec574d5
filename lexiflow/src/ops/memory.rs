use super::Ops;
use super::books::Books;
use super::doctor::{Examined, Names};
use super::report::{decimal, fresh, human, percent, whole_mebibytes};
use super::viewer::Viewer;
use access::Public;
use axum::Extension;
use axum::response::Response;
use headroom::{
    ActionRecord, AllocatorStats, CgroupStats, FlightStats, LimitChange, PoolStats, RouteStats, Snapshot,
    StoreStats, TenantStats,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use web::{Problem, ProblemBody, ValidQuery};

/// How sizes are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// For people: `512.45 MB`, `25.02%`.
    #[default]
    Text,
    /// Numbers: bytes, and percentages without their sign.
    Bytes,
}

/// How the report is written.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MemoryQuery {
    /// `text` (the default) or `bytes`.
    #[garde(skip)]
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// The memory report. `v8`, `process.rss`, `process.heapUsed`, `process.external` and `thresholds` keep the names and
/// the form of the first LexiFlow; `v8` describes the native allocator: `heapSizeLimit` is the budget, `usedHeapSize`
/// what the program has allocated, `numberOfDetachedContexts` the spawned work that outlived what began it and runs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemoryHealth {
    /// `healthy`, `warning` or `critical`.
    #[schema(example = "healthy")]
    status: &'static str,
    /// Everything below; callers from elsewhere who may not operate the server see the status alone.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    figures: Option<Figures>,
}

/// What operators see.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"runtime": "native", "level": "normal", "cause": "none", "sinceMs": 61_000,
    "timeToLimitMs": null, "doctor": ["Nothing is wrong."], "actions": [],
    "v8": {"heapSizeLimit": "1.50 GB", "usedHeapSize": "31.20 MB", "heapUsedPercent": "2.03%",
        "numberOfDetachedContexts": 0},
    "process": {"rss": "56.00 MB", "heapUsed": "31.20 MB", "external": "18.75 MB", "rssAnon": 33_554_432,
        "rssFile": 25_165_824, "peakRss": 68_067_328, "threads": 9, "fds": 19},
    "thresholds": {"heapWarning": "75%", "heapCritical": "85%", "rssWarning": "1152 MB", "rssCritical": "1536 MB"},
    "allocator": {"name": "jemalloc", "allocated": 32_715_571, "active": 34_603_008, "resident": 39_059_456,
        "mapped": 46_993_408, "retained": 9_105_408, "metadata": 5_348_416, "purges": 0},
    "cgroup": {"current": 141_152_256, "high": null, "max": 2_147_483_648_u64, "oomKills": 0, "anon": 33_554_432,
        "file": 103_976_960, "sock": 0, "kernel": 3_936_256},
    "pressure": {"someAvg10": 0.0, "fullAvg10": 0.0},
    "tasks": {"alive": 7, "background": ["queue.dispatcher", "queue.worker", "queue.scheduler", "headroom.sample"],
        "leaked": 0, "detached": 0, "detachedTotal": 0},
    "gaps": {"registered": 13_287_424, "measured": 32_715_571, "charged": 37_490_688, "unregistered": 19_428_147,
        "unmeasured": 4_775_117},
    "books": {"charged": 37_490_688, "lent": 65_536, "stores": 13_221_888, "programAtRest": 8_388_608,
        "connections": 32_768, "requests": 0, "allocator": 6_343_885, "sockets": 0, "kernel": 3_936_256,
        "unwrittenFiles": 0, "unexplained": 5_501_747},
    "budget": {"bytes": 1_610_612_736, "source": "cgroup_v2", "limitBytes": 2_147_483_648_u64,
        "limitSource": "cgroup_v2", "clippedFromBytes": null, "limitChange": null},
    "pools": [{"name": "interactive", "parent": "root", "limit": 1_610_612_680, "used": 4096, "peak": 1_048_576,
        "refused": 0}],
    "stores": [{"name": "sessions.known", "entries": 3, "bytes": 1152, "maxBytes": 1_048_576,
        "maxEntries": 5_041, "ttlMs": 60_000, "eviction": "leastUsed", "hits": 4210,
        "misses": 3, "evictions": 0}],
    "routes": [{"route": "/api/auth/login", "requests": 3, "allocated": 60_246_336, "freed": 60_202_344, "peak": 19_961_824,
        "registered": 19_922_944, "unregistered": 38_880, "retained": 43_992, "large": 0}],
    "background": [{"work": "job documents.read_text", "runs": 12, "allocated": 4_194_304, "freed": 4_194_304, "peak": 524_288,
        "registered": 262_144, "unregistered": 262_144, "retained": 0, "large": 0}],
    "requests": {"running": 1, "measured": 4213, "large": 0}}))]
pub(super) struct Figures {
    /// `native`: there is no JavaScript engine behind `v8`.
    #[schema(example = "native")]
    runtime: &'static str,
    /// One of the five levels of pressure behind the status.
    #[schema(example = "normal")]
    level: &'static str,
    /// Why: `none`, `share`, `growth` or `stalls`.
    #[schema(example = "none")]
    cause: &'static str,
    /// For how long the level has been what it is, in milliseconds.
    #[schema(example = 61_000)]
    since_ms: u64,
    /// When the limit is reached at the present growth, in milliseconds; null while nothing grows.
    #[schema(example = json!(null))]
    time_to_limit_ms: Option<u64>,
    /// What is wrong, why, and what to do.
    #[schema(example = json!(["Nothing is wrong."]))]
    doctor: Vec<String>,
    /// The latest actions against pressure, oldest first; ages in milliseconds, amounts in bytes.
    #[schema(example = json!([]))]
    actions: Vec<Value>,
    /// The compatibility block.
    #[schema(example = json!({"heapSizeLimit": "2.00 GB", "usedHeapSize": "512.45 MB", "heapUsedPercent": "25.02%", "numberOfDetachedContexts": 0}))]
    v8: Value,
    /// The process as the kernel sees it; sizes without a text form are in bytes.
    process: Value,
    /// At which use of the budget, and at which resident memory, the status changes.
    #[schema(example = json!({"heapWarning": "75%", "heapCritical": "85%", "rssWarning": "1536 MB", "rssCritical": "2048 MB"}))]
    thresholds: Value,
    /// The allocator's own figures, in bytes.
    allocator: Value,
    /// What the control group is charged with, in bytes; absent outside of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    cgroup: Option<Value>,
    /// Stalls for want of memory, in percent of the last ten seconds: of some thread, and of all at once; absent where the kernel does
    /// not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pressure: Option<Value>,
    /// Tasks of the runtime that does the work, the names of the background tasks, and what goes on without its owner:
    /// spawned work that outlived what began it (`detached`), and background tasks that were told to end.
    tasks: Value,
    /// What was asked for, what the allocator handed out, and what the kernel counts, in bytes; and the differences.
    gaps: Value,
    /// Where the bytes are that the kernel counts: what is lent, what stores hold, what the declared bounds say of the program
    /// at rest, of the connections that are open and of the requests that run, what the allocator has not given back, the
    /// kernel's own, and what none of these explains. The last one is below zero where less is held than was declared.
    books: Value,
    /// The budget in bytes, and where it comes from.
    budget: Value,
    /// The budget's parts, in bytes.
    pools: Vec<Value>,
    /// Every bounded store.
    stores: Vec<Value>,
    /// The routes that used most at once, in bytes.
    routes: Vec<Value>,
    /// The background work that used most at once, by what it is called, in bytes.
    background: Vec<Value>,
    /// Requests that run, until the last byte of their answers; those measured, and those above the mark for large ones.
    requests: Value,
}

/// Report the memory in use.
#[utoipa::path(get, path = "/api/health/memory", tag = "Health", operation_id = "showMemoryHealth",
    params(MemoryQuery), responses(
    (status = 200, description = "Healthy or warning", body = MemoryHealth),
    (status = 400, description = "An unknown parameter", body = ProblemBody),
    (status = 503, description = "Critical", body = MemoryHealth)))]
pub(super) async fn show_memory(
    public: Public,
    viewer: Viewer,
    Extension(ops): Extension<Arc<Ops>>,
    ValidQuery(query): ValidQuery<MemoryQuery>,
) -> Result<Response, Problem> {
    let snapshot = public.app.headroom().snapshot();
    let word = snapshot.level.status();
    let status = if word == "critical" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let figures = viewer.names().map(|names| figures(&snapshot, &ops, query.format, names));
    Ok(fresh(status, &MemoryHealth { status: word, figures }))
}

pub(super) fn figures(snapshot: &Snapshot, ops: &Ops, format: Format, names: Names) -> Figures {
    let reading = &snapshot.reading;
    let headroom = ops.parts.app.headroom();
    let (controls, now) = (headroom.controls(), headroom.uptime_micros());
    let tasks = ops.tasks.count();
    let (purges, detached) = (snapshot.purges, headroom::detached_work());
    Figures {
        runtime: "native",
        level: snapshot.level.as_str(),
        cause: controls.cause.as_str(),
        since_ms: now.saturating_sub(controls.since_micros) / 1000,
        time_to_limit_ms: controls.micros_to_limit.map(|micros| micros / 1000),
        doctor: Examined::of(ops, (snapshot, &controls), names).findings(),
        actions: controls.recent.iter().map(|record| action(record, now)).collect(),
        v8: v8(snapshot, format),
        process: process(snapshot, format),
        thresholds: thresholds(snapshot, format),
        allocator: allocator(reading.allocator.unwrap_or_default(), purges),
        cgroup: reading.cgroup.map(cgroup),
        pressure: reading.pressure.map(|pressure| {
            let share = |hundredths: u32| decimal(&percent(u64::from(hundredths), 10_000));
            json!({ "someAvg10": share(pressure.some_avg10_hundredths), "fullAvg10": share(pressure.full_avg10_hundredths) })
        }),
        tasks: json!({ "alive": tasks.alive, "background": ops.tasks.background(), "leaked": tasks.leaked,
            "detached": detached.now, "detachedTotal": detached.total }),
        gaps: gaps(snapshot),
        books: Books::of(headroom, snapshot, &ops.stats).report(),
        budget: json!({
            "bytes": snapshot.budget.bytes, "source": snapshot.budget.source.as_str(),
            "limitBytes": snapshot.budget.limit.bytes, "limitSource": snapshot.budget.limit.source.as_str(),
            "clippedFromBytes": snapshot.budget.clipped_from,
            "limitChange": controls.limit_change.map(|change| limit_change(change, now)),
        }),
        pools: snapshot.pools.iter().map(pool).collect(),
        stores: snapshot.stores.iter().map(store).collect(),
        routes: snapshot.routes.iter().map(route).collect(),
        background: snapshot.work.iter().map(work).collect(),
        requests: json!({ "running": ops.stats.requests(), "measured": snapshot.requests, "large": snapshot.large_requests }),
    }
}

fn gaps(snapshot: &Snapshot) -> Value {
    let gaps = snapshot.gaps();
    json!({
        "registered": gaps.registered, "measured": gaps.measured, "charged": gaps.charged,
        "unregistered": gaps.unregistered(), "unmeasured": gaps.unmeasured(),
    })
}

fn size(bytes: u64, format: Format) -> Value {
    match format {
        Format::Text => human(bytes).into(),
        Format::Bytes => bytes.into(),
    }
}

fn v8(snapshot: &Snapshot, format: Format) -> Value {
    let used = snapshot.heap_used();
    let share = percent(used, snapshot.budget.bytes);
    json!({
        "heapSizeLimit": size(snapshot.budget.bytes, format),
        "usedHeapSize": size(used, format),
        "heapUsedPercent": if format == Format::Text { format!("{share}%").into() } else { decimal(&share) },
        "numberOfDetachedContexts": headroom::detached_work().now,
    })
}

fn process(snapshot: &Snapshot, format: Format) -> Value {
    let process = &snapshot.reading.process;
    let heap = snapshot.reading.allocator.map_or(0, |allocator| allocator.resident);
    json!({
        "rss": size(process.rss, format),
        "heapUsed": size(snapshot.heap_used(), format),
        "external": size(process.rss.saturating_sub(heap), format),
        "rssAnon": process.rss_anon,
        "rssFile": process.rss_file,
        "peakRss": process.peak_rss,
        "threads": process.threads,
        "fds": process.fds,
    })
}

fn thresholds(snapshot: &Snapshot, format: Format) -> Value {
    let share = |percent: u32| match format {
        Format::Text => Value::from(format!("{percent}%")),
        Format::Bytes => Value::from(percent),
    };
    let resident = |bytes: u64| match format {
        Format::Text => Value::from(whole_mebibytes(bytes)),
        Format::Bytes => Value::from(bytes),
    };
    json!({
        "heapWarning": share(snapshot.heap_warning_percent()),
        "heapCritical": share(snapshot.heap_critical_percent()),
        "rssWarning": resident(snapshot.rss_warning_bytes()),
        "rssCritical": resident(snapshot.rss_critical_bytes()),
    })
}

pub(super) fn allocator(stats: AllocatorStats, purges: u64) -> Value {
    json!({
        "name": crate::about::allocator(),
        "allocated": stats.allocated, "active": stats.active, "resident": stats.resident,
        "mapped": stats.mapped, "retained": stats.retained, "metadata": stats.metadata, "purges": purges,
    })
}

pub(super) fn cgroup(stats: CgroupStats) -> Value {
    json!({
        "current": stats.current, "high": stats.high, "max": stats.max, "oomKills": stats.oom_kills,
        "anon": stats.anon, "file": stats.file, "sock": stats.sock, "kernel": stats.kernel,
    })
}

pub(super) fn pool(stats: &PoolStats) -> Value {
    json!({
        "name": &*stats.name, "parent": stats.parent.as_deref(), "limit": stats.limit, "used": stats.used,
        "peak": stats.peak, "refused": stats.refused,
    })
}

fn action(record: &ActionRecord, now_micros: u64) -> Value {
    json!({
        "agoMs": now_micros.saturating_sub(record.at_micros) / 1000, "level": record.level.as_str(),
        "action": record.action.name(), "beforeBytes": record.before_bytes, "afterBytes": record.after_bytes,
    })
}

/// The last change of the system's limit while the server ran, and how soon it was found.
fn limit_change(change: LimitChange, now_micros: u64) -> Value {
    json!({
        "agoMs": now_micros.saturating_sub(change.at_micros) / 1000, "withinMs": change.within_micros / 1000,
        "fromBytes": change.from_bytes, "toBytes": change.to_bytes,
    })
}

pub(super) fn store(stats: &StoreStats) -> Value {
    json!({
        "name": stats.name, "entries": stats.entries, "bytes": stats.bytes, "maxBytes": stats.cap_bytes,
        "maxEntries": stats.max_entries, "ttlMs": stats.ttl_micros.map(|micros| micros / 1000),
        "eviction": stats.eviction.as_str(), "hits": stats.hits, "misses": stats.misses, "evictions": stats.evictions,
    })
}

/// A firm's share of a class; those that may not be named have no name.
pub(super) fn firm(stats: &TenantStats, names: Names) -> Value {
    json!({
        "firm": stats.tenant.and_then(|tenant| names.may_tell(tenant)), "class": stats.class.as_str(), "requests": stats.requests,
        "limit": stats.pool.limit, "used": stats.pool.used, "peak": stats.pool.peak,
        "refused": stats.pool.refused,
    })
}

/// A request that runs.
pub(super) fn flight(stats: &FlightStats, names: Names) -> Value {
    json!({
        "route": &*stats.route, "class": stats.class.as_str(),
        "firm": stats.tenant.and_then(|tenant| names.may_tell(tenant)),
        "live": stats.live_bytes, "lent": stats.lent_bytes, "ageMs": stats.age_millis,
    })
}

pub(super) fn route(stats: &RouteStats) -> Value {
    figures_of(stats, "route", "requests")
}

/// The same of background work.
pub(super) fn work(stats: &RouteStats) -> Value {
    figures_of(stats, "work", "runs")
}

fn figures_of(stats: &RouteStats, name: &str, count: &str) -> Value {
    json!({
        name: &*stats.route, count: stats.count, "allocated": stats.allocated, "freed": stats.freed, "peak": stats.peak_max,
        "registered": stats.registered_max, "unregistered": stats.unregistered_max,
        "retained": stats.retained, "large": stats.large,
    })
}
