use crate::engine::Headroom;
use crate::frames::sample_this_thread;
use crate::level::Level;
use crate::prompt::run_promptly;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often the controller looks.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// At rest.
    pub calm: Duration,
    /// While [`Headroom::is_pressed`].
    pub pressed: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { calm: Duration::from_millis(100), pressed: Duration::from_millis(20) }
    }
}

/// No look follows the last one sooner: a storm of refusals, each of which rings, must not keep a core busy with looking.
const LEAST_PAUSE: Duration = Duration::from_millis(5);

/// A thread of its own that looks at the memory and acts: a runtime whose workers are all busy, or that is short of
/// memory itself, must not keep it from doing so. A second thread gives pages back, which may take tens of milliseconds; a
/// third writes profiles and reports down, for which a disk may take as long as it likes. All end when this is dropped, the third
/// without being waited for.
#[derive(Debug)]
pub struct Controller {
    stop: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
    purger: Option<JoinHandle<()>>,
}

impl Controller {
    /// Starts the threads.
    pub fn start(headroom: &Headroom, pace: Pace) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (gives_back, given) = sync_channel(CHORES);
        let (dumps, dumped) = sync_channel(DUMPS);
        let (purger, _dumper) =
            (worker("headroom-purge", headroom, given)?, worker("headroom-dump", headroom, dumped)?);
        let chores = Chores { gives_back, dumps };
        let (watching, stopped) = (headroom.clone(), Arc::clone(&stop));
        headroom.expect_looks_every(pace.calm.max(pace.pressed));
        let watcher = small("headroom").spawn(move || {
            sample_this_thread();
            // Where that is not to be had it looks when its turn comes, and tells when it is overdue.
            let _granted = run_promptly();
            watch(&watching, pace, &stopped, chores);
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

/// As many may wait for the second thread.
const CHORES: usize = 4;
/// And for the third: a profile, which is not asked for again, finds its place beside the one report that may wait.
const DUMPS: usize = 2;

/// What takes too long for the thread that looks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Chore {
    /// Unused pages go back, because this level asks for it.
    Purge { level: Level },
    /// There are more of them than the limit has room for, whatever the level.
    PurgeUnused { at_rest: bool },
    /// Dropped pages of the database go back: there may be less than when they were kept.
    PurgePages,
    /// Freed pages go back after so many milliseconds from now on, and those at once that are older.
    Decay { level: Level, millis: u32 },
    /// A heap profile is written down.
    Dump { level: Level },
    /// A report is written down of memory that is critical, or that it is not any more.
    Witness { level: Level },
}

/// The threads that do them.
#[derive(Debug)]
pub(crate) struct Chores {
    gives_back: SyncSender<Chore>,
    dumps: SyncSender<Chore>,
}

impl Chores {
    /// Leaves it to its thread. One that finds no room is given back when it has to be done; what is asked for again anyway is
    /// not.
    pub(crate) fn leave(&self, chore: Chore) -> Option<Chore> {
        (!self.takes(chore) && matches!(chore, Chore::Decay { .. })).then_some(chore)
    }

    /// Leaves it to its thread, if there is room.
    pub(crate) fn takes(&self, chore: Chore) -> bool {
        let thread = match chore {
            Chore::Dump { .. } | Chore::Witness { .. } => &self.dumps,
            _ => &self.gives_back,
        };
        thread.try_send(chore).is_ok()
    }
}

fn worker(name: &str, headroom: &Headroom, asked: Receiver<Chore>) -> io::Result<JoinHandle<()>> {
    let headroom = headroom.clone();
    small(name).spawn(move || {
        sample_this_thread();
        for chore in asked {
            survive(|| headroom.do_chore(chore));
        }
    })
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

fn watch(headroom: &Headroom, pace: Pace, stop: &AtomicBool, chores: Chores) {
    while !stop.load(Ordering::Acquire) {
        let begun = Instant::now();
        survive(|| headroom.look(Some(&chores)));
        headroom.note_tick(begun.elapsed());
        let pause = if headroom.is_pressed() { pace.pressed } else { pace.calm };
        thread::park_timeout(pause.saturating_sub(begun.elapsed()));
        // Whoever rings meanwhile is heard at the next look, which comes then.
        while begun.elapsed() < LEAST_PAUSE && !stop.load(Ordering::Acquire) {
            thread::park_timeout(LEAST_PAUSE.saturating_sub(begun.elapsed()));
        }
    }
    // Hanging up ends the other threads.
    drop(chores);
}
