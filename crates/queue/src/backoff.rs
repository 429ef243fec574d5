use chrono::TimeDelta;
use clock::Random;

/// The first wait after a failure.
const FIRST_SECONDS: i64 = 1;
/// The longest wait between two attempts.
const LONGEST_SECONDS: i64 = 3600;

/// How long to wait after the `attempt`-th failure: 1 s, 2 s, 4 s … at most one hour.
pub(crate) fn delay(attempt: u32) -> TimeDelta {
    let doublings = attempt.saturating_sub(1).min(12);
    TimeDelta::seconds((FIRST_SECONDS << doublings).min(LONGEST_SECONDS))
}

/// [`delay`] and up to a quarter more, so that what failed together does not come back together.
pub(crate) fn delay_with_jitter(attempt: u32, random: &dyn Random) -> TimeDelta {
    let delay = delay(attempt);
    delay + jitter(delay / 4, random)
}

/// A random part of `most`.
pub(crate) fn jitter(most: TimeDelta, random: &dyn Random) -> TimeDelta {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    let micros = most.num_microseconds().unwrap_or(0).max(0).unsigned_abs();
    let part = u64::from_le_bytes(bytes) % (micros + 1);
    TimeDelta::microseconds(part.cast_signed())
}
