use super::{CommandError, Console, runtime};
use crate::config::{Chosen, Loaded, Sources, load};
use crate::ops::Ops;
use crate::state::{Announcements, Running, StartError, StartOptions, start};
use std::io;
use std::sync::Arc;
use telemetry::logs::LevelSwitch;
use tokio::signal::unix::{Signal, SignalKind, signal};

pub(super) fn run(loaded: Loaded, sources: &Sources, console: &mut Console) -> Result<(), CommandError> {
    let level = runtime::log(&loaded.config, true)?;
    let runtime = runtime::build(&loaded.config)?;
    let announcements = std::mem::replace(&mut console.out, Box::new(io::sink()));
    let settings = InForce { chosen: loaded.chosen.clone(), sources: sources.clone(), level };
    let served = runtime.block_on(Box::pin(serve(loaded, settings, announcements)));
    // A file that is still being read by a blocking thread must not hold the end up.
    runtime.shutdown_background();
    served
}

async fn serve(
    loaded: Loaded,
    mut settings: InForce,
    announcements: Announcements,
) -> Result<(), CommandError> {
    let mut signals = Signals::listen().map_err(StartError::system("listen for signals"))?;
    let options = StartOptions { notices: loaded.notices, announcements, ..StartOptions::new(loaded.config) };
    let running = start(options).await?;
    if !headroom::samples_by_frame_pointers() {
        tracing::info!("built without frame pointers: the heap is sampled less often");
    }
    loop {
        let asked = signals.next().await;
        if matches!(asked, Told::End) {
            break;
        }
        // What hangs must not keep the server from ending; what else is asked meanwhile has its turn afterwards.
        tokio::select! {
            () = settings.follow(asked, &running) => {}
            () = signals.end() => break,
        }
    }
    tracing::info!("told to end; a second signal ends at once");
    let ops = Arc::clone(running.ops());
    tokio::select! {
        report = running.shutdown() => {
            if report.unfinished.is_empty() {
                return Ok(());
            }
            let left = report.unfinished.join(", ");
            Err(CommandError::Unhealthy(format!("did not end in time: {left}")))
        }
        () = signals.end_and_tell(&ops) => Err(CommandError::Unhealthy("ended at once by a second signal".to_owned())),
    }
}

/// The settings that the server goes by, and where they come from.
struct InForce {
    chosen: Chosen,
    sources: Sources,
    level: Option<LevelSwitch>,
}

impl InForce {
    async fn follow(&mut self, asked: Told, running: &Running) {
        match asked {
            Told::End => {}
            Told::ReadSettings => self.read_again(running).await,
            Told::KeepProfile => running.ops().keep_profile_when_signalled().await,
            Told::TellAll => running.ops().tell_when_signalled(),
        }
    }

    /// Reads the files again and puts in force what has changed and may. What is refused changes nothing.
    async fn read_again(&mut self, running: &Running) {
        let sources = self.sources.clone();
        let loaded = match headroom::spawn_blocking(move || load(&sources)).await {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(faults)) => {
                for fault in &faults.0 {
                    tracing::error!(%fault, "the settings stay as they are");
                }
                return;
            }
            Err(_) => {
                tracing::error!("the settings could not be read and stay as they are");
                return;
            }
        };
        for notice in &loaded.notices {
            tracing::warn!("{notice}");
        }
        if let Err(error) = running.reload(&loaded.config) {
            tracing::error!(%error, "the settings stay as they are");
            return;
        }
        let before = self.chosen.clone();
        let mut changed = 0;
        for key in before.differing(&loaded.chosen) {
            if key.is_hot {
                self.chosen.adopt(key, &loaded.chosen);
                changed += 1;
                tracing::info!(setting = key.path, "a changed setting is in force");
            } else {
                tracing::warn!(setting = key.path, "a changed setting needs a restart and is not in force");
            }
        }
        tracing::info!(changed, "the settings were read again");
        // At last: a log that says less from here on has said all of that.
        if let Some(level) = &self.level
            && let Err(error) = level.set(&loaded.config.log.level)
        {
            tracing::error!(%error, "the log goes on at its level");
        }
    }
}

/// What a signal asks for.
enum Told {
    End,
    ReadSettings,
    KeepProfile,
    TellAll,
}

/// The signals that the server listens to.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    first: Signal,
    second: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            first: signal(SignalKind::user_defined1())?,
            second: signal(SignalKind::user_defined2())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.interrupt.recv() => Told::End,
            _ = self.terminate.recv() => Told::End,
            _ = self.hang_up.recv() => Told::ReadSettings,
            _ = self.first.recv() => Told::KeepProfile,
            _ = self.second.recv() => Told::TellAll,
        }
    }

    /// Waits for a signal that asks to end, and leaves the others waiting.
    async fn end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// The same at the end, when somebody may want to know what hangs.
    async fn end_and_tell(&mut self, ops: &Ops) {
        loop {
            match self.next().await {
                Told::End => return,
                Told::TellAll => ops.tell_when_signalled(),
                Told::ReadSettings | Told::KeepProfile => {}
            }
        }
    }
}
