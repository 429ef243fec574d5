use crate::level::{Level, Thresholds};
use crate::pressure::Pressure;

/// A level is left only after the share has been below its mark for so long, in microseconds.
const DWELL_MICROS: u64 = 2_000_000;

/// At the present rate the limit would be reached within this time: the level is raised before it is, in microseconds.
const FORESIGHT_MICROS: u64 = 2_000_000;

/// A rate is taken over at least so long: two looks may follow each other at once.
const RATE_OVER_MICROS: u64 = 15_000;

/// Growth is looked at from this share on, in thousandths: below it there is time.
const FORESIGHT_FROM: u32 = 500;

/// Stalls above these shares of the last ten seconds raise the level by one, in hundredths of a percent.
const STALL_SOME: u32 = 1_000;
const STALL_FULL: u32 = 500;

/// A share may wander by so much while it falls, in thousandths.
const NOISE: u32 = 10;

/// What the judge looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// When, in microseconds of a clock that never goes back.
    pub at_micros: u64,
    /// The used part of the limit, in thousandths.
    pub share: u32,
    /// What is used of the limit, in bytes.
    pub used: u64,
    /// The limit, in bytes.
    pub limit: u64,
    /// Stalls for want of memory, where the kernel tells.
    pub pressure: Option<Pressure>,
}

/// Why the level is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cause {
    /// Nothing is wrong.
    #[default]
    None,
    /// The used share.
    Share,
    /// The share is lower, but at its present growth the limit is near.
    Growth,
    /// Tasks stall for want of memory.
    Stalls,
}

impl Cause {
    /// The name in logs, metrics and the memory report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Share => "share",
            Self::Growth => "growth",
            Self::Stalls => "stalls",
        }
    }
}

/// Decides the level from one observation to the next: up at once, down one step at a time, and each step only when the
/// share has been below that level's mark for two seconds and does not rise.
#[derive(Debug, Clone)]
pub struct Judge {
    thresholds: Thresholds,
    level: Level,
    cause: Cause,
    /// For each level, since when the share has been below its mark, and the lowest share since then.
    below: [Option<(u64, u32)>; Level::ALL.len()],
    last: Option<(u64, u64)>,
    /// Growth in bytes per second, smoothed; never negative.
    growth: u64,
    /// What comes back in bytes per second while use falls, smoothed.
    release: u64,
}

impl Judge {
    /// At rest.
    pub fn new(thresholds: Thresholds) -> Self {
        Self {
            thresholds,
            level: Level::Normal,
            cause: Cause::None,
            below: [None; Level::ALL.len()],
            last: None,
            growth: 0,
            release: 0,
        }
    }

    /// The level now.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Why.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// What came back lately, in bytes per second: how soon a refused request is worth another try.
    pub fn release_per_second(&self) -> u64 {
        self.release
    }

    /// When the limit is reached at the present growth, in microseconds; `None` while nothing grows.
    pub fn micros_to_limit(&self, seen: &Observation) -> Option<u64> {
        let room = u128::from(seen.limit.saturating_sub(seen.used));
        let micros = (room * 1_000_000).checked_div(u128::from(self.growth))?;
        Some(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// Takes one observation in and gives the level that follows.
    pub fn judge(&mut self, seen: &Observation) -> Level {
        self.follow_growth(seen);
        self.note_calm(seen);
        let (asked, cause) = self.asked(seen);
        if asked >= self.level {
            self.level = asked;
            self.cause = cause;
        } else if self.is_calm(seen) {
            self.level = Level::from_u8(self.level as u8 - 1);
            self.cause = if self.level == Level::Normal { Cause::None } else { Cause::Share };
        }
        self.level
    }

    fn asked(&self, seen: &Observation) -> (Level, Cause) {
        let by_share = self.thresholds.level_for(seen.share);
        let cause = if by_share == Level::Normal { Cause::None } else { Cause::Share };
        let above = Level::from_u8((by_share as u8 + 1).min(Level::Emergency as u8));
        let soon = seen.share >= FORESIGHT_FROM
            && self.micros_to_limit(seen).is_some_and(|micros| micros < FORESIGHT_MICROS);
        if soon && by_share < Level::Emergency {
            return (above, Cause::Growth);
        }
        let stalls = seen.pressure.is_some_and(|pressure| {
            pressure.some_avg10_hundredths > STALL_SOME || pressure.full_avg10_hundredths > STALL_FULL
        });
        // Stalls alone say that something is slow, not that the limit is near: they never cancel anybody's work.
        if stalls && by_share < Level::Warning {
            return (above, Cause::Stalls);
        }
        (by_share, cause)
    }

    fn follow_growth(&mut self, seen: &Observation) {
        let (at, used) = *self.last.get_or_insert((seen.at_micros, seen.used));
        let micros = seen.at_micros.saturating_sub(at);
        if micros < RATE_OVER_MICROS {
            return;
        }
        self.last = Some((seen.at_micros, seen.used));
        let per_second = |bytes: u64| {
            let rate = u128::from(bytes) * 1_000_000 / u128::from(micros.max(1));
            u64::try_from(rate).unwrap_or(u64::MAX)
        };
        self.growth = smoothed(self.growth, per_second(seen.used.saturating_sub(used)));
        self.release = smoothed(self.release, per_second(used.saturating_sub(seen.used)));
    }

    fn note_calm(&mut self, seen: &Observation) {
        for level in Level::ALL {
            let below = &mut self.below[level as usize];
            *below = match *below {
                _ if seen.share >= self.thresholds.leave(level) => None,
                None => Some((seen.at_micros, seen.share)),
                Some((_, lowest)) if seen.share > lowest + NOISE => Some((seen.at_micros, seen.share)),
                Some((since, lowest)) => Some((since, lowest.min(seen.share))),
            };
        }
    }

    fn is_calm(&self, seen: &Observation) -> bool {
        self.below[self.level as usize]
            .is_some_and(|(since, _)| seen.at_micros.saturating_sub(since) >= DWELL_MICROS)
    }
}

/// Three quarters of the old and a quarter of the new.
fn smoothed(old: u64, new: u64) -> u64 {
    old - old / 4 + new / 4
}
