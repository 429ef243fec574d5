use super::example;
use crate::quantity::{Quantity, Unit};
use crate::setup::Setup;
use crate::table::Row;
use anyhow::Context as _;
use std::path::Path;
use std::process::Command;

const POLL: &str = "request meter, one further poll";
const ALLOCATION: &str = "request meter, one allocation";
const LEASE: &str = "budget tree, reserve and release of four levels";
const REQUEST: &str = "budget tree, the same with a new request that joins its firm";

/// Instructions of the request meter and the budget tree, counted by callgrind: what a run takes more than a plain one,
/// per poll, per allocation and per lease.
pub(super) fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let skipped = |reason: &str| {
        Ok([POLL, ALLOCATION, LEASE, REQUEST].map(|figure| Row::skipped(figure, reason)).into())
    };
    if !can_run("valgrind") {
        return skipped("valgrind is not installed");
    }
    if !can_run("cargo") {
        return skipped("cargo is not installed, which builds the loops that are counted");
    }
    let (polls, allocations) =
        (example(setup, "headroom", "meter_cost")?, example(setup, "bench", "allocation_cost")?);
    let rounds = setup.amounts.polls;
    let poll = per_round(&polls, &["measured"], rounds)? - per_round(&polls, &["plain"], rounds)?;
    let empty = per_round(&polls, &["no-lease"], rounds)?;
    let lease = per_round(&polls, &["lease"], rounds)? - empty;
    let request = per_round(&polls, &["request"], rounds / 10)? - empty;
    let own = per_allocation(&allocations, "measured", rounds / 10)?;
    let allocation = own - per_allocation(&allocations, "plain", rounds / 10)?;
    // To whole instructions: the allocator's own upkeep, which falls due now and then, differs by fractions.
    let instructions = |hundredths: i64| {
        Quantity::signed((hundredths + 50).div_euclid(100) * 100, Unit::InstructionHundredths)
    };
    Ok(vec![
        Row::at_most(POLL, instructions(poll), instructions(6000))
            .with_note(format!("callgrind, difference of {rounds} and {} polls", rounds * 2)),
        Row::at_most(ALLOCATION, instructions(allocation), instructions(0))
            .with_note(format!("callgrind, an allocation and its release take {} in all", instructions(own))),
        Row::at_most(LEASE, instructions(lease), instructions(12000))
            .with_note("callgrind, root, class, firm and request, by compare and swap".to_owned()),
        Row::plain(REQUEST, instructions(request))
            .with_note("callgrind, with the allocation of the request's node".to_owned()),
    ])
}

fn can_run(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Hundredths of an instruction that one further round of a loop takes.
fn per_round(program: &Path, arguments: &[&str], rounds: u64) -> anyhow::Result<i64> {
    let once = count(program, arguments, rounds)?;
    let twice = count(program, arguments, rounds * 2)?;
    hundredths(once, twice, rounds)
}

/// Hundredths of an instruction that one further allocation in a poll takes: ten more in each.
fn per_allocation(program: &Path, mode: &str, rounds: u64) -> anyhow::Result<i64> {
    Ok((per_round(program, &[mode, "11"], rounds)? - per_round(program, &[mode, "1"], rounds)?) / 10)
}

fn hundredths(fewer: u64, more: u64, rounds: u64) -> anyhow::Result<i64> {
    Ok((i64::try_from(more)? - i64::try_from(fewer)?) * 100 / i64::try_from(rounds)?)
}

/// All instructions of one run.
fn count(program: &Path, arguments: &[&str], rounds: u64) -> anyhow::Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    let output = valgrind.arg(program).args(arguments).arg(rounds.to_string()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{} under callgrind failed: {said}", program.display());
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    collected.with_context(|| format!("callgrind tells no count: {said}"))
}
