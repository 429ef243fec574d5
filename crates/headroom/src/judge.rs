use crate::level::{Level, Thresholds};
use crate::pressure::Pressure;

/// A level is left only after the share has been below its mark, and nothing else asked for the level, for so long, in
/// microseconds.
const DWELL_MICROS: u64 = 2_000_000;

/// At the present rate the limit would be reached within this time: the level is raised before it is, in microseconds.
const FORESIGHT_MICROS: u64 = 2_000_000;

/// A rate is taken over at least so long: two looks may follow each other at once.
const RATE_OVER_MICROS: u64 = 15_000;

/// Growth is looked at from this share on, in thousandths: below it there is time.
const FORESIGHT_FROM: u32 = 500;

/// Use that has not risen by more than this of the limit within the last second or two wavers and does not grow, in
/// [`WHOLE`]s: two percent to either side are noise.
const GROWS_FROM: u64 = WHOLE / 20;

/// The lowest use is sought in stretches of this length, in microseconds.
const STRETCH_MICROS: u64 = 1_000_000;

/// The whole limit, in the parts that use and its rates are followed in. They are followed as parts of the limit and not in
/// bytes because what is looked at changes between the heap of the budget and the charge of the hard limit, whichever is
/// nearer: as parts, both are alike whenever it does.
const WHOLE: u64 = 1 << 40;

/// Stalls above these shares of the last ten seconds raise the level by one, in hundredths of a percent.
const STALL_SOME: u32 = 1_000;
const STALL_FULL: u32 = 500;

/// So does a stall of this length within the last second or two, in microseconds: the kernel's own triggers tell no more, and
/// its averages come later.
const STALLED_MICROS: u64 = 100_000;

/// From this share on, in thousandths, the whole machine's stalls count as well: below it they are somebody else's.
const MACHINE_STALLS_FROM: u32 = 500;

/// A share may wander by so much while it falls, in thousandths.
const NOISE: u32 = 10;
/// A share further than this below the mark at which a level ends does not lead back to it, whatever it does there.
const FAR_BELOW: u32 = 50;

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
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Share, Self::Growth, Self::Stalls];

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

/// The lowest use of this stretch and of the one before.
#[derive(Debug, Clone, Copy, Default)]
struct Lowest {
    since_micros: u64,
    now: Option<u64>,
    before: Option<u64>,
}

impl Lowest {
    fn note(&mut self, at_micros: u64, used: u64) {
        if at_micros.saturating_sub(self.since_micros) >= STRETCH_MICROS {
            *self = Self { since_micros: at_micros, now: None, before: self.now };
        }
        self.now = Some(self.now.map_or(used, |lowest| lowest.min(used)));
    }

    /// By how much `used` is above it.
    fn rise(&self, used: u64) -> u64 {
        let lowest = self.now.into_iter().chain(self.before).min();
        used.saturating_sub(lowest.unwrap_or(used))
    }
}

/// How long tasks had stalled since the start, at the beginning of this stretch and of the one before.
#[derive(Debug, Clone, Copy, Default)]
struct Stalled {
    since_micros: u64,
    now: Option<u64>,
    before: Option<u64>,
}

impl Stalled {
    fn note(&mut self, at_micros: u64, total: u64) {
        if at_micros.saturating_sub(self.since_micros) >= STRETCH_MICROS {
            *self = Self { since_micros: at_micros, now: Some(total), before: self.now };
        }
    }

