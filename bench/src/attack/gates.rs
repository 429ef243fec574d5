//! The rows of an attack: what must hold, and what each attacker achieved.

use super::attackers::Attacker;
use super::health::Probe;
use super::promises::promises;
use super::siege::{Outcome, Plan, figure};
use super::tally::Counts;
use crate::quantity::Quantity;
use crate::table::Row;
use http::StatusCode;
use std::time::Duration;

/// Two for requests on two cores, eight for what blocks, five of the database, those of health, of the memory engine and of
/// the allocator: each has a stack.
const MOST_THREADS: u64 = 32;

/// What a server takes by default, and the places that are kept for health.
const MOST_CONNECTIONS: u64 = 1_024 + 64;

/// What waits in the kernel on one connection, in bytes: 64 KiB each way, which it doubles for its own books, and half of that
/// again where segments lie badly in them.
const MOST_WAITING: u64 = 192 << 10;

/// The gates and then the attackers.
pub(super) fn rows(plan: &Plan, outcome: &Outcome) -> Vec<Row> {
    let gates = gates(plan, outcome).into_iter();
    let attackers = outcome.tallies.iter().map(|(attacker, counts)| attacker_row(*attacker, counts, outcome));
    let title = title(plan);
    let named = |row: Row| Row { figure: format!("{title}: {}", row.figure), ..row };
    gates.chain(attackers).map(named).collect()
}

fn title(plan: &Plan) -> String {
    let lowered =
        plan.lowered_from.map_or_else(String::new, |from| format!(" lowered from {}", Quantity::bytes(from)));
    let title = format!("attack {}{lowered}, {} s", Quantity::bytes(plan.limit), plan.seconds);
    plan.without.iter().fold(title, |title, defence| title + ", without " + &defence.name())
}

/// What must hold.
pub(super) fn gates(plan: &Plan, outcome: &Outcome) -> Vec<Row> {
    let mut rows = memory(plan, outcome);
    rows.extend(connections(outcome));
    rows.push(match &outcome.death {
        Some(death) => Row::failed("the server lives", death),
        None => Row::exactly("the server lives", Quantity::count(1), Quantity::count(1)),
    });
    rows.extend(written(plan, outcome));
    rows.push(statuses(outcome));
    rows.extend(health(outcome));
    rows.extend(outcome.health.reports.rows(plan, MOST_CONNECTIONS));
    rows.extend(promises(plan, outcome));
    rows.extend(recovery(outcome));
    rows.push(match &outcome.stopped {
        Ok(time) => Row::at_most("stops when told to", figure(*time), figure(Duration::from_secs(35))),
        Err(fault) => Row::failed("stops when told to", &format!("{fault:#}")),
    });
    rows
}

fn memory(plan: &Plan, outcome: &Outcome) -> Vec<Row> {
    let limit = Quantity::bytes(plan.limit);
    let peak = "the kernel's peak of the group";
    let over = outcome.peak.map_or(0, |peak| peak.saturating_sub(plan.limit));
    let note = format!(
        "{over} B above the limit, page cache included; resident memory at most {}",
        Quantity::bytes(outcome.most.resident)
    );
    let pinned = format!(
        "at most {} of heap and stacks, {} of sockets",
        Quantity::bytes(outcome.most.anonymous),
        Quantity::bytes(outcome.most.sockets)
    );
    vec![
        match outcome.peak {
            Some(bytes) => {
                let most = Quantity::bytes(plan.limit + outcome.allowance);
                Row::at_most(peak, Quantity::bytes(bytes), most).with_note(note)
            }
            None => Row::failed(peak, "the kernel does not tell it"),
        },
        Row::at_most("heap, stacks and sockets at once", Quantity::bytes(outcome.most.pinned), limit)
            .with_note(pinned),
        Row::at_most("threads at once", Quantity::count(outcome.most.threads), Quantity::count(MOST_THREADS)),
        Row::exactly("out-of-memory kills", Quantity::count(outcome.kills), Quantity::count(0)),
    ]
}

/// What the kernel's table of connections must show.
fn connections(outcome: &Outcome) -> [Row; 2] {
    let (all, one) = ("connections at once", "most that the kernel had of one connection");
    let most = &outcome.most;
    if most.connections == 0 {
        return [all, one].map(|figure| Row::failed(figure, "no look at /proc/net/tcp found a connection"));
    }
    [
        Row::at_most(all, Quantity::count(most.connections), Quantity::count(MOST_CONNECTIONS)),
        Row::at_most(one, Quantity::bytes(most.waiting), Quantity::bytes(MOST_WAITING)),
    ]
}

/// What was acknowledged is there; and that says something only where some of it was. The writers come from another address than
/// the attackers, and are told to come back as these are: one case a minute is the least that shows that they get through.
fn written(plan: &Plan, outcome: &Outcome) -> [Row; 2] {
    let least = Quantity::count((plan.seconds / 60).max(1));
    let through = Row::at_least("cases were acknowledged", Quantity::count(outcome.acknowledged), least);
    let name = "acknowledged cases that are missing";
    let missing = match &outcome.missing {
        Ok((missing, there)) => Row::exactly(name, Quantity::count(*missing), Quantity::count(0))
            .with_note(format!("{} acknowledged, {there} there, all looked through", outcome.acknowledged)),
        Err(fault) => Row::failed(name, &format!("{fault:#}")),
    };
    [through, missing]
}

