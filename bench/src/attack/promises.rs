//! What the manual promises of single defences, as an attacker sees it.

use super::attackers::Attacker;
use super::siege::{Outcome, Plan, figure};
use crate::quantity::Quantity;
use crate::table::Row;
use std::time::Duration;

/// A head is waited for 10 s, and the look at it may come late on a machine that the attackers keep busy.
const HEAD_WAIT: Duration = Duration::from_secs(20);
/// A head may have 16 KiB; the kernel takes some more from the sender than the server reads.
const HEAD_BYTES: u64 = 160 << 10;
/// An answer stands still for 30 s at most; a connection has several, and a look comes once in a while.
const STILL: Duration = Duration::from_mins(1);

/// One row for each promise that these attackers try.
pub(super) fn promises(plan: &Plan, outcome: &Outcome) -> Vec<Row> {
    let mut rows: Vec<Row> = outcome
        .tallies
        .iter()
        .flat_map(|(attacker, counts)| {
            let longest = figure(counts.longest);
            match attacker {
                Attacker::SlowHeaders => vec![
                    Row::at_most("longest wait for a head", longest, figure(HEAD_WAIT)),
                    Row::at_most(
                        "most that is taken of a head",
                        Quantity::bytes(counts.most_of_head),
                        Quantity::bytes(HEAD_BYTES),
                    ),
                ],
                Attacker::ShutWindows => {
                    vec![Row::at_most("longest wait for a shut window", longest, figure(STILL))]
                }
                Attacker::JsonBomb | Attacker::GzipBomb => {
                    let name = format!("bodies beyond the limit that were taken, {}", attacker.name());
                    vec![Row::exactly(&name, Quantity::count(counts.swallowed), Quantity::count(0))]
                }
                _ => Vec::new(),
            }
        })
        .collect();
    if plan.attackers == Attacker::chosen(&[]) {
        rows.extend(pressure(outcome));
    }
    rows
}

/// That pressure is seen, and acted upon. An attack of all cannot pass unnoticed.
fn pressure(outcome: &Outcome) -> Vec<Row> {
    let levels = &outcome.health.levels;
    let named = |names: &[&str]| names.iter().filter_map(|name| levels.get(*name)).sum::<u64>();
    let pressed = named(&["elevated", "warning", "critical", "emergency"]);
    let mut rows =
        vec![Row::at_least("looks at a level above normal", Quantity::count(pressed), Quantity::count(1))];
    // Below that there may be nothing to give back.
    if named(&["critical", "emergency"]) > 0 {
        let purges = Quantity::count(outcome.health.purges);
        rows.push(Row::at_least("times that unused memory was given back", purges, Quantity::count(1)));
    }
    rows
}
