use super::{CommandError, Console, runtime};
use crate::config::Loaded;
use crate::state::{StartError, StartOptions, start};
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

pub(super) fn run(loaded: Loaded, console: &mut Console) -> Result<(), CommandError> {
    runtime::log(&loaded.config, true)?;
    let runtime = runtime::build(&loaded.config)?;
    let announcements = std::mem::replace(&mut console.out, Box::new(io::sink()));
    let served = runtime.block_on(Box::pin(serve(loaded, announcements)));
    // A file that is still being read by a blocking thread must not hold the end up.
    runtime.shutdown_background();
    served
}

async fn serve(loaded: Loaded, announcements: crate::state::Announcements) -> Result<(), CommandError> {
    let mut signals = Signals::listen().map_err(StartError::system("listen for signals"))?;
    let options = StartOptions { notices: loaded.notices, announcements, ..StartOptions::new(loaded.config) };
    let running = start(options).await?;
    signals.next().await;
    tracing::info!("told to end; a second signal ends at once");
    tokio::select! {
        report = running.shutdown() => {
            if report.unfinished.is_empty() {
                return Ok(());
            }
            let left = report.unfinished.join(", ");
            Err(CommandError::Unhealthy(format!("did not end in time: {left}")))
        }
        () = signals.next() => Err(CommandError::Unhealthy("ended at once by a second signal".to_owned())),
    }
}

/// The two signals that ask a process to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
