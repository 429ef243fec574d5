use super::{create_case, server_with_cases};
use crate::api;
use crate::attack::{self, Probe};
use crate::cgroup::Cgroup;
use crate::client::Connection;
use crate::load::{self, Until, nanos};
use crate::process;
use crate::quantity::Quantity;
use crate::server::{Server, Start};
use crate::setup::Setup;
use crate::table::Row;
use anyhow::Context as _;
use http::StatusCode;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const LIMIT_BYTES: u64 = 256 << 20;
const LOWER_BYTES: u64 = 128 << 20;
/// What has not come by then is not waited for.
const PATIENCE: Duration = Duration::from_secs(20);
const EACH: Duration = Duration::from_millis(10);
/// Marks for throttling, in percent of what is resident.
const MARKS: [u64; 3] = [90, 75, 50];
/// Down to here little stalls, in percent of what is resident.
const TOLERABLE: u64 = 80;
/// Below, heap and stacks alone are more.
const LEAST: u64 = 60;
/// Longer than pressure may last before the server says that it is not ready.
const THROTTLED: Duration = Duration::from_secs(75);
const ASKED_EACH: Duration = Duration::from_millis(200);

/// What an operator, or an autoscaler, does to the control group of a running server.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let group = match Cgroup::limited(&format!("lexiflow-bench-{}", std::process::id()), LIMIT_BYTES) {
        Ok(group) => group,
        Err(reason) => return Ok(vec![Row::skipped("limits of a running server", &format!("{reason:#}"))]),
    };
    let mut rows = vec![lowered(setup, &group).await?];
    if let Err(reason) = group.throttle_above(LIMIT_BYTES) {
        rows.push(Row::skipped("limits: memory.high", &format!("{reason:#}")));
    } else {
        for percent in MARKS {
            group.set_limit(LIMIT_BYTES)?;
            group.throttle_above(LIMIT_BYTES)?;
            rows.extend(throttled(setup, &group, percent).await?);
        }
    }
    let kills = Quantity::count(group.kills()?);
    rows.push(Row::exactly("limits: out-of-memory kills", kills, Quantity::count(0)));
    Ok(rows)
}

/// From the moment the limit is lower until the server plans with it.
async fn lowered(setup: &Setup, group: &Cgroup) -> anyhow::Result<Row> {
    let folder = setup.folder()?;
    let server = Start::on(setup, &folder.path().join("data")).within(group.path()).go().await?;
    let mut connection = Connection::open(server.address(), None).await?;
    let before = limit(&mut connection).await?;
    anyhow::ensure!(before == LIMIT_BYTES, "the server plans with {before} of {LIMIT_BYTES} bytes");
    group.set_limit(LOWER_BYTES)?;
    let begun = Instant::now();
    while limit(&mut connection).await? != LOWER_BYTES {
        anyhow::ensure!(begun.elapsed() < PATIENCE, "the lower limit is not in the report");
        tokio::time::sleep(EACH).await;
    }
    let (before, now) = (Quantity::bytes(before), Quantity::bytes(LOWER_BYTES));
    let row = Row::at_most(
        &format!("limits: from {before} to {now}, in the report"),
        Quantity::nanos(nanos(begun.elapsed())),
        Quantity::millis(1000),
    );
    server.stop().await?;
    Ok(row)
}

/// The limit in the memory report.
async fn limit(connection: &mut Connection) -> anyhow::Result<u64> {
    let (status, answer) = connection.get("/api/health/memory").await?;
    let report = api::checked(status, &answer, StatusCode::OK)?;
    let limit = report.get("budget").and_then(|budget| budget.get("limitBytes")).and_then(Value::as_u64);
    limit.context("the memory report has no budget.limitBytes")
}

/// `memory.high` below what the server uses, while clients go on writing: the kernel lets every thread wait that takes
/// more. The server must still say that it lives, and end when told to.
async fn throttled(setup: &Setup, group: &Cgroup, percent: u64) -> anyhow::Result<Vec<Row>> {
    let folder = setup.folder()?;
    let start = Start::on(setup, &folder.path().join("data")).within(group.path());
    let (server, mut connections) = server_with_cases(setup, start).await?;
    let held = process::memory(server.pid())?;
    let mark = held.resident / 100 * percent;
    group.throttle_above(mark)?;
    let begun = Instant::now();
    let work = load::run(&mut connections, Until::Elapsed(THROTTLED), create_case);
    let (kept, newcomer, ready, levels, written) = tokio::join!(
        probe(begun, server.address(), true),
        probe(begun, server.address(), false),
        ready(begun, server.address()),
        levels(begun, server.address()),
        tokio::time::timeout(THROTTLED + PATIENCE, work),
    );
    drop(connections);
    let written = written.map_or_else(|_| "not all".to_owned(), |outcome| outcome.count().to_string());
    let about = format!(
        "; {} of {}, heap and stacks {}; {written} cases written",
        Quantity::bytes(mark),
        Quantity::bytes(held.resident),
        Quantity::bytes(held.anonymous)
    );
    let rows = [
        unanswered("/live not answered", &kept, &about),
        unanswered("/live of a newcomer not answered", &newcomer, ""),
        levels.stalls(percent),
        refused(&ready),
        stopped("stops when told to", server).await,
    ];
    // Where not even the heap fits, the kernel lets nothing run: the figures say what that is like.
    let known = |row: Row| if percent < LEAST { row.without_target() } else { row };
    let named =
        |row: Row| Row { figure: format!("limits: memory.high at {percent} %, {}", row.figure), ..row };
    Ok(rows.into_iter().map(known).map(named).collect())
}

