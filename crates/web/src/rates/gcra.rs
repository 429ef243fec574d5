//! The generic cell rate algorithm (ITU-T I.371, annex A, virtual scheduling), with one time for each key.
//!
//! The time is when everything that was admitted will have been paid for, at one request each `window / limit`. It runs
//! ahead of the clock with each request and may be ahead by a window at most. So `limit` requests may come at once, and
//! in any span of time no more than `limit` and what the span pays for: `limit + limit * span / window`.

/// So many requests in so long a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    limit: u32,
    window_micros: i64,
    /// What one request costs, in microseconds. Rounded up, so that never too many are admitted.
    each_micros: i64,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may go on. So many more may come now, and everything is paid for after this time, in microseconds.
    Admitted { left: u32, until_micros: i64 },
    /// It may come again after this time, in microseconds.
    Refused { after_micros: i64 },
}

/// A time further ahead than so many windows comes from a clock that was set back: then everything is forgiven.
const MOST_WINDOWS: i64 = 3;

impl Quota {
    /// `limit` requests in `window_micros` microseconds; nothing where either is zero.
    pub fn new(limit: u32, window_micros: i64) -> Option<Self> {
        if limit == 0 || window_micros <= 0 {
            return None;
        }
        let each_micros = window_micros.unsigned_abs().div_ceil(u64::from(limit)).cast_signed();
        Some(Self { limit, window_micros, each_micros })
    }

    /// The requests that may come at once.
    pub fn limit(self) -> u32 {
        self.limit
    }

    /// The time in which as many are paid for, in seconds, rounded up.
    pub fn window_seconds(self) -> u64 {
        self.window_micros.unsigned_abs().div_ceil(1_000_000)
    }

    /// `factor` times as many in the same time.
    pub(crate) fn times(self, factor: u32) -> Self {
        Self::new(self.limit.saturating_mul(factor), self.window_micros).unwrap_or(self)
    }

    pub(crate) fn each_micros(self) -> i64 {
        self.each_micros
    }

    /// How far ahead the time may be.
    fn full_micros(self) -> i64 {
        self.each_micros.saturating_mul(i64::from(self.limit))
    }

    /// The time as it counts at `now`: what is paid for is forgotten.
    pub(crate) fn at(self, paid_micros: i64, now_micros: i64) -> i64 {
        let furthest = now_micros.saturating_add(self.full_micros().saturating_mul(MOST_WINDOWS));
        if paid_micros > furthest { now_micros } else { paid_micros.max(now_micros) }
    }

    /// Admits one request and moves the time on, or refuses it and leaves the time.
    pub(crate) fn take(self, paid_micros: &mut i64, now_micros: i64) -> Verdict {
        let paid = self.at(*paid_micros, now_micros).saturating_add(self.each_micros);
        let ahead = paid.saturating_sub(now_micros);
        let room = self.full_micros().saturating_sub(ahead);
        if room < 0 {
            return Verdict::Refused { after_micros: room.saturating_neg() };
        }
        *paid_micros = paid;
        let left = u32::try_from(room / self.each_micros).unwrap_or(self.limit);
        Verdict::Admitted { left, until_micros: ahead }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000_000;

    fn is_admitted(verdict: Verdict) -> bool {
        matches!(verdict, Verdict::Admitted { .. })
    }

    #[test]
    fn a_burst_is_the_limit_and_then_each_comes_in_its_time() {
        let quota = Quota::new(10, 5 * MINUTE).unwrap();
        let mut paid = 0;
        let now = 1_000 * MINUTE;
        for left in (0..10).rev() {
            let until_micros = (10 - i64::from(left)) * MINUTE / 2;
            assert_eq!(quota.take(&mut paid, now), Verdict::Admitted { left, until_micros });
        }
        assert_eq!(quota.take(&mut paid, now), Verdict::Refused { after_micros: MINUTE / 2 });
        assert_eq!(quota.take(&mut paid, now + MINUTE / 2 - 1), Verdict::Refused { after_micros: 1 });
        assert!(is_admitted(quota.take(&mut paid, now + MINUTE / 2)));
        assert!(!is_admitted(quota.take(&mut paid, now + MINUTE / 2)));
        assert_eq!(
            quota.take(&mut paid, now + 60 * MINUTE),
            Verdict::Admitted { left: 9, until_micros: MINUTE / 2 }
        );
    }

    #[test]
    fn nothing_is_no_quota_and_a_clock_that_is_set_back_locks_nobody_out() {
        assert_eq!((Quota::new(0, MINUTE), Quota::new(5, 0)), (None, None));
        let quota = Quota::new(5, MINUTE).unwrap();
        let mut paid = 0;
        assert!(is_admitted(quota.take(&mut paid, 1_000_000 * MINUTE)));
        assert!(is_admitted(quota.take(&mut paid, MINUTE)));
    }

    proptest! {
        /// In every span no more than the limit and what the span pays for; and whoever keeps to the rate is never refused.
        #[test]
        fn no_span_has_more_than_the_limit_and_what_it_pays_for(
            limit in 1_u32..40,
            window in 1_000_i64..2_000_000,
            steps in prop::collection::vec((0_i64..200_000, 1_u32..12), 1..60),
        ) {
            let quota = Quota::new(limit, window).unwrap();
            let (mut paid, mut now, mut admitted) = (0, 1_000_000_000, Vec::new());
            for (step, requests) in steps {
                now += step;
                for _ in 0..requests {
                    match quota.take(&mut paid, now) {
                        Verdict::Admitted { .. } => admitted.push(now),
                        Verdict::Refused { after_micros } => {
                            let mut later = paid;
                            prop_assert!(after_micros > 0);
                            prop_assert!(is_admitted(quota.take(&mut later, now + after_micros)));
                        }
                    }
                }
            }
            for (first, from) in admitted.iter().enumerate() {
                for (count, to) in admitted[first..].iter().enumerate() {
                    let most = i64::from(limit) + (to - from) * i64::from(limit) / window;
                    prop_assert!(i64::try_from(count).unwrap() < most, "{} within {}", count + 1, to - from);
                }
            }
        }

        #[test]
        fn who_keeps_to_the_rate_is_never_refused(limit in 1_u32..1_000, window in 1_000_i64..600_000_000) {
            let quota = Quota::new(limit, window).unwrap();
            let mut paid = 0;
            for request in 0..200 {
                let now = 1_000_000_000 + request * quota.each_micros();
                prop_assert!(is_admitted(quota.take(&mut paid, now)));
            }
        }
    }
}
