//! What is kept of each look, and what is written down when memory is scarce.

use super::Headroom;
use crate::controller::{Chore, Chores};
use crate::history::HistoryRow;
use crate::level::Level;
use crate::observe::charge_of;
use crate::source::Reading;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// While memory is critical it is written down so often, in microseconds.
const WITNESS_EVERY: u64 = 5_000_000;
/// No time.
const NEVER: u64 = u64::MAX;

type Dump = Box<dyn Fn() + Send + Sync>;
type Witness = Box<dyn Fn(Level) -> bool + Send + Sync>;

/// Who writes down, and when the witness was asked last.
#[derive(Default)]
pub(super) struct Keepers {
    dump: OnceLock<Dump>,
    /// A purge of unused pages waits for its thread or is under way.
    pub(super) is_giving_back: AtomicBool,
    witness: OnceLock<Witness>,
    spell: Spell,
}

#[derive(Debug)]
struct Spell {
    /// In microseconds since the engine began; [`NEVER`] while memory is not critical.
    witnessed: AtomicU64,
    /// The level that was witnessed then.
    level: AtomicU8,
    /// One that still waits for its thread is enough.
    is_waiting: AtomicBool,
    /// The last one did not work.
    has_failed: AtomicBool,
}

impl Default for Spell {
    fn default() -> Self {
        let (witnessed, is_waiting) = (AtomicU64::new(NEVER), AtomicBool::new(false));
        let (level, has_failed) = (AtomicU8::new(Level::Normal as u8), AtomicBool::new(false));
        Self { witnessed, level, is_waiting, has_failed }
    }
}

impl Keepers {
    pub(super) fn dump(&self) -> Option<&Dump> {
        self.dump.get()
    }
}

impl Headroom {
    /// What is called at the highest level, at most twice an hour, to write a heap profile down. The first one stays.
    pub fn on_emergency(&self, dump: impl Fn() + Send + Sync + 'static) {
        let _first = self.inner.keepers.dump.set(Box::new(dump));
    }

    /// What is called when memory becomes [`Level::Critical`] and when it becomes worse, every five seconds while it is so, and once
    /// when it is not any more, with the level of that moment: to write down what a process that is killed cannot tell. Called by a thread that may
    /// wait for a disk. `false` where that did not work: then it is called again after five seconds, whatever the level. The first
    /// one stays.
    pub fn on_critical(&self, witness: impl Fn(Level) -> bool + Send + Sync + 'static) {
        let _first = self.inner.keepers.witness.set(Box::new(witness));
    }

    /// What the memory was like in the last `back_micros`, oldest first, in no more than `most` rows; and how long the stretch of
    /// each is, in microseconds. A day is known by the minute, and two minutes by the second.
    pub fn history(&self, back_micros: u64, most: usize) -> (u64, Vec<HistoryRow>) {
        self.inner.history.rows(self.uptime_micros(), back_micros, most)
    }

    /// Keeps what this look has seen.
    pub(super) fn keep(&self, reading: &Reading, level: Level, at_micros: u64) {
        let inner = &*self.inner;
        let budget = self.budget();
        inner.history.note(HistoryRow {
            from_micros: at_micros,
            level,
            charged_bytes: charge_of(reading, &budget),
            heap_bytes: reading.allocator.map_or(reading.process.rss_anon, |allocator| allocator.allocated),
            lent_bytes: inner.root.used(),
            limit_bytes: reading.limit.bytes,
            running: inner.ledger.len() as u64,
            requests: inner.controls.fates(inner.root.tree().refused()),
        });
    }

    /// Has it written down when memory is critical, or when it is no more.
    pub(super) fn bear_witness(&self, level: Level, at_micros: u64, chores: Option<&Chores>) {
        let keepers = &self.inner.keepers;
        let spell = &keepers.spell;
        if keepers.witness.get().is_none() || !spell.is_due(level, at_micros) {
            return;
        }
        if spell.is_waiting.swap(true, Ordering::AcqRel) {
            return;
        }
        let chore = Chore::Witness { level };
        if chores.is_some_and(|chores| !chores.takes(chore)) {
            // Its thread is at work: the next look asks again.
            spell.is_waiting.store(false, Ordering::Release);
            return;
        }
        spell.note(level, at_micros);
        if chores.is_none() {
            self.do_chore(chore);
        }
    }

    /// Writes it down.
    pub(super) fn witness(&self, level: Level) {
        let spell = &self.inner.keepers.spell;
        spell.is_waiting.store(false, Ordering::Release);
        let has_failed = self.inner.keepers.witness.get().is_some_and(|witness| !witness(level));
        spell.has_failed.store(has_failed, Ordering::Relaxed);
        if has_failed {
            spell.witnessed.store(self.uptime_micros(), Ordering::Relaxed);
        }
    }
}

impl Spell {
    fn is_due(&self, level: Level, at_micros: u64) -> bool {
        match (level >= Level::Critical, self.witnessed.load(Ordering::Relaxed)) {
            (true, NEVER) => true,
            (true, last) => {
                let is_worse = level as u8 > self.level.load(Ordering::Relaxed);
                is_worse || at_micros.saturating_sub(last) >= WITNESS_EVERY
            }
            (false, NEVER) => false,
            (false, last) if self.has_failed.load(Ordering::Relaxed) => {
                at_micros.saturating_sub(last) >= WITNESS_EVERY
            }
            (false, _) => true,
        }
    }

    fn note(&self, level: Level, at_micros: u64) {
        let at = if level >= Level::Critical { at_micros } else { NEVER };
        self.witnessed.store(at, Ordering::Relaxed);
        self.level.store(level as u8, Ordering::Relaxed);
    }
}
