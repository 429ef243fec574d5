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

type Dump = Box<dyn Fn() + Send + Sync>;
type Witness = Box<dyn Fn(Level) -> bool + Send + Sync>;

/// Who writes down, and when the witness was asked last.
#[derive(Default)]
pub(super) struct Keepers {
    dump: OnceLock<Dump>,
    /// A purge of unused pages waits for its thread.
    pub(super) is_giving_back: AtomicBool,
    /// When one last gave something back, in microseconds since the engine began; zero before the first.
    pub(super) gave_back_at: AtomicU64,
    witness: OnceLock<Witness>,
    /// A report waits for its thread.
    is_witnessing: AtomicBool,
    spell: Spell,
}

/// The last report that was asked for.
#[derive(Debug, Default)]
struct Spell {
    /// In microseconds since the engine began.
    asked: AtomicU64,
    /// The level of that moment; normal before the first.
    level: AtomicU8,
    /// It did not work.
    has_failed: AtomicBool,
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
        let Keepers { witness, is_witnessing, spell, .. } = &self.inner.keepers;
        let is_due = witness.get().is_some() && spell.is_due(level, at_micros);
        if is_due && self.leave_one(is_witnessing, Chore::Witness { level }, chores) {
            spell.note(level, at_micros);
        }
    }

    /// Writes it down.
    pub(super) fn witness(&self, level: Level) {
        let Keepers { witness, is_witnessing, spell, .. } = &self.inner.keepers;
        is_witnessing.store(false, Ordering::Release);
        let has_failed = witness.get().is_some_and(|witness| !witness(level));
        spell.has_failed.store(has_failed, Ordering::Relaxed);
    }
}

impl Spell {
    fn is_due(&self, level: Level, at_micros: u64) -> bool {
        let before = Level::from_u8(self.level.load(Ordering::Relaxed));
        let is_time = at_micros.saturating_sub(self.asked.load(Ordering::Relaxed)) >= WITNESS_EVERY;
        if level >= Level::Critical {
            level > before || is_time
        } else {
            before >= Level::Critical || (is_time && self.has_failed.load(Ordering::Relaxed))
        }
    }

    fn note(&self, level: Level, at_micros: u64) {
        self.asked.store(at_micros, Ordering::Relaxed);
        self.level.store(level as u8, Ordering::Relaxed);
    }
}