fn statuses(outcome: &Outcome) -> Row {
    let forbidden = outcome.tallies.iter().map(|(_, counts)| counts.forbidden()).sum();
    let who: Vec<String> = outcome
        .tallies
        .iter()
        .filter(|(_, counts)| counts.forbidden() > 0)
        .map(|(attacker, counts)| format!("{}: {}", attacker.name(), counts.said()))
        .collect();
    let row = Row::exactly(
        "answers beyond 2xx, 4xx and 503 with Retry-After",
        Quantity::count(forbidden),
        Quantity::count(0),
    );
    row.with_note(who.join("; "))
}

fn health(outcome: &Outcome) -> Vec<Row> {
    let (health, target) = (&outcome.health, Quantity::millis(10));
    let levels: Vec<String> =
        health.reports.levels.iter().map(|(level, times)| format!("{level} x {times}")).collect();
    let slow = |probe: &Probe| Quantity::nanos(probe.times.percentile(99));
    vec![
        Row::at_most("p99 of /api/health", slow(&health.main), target).with_note(health.main.said()),
        Row::at_most("p99 of /api/health/live", slow(&health.live), target).with_note(health.live.said()),
        Row::exactly(
            "health not answered 200",
            Quantity::count(health.main.bad + health.live.bad),
            Quantity::count(0),
        ),
        Row::plain("p99 of /api/health/live on a new connection", slow(&health.newcomer)).with_note(format!(
            "{}, {} refused or not answered: it comes from the address of the attackers",
            health.newcomer.said(),
            health.newcomer.bad
        )),
        Row::plain("p99 of /api/metrics", slow(&health.metrics)).with_note(health.metrics.said()),
        Row::exactly("metrics not answered 200", Quantity::count(health.metrics.bad), Quantity::count(0)),
        Row::plain("levels seen", Quantity::count(u64::try_from(levels.len()).unwrap_or(0)))
            .with_note(levels.join(", ")),
    ]
}

fn recovery(outcome: &Outcome) -> Vec<Row> {
    let (level, memory) = ("level normal after the end", "resident memory after the end");
    let recovery = match &outcome.recovery {
        Ok(recovery) => recovery,
        Err(fault) => {
            return [level, memory].map(|name| Row::failed(name, &format!("{fault:#}"))).into();
        }
    };
    let level = match recovery.normal_after {
        Some(time) => Row::at_most(level, figure(time), figure(Duration::from_secs(5))),
        None => Row::failed(level, &format!("still `{}` after 30 s", recovery.last_level)),
    };
    let small = Quantity::bytes(outcome.baseline * 115 / 100);
    let note = format!(
        "{} after it, {} at usual work before it{}",
        figure(recovery.resident_after),
        Quantity::bytes(outcome.baseline),
        recovery.held
    );
    vec![level, Row::at_most(memory, Quantity::bytes(recovery.resident), small).with_note(note)]
}

/// What one attacker achieved: connections at once. One that did not get through proves nothing.
fn attacker_row(attacker: Attacker, counts: &Counts, outcome: &Outcome) -> Row {
    let name = format!("{}, most connections", attacker.name());
    let traffic = [(counts.sent, "sent"), (counts.received, "received")];
    let traffic = traffic.into_iter().filter(|(bytes, _)| *bytes > 0);
    let traffic = traffic
        .fold(String::new(), |said, (bytes, way)| said + &format!("{way} {}, ", Quantity::bytes(bytes)));
    let mut note = format!(
        "{} made, {} not taken, {} ended by the server, {} requests cut off, {traffic}{}",
        counts.made,
        counts.not_made,
        counts.ended,
        counts.cut,
        counts.said()
    );
    if matches!(attacker, Attacker::BigUpload | Attacker::Uploads) {
        let size =
            if attacker == Attacker::Uploads { outcome.upload_bytes / 10 } else { outcome.upload_bytes };
        note =
            format!("files of {}, {} stored; {note}", Quantity::bytes(size), counts.of(StatusCode::CREATED));
    }
    if is_through(attacker, counts) {
        Row::plain(&name, Quantity::count(counts.most_open)).with_note(note)
    } else {
        Row::failed(&name, "never got through its first request").with_note(note)
    }
}

/// Whether the server had to do with it: it answered, it ended a connection, or it took more than any queue holds.
fn is_through(attacker: Attacker, counts: &Counts) -> bool {
    let took = match attacker {
        Attacker::BigUpload | Attacker::Uploads => counts.sent > 4 << 20,
        Attacker::SlowHeaders | Attacker::KeepAlive => counts.ended > 0,
        _ => false,
    };
    counts.answers() > 0 || took
}
