//! What the memory was like in the last day: kept by the controller itself, so that it is known of a server that did nothing else
//! any more.

use crate::level::Level;
use crate::stores::{BoundedStore, Eviction};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Each row of the short part is a second, and there are so many of them.
const SECOND: u64 = 1_000_000;
const SECONDS: usize = 120;
/// Each row of the long part is a minute: a day of them.
const MINUTE: u64 = 60 * SECOND;
const MINUTES: usize = 24 * 60;

/// What both parts take, in bytes.
pub const HISTORY_BYTES: u64 = ((SECONDS + MINUTES) * size_of::<HistoryRow>()) as u64;

/// A stretch of time: the most that was seen in it, and how many requests fared badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRow {
    /// When it begins, in microseconds since the engine began.
    pub from_micros: u64,
    /// The highest level.
    pub level: Level,
    /// The most that the kernel counted against the process and could not take back, in bytes.
    pub charged_bytes: u64,
    /// The most that the allocator had handed out, in bytes.
    pub heap_bytes: u64,
    /// The most that was lent, in bytes.
    pub lent_bytes: u64,
    /// The limit at its end, in bytes.
    pub limit_bytes: u64,
    /// The most requests that ran at once.
    pub running: u64,
    /// What became of requests.
    pub requests: Fates,
}

/// How many requests fared badly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fates {
    /// Leases that a pool refused.
    pub refused: u64,
    /// Refused because their class had to wait.
    pub shed: u64,
    /// Ended to stay within the limit.
    pub ended: u64,
}

impl Fates {
    fn since(self, before: Self) -> Self {
        Self {
            refused: self.refused.saturating_sub(before.refused),
            shed: self.shed.saturating_sub(before.shed),
            ended: self.ended.saturating_sub(before.ended),
        }
    }

    fn and(self, more: Self) -> Self {
        Self {
            refused: self.refused + more.refused,
            shed: self.shed + more.shed,
            ended: self.ended + more.ended,
        }
    }
}

impl HistoryRow {
    /// Takes a later stretch in.
    fn join(&mut self, later: &Self) {
        self.level = self.level.max(later.level);
        self.charged_bytes = self.charged_bytes.max(later.charged_bytes);
        self.heap_bytes = self.heap_bytes.max(later.heap_bytes);
        self.lent_bytes = self.lent_bytes.max(later.lent_bytes);
        self.limit_bytes = later.limit_bytes;
        self.running = self.running.max(later.running);
        self.requests = self.requests.and(later.requests);
    }
}

/// The last two minutes by the second and the last day by the minute.
#[derive(Debug, Clone)]
pub(crate) struct History(Arc<Mutex<Parts>>);

#[derive(Debug)]
struct Parts {
    seconds: Ring,
    minutes: Ring,
    /// What was counted at the last look, since the start.
    counted: Fates,
}

#[derive(Debug)]
struct Ring {
    every: u64,
    most: usize,
    // bounded: `most`; part of the registered store.
    rows: VecDeque<HistoryRow>,
}

impl Ring {
    fn of(most: usize, every: u64) -> Self {
        Self { every, most, rows: VecDeque::with_capacity(most) }
    }

    fn note(&mut self, mut row: HistoryRow) {
        row.from_micros -= row.from_micros % self.every;
        match self.rows.back_mut() {
            // A look may come after one of a later moment: it belongs to what is open.
            Some(last) if row.from_micros <= last.from_micros => last.join(&row),
            _ => {
                if self.rows.len() == self.most {
                    self.rows.pop_front();
                }
                self.rows.push_back(row);
            }
        }
    }
}

impl Default for History {
    fn default() -> Self {
        let (seconds, minutes) = (Ring::of(SECONDS, SECOND), Ring::of(MINUTES, MINUTE));
        Self(Arc::new(Mutex::new(Parts { seconds, minutes, counted: Fates::default() })))
    }
}

impl History {
    /// Takes one look in. Its requests are all since the start, and its beginning is the moment of the look.
    pub(crate) fn note(&self, mut look: HistoryRow) {
        let mut parts = self.parts();
        let before = std::mem::replace(&mut parts.counted, look.requests);
        look.requests = look.requests.since(before);
        parts.seconds.note(look);
        parts.minutes.note(look);
    }

