//! What is only known when somebody asks for the metrics.

use super::alive::Alive;
use super::books::Books;
use super::depths::Depths;
use super::doctor::Names;
use super::leaks::Leaks;
use super::spells::Spells;
use super::status::Status;
use super::{doctor, process};
use crate::state::{Parts, StartError};
use clock::Timestamp;
use headroom::{Action, Class, Headroom, Snapshot, StoreStats, permille};
use std::sync::Arc;
use std::time::Duration;
use telemetry::{DbSample, Exposition, MemorySample, NodeCompatSample, Number, ProcessSample};
use web::RateLimits;
use web::server::ServerStats;

/// Registers every collector. None of them holds the metrics themselves, which would keep both alive for ever.
pub(super) fn register(
    parts: &Parts,
    tasks: &Alive,
    stats: &Arc<ServerStats>,
    depths: &Arc<Depths>,
    status: &Arc<Status>,
    leaks: &Arc<Leaks>,
    spells: &Arc<Spells>,
) -> Result<(), StartError> {
    let metrics = &parts.metrics;
    let (headroom, started) = (parts.app.headroom().clone(), parts.app.clock().now());
    let (node, server) = (parts.config.metrics.node_compat, Arc::clone(stats));
    metrics.register_collector(Box::new(move |to| memory(&headroom, &server, started, node, to)))?;
    let (headroom, leaks) = (parts.app.headroom().clone(), Arc::clone(leaks));
    metrics.register_collector(Box::new(move |to| suspects(&leaks, &headroom, to)))?;
    let db = parts.app.db().clone();
    metrics.register_collector(Box::new(move |to| database(&db, to)))?;
    let rates = parts.rates.clone();
    metrics.register_collector(Box::new(move |to| rates_of(&rates, to)))?;
    let stats = Arc::clone(stats);
    metrics.register_collector(Box::new(move |to| connections(&stats, to)))?;
    let depths = Arc::clone(depths);
    metrics.register_collector(Box::new(move |to| queues(&depths, to)))?;
    let (notary, spill) = (parts.notary.clone(), parts.files.spill.clone());
    metrics.register_collector(Box::new(move |to| audit_log(&notary, &spill, to)))?;
    let (spells, age) = (Arc::clone(spells), Arc::clone(status));
    metrics.register_collector(Box::new(move |to| predecessor(&spells, &age, to)))?;
    let (tasks, status) = (tasks.clone(), Arc::clone(status));
    metrics.register_collector(Box::new(move |to| runtime(&tasks, &status, to)))?;
    Ok(())
}

fn audit_log(notary: &audit::Notary, spill: &audit::Spill, to: &mut Exposition) {
    let (spilled, replayed) = spill.counts();
    to.counter("lexiflow_audit_spilled", "Audit records kept beside the database, which did not take them.")
        .value(spilled);
    to.counter("lexiflow_audit_replayed", "Spilled audit records that came into the log.").value(replayed);
    let (verified, broken) = notary.verifications();
    to.counter("lexiflow_audit_verifications", "Verifications of audit logs that ended.").value(verified);
    let help = "Verifications that found an audit log altered or incomplete.";
    to.counter("lexiflow_audit_verifications_broken", help).value(broken);
}

fn predecessor(spells: &Spells, status: &Status, to: &mut Exposition) {
    let help =
        "Whether the server before this one did not end in order while its memory was critical; for a day.";
    to.gauge("lexiflow_memory_predecessor_lost", help)
        .value(u64::from(spells.lost(status.uptime()).is_some()));
}

fn runtime(tasks: &Alive, status: &Status, to: &mut Exposition) {
    let counted = tasks.count();
    to.gauge("lexiflow_runtime_tasks_alive", "Tasks of the runtime that does the work.").value(counted.alive);
    to.gauge("lexiflow_runtime_tasks_leaked", "Work that goes on although its owner is gone.")
        .value(counted.leaked);
    let help = "How late the runtime's last sign of life came or is, in seconds.";
    to.gauge("lexiflow_runtime_poll_stall_seconds", help).value(status.stall().as_secs_f64());
}