/// Levels that the memory report told.
#[derive(Debug, Default)]
struct Levels {
    all: u64,
    pressed: u64,
    critical: u64,
    /// The most that some thread stalled, and all of them, in whole percent of ten seconds.
    some: u64,
    full: u64,
}

impl Levels {
    /// That the kernel's figures of stalls rise, in percent of ten seconds.
    fn stalls(&self, percent: u64) -> Row {
        let Self { all, pressed, critical, some, full } = self;
        let note = format!(
            "all threads at once {full} %; {all} reports, {pressed} of a level above normal, {critical} at critical or above"
        );
        let row = Row::at_least("stalled at most, of 100", Quantity::count(*some), Quantity::count(10));
        if percent > TOLERABLE { row.without_target() } else { row }.with_note(note)
    }

    fn note(&mut self, report: &Value) {
        let level = report.get("level").and_then(Value::as_str);
        let share = |name: &str| {
            let text = report.pointer(name).map(Value::to_string).unwrap_or_default();
            text.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or(0)
        };
        self.all += 1;
        self.pressed += u64::from(level != Some("normal"));
        self.critical += u64::from(matches!(level, Some("critical" | "emergency")));
        self.some = self.some.max(share("/pressure/someAvg10"));
        self.full = self.full.max(share("/pressure/fullAvg10"));
    }
}

async fn levels(begun: Instant, address: SocketAddr) -> Levels {
    let (mut levels, mut connection) = (Levels::default(), None);
    while begun.elapsed() < THROTTLED {
        if let Some(report) = attack::report(address, &mut connection).await {
            levels.note(&report);
        }
        tokio::time::sleep(ASKED_EACH).await;
    }
    levels
}

/// Asks whether the server lives, again and again, always on one connection or each time on a new one.
async fn probe(begun: Instant, address: SocketAddr, keeps_connection: bool) -> Probe {
    let (mut probe, mut connection) = (Probe::default(), None);
    while begun.elapsed() < THROTTLED {
        if !keeps_connection {
            connection = None;
        }
        probe.ask(address, &mut connection, "/api/health/live").await;
        tokio::time::sleep(ASKED_EACH).await;
    }
    probe.times.nanos.sort_unstable();
    probe
}

fn unanswered(name: &str, probe: &Probe, about: &str) -> Row {
    let row = Row::exactly(name, Quantity::count(probe.bad), Quantity::count(0));
    row.with_note(format!("{}{about}", probe.said()))
}

/// Answers about readiness.
#[derive(Debug, Default)]
struct Ready {
    all: u64,
    short_of_memory: u64,
}

async fn ready(begun: Instant, address: SocketAddr) -> Ready {
    let (mut ready, mut connection) = (Ready::default(), None);
    while begun.elapsed() < THROTTLED {
        let answer = attack::told(address, &mut connection, "/api/health/ready").await;
        if let Some((status, body)) = answer {
            let failing = body.get("failing").and_then(Value::as_array);
            let is_memory = failing.is_some_and(|failing| failing.iter().any(|check| check == "memory"));
            ready.all += 1;
            ready.short_of_memory += u64::from(status == StatusCode::SERVICE_UNAVAILABLE && is_memory);
        }
        tokio::time::sleep(ASKED_EACH).await;
    }
    ready
}

/// It serves as long as it answers; what it says when not is for the reader.
fn refused(ready: &Ready) -> Row {
    let times = Quantity::count(ready.short_of_memory);
    Row::plain("/ready says no for want of memory", times).with_note(format!("of {} answers", ready.all))
}

async fn stopped(name: &str, server: Server) -> Row {
    let asked = Instant::now();
    match server.stop().await {
        Ok(()) => Row::at_most(name, Quantity::nanos(nanos(asked.elapsed())), Quantity::millis(5000)),
        Err(fault) => Row::failed(name, &format!("{fault:#}")),
    }
}
