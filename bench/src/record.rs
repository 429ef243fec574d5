//! The record of a run: one line of JSON.

use crate::machine::{Machine, commit};
use crate::setup::{Amounts, Setup};
use crate::table::Row;
use clock::Clock as _;
use serde::Serialize;
use std::io::Write as _;
use std::path::PathBuf;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    date: String,
    commit: String,
    binary: String,
    binary_bytes: u64,
    machine: Machine,
    settings: Amounts,
    figures: &'a [Row],
}

/// Appends the run to `bench/results/<name>.jsonl`.
pub(crate) fn append(name: &str, setup: &Setup, rows: &[Row]) -> anyhow::Result<PathBuf> {
    let record = Record {
        date: clock::SystemClock.now().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        commit: commit(&setup.root),
        binary: setup.binary.display().to_string(),
        binary_bytes: std::fs::metadata(&setup.binary).map_or(0, |about| about.len()),
        machine: Machine::of(&setup.scratch),
        settings: setup.amounts,
        figures: rows,
    };
    let folder = setup.root.join("bench/results");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}.jsonl"));
    let mut line = serde_json::to_vec(&record)?;
    line.push(b'\n');
    std::fs::OpenOptions::new().create(true).append(true).open(&path)?.write_all(&line)?;
    Ok(path)
}
