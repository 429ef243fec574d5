use std::sync::{Mutex, PoisonError};

/// One request is ended for so many that came to their own end.
const COMPLETED_FOR_ONE: u64 = 20;
/// And one in this time, in microseconds, where those that hold the memory come to no end.
const TIME_FOR_ONE: u64 = 5_000_000;
/// What is left after a calm time.
const MOST: u64 = 10;

/// How many requests may be ended while the share is below emergency: one in twenty, so that a server under lasting pressure goes
/// on serving most of them.
#[derive(Debug)]
pub(crate) struct EndingAllowance(Mutex<Counts>);

#[derive(Debug)]
struct Counts {
    /// What is left, in microseconds of [`TIME_FOR_ONE`].
    micros: u64,
    completed: u64,
    at_micros: u64,
}

impl Default for EndingAllowance {
    fn default() -> Self {
        Self(Mutex::new(Counts { micros: MOST * TIME_FOR_ONE, completed: 0, at_micros: 0 }))
    }
}

impl EndingAllowance {
    /// Whether one may be ended at this moment, when so many have been completed since the start.
    pub(crate) fn has_one(&self, completed: u64, at_micros: u64) -> bool {
        self.with(|counts| {
            let more = completed.saturating_sub(counts.completed).min(MOST * COMPLETED_FOR_ONE);
            let passed = at_micros.saturating_sub(counts.at_micros);
            (counts.completed, counts.at_micros) = (completed, at_micros);
            let gained = passed.saturating_add(more * (TIME_FOR_ONE / COMPLETED_FOR_ONE));
            counts.micros = counts.micros.saturating_add(gained).min(MOST * TIME_FOR_ONE);
            counts.micros >= TIME_FOR_ONE
        })
    }

    /// One was ended.
    pub(crate) fn spend(&self) {
        self.with(|counts| counts.micros = counts.micros.saturating_sub(TIME_FOR_ONE));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Counts) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::EndingAllowance;

    fn ended(allowance: &EndingAllowance, completed: u64, seconds: u64) -> u64 {
        let mut ended = 0;
        while allowance.has_one(completed, seconds * 1_000_000) {
            allowance.spend();
            ended += 1;
        }
        ended
    }

    #[test]
    fn ten_and_then_one_in_twenty() {
        let allowance = EndingAllowance::default();
        assert_eq!(ended(&allowance, 0, 0), 10);
        assert_eq!(ended(&allowance, 19, 0), 0);
        assert_eq!(ended(&allowance, 20, 0), 1);
        assert_eq!(ended(&allowance, 65, 0), 2);
        assert_eq!(ended(&allowance, 75, 0), 0, "five were left of the last time, and ten came");
        assert_eq!(ended(&allowance, 80, 0), 1);
    }

    #[test]
    fn where_none_comes_to_its_end_one_goes_each_five_seconds() {
        let allowance = EndingAllowance::default();
        assert_eq!(ended(&allowance, 0, 0), 10);
        assert_eq!(ended(&allowance, 0, 4), 0);
        assert_eq!(ended(&allowance, 0, 15), 3);
    }

    #[test]
    fn a_calm_time_saves_no_more_than_ten() {
        let allowance = EndingAllowance::default();
        assert_eq!(ended(&allowance, 1_000_000, 0), 10);
        assert_eq!(ended(&allowance, 2_000_000, 86_400), 10);
    }
}
