use std::sync::{Mutex, PoisonError};

/// One request is ended for so many that came to their own end.
const COMPLETED_FOR_ONE: u64 = 20;
/// What may be ended at once after a calm time.
const MOST: u64 = 10;

/// How many requests may be ended below [`Level::Emergency`](crate::Level::Emergency): one in twenty of all, so that a server under
/// lasting pressure goes on serving most of them. At emergency the limit itself is at stake, and nothing is counted.
#[derive(Debug)]
pub(crate) struct EndingAllowance(Mutex<Counts>);

#[derive(Debug)]
struct Counts {
    /// What is left, in parts of one request.
    parts: u64,
    completed: u64,
}

impl Default for EndingAllowance {
    fn default() -> Self {
        Self(Mutex::new(Counts { parts: MOST * COMPLETED_FOR_ONE, completed: 0 }))
    }
}

impl EndingAllowance {
    /// Whether one may be ended when so many have been completed since the start.
    pub(crate) fn has_one(&self, completed: u64) -> bool {
        self.with(|counts| {
            let more = completed.saturating_sub(counts.completed);
            counts.completed = completed;
            counts.parts = counts.parts.saturating_add(more).min(MOST * COMPLETED_FOR_ONE);
            counts.parts >= COMPLETED_FOR_ONE
        })
    }

    /// One was ended.
    pub(crate) fn spend(&self) {
        self.with(|counts| counts.parts = counts.parts.saturating_sub(COMPLETED_FOR_ONE));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Counts) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::EndingAllowance;

    fn ended(allowance: &EndingAllowance, completed: u64) -> u64 {
        let mut ended = 0;
        while allowance.has_one(completed) {
            allowance.spend();
            ended += 1;
        }
        ended
    }

    #[test]
    fn ten_at_once_and_then_one_in_twenty() {
        let allowance = EndingAllowance::default();
        assert_eq!(ended(&allowance, 0), 10);
        assert_eq!(ended(&allowance, 19), 0);
        assert_eq!(ended(&allowance, 20), 1);
        assert_eq!(ended(&allowance, 65), 2);
        assert_eq!(ended(&allowance, 75), 0, "five were left of the last time, and ten came");
        assert_eq!(ended(&allowance, 80), 1);
    }

    #[test]
    fn a_calm_time_saves_no_more_than_ten() {
        let allowance = EndingAllowance::default();
        assert_eq!(ended(&allowance, 1_000_000), 10);
        assert_eq!(ended(&allowance, 2_000_000), 10);
    }
}
