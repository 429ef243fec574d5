//! How fast the record of who did what is verified and given out, as commands of their own.

use super::create_case;
use crate::api;
use crate::child::{Guard, Usage, with_usage};
use crate::load::{self, Until};
use crate::quantity::Quantity;
use crate::server::{Start, environment, last_lines};
use crate::setup::Setup;
use crate::table::Row;
use anyhow::Context as _;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(5);
const CLIENTS: usize = 64;
const ENTRIES: u64 = 200_000;
const QUICK_ENTRIES: u64 = 20_000;
/// Entries that are verified in a second, at least.
const TARGET: u64 = 200_000;

/// Opens cases, each of which leaves an entry, and reads the chain afterwards.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let folder = setup.folder()?;
    let data_dir = folder.path().join("data");
    let wanted = if setup.amounts.is_quick { QUICK_ENTRIES } else { ENTRIES };
    let server = Start::on(setup, &data_dir).go().await?;
    let mut clients = api::connections(&server, CLIENTS).await?;
    let each = wanted.div_ceil(CLIENTS as u64);
    load::run(&mut clients, Until::Count(each), create_case).await.faultless()?;
    server.stop().await?;

    let export = folder.path().join("export.ndjson");
    let (entries, database) = verify(setup, &data_dir, None).await?;
    let (_, given_out) = run(setup, &data_dir, &["audit", "export"], &export).await?;
    let (exported, file) = verify(setup, &data_dir, Some(&export)).await?;
    anyhow::ensure!(entries >= wanted && exported >= wanted, "{entries} and {exported} of {wanted} entries");
    let bytes = Quantity::bytes(std::fs::metadata(&export)?.len());
    Ok(vec![
        Row::at_least("audit log verified in the database, a second", rate(entries, database), target())
            .with_note(note(entries, database)),
        Row::at_least("audit log verified in an export, a second", rate(exported, file), target())
            .with_note(format!("{}, file of {bytes}", note(exported, file))),
        Row::plain("audit log given out, a second", rate(entries, given_out))
            .with_note(note(entries, given_out)),
    ])
}

fn rate(entries: u64, usage: Usage) -> Quantity {
    Quantity::rate(entries, usage.wall_nanos)
}

fn target() -> Quantity {
    Quantity::rate(TARGET, 1_000_000_000)
}

fn note(entries: u64, usage: Usage) -> String {
    let (wall, cpu) = (Quantity::nanos(usage.wall_nanos), Quantity::nanos(usage.cpu_nanos));
    format!(
        "{entries} entries in {wall}, start of the program included; CPU {cpu}, peak {}",
        Quantity::bytes(usage.peak_bytes)
    )
}

/// Verifies the database or an export; the number of entries as the command told it.
async fn verify(setup: &Setup, data_dir: &Path, export: Option<&Path>) -> anyhow::Result<(u64, Usage)> {
    let out = data_dir.with_extension("verdict");
    let mut words = vec!["audit", "verify"];
    if let Some(export) = export {
        words.extend(["--file", export.to_str().context("a path of text")?]);
    }
    let (told, usage) = run(setup, data_dir, &words, &out).await?;
    anyhow::ensure!(told.lines().any(|line| line.trim() == "intact"), "not intact: {told}");
    let entries = told.lines().find_map(|line| line.trim().split_once(" entries, "));
    let entries = entries.and_then(|(number, _)| number.parse().ok());
    Ok((entries.with_context(|| format!("no number of entries in: {told}"))?, usage))
}

/// Runs a command whose output goes to `out`; what of it is a short text.
async fn run(setup: &Setup, data_dir: &Path, words: &[&str], out: &Path) -> anyhow::Result<(String, Usage)> {
    let (used, log) = (data_dir.with_extension("usage"), data_dir.with_extension("log"));
    let mut command = with_usage(setup.server_binary()?, &used)?;
    environment(&mut command, data_dir);
    command.args(words).stdout(File::create(out)?).stderr(File::create(&log)?);
    let status = Guard::spawn(&mut command)?.end_within(LIMIT).await?;
    let usage: Usage = serde_json::from_slice(&std::fs::read(&used)?)?;
    anyhow::ensure!(usage.is_success, "{words:?} ended with {status}: {}", last_lines(&log));
    let told =
        if std::fs::metadata(out)?.len() < 1 << 20 { std::fs::read_to_string(out)? } else { String::new() };
    Ok((told, usage))
}
