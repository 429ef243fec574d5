//! What is generated from the code and kept in the source tree.

use super::{CommandError, Console, runtime};
use crate::config::{Config, Sources, load};
use crate::ops::Ops;
use crate::router;
use crate::state::{self, Parts, StartError};
use clock::{Random as _, SystemClock, SystemRandom};
use db::Dialect;
use queue::Tasks;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

pub(super) fn print_openapi(console: &mut Console) -> Result<(), CommandError> {
    console.out.write_all(openapi()?.as_bytes())?;
    Ok(console.out.flush()?)
}

/// Compares each generated file with what the code says, and names the command that mends it.
pub(super) fn check(folder: &Path, console: &mut Console) -> Result<(), CommandError> {
    let migrations = state::migrations();
    let files = [
        ("openapi/lexiflow.json", openapi()?, "openapi"),
        (
            "docs/ddl/sqlite.sql",
            db::migrate::ddl(Dialect::Sqlite, &migrations),
            "migrate ddl --dialect sqlite",
        ),
        (
            "docs/ddl/postgres.sql",
            db::migrate::ddl(Dialect::Postgres, &migrations),
            "migrate ddl --dialect postgres",
        ),
    ];
    let mut drifted = false;
    for (path, expected, command) in files {
        let found = fs::read_to_string(folder.join(path));
        if found.is_ok_and(|found| found == expected) {
            writeln!(console.out, "{path} is up to date")?;
        } else {
            drifted = true;
            writeln!(
                console.out,
                "{path} is out of date; mend it with: cargo run -p lexiflow -- {command} > {path}"
            )?;
        }
    }
    console.out.flush()?;
    if drifted { Err(CommandError::Drift) } else { Ok(()) }
}

/// The description, laid out for people and for line-by-line comparison. It needs the parts that the routes hold, so
/// they are put together in a folder that goes away.
fn openapi() -> Result<String, CommandError> {
    let folder = Scratch::make()?;
    let data_dir = folder.0.display().to_string();
    let sources =
        Sources { overrides: vec![("storage.data_dir".to_owned(), data_dir)], ..Sources::default() };
    let config = load(&sources).map_err(StartError::from)?.config;
    let described = runtime::build(&config)?.block_on(Box::pin(describe(config)))?;
    let mut text = serde_json::to_string_pretty(&described).map_err(std::io::Error::from)?;
    text.push('\n');
    Ok(text)
}

async fn describe(config: Config) -> Result<utoipa::openapi::OpenApi, StartError> {
    let parts = Parts::describe(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await?;
    let ops = Ops::new(&parts, Tasks::new(), Arc::default())?;
    let described = router::openapi(&parts, &ops);
    parts.close().await;
    Ok(described)
}

/// A folder for the length of a command.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn make() -> Result<Self, CommandError> {
        let mut name = [0; 8];
        SystemRandom.fill(&mut name);
        let path = std::env::temp_dir().join(format!("lexiflow-{}", crypto::digest::hex(&name)));
        fs::create_dir(&path).map_err(|source| CommandError::Path { path: path.clone(), source })?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind in the system's temporary folder does no harm.
        drop(fs::remove_dir_all(&self.0));
    }
}
