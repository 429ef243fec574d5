//! The memory report in parts, for programs: sizes are in bytes.

use super::books::Books;
use super::doctor::Names;
use super::memory::{allocator, cgroup, firm, flight, pool, route, store, work};
use super::report::fresh;
use super::{Ops, process};
use crate::about;
use access::Ctx;
use axum::Extension;
use axum::response::Response;
use http::StatusCode;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Size classes that are listed.
const CLASSES: usize = 20;

/// Firms and running requests that are listed: those that hold most. A list of all would grow with the server.
const HOLDERS: usize = 20;

/// Show the memory in use, against the budget. `firms` are the twenty shares of a class that hold most, each with the
/// limit in force; those of other firms have no name. `finished` is what the share's requests did that are over: the sums of
/// what they allocated, freed and retained, and the highest peak of one. `books` says where the bytes are
/// that the kernel counts, as in `/api/health/memory`. `drainBytesPerSecond` is the rate at which borrowed
/// memory comes back.
#[utoipa::path(get, path = "/api/monitoring/memory/stats", tag = "Monitoring", operation_id = "showMemoryStats",
    responses((status = 200, description = "The figures", body = Value, example = json!({
        "level": "normal", "status": "healthy", "usedPermille": 20,
        "budget": {"bytes": 1_610_612_736,
        "source": "cgroup_v2", "limitBytes": 2_147_483_648_u64, "limitSource": "cgroup_v2"},
        "process": {"rss": 58_720_256, "rssAnon": 33_554_432, "rssFile": 25_165_824, "peakRss": 68_067_328},
        "allocator": {"name": "jemalloc", "allocated": 32_715_571, "active": 34_603_008, "resident": 39_059_456,
        "mapped": 46_993_408, "retained": 9_105_408, "metadata": 5_348_416, "purges": 0},
        "cgroup": {"current": 141_152_256, "high": null, "max": 2_147_483_648_u64, "oomKills": 0,
        "anon": 33_554_432, "file": 103_976_960, "sock": 0, "kernel": 3_936_256},
        "books": {"charged": 37_490_688, "lent": 65_536, "stores": 13_221_888, "programAtRest": 8_388_608,
        "connections": 32_768, "requests": 0, "allocator": 6_343_885, "sockets": 0, "kernel": 3_936_256,
        "unwrittenFiles": 0, "unexplained": 5_501_747},
        "pools": [{"name": "interactive", "parent": "root", "limit": 1_610_612_680, "used": 4096,
        "peak": 1_048_576, "refused": 0}],
        "firms": [{"firm": "019c2404-7d80-7a11-8c02-5e1f0a9b3c01", "class": "interactive", "requests": 1,
        "limit": 1_610_612_680, "used": 4096, "peak": 1_048_576, "refused": 0, "finished": {"requests": 210,
        "allocated": 30_408_704, "freed": 30_400_512, "peak": 196_608, "retained": 8192}}],
        "drainBytesPerSecond": 1_048_576}))))]
pub(super) async fn show_stats(ctx: Ctx, Extension(ops): Extension<Arc<Ops>>) -> Response {
    let (headroom, names) = (ctx.app().headroom(), Names::Own(ctx.firm()));
    let snapshot = headroom.snapshot();
    let reading = &snapshot.reading;
    let share = |share: &headroom::TenantStats| {
        let (mut row, memory) = (firm(share, names), share.memory);
        row["finished"] = json!({
            "requests": memory.requests, "allocated": memory.allocated, "freed": memory.freed,
            "peak": memory.peak_max, "retained": memory.retained,
        });
        row
    };
    let body = json!({
        "level": snapshot.level.as_str(),
        "status": snapshot.level.status(),
        "usedPermille": snapshot.share_permille,
        "budget": {
            "bytes": snapshot.budget.bytes, "source": snapshot.budget.source.as_str(),
            "limitBytes": snapshot.budget.limit.bytes, "limitSource": snapshot.budget.limit.source.as_str(),
        },
        "process": {
            "rss": reading.process.rss, "rssAnon": reading.process.rss_anon, "rssFile": reading.process.rss_file,
            "peakRss": reading.process.peak_rss,
        },
        "allocator": allocator(reading.allocator.unwrap_or_default(), snapshot.purges),
        "cgroup": reading.cgroup.map(cgroup),
        "books": Books::of(headroom, &snapshot, &ops.stats).report(),
        "pools": snapshot.pools.iter().map(pool).collect::<Vec<_>>(),
        "firms": headroom.top_tenants(HOLDERS).iter().map(share).collect::<Vec<_>>(),
        "drainBytesPerSecond": headroom.drain_per_second(),
    });
    fresh(StatusCode::OK, &body)
}

/// Show every bounded store: caches, queues and maps with a cap in bytes.
#[utoipa::path(get, path = "/api/monitoring/memory/stores", tag = "Monitoring", operation_id = "showMemoryStores",
    responses((status = 200, description = "The stores", body = Value, example = json!({
        "stores": [{"name": "sessions.known", "entries": 3, "bytes": 1152, "maxBytes": 1_048_576,
            "maxEntries": 5_041, "ttlMs": 60_000, "eviction": "leastUsed", "hits": 4210,
        "misses": 3, "evictions": 0}]}))))]
pub(super) async fn show_stores(ctx: Ctx) -> Response {
    let stores = ctx.app().headroom().stores().snapshot();
    fresh(StatusCode::OK, &json!({ "stores": stores.iter().map(store).collect::<Vec<_>>() }))
}