    /// How long of the last one or two stretches, in microseconds.
    fn lately(&self, total: u64) -> u64 {
        total.saturating_sub(self.before.or(self.now).unwrap_or(total))
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
    /// For each level, when it was last asked for.
    asked_at: [Option<u64>; Level::ALL.len()],
    /// The last use that a rate was taken from, and when.
    last: Option<(u64, u64)>,
    lowest: Lowest,
    stalled: Stalled,
    /// Growth in parts of the limit per second, smoothed; never negative.
    growth: u64,
    /// What comes back in parts of the limit per second while use falls, smoothed.
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
            asked_at: [None; Level::ALL.len()],
            last: None,
            lowest: Lowest::default(),
            stalled: Stalled::default(),
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

    /// What came back lately of a limit of so many bytes, in bytes per second: how soon a refused request is worth another
    /// try.
    pub fn release_per_second(&self, limit: u64) -> u64 {
        let bytes = u128::from(self.release) * u128::from(limit) / u128::from(WHOLE);
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// Other marks count from the next observation on. A level that they do not ask for any more ends as any does.
    pub fn retune(&mut self, thresholds: Thresholds) {
        self.thresholds = thresholds;
    }

    /// The limit becomes another one: use counts anew against it, which is no growth.
    pub fn limit_changed(&mut self) {
        (self.last, self.lowest) = (None, Lowest::default());
    }

    /// When the limit is reached at the present growth, in microseconds; `None` while nothing grows to speak of.
    pub fn micros_to_limit(&self, seen: &Observation) -> Option<u64> {
        if self.lowest.rise(parts(seen)) <= GROWS_FROM {
            return None;
        }
        let room = u128::from(WHOLE.saturating_sub(parts(seen)));
        let micros = (room * 1_000_000).checked_div(u128::from(self.growth))?;
        Some(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// Takes one observation in and gives the level that follows.
    pub fn judge(&mut self, seen: &Observation) -> Level {
        self.follow_growth(seen);
        self.note_calm(seen);
        if let Some(pressure) = seen.pressure {
            self.stalled.note(seen.at_micros, pressure.some_total_micros);
        }
        let (asked, cause) = self.asked(seen);
        for at in &mut self.asked_at[..=asked as usize] {
            *at = Some(seen.at_micros);
        }
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
        let stalls = seen.pressure.filter(|pressure| pressure.is_own || seen.share >= MACHINE_STALLS_FROM);
        let stalls = stalls.is_some_and(|pressure| {
            pressure.some_avg10_hundredths > STALL_SOME
                || pressure.full_avg10_hundredths > STALL_FULL
                || self.stalled.lately(pressure.some_total_micros) > STALLED_MICROS
        });
        // Stalls alone say that something is slow, not that the limit is near: they never cancel anybody's work.
        if stalls && by_share < Level::Warning {
            return (above, Cause::Stalls);
        }
        (by_share, cause)
    }

    fn follow_growth(&mut self, seen: &Observation) {
        let now = parts(seen);
        self.lowest.note(seen.at_micros, now);
        let (at, used) = *self.last.get_or_insert((seen.at_micros, now));
        let micros = seen.at_micros.saturating_sub(at);
        if micros < RATE_OVER_MICROS {
            return;
        }
        self.last = Some((seen.at_micros, now));
        let per_second = |parts: u64| {
            let rate = u128::from(parts) * 1_000_000 / u128::from(micros.max(1));
            u64::try_from(rate).unwrap_or(u64::MAX)
        };
        self.growth = smoothed(self.growth, per_second(now.saturating_sub(used)));
        self.release = smoothed(self.release, per_second(used.saturating_sub(now)));
    }

    fn note_calm(&mut self, seen: &Observation) {
        for level in Level::ALL {
            let below = &mut self.below[level as usize];
            *below = match *below {
                _ if seen.share >= self.thresholds.leave(level) => None,
                None => Some((seen.at_micros, seen.share)),
                Some((_, lowest))
                    if seen.share > lowest + NOISE
                        && seen.share + FAR_BELOW >= self.thresholds.leave(level) =>
                {
                    Some((seen.at_micros, seen.share))
                }
                Some((since, lowest)) => Some((since, lowest.min(seen.share))),
            };
        }
    }

    fn is_calm(&self, seen: &Observation) -> bool {
        let dwelt = |since: u64| seen.at_micros.saturating_sub(since) >= DWELL_MICROS;
        let place = self.level as usize;
        self.below[place].is_some_and(|(since, _)| dwelt(since)) && self.asked_at[place].is_none_or(dwelt)
    }
}

/// What is used, in parts of the limit; of no limit, everything is.
fn parts(seen: &Observation) -> u64 {
    let parts = (u128::from(seen.used) * u128::from(WHOLE)).checked_div(u128::from(seen.limit));
    parts.map_or(WHOLE, |parts| u64::try_from(parts).unwrap_or(u64::MAX))
}

/// Three quarters of the old and a quarter of the new.
fn smoothed(old: u64, new: u64) -> u64 {
    old - old / 4 + new / 4
}
