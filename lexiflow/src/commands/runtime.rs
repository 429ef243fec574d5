//! The runtime of a command, built by hand so that its threads are few and small.

use super::{CommandError, Console, Session};
use crate::config::{Config, Loaded, LogFormat};
use crate::state::StartError;
use std::io::{self, IsTerminal as _};
use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;
use telemetry::logs::{Format, LevelSwitch, LogSettings};
use tokio::runtime::{Builder, Runtime};

/// Threads for requests when the settings name no number: more cores serve more users than a firm has.
const MOST_WORKERS: usize = 4;
/// Stack of each thread. Code without optimisation needs more.
const STACK_BYTES: usize = if cfg!(debug_assertions) { 4 << 20 } else { 1 << 20 };

/// How long a thread for blocking work is kept without any. To make one takes less than what it is made for.
const BLOCKING_KEPT: Duration = Duration::from_secs(2);

/// What a thread does before it waits.
fn rest() {
    headroom::give_back_thread_cache();
}

/// The runtime that the settings ask for.
pub(super) fn build(config: &Config) -> Result<Runtime, StartError> {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = match config.workers.runtime_threads {
        0 => cores.min(MOST_WORKERS),
        threads => threads,
    };
    Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(config.workers.blocking_threads)
        .thread_stack_size(STACK_BYTES)
        .thread_name("lexiflow")
        .thread_keep_alive(BLOCKING_KEPT)
        .on_thread_start(headroom::sample_this_thread)
        .on_thread_park(rest)
        .enable_all()
        .build()
        .map_err(StartError::system("start the threads"))
}

/// Begins to log as the settings say; what sets the level anew. A command that is not the server keeps to what somebody must know.
pub(super) fn log(config: &Config, is_server: bool) -> Result<Option<LevelSwitch>, StartError> {
    let ansi = io::stderr().is_terminal();
    let level = match (is_server, config.log.level.as_str()) {
        (false, "info") => "warn".to_owned(),
        (_, level) => level.to_owned(),
    };
    let format = match config.log.format {
        LogFormat::Json => Format::Json,
        LogFormat::Auto if !ansi => Format::Json,
        LogFormat::Text | LogFormat::Auto => Format::Text,
    };
    // A test that runs several commands in one process has set the log up already.
    Ok(telemetry::logs::try_init(&LogSettings { level, format, ansi }, io::stderr)?)
}

/// Opens the parts, acts for the first administrator, and closes the parts again.
pub(super) fn in_session<T>(
    loaded: Loaded,
    console: &mut Console,
    work: impl AsyncFnOnce(&Session, &mut Console) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    log(&loaded.config, false)?;
    let runtime = build(&loaded.config)?;
    runtime.block_on(async {
        let session = Box::pin(Session::open(loaded.config, console)).await?;
        let done = Box::pin(work(&session, console)).await;
        session.close().await;
        done
    })
}