/// Show the routes whose requests used most memory at once, the background work that did so, and the twenty running requests with most live bytes; those of other
/// firms have no name.
#[utoipa::path(get, path = "/api/monitoring/memory/requests", tag = "Monitoring",
    operation_id = "showMemoryRequests",
    responses((status = 200, description = "The routes, largest peak first", body = Value, example =
        json!({"measured": 4213, "large": 0, "routes": [{"route": "/api/auth/login", "requests": 3,
         "allocated": 60_246_336, "freed": 60_202_344, "peak": 19_961_824, "registered": 19_922_944,
         "unregistered": 38_880, "retained": 43_992, "large": 0}],
         "background": [{"work": "job documents.read_text", "runs": 12, "allocated": 4_194_304, "freed": 4_194_304, "peak": 524_288,
         "registered": 262_144, "unregistered": 262_144, "retained": 0, "large": 0}],
         "running": [{"route": "/api/documents", "class": "bulk", "firm": "019c2404-7d80-7a11-8c02-5e1f0a9b3c01",
         "live": 262_144, "lent": 65_536, "ageMs": 1200}]}))))]
pub(super) async fn show_requests(ctx: Ctx) -> Response {
    let (headroom, names) = (ctx.app().headroom(), Names::Own(ctx.firm()));
    let snapshot = headroom.snapshot();
    let body = json!({
        "measured": snapshot.requests, "large": snapshot.large_requests,
        "routes": snapshot.routes.iter().map(route).collect::<Vec<_>>(),
        "background": snapshot.work.iter().map(work).collect::<Vec<_>>(),
        "running": headroom.ledger().largest(HOLDERS).iter().map(|one| flight(one, names)).collect::<Vec<_>>(),
    });
    fresh(StatusCode::OK, &body)
}

/// Show where the live bytes lie in the allocator.
#[utoipa::path(get, path = "/api/monitoring/memory/allocator", tag = "Monitoring",
    operation_id = "showMemoryAllocator",
    responses((status = 200, description = "Its figures and the largest size classes", body = Value, example =
        json!({"name": "jemalloc", "allocated": 32_715_571, "active": 34_603_008, "resident": 39_059_456,
        "mapped": 46_993_408, "retained": 9_105_408, "metadata": 5_348_416, "purges": 0, "purgedBytes": 0,
        "small": 20_971_520, "large": 11_744_051, "sizeClasses": [{"size": 1_048_576, "count": 4,
        "bytes": 4_194_304}]}))))]
pub(super) async fn show_allocator(ctx: Ctx) -> Response {
    allocator_in_detail(&ctx)
}

/// Show where the live bytes lie: the first LexiFlow's name of `allocator`.
#[utoipa::path(get, path = "/api/monitoring/memory/heap-statistics", tag = "Monitoring",
    operation_id = "showHeapStatistics",
    responses((status = 200, description = "Its figures and the largest size classes", body = Value, example =
        json!({"name": "jemalloc", "allocated": 32_715_571, "active": 34_603_008, "resident": 39_059_456,
        "mapped": 46_993_408, "retained": 9_105_408, "metadata": 5_348_416, "purges": 0, "purgedBytes": 0,
        "small": 20_971_520, "large": 11_744_051, "sizeClasses": [{"size": 1_048_576, "count": 4,
        "bytes": 4_194_304}]}))))]
pub(super) async fn show_heap_statistics(ctx: Ctx) -> Response {
    allocator_in_detail(&ctx)
}

fn allocator_in_detail(ctx: &Ctx) -> Response {
    let headroom = ctx.app().headroom();
    let snapshot = headroom.snapshot();
    let spaces = headroom.heap_spaces(CLASSES).unwrap_or_default();
    let mut body = allocator(snapshot.reading.allocator.unwrap_or_default(), snapshot.purges);
    body["purgedBytes"] = snapshot.purged_bytes.into();
    body["small"] = spaces.small.into();
    body["large"] = spaces.large.into();
    let class = |class: &headroom::SizeClassStats| json!({ "size": class.size, "count": class.count, "bytes": class.bytes });
    body["sizeClasses"] = spaces.top.iter().map(class).collect();
    fresh(StatusCode::OK, &body)
}

/// Show the process as the kernel sees it.
#[utoipa::path(get, path = "/api/monitoring/memory/process-info", tag = "Monitoring",
    operation_id = "showProcessInfo",
    responses((status = 200, description = "The figures", body = Value, example = json!({
        "pid": 4711, "version": "0.1.0", "commit": "unknown", "target": "x86_64-unknown-linux-gnu",
        "uptimeSeconds": 86_400, "cpuSeconds": 41.5, "threads": 9, "fds": 19, "maxFds": 1_048_576,
        "rss": 58_720_256, "rssAnon": 33_554_432, "rssFile": 25_165_824, "peakRss": 68_067_328,
        "virtualBytes": 419_430_400}))))]
pub(super) async fn show_process(ctx: Ctx, Extension(ops): Extension<Arc<Ops>>) -> Response {
    let kernel = ctx.app().headroom().snapshot().reading.process;
    let body = json!({
        "pid": std::process::id(), "version": about::VERSION, "commit": about::COMMIT, "target": about::TARGET,
        "uptimeSeconds": ops.status().uptime().as_secs(),
        "cpuSeconds": Duration::from_micros(kernel.cpu_time_micros).as_secs_f64(),
        "threads": kernel.threads, "fds": kernel.fds, "maxFds": process::max_descriptors(),
        "rss": kernel.rss, "rssAnon": kernel.rss_anon, "rssFile": kernel.rss_file, "peakRss": kernel.peak_rss,
        "virtualBytes": process::virtual_bytes(),
    });
    fresh(StatusCode::OK, &body)
}