fn memory(headroom: &Headroom, stats: &ServerStats, started: Timestamp, node: bool, to: &mut Exposition) {
    let snapshot = headroom.snapshot();
    process_of(&snapshot, started).write(to);
    if node {
        node_compat(headroom, &snapshot).write(to);
    }
    memory_of(&snapshot).write(to);
    stores(&snapshot, to);
    pools(&snapshot, to);
    charged(&snapshot, to);
    slack(&snapshot, to);
    gaps(&snapshot, &Books::of(headroom, &snapshot, stats), to);
    controls(headroom, &snapshot, to);
}

/// What the controller sees and does.
fn controls(headroom: &Headroom, snapshot: &Snapshot, to: &mut Exposition) {
    let stats = headroom.controls();
    to.gauge("lexiflow_memory_pressure_level", "Level of pressure: 0 normal to 4 emergency.")
        .value(snapshot.level as u64);
    // There from the start, so that the first change is seen as one; its parts come with their first.
    let all: u64 = stats.transitions.counts().map(|(.., count)| count).sum();
    to.counter("lexiflow_memory_level_changes", "Changes of the level.").value(all);
    let mut changes =
        to.counter("lexiflow_memory_level_transitions", "Changes of the level, and why it is the new one.");
    for (from, to, cause, count) in stats.transitions.counts() {
        changes.sample(&[("from", from.as_str()), ("to", to.as_str()), ("cause", cause.as_str())], count);
    }
    let mut actions = to.counter("lexiflow_memory_actions", "Actions against pressure, and their ends.");
    for (name, taken) in Action::NAMES.iter().zip(stats.taken) {
        actions.sample(&[("action", name)], taken);
    }
    to.counter("lexiflow_requests_shed", "Requests refused because their class can wait.").value(stats.shed);
    let about = "How many requests of a class that can wait may run at once, where memory is scarce.";
    let mut at_once = to.gauge("lexiflow_requests_at_once_limit", about);
    for (class, most) in [Class::Standard, Class::Bulk].iter().zip(stats.at_once) {
        if let Some(most) = most {
            at_once.sample(&[("class", class.as_str())], u64::from(most));
        }
    }
    to.counter("lexiflow_requests_cancelled", "Requests ended to stay within the limit.")
        .value(stats.cancelled);
    let in_flight = u64::try_from(headroom.ledger().len()).unwrap_or(u64::MAX);
    to.gauge("lexiflow_requests_followed", "Requests in the memory engine's books now.").value(in_flight);
    to.counter("lexiflow_memory_limit_changes", "Changes of the system's limit while the server ran.")
        .value(stats.limit_changes);
    to.gauge("lexiflow_controller_tick_seconds", "How long the last look took, in seconds.")
        .value(Duration::from_micros(stats.tick_micros).as_secs_f64());
    to.counter("lexiflow_controller_overdue", "Looks that came more than a second late.")
        .value(stats.overdue);
    to.gauge("lexiflow_controller_late_seconds", "By how much the next look is overdue.")
        .value(headroom.overdue().as_secs_f64());
    let mut unreadable =
        to.gauge("lexiflow_memory_unreadable", "Whether the kernel does not tell a part of the figures.");
    for (part, is_unreadable) in snapshot.reading.unreadable.parts() {
        unreadable.sample(&[("part", part)], u64::from(is_unreadable));
    }
}

/// Firms that have a line of their own.
const TOP_FIRMS: usize = 5;
/// Sites that have a line of their own: each label is memory in whatever stores the metrics.
const TOP_SITES: usize = 5;

