//! The score of the leak verdict: a program that leaks in one of thirteen ways, or in none of twelve, shows its own heap to
//! the server's detector, and the server's command line must name the function and the line.

use super::example;
use crate::quantity::Quantity;
use crate::setup::Setup;
use crate::table::Row;
use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// What the program tells of a shape.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    name: String,
    function: Option<String>,
    line: u32,
    found_in_window: Option<u64>,
    window_micros: u64,
    median_micros: u64,
    report: Value,
}

/// What became of a shape.
struct Outcome {
    told: Told,
    /// The line that was named, as it was printed.
    named: Option<String>,
    is_right: bool,
    /// Lines that were named and do not leak.
    false_alarms: Vec<String>,
}

pub(super) fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let program = example(setup, "bench", "leaky")?;
    let list = Command::new(&program).arg("list").output()?;
    let folder = setup.folder()?;
    let mut outcomes = Vec::new();
    for name in String::from_utf8(list.stdout)?.lines() {
        outcomes.push(watch(setup, &program, name, folder.path()).with_context(|| name.to_owned())?);
    }
    Ok(rows(&outcomes))
}

fn watch(setup: &Setup, program: &Path, name: &str, folder: &Path) -> anyhow::Result<Outcome> {
    let output = Command::new(program).arg(name).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Told = serde_json::from_slice(&output.stdout)?;
    let path = folder.join(format!("{name}.json"));
    std::fs::write(&path, serde_json::to_vec(&told.report)?)?;
    let mut command = Command::new(setup.server_binary()?);
    command.args(["memory", "leaks", "--binary"]).arg(program).arg("--file").arg(&path);
    let said = command.env_clear().current_dir(folder).output()?;
    anyhow::ensure!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let text = String::from_utf8(said.stdout)?;
    let (mut named, mut false_alarms) = (None, Vec::new());
    for (function, place) in text.lines().filter_map(verdict) {
        let line = format!("{function} {place}");
        if is_it(&told, function, place) {
            named = Some(line);
        } else {
            false_alarms.push(line);
        }
    }
    Ok(Outcome { is_right: named.is_some(), told, named, false_alarms })
}

/// `high  40.00 MiB/h  leaky::leaks::push_row  bench/examples/leaky/leaks.rs:69`: the function and its place.
fn verdict(line: &str) -> Option<(&str, &str)> {
    let (severity, rest) = line.split_once(' ')?;
    let is_one = ["low", "medium", "high", "critical"].contains(&severity);
    let (_, rest) = rest.split_once("/h  ").filter(|_| is_one)?;
    Some(rest.rsplit_once("  ").unwrap_or((rest, "")))
}

fn is_it(told: &Told, function: &str, place: &str) -> bool {
    let is_function = |name: &String| function.split("::").any(|part| part == name);
    told.function.as_ref().is_some_and(is_function) && place.ends_with(&format!("/leaks.rs:{}", told.line))
}

fn rows(outcomes: &[Outcome]) -> Vec<Row> {
    let leaks = || outcomes.iter().filter(|outcome| outcome.told.function.is_some());
    let innocents = || outcomes.iter().filter(|outcome| outcome.told.function.is_none());
    let count = |number: usize| Quantity::count(number as u64);
    let named = leaks().filter(|leak| leak.is_right).count();
    let silent = innocents().filter(|shape| shape.false_alarms.is_empty()).count();
    let beside: usize = leaks().map(|leak| leak.false_alarms.len()).sum();
    let mut micros: Vec<u64> = outcomes.iter().map(|outcome| outcome.told.median_micros).collect();
    micros.sort_unstable();
    let slowest = micros.last().copied().unwrap_or(0);
    let mut rows = vec![
        Row::at_least("leaks named, function and line", count(named), count(leaks().count())),
        Row::at_least("innocent shapes silent", count(silent), count(innocents().count())),
        Row::exactly("lines named beside a leak", count(beside), count(0)),
        Row::at_most("one look for leaks", Quantity::micros(slowest), Quantity::millis(1))
            .with_note("median of the slowest shape: profile, reading, verdict"),
    ];
    rows.extend(leaks().map(leak_row));
    rows.extend(innocents().map(innocent_row));
    rows
}

fn leak_row(leak: &Outcome) -> Row {
    let told = &leak.told;
    let note = match (&leak.named, told.found_in_window) {
        (Some(named), Some(window)) => {
            let minutes = window * told.window_micros / 60_000_000;
            format!("{named} after {minutes} min{}", alarms(&leak.false_alarms))
        }
        _ => format!("not named{}", alarms(&leak.false_alarms)),
    };
    Row::exactly(&format!("leak {}", told.name), Quantity::count(leak.is_right.into()), Quantity::count(1))
        .with_note(note)
}

fn innocent_row(shape: &Outcome) -> Row {
    let alarms = Quantity::count(shape.false_alarms.len() as u64);
    let row = Row::exactly(&format!("innocent {}", shape.told.name), alarms, Quantity::count(0));
    row.with_note(if shape.false_alarms.is_empty() {
        "silent".to_owned()
    } else {
        shape.false_alarms.join("; ")
    })
}

fn alarms(found: &[String]) -> String {
    if found.is_empty() { String::new() } else { format!("; and wrongly {}", found.join("; ")) }
}
