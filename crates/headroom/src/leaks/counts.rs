//! What leaks without holding much memory: open files, tasks, connections that nobody gives back. Judged by the same rules
//! as what is allocated, by its number.

use super::CONFIRMATIONS;
use super::judgement::{Mind, Phase, judge_count};
use super::series::{Rungs, STRIDES, bytes_of};

/// The most things that are counted.
pub const COUNTS: usize = 16;

const fn bytes_of_one() -> u64 {
    size_of::<Count>() as u64 + bytes_of::<u32>()
}

pub(super) const CAP_BYTES: u64 = COUNTS as u64 * bytes_of_one();

/// The things that are followed.
#[derive(Debug, Default)]
pub(super) struct Counts {
    // bounded: `COUNTS`; part of a registered store.
    followed: Vec<Count>,
}

#[derive(Debug)]
struct Count {
    name: &'static str,
    now: u64,
    values: Rungs<u32>,
    minds: [Mind; STRIDES.len()],
}

/// Something that is counted, and whether there is ever more of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountTrend {
    /// What is counted.
    pub name: &'static str,
    /// How many there were in the last window.
    pub now: u64,
    /// How it grows; `None` where nothing speaks for a leak.
    pub growth: Option<CountGrowth>,
}

/// A growth that no load explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountGrowth {
    /// So many more in an hour, rounded up.
    pub per_hour: u64,
    /// How sure it is, in percent.
    pub confidence_percent: u8,
    /// Since when the verdict has stood, in microseconds as the windows' own.
    pub since_micros: u64,
}

impl Counts {
    /// Notes how many there are in this window. What was counted before and is no longer is forgotten.
    pub(super) fn take(&mut self, window: u64, counts: &[(&'static str, u64)]) {
        self.followed.retain(|known| counts.iter().any(|(name, _)| *name == known.name));
        for &(name, now) in counts {
            let known = self.followed.iter().position(|known| known.name == name);
            let place = match known {
                Some(place) => place,
                None if self.followed.len() < COUNTS => {
                    self.followed.push(Count::new(name));
                    self.followed.len() - 1
                }
                None => continue,
            };
            let known = &mut self.followed[place];
            known.now = now;
            if window >= super::WARM_UP_WINDOWS {
                known.values.push(window, u32::try_from(now).unwrap_or(u32::MAX));
            }
        }
    }

    pub(super) fn judge(&mut self, phase: &Phase, rung: usize, at_micros: u64) {
        for count in &mut self.followed {
            let judgement = judge_count(&phase.points(&count.values, rung));
            count.minds[rung].hear(judgement, CONFIRMATIONS[rung], at_micros);
        }
    }

    pub(super) fn trends(&self) -> impl Iterator<Item = CountTrend> + '_ {
        self.followed.iter().map(Count::trend)
    }

    pub(super) fn bytes(&self) -> u64 {
        let slots = self.followed.capacity() * size_of::<Count>();
        slots as u64 + self.followed.len() as u64 * bytes_of::<u32>()
    }
}

impl Count {
    fn new(name: &'static str) -> Self {
        Self { name, now: 0, values: Rungs::new(), minds: std::array::from_fn(|_| Mind::default()) }
    }

    fn trend(&self) -> CountTrend {
        let growth = Mind::of_all(&self.minds).map(|(finding, since_micros)| CountGrowth {
            per_hour: whole(finding.per_hour),
            confidence_percent: finding.confidence_percent,
            since_micros,
        });
        CountTrend { name: self.name, now: self.now, growth }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate of a count; a cast to u64 saturates"
)]
fn whole(count: f64) -> u64 {
    count.ceil() as u64
}