/// What leaks.
fn suspects(leaks: &Leaks, headroom: &Headroom, to: &mut Exposition) {
    let suspects = leaks.suspects(headroom);
    let count = u64::try_from(suspects.len()).unwrap_or(u64::MAX);
    to.gauge("lexiflow_leak_suspects", "Call stacks that hold more and more.").value(count);
    let mut growth =
        to.gauge("lexiflow_leak_bytes_per_hour", "How fast the fastest of them grow, by the site's name.");
    for suspect in suspects.iter().take(TOP_SITES) {
        growth.sample(&[("site", &suspect.site)], suspect.bytes_per_hour);
    }
    let counts = leaks.counts();
    let mut now =
        to.gauge("lexiflow_leak_counted", "What is counted beside the memory, as of the last look.");
    for count in &counts {
        now.sample(&[("what", count.name)], count.now);
    }
    let help = "How many more there are in an hour of what only gets more; 0 where it does not.";
    let mut growth = to.gauge("lexiflow_leak_counted_per_hour", help);
    for count in &counts {
        growth.sample(&[("what", count.name)], count.per_hour.unwrap_or(0));
    }
    to.gauge("lexiflow_leak_window_seconds", "How long the last look for leaks took, in seconds.")
        .value(leaks.took().as_secs_f64());
}

fn process_of(snapshot: &Snapshot, started: Timestamp) -> ProcessSample {
    let process = &snapshot.reading.process;
    ProcessSample {
        cpu: Duration::from_micros(process.cpu_time_micros),
        started: Duration::from_micros(u64::try_from(started.timestamp_micros()).unwrap_or(0)),
        resident_bytes: process.rss,
        virtual_bytes: process::virtual_bytes(),
        open_fds: process.fds,
        max_fds: process::max_descriptors(),
        threads: process.threads,
    }
}

fn node_compat(headroom: &Headroom, snapshot: &Snapshot) -> NodeCompatSample {
    let allocator = snapshot.reading.allocator.unwrap_or_default();
    let spaces = headroom.heap_spaces(0).unwrap_or_default();
    NodeCompatSample {
        active_bytes: allocator.active,
        allocated_bytes: allocator.allocated,
        external_bytes: snapshot.reading.process.rss.saturating_sub(allocator.resident),
        spaces: vec![("small", spaces.small), ("large", spaces.large), ("metadata", spaces.metadata)],
        resident_bytes: snapshot.reading.process.rss,
    }
}

fn memory_of(snapshot: &Snapshot) -> MemorySample {
    let allocator = snapshot.reading.allocator.unwrap_or_default();
    let limit = snapshot.budget.limit;
    MemorySample {
        allocated_bytes: allocator.allocated,
        active_bytes: allocator.active,
        resident_bytes: allocator.resident,
        mapped_bytes: allocator.mapped,
        retained_bytes: allocator.retained,
        metadata_bytes: allocator.metadata,
        budget_bytes: snapshot.budget.bytes,
        limit: Some((limit.source.as_str(), limit.bytes)),
        state: match snapshot.level.status() {
            "healthy" => 0,
            "warning" => 1,
            _ => 2,
        },
        purges: snapshot.purges,
        purge_time: Duration::from_micros(snapshot.purge_micros),
    }
}

fn stores(snapshot: &Snapshot, to: &mut Exposition) {
    type Read = fn(&StoreStats) -> u64;
    let gauges: [(&str, &str, Read); 3] = [
        ("lexiflow_store_entries", "Entries of a bounded store.", |store| store.entries),
        ("lexiflow_store_bytes", "Bytes of a bounded store.", |store| store.bytes),
        ("lexiflow_store_capacity_bytes", "Most bytes of a bounded store.", |store| store.cap_bytes),
    ];
    for (name, help, read) in gauges {
        let mut family = to.gauge(name, help);
        for store in &snapshot.stores {
            family.sample(&[("store", &store.name)], read(store));
        }
    }
    let counters: [(&str, &str, Read); 4] = [
        ("lexiflow_memory_shed_bytes", "Bytes that a bounded store gave back under pressure.", |store| {
            store.shed_bytes
        }),
        ("lexiflow_store_hits", "Lookups of a bounded store that found their entry.", |store| store.hits),
        ("lexiflow_store_misses", "Lookups of a bounded store that found nothing.", |store| store.misses),
        ("lexiflow_store_evictions", "Entries dropped for want of room.", |store| store.evictions),
    ];
    for (name, help, read) in counters {
        let mut family = to.counter(name, help);
        for store in &snapshot.stores {
            family.sample(&[("store", &store.name)], read(store));
        }
    }
}

