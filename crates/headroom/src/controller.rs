use crate::engine::Headroom;
use crate::frames::sample_this_thread;
use crate::level::Level;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often the controller looks.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// At rest.
    pub calm: Duration,
    /// From [`Level::Warning`] on.
    pub pressed: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { calm: Duration::from_millis(100), pressed: Duration::from_millis(20) }
    }
}

/// A thread of its own that looks at the memory and acts: a runtime whose workers are all busy, or that is short of
/// memory itself, must not keep it from doing so. A second thread purges, which may take tens of milliseconds. Both end
/// when this is dropped.
#[derive(Debug)]
pub struct Controller {
    stop: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
    purger: Option<JoinHandle<()>>,
}

impl Controller {
    /// Starts both threads.
    pub fn start(headroom: &Headroom, pace: Pace) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (asks, asked) = sync_channel(1);
        let purging = headroom.clone();
        let purger = small("headroom-purge").spawn(move || {
            sample_this_thread();
            for Purge { level } in asked {
                survive(|| purging.purge_for(level));
            }
        })?;
        let (watching, stopped) = (headroom.clone(), Arc::clone(&stop));
        headroom.expect_looks_every(pace.calm.max(pace.pressed));
        let watcher = small("headroom").spawn(move || {
            sample_this_thread();
            watch(&watching, pace, &stopped, asks);
        })?;
        headroom.root().tree().bell.answer(watcher.thread().clone());
        Ok(Self { stop, watcher: Some(watcher), purger: Some(purger) })
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        for thread in [self.watcher.take(), self.purger.take()].into_iter().flatten() {
            thread.thread().unpark();
            // It panicked if it could not be joined, which is logged where it happened.
            drop(thread.join());
        }
    }
}

/// A purge that is asked for, and the level that asks.
pub(crate) struct Purge {
    pub(crate) level: Level,
}

fn small(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned()).stack_size(256 << 10)
}

/// What is looked at and told to shrink has many owners: if one of them panics, the server must not go on unwatched, nor
/// the others be spared. `None` after a panic.
pub(crate) fn survive<T>(work: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(work));
    if done.is_err() {
        tracing::error!("a part of the watch over the memory panicked: all else goes on");
    }
    done.ok()
}

fn watch(headroom: &Headroom, pace: Pace, stop: &AtomicBool, asks: SyncSender<Purge>) {
    while !stop.load(Ordering::Acquire) {
        let begun = Instant::now();
        survive(|| headroom.look(Some(&asks)));
        headroom.note_tick(begun.elapsed());
        let pause = if headroom.level() >= Level::Warning { pace.pressed } else { pace.calm };
        thread::park_timeout(pause.saturating_sub(begun.elapsed()));
    }
    // Hanging up ends the purger.
    drop(asks);
}
