//! What follows from a level: each action is done, logged and kept on record.

use super::Headroom;
use crate::allocator::{PurgeReport, kept_pages, pages_apart};
use crate::controller::{Chore, Chores};
use crate::controls::{ActionRecord, is_too_much_unused};
use crate::ledger::FlightStats;
use crate::level::Level;
use crate::mallctl;
use crate::meter::RequestMemory;
use crate::plan::Action;
use crate::source::Reading;
use crate::tuning::Tuning;
use std::sync::atomic::{AtomicBool, Ordering};

/// Unused pages that went back so long ago, in microseconds, tell nothing of now.
const GIVEN_BACK_LATELY: u64 = 1_000_000;

impl Headroom {
    pub(super) fn act(&self, action: Action, level: Level, at_micros: u64, chores: Option<&Chores>) {
        let controls = &self.inner.controls;
        // What others carry out shows its effect later.
        let later = (self.inner.root.used(), None);
        let (before_bytes, after_bytes) = match action {
            Action::ShrinkStores(percent) => self.shrink_stores(percent),
            Action::Purge => return self.leave(Chore::Purge { level }, chores),
            Action::Decay(millis) => return self.leave(Chore::Decay { level, millis }, chores),
            Action::DumpHeap => return self.leave(Chore::Dump { level }, chores),
            Action::PauseBackground(on) => {
                controls.background_paused.send_replace(on);
                later
            }
            Action::ShedBulk(on) => {
                controls.sheds_bulk.store(on, Ordering::Relaxed);
                later
            }
            Action::ShedStandard(on) => {
                controls.sheds_standard.store(on, Ordering::Relaxed);
                later
            }
            Action::CloseIdle(on) => {
                controls.closes_idle.store(on, Ordering::Relaxed);
                later
            }
            Action::CancelLargest => match self.inner.ledger.cancel_largest() {
                Some(flight) => {
                    controls.ending.spend();
                    log_ended(&flight, "a request is ended to stay within the memory limit");
                    later
                }
                None => return,
            },
            // No part of the plan: the first goes by what runs, and the others are done by who follows the level and says so.
            Action::LimitConcurrency(_) | Action::ShortenIdle(_) | Action::SmallChunks(_) => return,
        };
        self.note(ActionRecord { at_micros, level, action, before_bytes, after_bytes });
    }

    /// Whether this action may be taken now. At emergency the limit itself is at stake, and no ending is one too many.
    pub(super) fn may_act(&self, action: Action, is_emergency: bool, at_micros: u64) -> bool {
        let has_one = || self.inner.controls.ending.has_one(self.inner.ledger.completed(), at_micros);
        action != Action::CancelLargest || is_emergency || has_one()
    }

    /// Keeps a record of an action that was carried out, because of this level, by who follows it and not by the engine.
    pub fn carried_out(&self, action: Action, level: Level) {
        self.note_begun(action, level, self.uptime_micros());
    }

    /// Keeps a record of an action whose effect shows later.
    pub(super) fn note_begun(&self, action: Action, level: Level, at_micros: u64) {
        let (before_bytes, after_bytes) = (self.inner.root.used(), None);
        self.note(ActionRecord { at_micros, level, action, before_bytes, after_bytes });
    }

    pub(super) fn note(&self, record: ActionRecord) {
        // Shrinking what is small already, each second, is not worth a line.
        let is_idle = record.after_bytes == Some(record.before_bytes);
        if !(is_idle && matches!(record.action, Action::ShrinkStores(_))) {
            log_action(&record, "memory action");
        }
        self.inner.controls.record(record);
    }

    /// Tells what came of actions that others have carried out.
    pub(super) fn show_effects(&self, at_micros: u64) {
        while let Some(record) = self.inner.controls.show_effect(at_micros, self.inner.root.used()) {
            log_action(&record, "what came of a memory action");
        }
    }

    fn shrink_stores(&self, percent: u64) -> (u64, Option<u64>) {
        let before = self.inner.stores.bytes();
        let freed = self.inner.stores.shrink_all(percent);
        (before, Some(before.saturating_sub(freed)))
    }

    /// Ends requests that hold more than the settings let one have, and gives back what a heavy one that has ended left
    /// behind.
    pub(super) fn bound_requests(
        &self,
        tuning: &Tuning,
        level: Level,
        at_micros: u64,
        chores: Option<&Chores>,
    ) {
        if let Some(most) = tuning.max_request_bytes {
            for flight in self.inner.ledger.cancel_above(most) {
                log_ended(&flight, "a request is ended because it held more than REQUEST_MEMORY_MAX_BYTES");
                self.note_begun(Action::CancelLargest, level, at_micros);
            }
        }
        if tuning.actions.purges && self.inner.controls.is_purge_due_after_heavy(at_micros) {
            self.leave(Chore::Purge { level }, chores);
        }
    }

    /// Gives back at any level what is free and more than the limit has room for: the level says how much is used, and a request
    /// that is refused for it could have had what lies idle.
    pub(super) fn bound_unused(
        &self,
        reading: &Reading,
        level: Level,
        at_micros: u64,
        chores: Option<&Chores>,
    ) {
        let controls = &self.inner.controls;
        let unused = reading.allocator.map_or(0, |allocator| allocator.unused());
        if !self.tuning().actions.purges || !is_too_much_unused(unused, reading.limit.bytes) {
            return;
        }
        // At rest the database's dropped pages stay.
        let at_rest = level < Level::Elevated;
        let kept = if at_rest { kept_pages() } else { 0 };
        if controls.is_purge_due_for(unused.saturating_sub(kept), reading.limit.bytes, at_micros) {
            let giving_back = &self.inner.keepers.is_giving_back;
            let _taken = self.leave_one(giving_back, Chore::PurgeUnused { at_rest }, chores);
        }
    }

