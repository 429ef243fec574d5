use super::example;
use crate::quantity::Quantity;
use crate::setup::Setup;
use crate::table::Row;
use anyhow::Context as _;
use std::path::Path;
use std::process::Command;

const MOST_BYTES: u64 = 8 << 20;
/// The functions, by the names that the example knows them by.
const FUNCTIONS: [(&str, &str); 4] = [
    ("copy", "stream_copy_file"),
    ("json", "parse_json_stream"),
    ("batch", "process_batch"),
    ("chunks", "chunk_array"),
];

/// How much resident memory each function for what is larger than memory takes at most.
pub(super) fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let program = example(setup, "bench", "large_streams")?;
    let size = setup.amounts.stream_bytes;
    FUNCTIONS.into_iter().map(|(mode, function)| row(setup, &program, size, mode, function)).collect()
}

fn row(setup: &Setup, program: &Path, size: u64, mode: &str, function: &str) -> anyhow::Result<Row> {
    let figure = format!("{function} of {}, growth of resident memory", Quantity::bytes(size));
    let folder = setup.folder()?;
    let output = Command::new(program).args([mode, &size.to_string()]).arg(folder.path()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{mode}: {said}");
    let grown = String::from_utf8_lossy(&output.stdout);
    let grown: u64 = grown.trim().parse().with_context(|| format!("{mode} tells no figure: {grown}"))?;
    Ok(Row::at_most(&figure, Quantity::bytes(grown), Quantity::bytes(MOST_BYTES)))
}