fn pools(snapshot: &Snapshot, to: &mut Exposition) {
    type Read = fn(&headroom::PoolStats) -> u64;
    let gauges: [(&str, &str, Read); 3] = [
        ("lexiflow_budget_limit_bytes", "Most bytes that a part of the budget may lend.", |pool| pool.limit),
        ("lexiflow_budget_used_bytes", "Bytes that a part of the budget has lent.", |pool| pool.used),
        ("lexiflow_budget_peak_bytes", "Most bytes that a part of the budget had lent at once.", |pool| {
            pool.peak
        }),
    ];
    for (name, help, read) in gauges {
        let mut family = to.gauge(name, help);
        for pool in &snapshot.pools {
            family.sample(&[("node", &pool.name)], read(pool));
        }
    }
    let mut refused = to.counter("lexiflow_reservations_refused", "Requests for memory that were refused.");
    for pool in &snapshot.pools {
        refused.sample(&[("scope", &pool.name)], pool.refused);
    }
}

/// Registered, measured and charged memory against each other.
fn gaps(snapshot: &Snapshot, books: &Books, to: &mut Exposition) {
    let gaps = snapshot.gaps();
    to.gauge("lexiflow_accounting_gap_bytes", "Bytes by which one way to count memory is above another.")
        .sample(&[("between", "measured_registered")], Number::Signed(gaps.unregistered()))
        .sample(&[("between", "charged_measured")], Number::Signed(gaps.unmeasured()))
        .sample(&[("between", "charged_explained")], Number::Signed(books.unexplained()));
    to.gauge("lexiflow_registered_bytes", "Bytes lent by pools or held by bounded stores.")
        .value(gaps.registered);
    let detached = headroom::detached_work();
    to.gauge("lexiflow_detached_work_running", "Spawned work that outlived what began it and runs.")
        .value(detached.now);
    to.counter("lexiflow_detached_work", "Spawned work that outlived what began it.").value(detached.total);
}

/// What the kernel charges to the control group.
fn charged(snapshot: &Snapshot, to: &mut Exposition) {
    let Some(cgroup) = snapshot.reading.cgroup else { return };
    let mut usage = to.gauge("lexiflow_memory_usage_bytes", "Bytes charged to the control group, by kind.");
    let kinds =
        [("anon", cgroup.anon), ("file", cgroup.file), ("sock", cgroup.sock), ("kernel", cgroup.kernel)];
    for (kind, bytes) in kinds {
        usage.sample(&[("kind", kind)], bytes);
    }
}

/// What is left, and what is held without use.
fn slack(snapshot: &Snapshot, to: &mut Exposition) {
    let left = snapshot.budget.limit.bytes.saturating_sub(snapshot.gaps().charged);
    to.gauge(
        "lexiflow_memory_headroom_bytes",
        "Bytes left between what the kernel cannot take back and the limit.",
    )
    .value(left);
    if let Some(pressure) = snapshot.reading.pressure {
        let stalled = Duration::from_micros(pressure.some_total_micros).as_secs_f64();
        to.counter(
            "lexiflow_memory_psi_stall_seconds",
            "Time in which tasks stalled for want of memory, in seconds.",
        )
        .sample(&[("kind", "some")], stalled);
    }
    let Some(heap) = snapshot.reading.allocator else { return };
    let dirty = heap.resident.saturating_sub(heap.active).saturating_sub(heap.metadata);
    to.gauge("lexiflow_memory_dirty_bytes", "Bytes in resident allocator pages that hold nothing.")
        .value(dirty);
    let mut ratios = to.gauge(
        "lexiflow_memory_fragmentation_ratio",
        "Allocator pages in use to bytes allocated (internal), and resident pages to pages in use (external).",
    );
    for (kind, whole, part) in
        [("internal", heap.active, heap.allocated), ("external", heap.resident, heap.active)]
    {
        ratios.sample(&[("kind", kind)], thousandths(permille(whole, part)));
    }
}