    /// Does so. It is no action against pressure, and is counted with the purges alone.
    fn purge_unused(&self, at_rest: bool) {
        let keepers = &self.inner.keepers;
        keepers.is_giving_back.store(false, Ordering::Release);
        let report = if at_rest { self.purge_at_rest() } else { self.purge() };
        let Some(PurgeReport { before_resident, freed, duration_micros, .. }) = report else { return };
        if freed > 0 {
            keepers.gave_back_at.store(self.uptime_micros().max(1), Ordering::Relaxed);
        }
        tracing::debug!(
            before_resident,
            freed_bytes = freed,
            duration_micros,
            "unused pages were given back"
        );
    }

    /// Gives the dropped pages of the database back that were kept within a larger limit.
    fn purge_kept_pages(&self) {
        // They are as many as there were when the allocator was asked last.
        let kept = || {
            let _asked = self.inner.allocator.and_then(|allocator| allocator.stats());
            kept_pages()
        };
        let before_bytes = kept();
        if pages_apart().is_some_and(mallctl::purge_arena) {
            let after_bytes = kept();
            tracing::info!(before_bytes, after_bytes, "kept pages of the database were given back");
        }
    }

    /// Whether the controller looks at its closer pace: under pressure, and for a second after unused pages went back. While
    /// such requests come they come free again, a tenth of the limit within a tenth of a second (measured).
    pub fn is_pressed(&self) -> bool {
        let gave_back_at = self.inner.keepers.gave_back_at.load(Ordering::Relaxed);
        let is_lately = self.uptime_micros().saturating_sub(gave_back_at) < GIVEN_BACK_LATELY;
        self.level() >= Level::Warning || (gave_back_at > 0 && is_lately)
    }

    /// Has the controller look at once when a request has ended that alone may leave more free pages than may lie idle.
    pub(super) fn look_after(&self, request: RequestMemory) {
        if is_too_much_unused(request.peak_live, self.inner.root.limit()) {
            self.inner.root.tree().bell.ring();
        }
    }

    /// Leaves a chore to its thread, or does it where there is none.
    pub(super) fn leave(&self, chore: Chore, chores: Option<&Chores>) {
        if let Some(chore) = chores.map_or(Some(chore), |chores| chores.leave(chore)) {
            self.do_chore(chore);
        }
    }

    /// The same for a chore of which one at a time is enough, as `waits` tells, and which is asked for again when its thread has
    /// no room. Whether it was left.
    pub(super) fn leave_one(&self, waits: &AtomicBool, chore: Chore, chores: Option<&Chores>) -> bool {
        if waits.swap(true, Ordering::AcqRel) {
            return false;
        }
        let Some(chores) = chores else {
            self.do_chore(chore);
            return true;
        };
        let is_left = chores.takes(chore);
        if !is_left {
            waits.store(false, Ordering::Release);
        }
        is_left
    }

    /// Does what may take its time.
    pub(crate) fn do_chore(&self, chore: Chore) {
        let (level, action) = match chore {
            Chore::Purge { level } => return self.purge_for(level),
            Chore::PurgeUnused { at_rest } => return self.purge_unused(at_rest),
            Chore::PurgePages => return self.purge_kept_pages(),
            Chore::Decay { level, millis } => (level, Action::Decay(millis)),
            Chore::Dump { level } => (level, Action::DumpHeap),
            Chore::Witness { level } => return self.witness(level),
        };
        let resident = || {
            let stats = self.inner.allocator.and_then(|allocator| allocator.stats());
            stats.map_or(0, |stats| stats.resident)
        };
        let before_bytes = resident();
        match (action, self.inner.keepers.dump()) {
            (Action::Decay(millis), _) => {
                let _taken = self.inner.allocator.is_some_and(|allocator| allocator.set_decay(millis));
            }
            (_, Some(dump)) => dump(),
            (_, None) => return,
        }
        let (at_micros, after_bytes) = (self.uptime_micros(), Some(resident()));
        self.note(ActionRecord { at_micros, level, action, before_bytes, after_bytes });
    }

    /// Purges and keeps a record of it.
    fn purge_for(&self, level: Level) {
        if let Some(report) = self.purge() {
            self.note_purge(level, &report);
        }
    }

    fn note_purge(&self, level: Level, report: &PurgeReport) {
        let at_micros = self.uptime_micros();
        let (before_bytes, after_bytes) = (report.before_resident, Some(report.after_resident));
        self.note(ActionRecord { at_micros, level, action: Action::Purge, before_bytes, after_bytes });
    }
}

fn log_action(record: &ActionRecord, what: &'static str) {
    let (action, level) = (record.action.name(), record.level.as_str());
    let (before_bytes, after_bytes) = (record.before_bytes, record.after_bytes);
    tracing::info!(action, level, before_bytes, after_bytes, "{what}");
}

fn log_ended(flight: &FlightStats, why: &'static str) {
    let (live_bytes, age_ms) = (flight.live_bytes, flight.age_millis);
    tracing::warn!(route = &*flight.route, live_bytes, age_ms, "{why}");
}
