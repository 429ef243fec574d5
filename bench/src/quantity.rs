//! Numbers with their units, whole numbers throughout.

use serde::Serialize;
use std::fmt;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    /// Bytes.
    Bytes,
    /// Nanoseconds.
    Nanoseconds,
    /// Things in a second.
    PerSecond,
    /// Hundredths of an instruction.
    InstructionHundredths,
    /// Hundredths of a ratio of two numbers.
    RatioHundredths,
    /// Hundredths of a percent.
    PercentHundredths,
    /// Things.
    Count,
}

/// A number with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Quantity {
    /// The number.
    pub amount: i64,
    /// What it counts.
    pub unit: Unit,
}

impl Quantity {
    pub(crate) fn new(amount: u64, unit: Unit) -> Self {
        Self { amount: i64::try_from(amount).unwrap_or(i64::MAX), unit }
    }

    pub(crate) fn signed(amount: i64, unit: Unit) -> Self {
        Self { amount, unit }
    }

    pub(crate) fn bytes(amount: u64) -> Self {
        Self::new(amount, Unit::Bytes)
    }

    pub(crate) fn mebibytes(amount: u64) -> Self {
        Self::bytes(amount << 20)
    }

    pub(crate) fn nanos(amount: u64) -> Self {
        Self::new(amount, Unit::Nanoseconds)
    }

    pub(crate) fn micros(amount: u64) -> Self {
        Self::nanos(amount.saturating_mul(1000))
    }

    pub(crate) fn millis(amount: u64) -> Self {
        Self::nanos(amount.saturating_mul(1_000_000))
    }

    /// Hundredths of a percent.
    pub(crate) fn percent_hundredths(amount: u64) -> Self {
        Self::new(amount, Unit::PercentHundredths)
    }

    pub(crate) fn count(amount: u64) -> Self {
        Self::new(amount, Unit::Count)
    }

    /// `count` things in `nanos` nanoseconds.
    pub(crate) fn rate(count: u64, nanos: u64) -> Self {
        let rate = u128::from(count) * 1_000_000_000 / u128::from(nanos.max(1));
        Self::new(u64::try_from(rate).unwrap_or(u64::MAX), Unit::PerSecond)
    }

    /// How often `part` goes into `whole`.
    pub(crate) fn ratio(whole: u64, part: u64) -> Self {
        let ratio = u128::from(whole) * 100 / u128::from(part.max(1));
        Self::new(u64::try_from(ratio).unwrap_or(u64::MAX), Unit::RatioHundredths)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = self.amount.unsigned_abs();
        if self.amount < 0 {
            f.write_str("-")?;
        }
        match self.unit {
            Unit::Bytes if amount < 1 << 20 => tenths(f, amount, 1 << 10, "KiB"),
            Unit::Bytes => tenths(f, amount, 1 << 20, "MiB"),
            Unit::Nanoseconds if amount < 1_000_000 => tenths(f, amount, 1_000, "us"),
            Unit::Nanoseconds if amount < 2_000_000_000 => tenths(f, amount, 1_000_000, "ms"),
            Unit::Nanoseconds => tenths(f, amount, 1_000_000_000, "s"),
            Unit::PerSecond => write!(f, "{amount}/s"),
            Unit::InstructionHundredths => tenths(f, amount, 100, "instructions"),
            Unit::RatioHundredths => write!(f, "{}.{:02} times", amount / 100, amount % 100),
            Unit::PercentHundredths => tenths(f, amount, 100, "%"),
            Unit::Count => write!(f, "{amount}"),
        }
    }
}

/// `amount` in units of `unit`, with one decimal unless that is a nought.
fn tenths(f: &mut fmt::Formatter<'_>, amount: u64, unit: u64, name: &str) -> fmt::Result {
    let tenths = (u128::from(amount) * 10 + u128::from(unit) / 2) / u128::from(unit);
    match tenths % 10 {
        0 => write!(f, "{} {name}", tenths / 10),
        decimal => write!(f, "{}.{decimal} {name}", tenths / 10),
    }
}
