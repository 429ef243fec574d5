/// How hard the server is pressed for memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Plenty is free.
    #[default]
    Normal = 0,
    /// Getting fuller; caches should stop growing.
    Elevated = 1,
    /// Reported as `warning`.
    Warning = 2,
    /// Reported as `critical`; heavy work is refused.
    Critical = 3,
    /// The limit is near; only what frees memory goes on.
    Emergency = 4,
}

/// The names of level changes in the log, for whoever alerts by them.
pub(crate) fn event_of(before: Level, now: Level) -> &'static str {
    match now {
        Level::Critical | Level::Emergency if now > before => "memory.critical",
        Level::Warning if now > before => "memory.warning",
        _ if before >= Level::Warning && now < Level::Warning => "memory.recovered",
        _ => "memory.level_changed",
    }
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 5] = [Self::Normal, Self::Elevated, Self::Warning, Self::Critical, Self::Emergency];

    /// The name used in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Elevated => "elevated",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Emergency => "emergency",
        }
    }

    /// The three-word status of the health report: `healthy`, `warning` or `critical`.
    pub fn status(self) -> &'static str {
        match self {
            Self::Normal | Self::Elevated => "healthy",
            Self::Warning => "warning",
            Self::Critical | Self::Emergency => "critical",
        }
    }

    /// The level that follows from `share`, the used part of the limit in thousandths. It rises at once to whatever
    /// the share asks for and falls one step at a time, only once the share is below the mark for leaving, so that a
    /// share that wavers round a mark does not make the level waver.
    #[must_use]
    pub fn next(self, share: u32, thresholds: &Thresholds) -> Self {
        let asked = thresholds.level_for(share);
        if asked >= self {
            return asked;
        }
        if share < thresholds.leave(self) { Self::from_u8(self as u8 - 1) } else { self }
    }

    /// The level stored as a byte; a byte that is none is the highest.
    pub(crate) fn from_u8(byte: u8) -> Self {
        Self::ALL.get(usize::from(byte)).copied().unwrap_or(Self::Emergency)
    }
}

/// The marks of the levels, in thousandths of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    enter: [u32; 5],
    leave: [u32; 5],
}

impl Default for Thresholds {
    fn default() -> Self {
        Self::GUIDE
    }
}

impl Thresholds {
    /// Warning at 75 %, critical at 85 %.
    pub const GUIDE: Self = Self { enter: [0, 700, 750, 850, 930], leave: [0, 650, 700, 780, 880] };

    /// Marks round the two an operator sets, in thousandths: the level before `warning` begins 50 earlier, the last
    /// one halfway between `critical` and the limit. `None` unless 100 <= warning < critical <= 990.
    pub fn around(warning: u32, critical: u32) -> Option<Self> {
        if warning < 100 || warning >= critical || critical > 990 {
            return None;
        }
        if (warning, critical) == (750, 850) {
            return Some(Self::GUIDE);
        }
        let emergency = critical + (1000 - critical).div_ceil(2);
        let enter = [0, warning - 50, warning, critical, emergency];
        let leave = [0, warning - 100, warning - 50, (critical - 70).min(critical - 1), emergency - 50];
        // Each level must be left above the mark that enters the one two below it, or a fall would rise again.
        let leave = [0, leave[1], leave[2], leave[3].max(enter[2] - 50), leave[4].max(enter[3] - 50)];
        Some(Self { enter, leave })
    }

    /// The share at which `level` begins, in thousandths.
    pub fn enter(&self, level: Level) -> u32 {
        self.enter[level as usize]
    }

    /// The share below which `level` ends, in thousandths.
    pub fn leave(&self, level: Level) -> u32 {
        self.leave[level as usize]
    }

    pub(crate) fn level_for(&self, share: u32) -> Level {
        Level::ALL.into_iter().rev().find(|level| share >= self.enter(*level)).unwrap_or_default()
    }
}

/// `used` as thousandths of `limit`, rounded down; a limit of zero is always exceeded.
pub fn permille(used: u64, limit: u64) -> u32 {
    if limit == 0 {
        return u32::MAX;
    }
    let share = u128::from(used) * 1000 / u128::from(limit);
    u32::try_from(share).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_have_the_names_that_alerts_go_by() {
        use Level::{Critical, Elevated, Emergency, Normal, Warning};
        for (before, now, event) in [
            (Normal, Elevated, "memory.level_changed"),
            (Elevated, Warning, "memory.warning"),
            (Normal, Critical, "memory.critical"),
            (Critical, Emergency, "memory.critical"),
            (Emergency, Critical, "memory.level_changed"),
            (Critical, Warning, "memory.level_changed"),
            (Warning, Elevated, "memory.recovered"),
            (Elevated, Normal, "memory.level_changed"),
        ] {
            assert_eq!(event_of(before, now), event, "{before:?} to {now:?}");
        }
    }
}
