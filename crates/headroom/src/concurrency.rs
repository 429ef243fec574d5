use crate::class::Class;
use crate::level::Level;
use crate::plan::is_due;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// So many of a class may begin at any level but those at which the class is refused.
const LEAST: u32 = 16;

/// The least time between two steps down, and between two steps up, in microseconds.
const LOWER_EVERY: u64 = 500_000;
const RAISE_EVERY: u64 = 250_000;

/// A step up is this part of what ran when the limit was set, and at least [`LEAST`].
const RAISE_PART: u32 = 16;

/// No limit.
const UNLIMITED: u32 = u32::MAX;

/// How many requests of one class may run at once: any number at rest. Under pressure it falls by a quarter of those that run at
/// each step, and after it rises by the same number at each, so that where pressure begins it is met by fewer and fewer, and
/// those who come back do not come all at once.
#[derive(Debug)]
struct Limit {
    running: AtomicU32,
    most: AtomicU32,
    course: Mutex<Course>,
}

#[derive(Debug, Default)]
struct Course {
    lowered_at: Option<u64>,
    raised_at: Option<u64>,
    /// What ran when the limit was set: with room for as many it is taken away.
    enough: u32,
}

/// A request that counts among those that run.
#[derive(Debug)]
pub(crate) struct Running(Arc<Limit>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Limit {
    fn new() -> Self {
        Self {
            running: AtomicU32::new(0),
            most: AtomicU32::new(UNLIMITED),
            course: Mutex::new(Course::default()),
        }
    }

    fn begin(self: &Arc<Self>) -> Option<Running> {
        let most = self.most.load(Ordering::Relaxed);
        let add = |running| (running < most).then_some(running + 1);
        self.running.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok()?;
        Some(Running(Arc::clone(self)))
    }

    fn most(&self) -> Option<u32> {
        Some(self.most.load(Ordering::Relaxed)).filter(|most| *most != UNLIMITED)
    }

    fn look(&self, is_pressed: bool, at_micros: u64) {
        let mut course = self.course.lock().unwrap_or_else(PoisonError::into_inner);
        let (running, most) = (self.running.load(Ordering::Relaxed), self.most.load(Ordering::Relaxed));
        if is_pressed {
            // Where few run, nothing is gained by a limit.
            if running > LEAST && is_due(&mut course.lowered_at, at_micros, LOWER_EVERY) {
                if most == UNLIMITED {
                    course.enough = running;
                }
                self.most.store((running.min(most) / 4 * 3).max(LEAST), Ordering::Relaxed);
            }
        } else if most != UNLIMITED && is_due(&mut course.raised_at, at_micros, RAISE_EVERY) {
            let raised = most.saturating_add((course.enough / RAISE_PART).max(LEAST));
            let is_enough = raised >= course.enough;
            self.most.store(if is_enough { UNLIMITED } else { raised }, Ordering::Relaxed);
        }
    }
}

/// The limits of the classes that can wait. Each has its own: files that take minutes must not keep lists from being read.
#[derive(Debug)]
pub(crate) struct Concurrency {
    standard: Arc<Limit>,
    bulk: Arc<Limit>,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self { standard: Arc::new(Limit::new()), bulk: Arc::new(Limit::new()) }
    }
}

impl Concurrency {
    /// One more of the class begins, unless as many run as may.
    pub(crate) fn begin(&self, class: Class) -> Option<Running> {
        self.of(class).begin()
    }

    /// Goes by the level: [`Level::Warning`] is pressure. Whether any class is limited, where that has changed.
    pub(crate) fn look(&self, level: Level, at_micros: u64) -> Option<bool> {
        let was_limited = self.is_limited();
        for limit in [&self.standard, &self.bulk] {
            limit.look(level >= Level::Warning, at_micros);
        }
        let is_limited = self.is_limited();
        (is_limited != was_limited).then_some(is_limited)
    }

    /// How many of a class may run, where there is a limit.
    pub(crate) fn most(&self, class: Class) -> Option<u32> {
        self.of(class).most()
    }

    fn is_limited(&self) -> bool {
        self.standard.most().or(self.bulk.most()).is_some()
    }

    fn of(&self, class: Class) -> &Arc<Limit> {
        if class == Class::Standard { &self.standard } else { &self.bulk }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn begin(limits: &Concurrency, count: usize) -> Vec<Running> {
        std::iter::from_fn(|| limits.begin(Class::Standard)).take(count).collect()
    }

    #[test]
    fn fewer_and_fewer_run_under_pressure_and_more_and_more_after_it() {
        let limits = Concurrency::default();
        let mut running = begin(&limits, 400);
        assert_eq!((running.len(), limits.look(Level::Elevated, 0)), (400, None));
        let (mut allowed, mut told) = (Vec::new(), Vec::new());
        for look in 1..=14 {
            told.extend(limits.look(Level::Warning, look * SECOND / 2));
            let most = limits.most(Class::Standard).unwrap();
            running.truncate(usize::try_from(most).unwrap());
            assert!(limits.begin(Class::Standard).is_none(), "as many run as may");
            allowed.push(most);
        }
        assert_eq!(allowed, [300, 225, 168, 126, 93, 69, 51, 36, 27, 18, 16, 16, 16, 16]);
        assert_eq!(limits.most(Class::Bulk), None, "files have a limit of their own");
        assert!(limits.begin(Class::Bulk).is_some());

        let mut raised = Vec::new();
        for look in 0..40 {
            told.extend(limits.look(Level::Normal, 10 * SECOND + look * SECOND / 4));
            running.extend(begin(&limits, 400 - running.len()));
            raised.push(running.len());
            if limits.most(Class::Standard).is_none() {
                break;
            }
        }
        assert_eq!(raised[..3], [41, 66, 91]);
        assert_eq!((raised.len(), raised.last()), (16, Some(&400)), "all of it within sixteen steps");
        assert!(limits.begin(Class::Standard).is_some(), "and no limit any more");
        assert_eq!(limits.look(Level::Normal, 60 * SECOND), None);
        assert_eq!(told, [true, false], "each is told once");
    }

    #[test]
    fn few_are_never_limited_and_looks_that_follow_closely_count_once() {
        let limits = Concurrency::default();
        let few = begin(&limits, 16);
        assert_eq!(limits.look(Level::Emergency, SECOND), None);
        drop(few);
        let _many = begin(&limits, 100);
        assert_eq!(limits.look(Level::Critical, SECOND), Some(true));
        assert_eq!(limits.look(Level::Critical, SECOND + 20_000), None);
        assert_eq!(limits.most(Class::Standard), Some(75));
    }
}
