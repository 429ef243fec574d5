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
/// Down to here a server serves, in percent of what is resident.
const TOLERABLE: u64 = 80;
/// Longer than pressure may last before the server says that it is not ready.
const THROTTLED: Duration = Duration::from_secs(40);
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
        probe(begun, server.address(), "/api/health/live", true),
        probe(begun, server.address(), "/api/health/live", false),
        probe(begun, server.address(), "/api/health/ready", true),
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
    let name = |what: &str| format!("limits: memory.high at {percent} %, {what}");
    Ok(vec![
        unanswered(&name("/live not answered"), &kept, &about),
        unanswered(&name("/live of a newcomer not answered"), &newcomer, ""),
        Row::at_least(
            &name("looks at a level above normal"),
            Quantity::count(levels.pressed),
            Quantity::count(1),
        )
        .with_note(format!("of {}, {} at critical or above", levels.all, levels.critical)),
        refused(&name("/ready says no, or nothing"), percent, &ready),
        stopped(&name("stops when told to"), server).await,
    ])
}

/// Levels that the memory report told.
#[derive(Debug, Default)]
struct Levels {
    all: u64,
    pressed: u64,
    critical: u64,
}

async fn levels(begun: Instant, address: SocketAddr) -> Levels {
    let (mut levels, mut connection) = (Levels::default(), None);
    while begun.elapsed() < THROTTLED {
        if let Some(level) = attack::level(address, &mut connection).await {
            levels.all += 1;
            levels.pressed += u64::from(level != "normal");
            levels.critical += u64::from(level == "critical" || level == "emergency");
        }
        tokio::time::sleep(ASKED_EACH).await;
    }
    levels
}

/// Asks one thing again and again, always on one connection or each time on a new one.
async fn probe(begun: Instant, address: SocketAddr, path: &str, keeps_connection: bool) -> Probe {
    let (mut probe, mut connection) = (Probe::default(), None);
    while begun.elapsed() < THROTTLED {
        if !keeps_connection {
            connection = None;
        }
        probe.ask(address, &mut connection, path).await;
        tokio::time::sleep(ASKED_EACH).await;
    }
    probe.times.nanos.sort_unstable();
    probe
}

fn unanswered(name: &str, probe: &Probe, about: &str) -> Row {
    let row = Row::exactly(name, Quantity::count(probe.bad), Quantity::count(0));
    row.with_note(format!("{}{about}", probe.said()))
}

/// Nearly enough memory only costs time; with much less, nobody may be sent to the server.
fn refused(name: &str, percent: u64, ready: &Probe) -> Row {
    let bad = Quantity::count(ready.bad);
    let row = if percent > TOLERABLE {
        Row::plain(name, bad)
    } else {
        Row::at_least(name, bad, Quantity::count(1))
    };
    row.with_note(ready.said())
}

async fn stopped(name: &str, server: Server) -> Row {
    let asked = Instant::now();
    match server.stop().await {
        Ok(()) => Row::at_most(name, Quantity::nanos(nanos(asked.elapsed())), Quantity::millis(5000)),
        Err(fault) => Row::failed(name, &format!("{fault:#}")),
    }
}
