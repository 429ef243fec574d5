//! What the memory engine's counters did lately: a counter since the start says nothing about now.

use headroom::{Action, ControlStats, Headroom, Snapshot};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How far back is looked, in microseconds: ten minutes.
const LOOK_BACK_MICROS: u64 = 600_000_000;
/// Between two samples, in microseconds.
const SAMPLE_EVERY_MICROS: u64 = 15_000_000;

/// The counters at moments of the last ten minutes and a little more.
#[derive(Debug, Default)]
pub(super) struct Trend {
    // bounded: one sample in `SAMPLE_EVERY_MICROS` for `LOOK_BACK_MICROS`, and the one before them.
    samples: Mutex<VecDeque<Sample>>,
}

/// The counters at one moment.
#[derive(Debug, Clone, Default)]
struct Sample {
    at_micros: u64,
    /// By the pool's name.
    // bounded: the pools of the classes, and those above.
    refused: Vec<(Arc<str>, u64)>,
    cancelled: u64,
    shed: u64,
    overdue: u64,
    oom_kills: u64,
    taken: [u64; Action::NAMES.len()],
}

/// What was counted in the last ten minutes, or since the start where that is later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// Requests that each pool refused, in the order of the snapshot's pools.
    // bounded: the pools of the classes, and those above.
    pub(super) refused: Vec<u64>,
    /// Requests that were ended to stay within the limit.
    pub(super) cancelled: u64,
    /// Requests that were refused because their class can wait.
    pub(super) shed: u64,
    /// Looks of the controller that came more than a second late.
    pub(super) overdue: u64,
    /// Processes of the control group that the kernel ended; in the first ten minutes also those before the start.
    pub(super) oom_kills: u64,
    taken: [u64; Action::NAMES.len()],
}

impl Window {
    /// How often the action of this name was taken.
    pub(super) fn taken(&self, name: &str) -> u64 {
        Action::NAMES.iter().position(|known| *known == name).map_or(0, |place| self.taken[place])
    }
}

impl Trend {
    /// Keeps the counters of now, if the last ones are old enough.
    pub(super) fn note(&self, headroom: &Headroom) {
        let now = headroom.uptime_micros();
        let last = self.samples().back().map_or(0, |sample| sample.at_micros);
        if now.saturating_sub(last) >= SAMPLE_EVERY_MICROS {
            self.note_at(headroom, now);
        }
    }

    /// Keeps the counters of now as those of a moment that the caller names.
    pub(super) fn note_at(&self, headroom: &Headroom, at_micros: u64) {
        self.keep(Sample::of(&headroom.snapshot(), &headroom.controls(), at_micros));
    }

    fn keep(&self, sample: Sample) {
        let old = |sample: &Sample, now: u64| now.saturating_sub(sample.at_micros) >= LOOK_BACK_MICROS;
        let now = sample.at_micros;
        let mut samples = self.samples();
        samples.push_back(sample);
        // The newest of the old ones is what the window begins with.
        while samples.get(1).is_some_and(|second| old(second, now)) {
            samples.pop_front();
        }
    }

    /// What was counted up to now.
    pub(super) fn window(&self, snapshot: &Snapshot, controls: &ControlStats, now_micros: u64) -> Window {
        let now = Sample::of(snapshot, controls, now_micros);
        let samples = self.samples();
        let is_old = |sample: &&Sample| now_micros.saturating_sub(sample.at_micros) >= LOOK_BACK_MICROS;
        samples.iter().rev().find(is_old).unwrap_or(&Sample::default()).until(&now)
    }

    fn samples(&self) -> MutexGuard<'_, VecDeque<Sample>> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sample {
    fn of(snapshot: &Snapshot, controls: &ControlStats, at_micros: u64) -> Self {
        Self {
            at_micros,
            refused: snapshot.pools.iter().map(|pool| (Arc::clone(&pool.name), pool.refused)).collect(),
            cancelled: controls.cancelled,
            shed: controls.shed,
            overdue: controls.overdue,
            oom_kills: snapshot.reading.cgroup.map_or(0, |cgroup| cgroup.oom_kills),
            taken: controls.taken,
        }
    }

    fn until(&self, now: &Self) -> Window {
        let before = |name: &Arc<str>| {
            self.refused.iter().find(|(known, _)| known == name).map_or(0, |(_, refused)| *refused)
        };
        let mut taken = now.taken;
        for (now, before) in taken.iter_mut().zip(self.taken) {
            *now = now.saturating_sub(before);
        }
        Window {
            refused: now.refused.iter().map(|(name, now)| now.saturating_sub(before(name))).collect(),
            cancelled: now.cancelled.saturating_sub(self.cancelled),
            shed: now.shed.saturating_sub(self.shed),
            overdue: now.overdue.saturating_sub(self.overdue),
            oom_kills: now.oom_kills.saturating_sub(self.oom_kills),
            taken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn at(seconds: u64, overdue: u64) -> Sample {
        Sample { at_micros: seconds * SECOND, overdue, ..Sample::default() }
    }

    fn overdue_at(trend: &Trend, seconds: u64, overdue: u64) -> u64 {
        let controls = ControlStats { overdue, ..ControlStats::default() };
        let source = Arc::new(headroom::InjectedSource::with_limit(400 << 20));
        let snapshot = Headroom::new(headroom::Settings::default(), source).snapshot();
        trend.window(&snapshot, &controls, seconds * SECOND).overdue
    }

    #[test]
    fn a_count_is_told_for_ten_minutes_and_then_forgotten_in_bounded_memory() {
        let trend = Trend::default();
        assert_eq!(overdue_at(&trend, 5, 3), 3, "since the start");
        for seconds in (15..=3600).step_by(15) {
            trend.keep(at(seconds, 3));
            if seconds < 600 {
                assert_eq!(overdue_at(&trend, seconds, 3), 3, "after {seconds} s");
            }
        }
        assert_eq!(overdue_at(&trend, 3600, 3), 0, "it was long ago");
        assert_eq!(overdue_at(&trend, 3605, 4), 1, "the newest one is not");
        assert!(trend.samples().len() <= 42, "{} samples", trend.samples().len());
    }
}
