use crate::api;
use crate::child::{Guard, Usage, with_usage};
use crate::client::Connection;
use crate::quantity::Quantity;
use crate::server::{Start, environment, last_lines};
use crate::setup::Setup;
use crate::table::Row;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(2);
/// What the published set of dockets gives.
const FILES: u64 = 125;
const CASES: u64 = 122;

/// Folders within folders that are looked into.
const DEPTH: u32 = 8;

/// The import of a folder of dockets as a command, twice.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let dockets = setup.data.join("cm-ecf/dockets");
    let Ok(files) = count_files(&dockets, DEPTH) else {
        let reason = format!("{} is missing: name the folder with --data", dockets.display());
        return Ok(vec![Row::skipped("import of the dockets", &reason)]);
    };
    let folder = setup.folder()?;
    let data_dir = folder.path().join("data");
    let first = import(setup, &data_dir, &dockets).await?;
    let again = import(setup, &data_dir, &dockets).await?;
    let cases = count(setup, &data_dir).await?;
    anyhow::ensure!(
        files != FILES || cases == CASES,
        "{files} files imported twice give {cases} cases, not {CASES}"
    );
    let note = |usage: Usage| {
        format!("CPU {}, peak {}", Quantity::nanos(usage.cpu_nanos), Quantity::bytes(usage.peak_bytes))
    };
    Ok(vec![
        Row::at_most(
            &format!("import of {files} dockets, peak resident"),
            Quantity::bytes(first.peak_bytes),
            Quantity::mebibytes(64),
        )
        .with_note(format!("{cases} cases")),
        Row::at_most(
            &format!("import of {files} dockets, time"),
            Quantity::nanos(first.wall_nanos),
            Quantity::millis(10_000),
        )
        .with_note(note(first)),
        Row::plain("the same again, which changes nothing", Quantity::nanos(again.wall_nanos))
            .with_note(note(again)),
    ])
}

/// Runs the command. It ends with 0, or with another code when some files could not be read, which two of the published
/// ones cannot; so the cases are counted instead.
async fn import(setup: &Setup, data_dir: &Path, dockets: &Path) -> anyhow::Result<Usage> {
    std::fs::create_dir_all(data_dir)?;
    let (out, log) = (data_dir.with_extension("usage"), data_dir.with_extension("log"));
    let mut command = with_usage(setup.server_binary()?, &out)?;
    environment(&mut command, data_dir);
    command.args(["import", "docket"]).arg(dockets.canonicalize()?);
    let file = File::create(&log)?;
    command.stdout(file.try_clone()?).stderr(file);
    let mut guard = Guard::spawn(&mut command)?;
    let status = guard.end_within(LIMIT).await?;
    let usage = std::fs::read(&out)
        .map_err(|_| anyhow::anyhow!("the import failed ({status}): {}", last_lines(&log)))?;
    let usage: Usage = serde_json::from_slice(&usage)?;
    if !usage.is_success {
        setup.say(&format!("the import ended with {status}: {}", last_lines(&log)));
    }
    Ok(usage)
}

async fn count(setup: &Setup, data_dir: &Path) -> anyhow::Result<u64> {
    let server = Start::on(setup, data_dir).go().await?;
    let token = api::login(&server).await?;
    let mut connection = Connection::open(server.address(), Some(&token)).await?;
    let cases = api::count_cases(&mut connection).await?;
    server.stop().await?;
    Ok(cases)
}

/// The `.json` files of a folder and of those within it.
fn count_files(folder: &Path, depth: u32) -> std::io::Result<u64> {
    let mut files = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && depth > 0 {
            files += count_files(&path, depth - 1)?;
        } else {
            files += u64::from(path.extension().is_some_and(|extension| extension == "json"));
        }
    }
    Ok(files)
}
