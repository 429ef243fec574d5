//! What the manual promises of single defences, as an attacker sees it.

use super::attackers::Attacker;
use super::defence::Defence;
use super::siege::{Outcome, Plan, figure};
use super::tally::Counts;
use crate::quantity::Quantity;
use crate::table::Row;
use std::time::Duration;

/// A head is waited for 10 s, and the look at it may come late on a machine that the attackers keep busy.
const HEAD_WAIT: Duration = Duration::from_secs(20);
/// A head may have 16 KiB; the kernel takes some more from the sender than the server reads.
const HEAD_BYTES: u64 = 160 << 10;
/// An answer stands still for 30 s at most; a look comes once in a while.
const STILL: Duration = Duration::from_secs(50);

/// One row for each promise that these attackers try.
pub(super) fn promises(plan: &Plan, outcome: &Outcome) -> Vec<Row> {
    let tried = outcome.tallies.iter();
    let mut rows: Vec<Row> = tried.flat_map(|(attacker, counts)| of(*attacker, counts, plan)).collect();
    // A server that plans with the whole machine sees no pressure, which proves nothing.
    if plan.attackers == Attacker::chosen(&[]) && !plan.without.contains(&Defence::Limit) {
        rows.extend(pressure(outcome));
    }
    rows
}

fn of(attacker: Attacker, counts: &Counts, plan: &Plan) -> Vec<Row> {
    match attacker {
        Attacker::SlowHeaders => vec![
            wait("longest wait for a head", counts.longest, HEAD_WAIT, plan),
            Row::at_most(
                "most that is taken of a head",
                Quantity::bytes(counts.most_of_head),
                Quantity::bytes(HEAD_BYTES),
            ),
        ],
        Attacker::ShutWindows => {
            vec![wait("longest that an answer stands still", counts.stillest, STILL, plan)]
        }
        // What is packed is often refused for its form before it has come so far.
        Attacker::JsonBomb => vec![Row::exactly(
            "bodies beyond the limit that were taken",
            Quantity::count(counts.swallowed),
            Quantity::count(0),
        )],
        _ => Vec::new(),
    }
}

/// A time that only an attack can exceed that lasts longer.
fn wait(name: &str, longest: Duration, most: Duration, plan: &Plan) -> Row {
    if Duration::from_secs(plan.seconds) > most {
        Row::at_most(name, figure(longest), figure(most))
    } else {
        Row::skipped(name, "the attack is too short to show it")
    }
}

/// That pressure is seen, and acted upon. An attack of all cannot pass unnoticed.
fn pressure(outcome: &Outcome) -> Vec<Row> {
    let levels = &outcome.health.reports.levels;
    let named = |names: &[&str]| names.iter().filter_map(|name| levels.get(*name)).sum::<u64>();
    let pressed = named(&["elevated", "warning", "critical", "emergency"]);
    let mut rows =
        vec![Row::at_least("looks at a level above normal", Quantity::count(pressed), Quantity::count(1))];
    rows.push(Row::at_least(
        "looks at which stores had just been shrunk",
        Quantity::count(outcome.health.reports.shrinkings),
        Quantity::count(1),
    ));
    // Below that there may be nothing to give back.
    if named(&["critical", "emergency"]) > 0 {
        let purges = Quantity::count(outcome.health.reports.purges);
        rows.push(Row::at_least(
            "looks at which memory had just been given back",
            purges,
            Quantity::count(1),
        ));
    }
    rows
}
