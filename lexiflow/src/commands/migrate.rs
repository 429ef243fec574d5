use super::arguments::{DialectName, Migrate};
use super::{CommandError, Console, runtime, settings};
use crate::config::{Loaded, Sources};
use crate::state::{self, StartError};
use clock::{Clock as _, SystemClock};
use db::{Db, Dialect};
use queue::Tasks;
use std::io::Write as _;
use std::time::Duration;

pub(super) fn run(what: Migrate, sources: &Sources, console: &mut Console) -> Result<(), CommandError> {
    match what {
        Migrate::Ddl { dialect } => {
            let dialect = match dialect {
                DialectName::Sqlite => Dialect::Sqlite,
                DialectName::Postgres => Dialect::Postgres,
            };
            write!(console.out, "{}", db::migrate::ddl(dialect, &state::migrations()))?;
            Ok(console.out.flush()?)
        }
        Migrate::Grants { role } => {
            write!(console.out, "{}", state::grants(&role))?;
            Ok(console.out.flush()?)
        }
        Migrate::Status => {
            let loaded = settings(sources)?;
            // Whoever only looks makes no database.
            if state::database_settings(&loaded.config).file().is_some_and(|file| !file.exists()) {
                return list(&[], console);
            }
            with_database(&loaded, console, status)
        }
        Migrate::Up => with_database(&settings(sources)?, console, up),
    }
}

fn with_database(
    loaded: &Loaded,
    console: &mut Console,
    work: impl AsyncFnOnce(&Db, &mut Console) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    runtime::log(&loaded.config, false)?;
    runtime::build(&loaded.config)?.block_on(async {
        // Makes the data folder, as a start does.
        state::is_served(&loaded.config)?;
        let db = Db::open(&state::database_settings(&loaded.config)).await.map_err(StartError::from)?;
        let tasks = Tasks::new();
        tasks.spawn("db.commit_groups", db.commit_groups());
        let done = work(&db, console).await;
        db.close().await;
        tasks.shutdown(Duration::from_secs(5)).await;
        done
    })
}

async fn status(db: &Db, console: &mut Console) -> Result<(), CommandError> {
    list(&state::applied_migrations(db).await.map_err(StartError::from)?, console)
}

fn list(applied: &[String], console: &mut Console) -> Result<(), CommandError> {
    let known = state::migrations();
    for migration in &known {
        let word = if applied.iter().any(|name| name == migration.name) { "applied" } else { "pending" };
        writeln!(console.out, "{word:8} {}", migration.name)?;
    }
    for name in applied.iter().filter(|name| known.iter().all(|migration| migration.name != name.as_str())) {
        writeln!(console.out, "unknown  {name} (written by a newer LexiFlow)")?;
    }
    Ok(console.out.flush()?)
}

async fn up(db: &Db, console: &mut Console) -> Result<(), CommandError> {
    let done =
        db::migrate::run(db, &state::migrations(), SystemClock.now()).await.map_err(StartError::from)?;
    for name in &done {
        writeln!(console.out, "applied  {name}")?;
    }
    if done.is_empty() {
        writeln!(console.out, "the schema is up to date")?;
    }
    Ok(console.out.flush()?)
}