/// A ratio as a metric has it. Nothing here reckons with floats.
fn thousandths(ratio: u32) -> f64 {
    Duration::from_millis(u64::from(ratio)).as_secs_f64()
}

/// The firms that hold most, each with a line of its own if whoever asks may know its name.
pub(super) fn firms(headroom: &Headroom, names: Names, to: &mut Exposition) {
    let mut family =
        to.gauge("lexiflow_tenant_used_bytes", "Bytes lent to the requests of the firms that hold most.");
    let (mut others, mut told) = (0, 0);
    for (tenant, bytes) in doctor::holders(headroom) {
        match names.may_tell(tenant).filter(|_| told < TOP_FIRMS) {
            Some(firm) => {
                told += 1;
                family.sample(&[("tenant", &firm.to_string())], bytes);
            }
            None => others += bytes,
        }
    }
    family.sample(&[("tenant", "other")], others);
}

fn database(db: &db::Db, to: &mut Exposition) {
    let stats = db.stats().snapshot();
    DbSample {
        statements: stats.statements,
        failed: stats.failed,
        slow: stats.slow_statements,
        rows: stats.rows,
        busy: Duration::from_micros(stats.busy_micros),
        commits: stats.commits,
        verbs: stats.verbs,
    }
    .write(to);
    let (open, idle) = db.reader().connections();
    let idle = u64::try_from(idle).unwrap_or(u64::MAX);
    to.gauge("db_read_connections", "Connections for reading, by state.")
        .sample(&[("state", "idle")], idle)
        .sample(&[("state", "busy")], u64::from(open).saturating_sub(idle));
    to.gauge("db_schema_bytes", "What the connections to an embedded database know of its schema, in bytes.")
        .value(db.schema_bytes());
}

fn rates_of(rates: &RateLimits, to: &mut Exposition) {
    let mut refused = to.counter("http_requests_rate_limited", "Requests of callers who asked too often.");
    for (class, count) in rates.refused() {
        refused.sample(&[("class", class.as_str())], count);
    }
}

fn connections(stats: &ServerStats, to: &mut Exposition) {
    to.gauge("http_connections_open", "Connections open now.").value(stats.open());
    let counters = [
        ("http_connections_accepted", "Connections accepted.", stats.accepted()),
        ("http_connections_failed", "Connections that could not be accepted.", stats.failed()),
        ("http_connections_held_back", "Times that a connection waited for a free place.", stats.held_back()),
        (
            "http_answers_stalled",
            "Answers that were ended because nothing was taken of them.",
            stats.stalled(),
        ),
        (
            "http_connections_beyond_share",
            "Connections of addresses that had their share of the places.",
            stats.beyond_share(),
        ),
        ("http_connections_refused", "Requests refused for want of a free place.", stats.refused()),
    ];
    for (name, help, value) in counters {
        to.counter(name, help).value(value);
    }
}

fn queues(depths: &Depths, to: &mut Exposition) {
    let Some(counted) = depths.last() else { return };
    to.gauge("lexiflow_queue_count_age_seconds", "Age of the counts of waiting events and jobs, in seconds.")
        .value(counted.age().as_secs_f64());
    to.gauge("outbox_events", "Events that wait to be heard, by state.")
        .sample(&[("state", "waiting")], counted.events.waiting)
        .sample(&[("state", "retrying")], counted.events.retrying)
        .sample(&[("state", "dead")], counted.events.dead);
    to.gauge("job_queue", "Background jobs, by state.")
        .sample(&[("state", "waiting")], counted.jobs.waiting)
        .sample(&[("state", "running")], counted.jobs.running)
        .sample(&[("state", "dead")], counted.jobs.dead);
}
