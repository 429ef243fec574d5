//! Spells of critical memory, each written down while it lasts: a process that is killed for want of memory cannot tell any more
//! what held it. The file has the whole memory report, the last minutes before it, and what to do.

mod course;
mod file;

pub(super) use file::{CriticalSpell, SpellEnd};

use super::Ops;
use super::diagnostics::Diagnostics;
use super::doctor::{Examined, Names};
use super::history::{MemoryHistoryRow, rows_of};
use super::memory::{Format, figures, firm, flight};
use clock::Timestamp;
use course::{Course, Seen};
use file::Written;
use headroom::{Headroom, Level, Snapshot};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So much of the time before is written down: two minutes by the second, and two hours by the minute.
const SECONDS: (u64, usize) = (120_000_000, 120);
const MINUTES: (u64, usize) = (7_200_000_000, 120);
/// Requests and shares that are listed: those that hold most.
const HOLDERS: usize = 20;
/// What the level and the use were since the last report is looked up so far back, in microseconds: longer than that takes.
const SINCE: u64 = 10_000_000;
/// For so long after its start a server tells how the one before it ended.
const TOLD_FOR: Duration = Duration::from_hours(24);

/// The spells of this data folder.
#[derive(Debug)]
pub(super) struct Spells {
    folder: Diagnostics,
    /// Held while it is written: one writes at a time.
    course: Mutex<Course>,
    /// The last one of the server before, if that did not live to see its end.
    lost: Option<CriticalSpell>,
}

impl Spells {
    /// Looks how the server before this one ended, and writes that down: the next one need not tell it again.
    pub(super) fn within(folder: &Diagnostics, now: Timestamp) -> Self {
        let lost = if folder.is_shared() { Ok(None) } else { folder.find_lost_spells(now) };
        let lost = lost.unwrap_or_else(|error| {
            tracing::warn!(%error, "earlier spells of critical memory cannot be read");
            None
        });
        let lost = lost.map(|spell| named(folder, spell));
        if let Some(spell) = &lost {
            tracing::warn!(
                event = "memory.spell_lost",
                last = spell.last,
                file = spell.file,
                charged_bytes = spell.charged_bytes,
                limit_bytes = spell.limit_bytes,
                "the server before this one ended while its memory was critical"
            );
        }
        Self { folder: folder.clone(), course: Mutex::default(), lost }
    }

    /// What is to be told of the server before this one, which has been running for so long.
    pub(super) fn lost(&self, uptime: Duration) -> Option<&CriticalSpell> {
        self.lost.as_ref().filter(|_| uptime < TOLD_FOR)
    }

    /// All that are kept, oldest first. Blocks.
    pub(super) fn all(&self) -> std::io::Result<Vec<CriticalSpell>> {
        Ok(self.folder.spells()?.into_iter().map(|spell| named(&self.folder, spell)).collect())
    }

    /// Removes those that are kept for longer than they should be. Blocks.
    pub(super) fn forget_old(&self, now: Timestamp) {
        self.folder.forget_spells(now, None);
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ops {
    /// Writes down how the memory is; called by a thread of the engine's, which may wait for the disk. Whether that worked.
    pub(super) fn witness(&self, level: Level) -> bool {
        let mut course = self.spells.course();
        let end = (level < Level::Critical).then_some(SpellEnd::Over);
        // One whose end could not be written, and which comes again much later, is another.
        let earlier = end.is_none() && course.is_over_unwritten(self.parts.app.clock().now());
        let is_done = !earlier || self.write_spell(&mut course, Some(SpellEnd::Over));
        self.write_spell(&mut course, end) && is_done
    }

    /// The server ends in order: whatever the memory is like, it is not what ended it. Nothing is written afterwards.
    pub(crate) fn close_spell(&self) {
        let mut course = self.spells.course();
        self.write_spell(&mut course, Some(SpellEnd::Stopped));
        course.close();
    }

    /// Whether it was written, or nothing was to be.
    fn write_spell(&self, course: &mut Course, end: Option<SpellEnd>) -> bool {
        let app = &self.parts.app;
        let (headroom, now) = (app.headroom(), app.clock().now());
        let snapshot = headroom.snapshot();
        let seen = seen(headroom, &snapshot, now);
        let Some(mut spell) = course.next(&seen, end) else { return true };
        // What was to be done while it lasted; at its end nothing is.
        if spell.end.is_none() {
            let controls = headroom.controls();
            spell.findings = Examined::of(self, (&snapshot, &controls), Names::Nobody).findings();
        }
        let file = self.spells.folder.shown(&spell.file);
        let kept = self.spells.folder.keep_spell(&self.written(&spell, &snapshot, now), now);
        match (&kept, spell.end, course.is_open()) {
            (Err(error), ..) => tracing::warn!(%error, "critical memory could not be written down"),
            (Ok(()), None, false) => {
                tracing::warn!(event = "memory.spell_began", file, "critical memory is written down");
            }
            (Ok(()), None, true) => tracing::debug!(file, "critical memory is written down"),
            (Ok(()), Some(_), _) => {
                tracing::info!(event = "memory.spell_over", file, "memory is not critical any more");
            }
        }
        course.went(spell, kept.is_ok(), now);
        kept.is_ok()
    }

    fn written<'a>(&self, spell: &'a CriticalSpell, snapshot: &Snapshot, now: Timestamp) -> Written<'a> {
        let headroom = self.parts.app.headroom();
        Written {
            spell,
            report: figures(snapshot, self, Format::Bytes, Names::All),
            running: headroom.ledger().largest(HOLDERS).iter().map(|one| flight(one, Names::All)).collect(),
            firms: headroom.top_tenants(HOLDERS).iter().map(|one| firm(one, Names::All)).collect(),
            seconds: lately(headroom, SECONDS, now),
            minutes: lately(headroom, MINUTES, now),
        }
    }
}

/// With the whole path of its file, for whoever looks for it.
fn named(folder: &Diagnostics, mut spell: CriticalSpell) -> CriticalSpell {
    spell.file = folder.shown(&spell.file);
    spell
}

/// How it is, and was at worst since the last report.
fn seen(headroom: &Headroom, snapshot: &Snapshot, now: Timestamp) -> Seen {
    let (_, rows) = headroom.history(SINCE, usize::MAX);
    let worst = |now: u64, most: Option<u64>| most.map_or(now, |most| most.max(now));
    Seen {
        level: rows.iter().map(|row| row.level).max().map_or(snapshot.level, |most| most.max(snapshot.level)),
        charged_bytes: worst(snapshot.gaps().charged, rows.iter().map(|row| row.charged_bytes).max()),
        limit_bytes: snapshot.budget.limit.bytes,
        now,
    }
}

fn lately(headroom: &Headroom, (back_micros, most): (u64, usize), now: Timestamp) -> Vec<MemoryHistoryRow> {
    rows_of(headroom, back_micros, most, now).1
}
