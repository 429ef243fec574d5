mod share;

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
const SAMPLES: &str = "heap samples, of all instructions of a demo of 20 cases";

/// Instructions of the request meter, the budget tree and the heap's samples, counted by callgrind: what a run takes more
/// than a plain one, per poll, per allocation, per lease and in all.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let skipped = |reason: &str| {
        Ok([POLL, ALLOCATION, LEASE, REQUEST, SAMPLES, share::SHARE]
            .map(|figure| Row::skipped(figure, reason))
            .into())
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
        samples(setup)?,
        share::measure(setup).await?,
    ])
}

/// What the samples of the heap profile take of real verbs: documents, dockets and search entries of a demo firm.
fn samples(setup: &Setup) -> anyhow::Result<Row> {
    let demo = |active: bool| {
        let folder = setup.folder()?;
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(setup.server_binary()?);
        valgrind.args(["demo", "--cases", "20"]).current_dir(folder.path());
        valgrind.env_remove("DATABASE_URL").env_remove("LEXIFLOW_CONFIG").env_remove("LEXIFLOW_PROFILE");
        valgrind.env("MALLOC_CONF", format!("prof_active:{active}"));
        valgrind.env("LEXIFLOW_DATA_DIR", folder.path().join("data"));
        collected(valgrind)
    };
    let (with, without) = (demo(true)?, demo(false)?);
    let hundredths = with.saturating_sub(without) * 10_000 / without.max(1);
    let row =
        Row::at_most(SAMPLES, Quantity::percent_hundredths(hundredths), Quantity::percent_hundredths(100));
    Ok(row.with_note(format!("callgrind, {with} instructions with samples, {without} without")))
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
    valgrind.arg(program).args(arguments).arg(rounds.to_string());
    collected(valgrind)
}

/// All instructions of this command, which runs under callgrind.
fn collected(mut valgrind: Command) -> anyhow::Result<u64> {
    let output = valgrind.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{valgrind:?} failed: {said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    collected.with_context(|| format!("callgrind tells no count: {said}"))
}
