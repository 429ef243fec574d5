use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A runtime that was not seen for so long does not make progress.
const STALLED: Duration = Duration::from_secs(10);
/// Memory that is short for so long makes the server not ready; a shorter spell is ridden out by shedding.
const SHORT_FOR: Duration = Duration::from_secs(30);
/// How often the runtime gives a sign of life.
pub(crate) const TICK: Duration = Duration::from_secs(1);
/// No time.
const NEVER: u64 = u64::MAX;

/// Where the server stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Not everything is there yet.
    Starting = 0,
    /// Serving.
    Ready = 1,
    /// Told to end; requests in flight may finish.
    Draining = 2,
}

/// The server's phase, its age, and the signs of life of its runtime.
#[derive(Debug)]
pub struct Status {
    began: Instant,
    phase: AtomicU8,
    /// In milliseconds since the beginning.
    ticked: AtomicU64,
    /// How late that tick came, in milliseconds.
    late: AtomicU64,
    /// Since when memory is short, in milliseconds since the beginning.
    short_since: AtomicU64,
    /// What a test has let pass beside the time that passed, in milliseconds.
    passed: AtomicU64,
}

impl Status {
    /// A server that begins now.
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            phase: AtomicU8::new(Phase::Starting as u8),
            ticked: AtomicU64::new(0),
            late: AtomicU64::new(0),
            short_since: AtomicU64::new(NEVER),
            passed: AtomicU64::new(0),
        }
    }

    /// Goes on to another phase.
    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// The phase.
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Ready,
            _ => Phase::Draining,
        }
    }

    /// How long the server has been running.
    pub fn uptime(&self) -> Duration {
        self.began.elapsed()
    }

    /// A sign of life, and whether memory was critical then, or nothing ran for want of it.
    pub fn tick(&self, is_short: bool) {
        let now = self.millis();
        let before = self.ticked.swap(now, Ordering::Relaxed);
        self.late.store(beyond_a_tick(Duration::from_millis(now.saturating_sub(before))), Ordering::Relaxed);
        if is_short {
            // Only the first of a spell counts; another thread's later mark would hide how long it lasts.
            let _earlier =
                self.short_since.compare_exchange(NEVER, now, Ordering::Relaxed, Ordering::Relaxed);
        } else {
            self.short_since.store(NEVER, Ordering::Relaxed);
        }
    }

    /// How late the last sign of life came, or by how much the next is overdue.
    pub fn stall(&self) -> Duration {
        let overdue = beyond_a_tick(self.since(self.ticked.load(Ordering::Relaxed)));
        Duration::from_millis(overdue.max(self.late.load(Ordering::Relaxed)))
    }

    /// Whether the runtime made progress lately.
    pub fn is_live(&self) -> bool {
        self.since(self.ticked.load(Ordering::Relaxed)) < STALLED
    }

    /// Whether memory has been short for longer than can be ridden out.
    pub fn is_starved(&self) -> bool {
        match self.short_since.load(Ordering::Relaxed) {
            NEVER => false,
            since => self.since(since) > SHORT_FOR,
        }
    }

    /// Lets so much time pass at once: for tests of what follows when.
    pub fn pass(&self, time: Duration) {
        self.passed.fetch_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn since(&self, millis: u64) -> Duration {
        Duration::from_millis(self.millis().saturating_sub(millis))
    }

    fn millis(&self) -> u64 {
        let running = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        running.saturating_add(self.passed.load(Ordering::Relaxed))
    }
}

/// In milliseconds.
fn beyond_a_tick(time: Duration) -> u64 {
    u64::try_from(time.saturating_sub(TICK).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_that_comes_late_or_not_at_all_is_a_stall() {
        let long_ago =
            Instant::now().checked_sub(Duration::from_mins(1)).expect("a clock that runs for a minute");
        let status = Status { began: long_ago, ..Status::new() };
        assert!(status.stall() >= Duration::from_secs(59), "no tick since the beginning");
        status.tick(false);
        assert!(status.stall() >= Duration::from_secs(59), "the tick came late");
        status.tick(false);
        assert!(status.stall() < Duration::from_secs(30), "the next one came in time");
    }
}