    /// The rows of the last `back_micros` before `now_micros`, oldest first, no more than `most`: stretches are joined until
    /// they are so few. By the second as far as that is known.
    pub(crate) fn rows(&self, now_micros: u64, back_micros: u64, most: usize) -> (u64, Vec<HistoryRow>) {
        let parts = self.parts();
        let ring = if back_micros <= SECONDS as u64 * SECOND { &parts.seconds } else { &parts.minutes };
        let joined = back_micros.div_ceil(ring.every).div_ceil(most.max(1) as u64).max(1);
        let every = ring.every * joined;
        // The open stretch is the last one, and all begin at multiples of their length: the next time they are the same.
        let end = (now_micros / every + 1) * every;
        let from = end.saturating_sub(back_micros.div_ceil(every) * every);
        let mut rows: Vec<HistoryRow> = Vec::with_capacity(most.min(ring.rows.len()));
        for row in ring.rows.iter().filter(|row| (from..end).contains(&row.from_micros)) {
            let begins = row.from_micros - row.from_micros % every;
            match rows.last_mut() {
                Some(last) if last.from_micros == begins => last.join(row),
                _ => rows.push(HistoryRow { from_micros: begins, ..*row }),
            }
        }
        (every, rows)
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BoundedStore for History {
    fn name(&self) -> &'static str {
        "memory.history"
    }

    fn entries(&self) -> u64 {
        let parts = self.parts();
        (parts.seconds.rows.len() + parts.minutes.rows.len()) as u64
    }

    fn bytes(&self) -> u64 {
        let parts = self.parts();
        ((parts.seconds.rows.capacity() + parts.minutes.rows.capacity()) * size_of::<HistoryRow>()) as u64
    }

    fn cap_bytes(&self) -> u64 {
        HISTORY_BYTES
    }

    fn max_entries(&self) -> Option<u64> {
        Some((SECONDS + MINUTES) as u64)
    }

    fn eviction(&self) -> Eviction {
        Eviction::Oldest
    }

    /// What it knows is wanted most when memory is scarce.
    fn shrink_to(&self, _bytes: u64) -> u64 {
        0
    }

    fn floor_bytes(&self) -> u64 {
        HISTORY_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(at_micros: u64, charged_bytes: u64, refused: u64) -> HistoryRow {
        HistoryRow {
            from_micros: at_micros,
            level: if charged_bytes > 90 { Level::Critical } else { Level::Normal },
            charged_bytes,
            heap_bytes: charged_bytes / 2,
            lent_bytes: 1,
            limit_bytes: 100,
            running: charged_bytes / 10,
            requests: Fates { refused, ..Fates::default() },
        }
    }

    #[test]
    fn a_row_is_the_worst_of_its_stretch_and_counts_what_happened_in_it() {
        let history = History::default();
        for (tenth, charged, refused) in [(0, 10, 0), (1, 95, 2), (2, 20, 2), (10, 30, 3), (700, 40, 10)] {
            history.note(look(tenth * SECOND / 10, charged, refused));
        }
        let (every, rows) = history.rows(71 * SECOND, 100 * SECOND, 500);
        assert_eq!(every, SECOND);
        let told: Vec<_> = rows
            .iter()
            .map(|row| {
                (row.from_micros / SECOND, row.level, row.charged_bytes, row.running, row.requests.refused)
            })
            .collect();
        let (normal, critical) = (Level::Normal, Level::Critical);
        assert_eq!(told, [(0, critical, 95, 9, 2), (1, normal, 30, 3, 1), (70, normal, 40, 4, 7)]);
        let (every, rows) = history.rows(71 * SECOND, 3 * MINUTE, 500);
        assert_eq!((every, rows.len()), (MINUTE, 2));
        assert_eq!((rows[0].charged_bytes, rows[0].requests.refused), (95, 3));
    }

    #[test]
    fn a_day_takes_no_more_than_was_declared_and_is_joined_to_as_few_rows_as_are_asked_for() {
        let history = History::default();
        let day = 24 * 60 * MINUTE;
        for minute in 0..2 * 24 * 60 {
            history.note(look(minute * MINUTE, minute % 90, minute));
            history.note(look(minute * MINUTE + SECOND, 1, minute));
        }
        let now = 2 * day - 7 * SECOND;
        assert_eq!(history.bytes(), HISTORY_BYTES);
        assert_eq!(history.entries(), (SECONDS + MINUTES) as u64);
        for most in [1, 7, 144, 1439, 2000] {
            let (every, rows) = history.rows(now, day, most);
            assert!(
                rows.len() <= most && every * (rows.len() as u64 + 1) >= day,
                "{most}: {} of {every}",
                rows.len()
            );
            let refused: u64 = rows.iter().map(|row| row.requests.refused).sum();
            // The first stretch may have begun before the oldest row that is kept.
            assert!((24 * 60 - every / MINUTE..=24 * 60).contains(&refused), "{most}: {refused}");
            assert!(rows.iter().all(|row| row.from_micros.is_multiple_of(every)), "{most}");
            assert!(rows.iter().any(|row| row.charged_bytes == 89), "{most}");
        }
        // Nobody looked for two days: the rows are old, and none is told for the last hour.
        assert_eq!(history.rows(4 * day, 60 * MINUTE, 60).1, []);
    }

    #[test]
    fn a_row_is_the_same_whenever_it_is_asked_for() {
        let history = History::default();
        for second in 0..600 {
            history.note(look(second * SECOND, second, 0));
        }
        for (now, back, most) in [(599, 90, 100), (577, 90, 100), (571, 90, 30), (599, 480, 8), (541, 300, 3)]
        {
            let (every, rows) = history.rows(now * SECOND + 123_456, back * SECOND, most);
            assert!(!rows.is_empty() && rows.len() <= most, "{now}: {}", rows.len());
            for row in &rows[..rows.len() - 1] {
                let last = (row.from_micros + every) / SECOND - 1;
                assert_eq!(row.charged_bytes, last.min(599), "of {every} from {}", row.from_micros);
            }
        }
    }

    #[test]
    fn a_look_that_comes_late_belongs_to_what_is_open() {
        let history = History::default();
        history.note(look(5 * SECOND, 10, 1));
        history.note(look(3 * SECOND, 50, 1));
        let (_, rows) = history.rows(6 * SECOND, 100 * SECOND, 500);
        assert_eq!(rows.iter().map(|row| row.charged_bytes).collect::<Vec<_>>(), [50]);
    }
}
