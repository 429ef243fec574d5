//! What other groups have of a limit that stands above this process's group, such as that of a pod or a slice: it is not there
//! for this process.

use crate::cgroup::Cgroup;

/// What is taken of a limit is followed in steps of this part of it, so that what comes and goes is not another limit each
/// time; what is less than a step does not count.
const STEPS: u64 = 64;
/// However much others have, so much of the limit counts as this process's: a budget of nothing could not even refuse.
const LEAST: u64 = 16;

/// A group above that of this process, and what others have below it.
#[derive(Debug)]
pub(crate) struct Neighbours {
    own: Cgroup,
    above: Cgroup,
    /// In bytes.
    taken: u64,
}

impl Neighbours {
    pub(crate) fn of(own: &Cgroup, above: Cgroup) -> Self {
        Self { own: own.clone(), above, taken: 0 }
    }

    /// Looks what others have of a limit of so many bytes. What cannot be read is as it was.
    pub(crate) fn look(&mut self, limit: u64) {
        // The sum before the part: what this process takes in between is not somebody else's.
        let all = self.above.usage().filter(|usage| usage.is_whole);
        let own = self.own.usage().filter(|usage| usage.is_whole);
        if let Some((all, own)) = all.zip(own) {
            let others = all.stats.undroppable().saturating_sub(own.stats.undroppable());
            self.taken = followed(self.taken, others, limit);
        }
    }

    /// What others have, in bytes.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// What of a limit is left for this process, in bytes.
    pub(crate) fn rest_of(&self, limit: u64) -> u64 {
        limit.saturating_sub(self.taken).max(limit / LEAST)
    }
}

/// More counts at once, less only when it is two steps less.
fn followed(taken: u64, seen: u64, limit: u64) -> u64 {
    let step = (limit / STEPS).max(1);
    let counted = if seen < step { 0 } else { seen.div_ceil(step).saturating_mul(step) };
    let is_less = seen == 0 || counted.saturating_add(2 * step) <= taken;
    if counted > taken || is_less { counted } else { taken }
}

#[cfg(test)]
mod tests {
    use super::followed;
    use proptest::prelude::*;

    const LIMIT: u64 = 64_000;

    #[test]
    fn more_counts_at_once_and_less_when_it_is_two_steps_less() {
        assert_eq!(followed(0, 999, LIMIT), 0, "less than a step");
        assert_eq!(followed(0, 5_001, LIMIT), 6_000);
        assert_eq!(followed(6_000, 6_001, LIMIT), 7_000);
        assert_eq!(followed(6_000, 4_500, LIMIT), 6_000, "it may be back at once");
        assert_eq!(followed(6_000, 4_000, LIMIT), 4_000);
        assert_eq!(followed(1_000, 0, LIMIT), 0);
    }

    proptest! {
        #[test]
        fn what_counts_is_never_two_steps_beside_what_there_is(
            seen in proptest::collection::vec(0..LIMIT, 1..20),
        ) {
            let mut taken = 0;
            for seen in seen {
                taken = followed(taken, seen, LIMIT);
                prop_assert!(taken + 1_000 > seen && taken < seen + 3_000, "{} for {}", taken, seen);
            }
        }
    }
}
