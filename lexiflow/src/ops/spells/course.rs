//! Which spell a report belongs to, and how each one ends.

use super::file::{CriticalSpell, SpellEnd};
use crate::ops::report::written;
use chrono::TimeDelta;
use clock::Timestamp;
use headroom::Level;

/// One that begins again so soon after it was over is the same: a server at its limit sheds, has room, and fills.
const SAME_WITHIN: TimeDelta = TimeDelta::minutes(1);

/// The spells of this process.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// The one that lasts, or whose end could not be written yet.
    open: Option<CriticalSpell>,
    /// How that one ended, if it did, and when that could not be written first.
    unwritten: Option<(SpellEnd, Timestamp)>,
    /// The last one that is over, and when that was.
    over: Option<(CriticalSpell, Timestamp)>,
    is_closed: bool,
}

/// How the memory is at this moment, and was at worst since the last report.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) level: Level,
    pub(super) charged_bytes: u64,
    pub(super) limit_bytes: u64,
    pub(super) now: Timestamp,
}

impl Course {
    /// The spell as it is to be written; nothing where there is none to end, or nobody writes any more. Nothing has changed until
    /// [`Course::went`] says what came of it.
    pub(super) fn next(&self, seen: &Seen, end: Option<SpellEnd>) -> Option<CriticalSpell> {
        if self.is_closed || (self.open.is_none() && end.is_some()) {
            return None;
        }
        let mut spell = self
            .open
            .clone()
            .or_else(|| self.again(seen.now))
            .unwrap_or_else(|| CriticalSpell::begun(seen.now));
        spell.last = written(seen.now);
        // The first word counts, also when it could not be written at once.
        spell.end = end.map(|end| self.unwritten.map_or(end, |(first, _)| first));
        if spell.end.is_none() || spell.level.is_empty() {
            spell.rise_to(seen.level.max(Level::Critical));
        }
        spell.charged_bytes = spell.charged_bytes.max(seen.charged_bytes);
        spell.limit_bytes = seen.limit_bytes;
        Some(spell)
    }

    /// It was written, or could not be: then its end is still to be told.
    pub(super) fn went(&mut self, mut spell: CriticalSpell, is_written: bool, now: Timestamp) {
        match spell.end {
            Some(_) if is_written => {
                (self.open, self.unwritten) = (None, None);
                self.over = Some((spell, now));
            }
            _ => {
                let since = self.unwritten.map_or(now, |(_, since)| since);
                self.unwritten = spell.end.take().map(|end| (end, since));
                self.open = Some(spell);
            }
        }
    }

    /// Whether the one that is open was over too long ago to be the same as one that begins now.
    pub(super) fn is_over_unwritten(&self, now: Timestamp) -> bool {
        self.unwritten.is_some_and(|(_, since)| now - since >= SAME_WITHIN)
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Nothing is written from now on.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    fn again(&self, now: Timestamp) -> Option<CriticalSpell> {
        let (spell, over) = self.over.as_ref()?;
        let since = now - *over;
        (since >= TimeDelta::zero() && since < SAME_WITHIN).then(|| spell.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::Clock as _;

    fn seen(second: i64, level: Level) -> Seen {
        let begun = clock::SystemClock.now();
        Seen { level, charged_bytes: 90, limit_bytes: 100, now: begun + TimeDelta::seconds(second) }
    }

    /// A report that is written, if there is one to write.
    fn step(
        course: &mut Course,
        seen: &Seen,
        end: Option<SpellEnd>,
        is_written: bool,
    ) -> Option<CriticalSpell> {
        let spell = course.next(seen, end)?;
        course.went(spell.clone(), is_written, seen.now);
        Some(spell)
    }

    #[test]
    fn a_spell_keeps_its_worst_and_one_that_comes_again_soon_is_the_same() {
        let mut course = Course::default();
        assert_eq!(
            step(&mut course, &seen(0, Level::Normal), Some(SpellEnd::Over), true),
            None,
            "there is none"
        );
        let first = step(&mut course, &seen(0, Level::Emergency), None, true).unwrap();
        let later = step(&mut course, &seen(5, Level::Critical), None, true).unwrap();
        assert_eq!((&later.file, later.level.as_str()), (&first.file, "emergency"));
        let over = step(&mut course, &seen(10, Level::Elevated), Some(SpellEnd::Over), true).unwrap();
        assert_eq!((over.end, over.level.as_str()), (Some(SpellEnd::Over), "emergency"));
        let again = step(&mut course, &seen(40, Level::Critical), None, true).unwrap();
        assert_eq!((&again.file, again.end), (&first.file, None));
        step(&mut course, &seen(45, Level::Normal), Some(SpellEnd::Over), true).unwrap();
        let other = step(&mut course, &seen(200, Level::Critical), None, true).unwrap();
        assert_eq!((other.file == first.file, other.level.as_str()), (false, "critical"));
    }

    #[test]
    fn an_end_that_could_not_be_written_is_written_later() {
        let mut course = Course::default();
        step(&mut course, &seen(0, Level::Critical), None, true).unwrap();
        step(&mut course, &seen(5, Level::Normal), Some(SpellEnd::Over), false).unwrap();
        let at_the_end = step(&mut course, &seen(900, Level::Normal), Some(SpellEnd::Stopped), true).unwrap();
        assert_eq!(
            at_the_end.end,
            Some(SpellEnd::Over),
            "it was over long before the server was told to end"
        );

        step(&mut course, &seen(1000, Level::Critical), None, false).unwrap();
        let stopped = step(&mut course, &seen(1001, Level::Critical), Some(SpellEnd::Stopped), true).unwrap();
        assert_eq!(stopped.end, Some(SpellEnd::Stopped));
    }

    #[test]
    fn nothing_is_written_after_the_end() {
        let mut course = Course::default();
        step(&mut course, &seen(0, Level::Critical), None, true).unwrap();
        step(&mut course, &seen(1, Level::Critical), Some(SpellEnd::Stopped), true).unwrap();
        course.close();
        assert_eq!(course.next(&seen(2, Level::Critical), None), None);
    }
}
