use crate::sync::{AtomicU64, Ordering};
use std::ops::RangeInclusive;
use std::time::Duration;

/// How long refused callers are told to wait, in seconds.
const SECONDS: RangeInclusive<u64> = 1..=30;

/// How long they are told to wait when the server stops: another one takes over meanwhile, in seconds.
const STOPPING_SECONDS: u64 = 5;

/// A rate is taken over at least so long: two looks may follow each other at once, in microseconds.
const RATE_OVER_MICROS: u64 = 15_000;

/// How fast a tree's leases come back, and how long it is wise to wait for what is missing.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    /// All that ever came back to the root, in bytes.
    given_back: AtomicU64,
    /// Smoothed, in bytes per second.
    per_second: AtomicU64,
    /// What had come back at the last look, and when that was, in microseconds.
    seen_bytes: AtomicU64,
    seen_micros: AtomicU64,
    /// Callers that were refused together must not come back together.
    jitter: AtomicU64,
}

impl Drain {
    /// Counts what came back to the root.
    pub(crate) fn came_back(&self, bytes: u64) {
        self.given_back.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Brings the rate up to date; only one thread looks. `lent` is what the root lends now.
    pub(crate) fn look(&self, at_micros: u64, lent: u64) {
        let micros = at_micros.saturating_sub(self.seen_micros.load(Ordering::Relaxed));
        if micros < RATE_OVER_MICROS {
            return;
        }
        let total = self.given_back.load(Ordering::Relaxed);
        let came = u128::from(total.wrapping_sub(self.seen_bytes.load(Ordering::Relaxed)));
        // A time in which nothing was lent says nothing about how fast it comes back.
        if came > 0 || lent > 0 {
            let now = u64::try_from(came * 1_000_000 / u128::from(micros)).unwrap_or(u64::MAX);
            let old = self.per_second.load(Ordering::Relaxed);
            // Three quarters of the old and a quarter of the new.
            self.per_second.store(old - old / 4 + now / 4, Ordering::Relaxed);
        }
        self.seen_bytes.store(total, Ordering::Relaxed);
        self.seen_micros.store(at_micros, Ordering::Relaxed);
    }

    /// Where the series of jitters begins.
    pub(crate) fn seed(&self, seed: u64) {
        self.jitter.store(seed, Ordering::Relaxed);
    }

    pub(crate) fn per_second(&self) -> u64 {
        self.per_second.load(Ordering::Relaxed)
    }

    /// How long `missing` bytes take to come back; the longest wait while nothing does, the shortest before anybody
    /// looked.
    pub(crate) fn wait_for(&self, missing: u64) -> Duration {
        if self.seen_micros.load(Ordering::Relaxed) == 0 {
            return self.about(*SECONDS.start());
        }
        self.about(missing.checked_div(self.per_second()).map_or(u64::MAX, |whole| whole.saturating_add(1)))
    }

    /// The longest that anybody is told to wait: for what the same request will not get a second time either.
    pub(crate) fn longest(&self) -> Duration {
        self.about(*SECONDS.end())
    }

    /// How long to stay away from a server that stops.
    pub(crate) fn until_replaced(&self) -> Duration {
        self.about(STOPPING_SECONDS)
    }

    /// `seconds` give or take a fifth, within the bounds of what callers are told.
    pub(crate) fn about(&self, seconds: u64) -> Duration {
        let seconds = seconds.clamp(*SECONDS.start(), *SECONDS.end());
        let fifth = seconds * 1000 / 5;
        let millis = seconds * 1000 - fifth + self.draw() % (2 * fifth + 1);
        Duration::from_millis(millis.clamp(SECONDS.start() * 1000, SECONDS.end() * 1000))
    }

    /// The next number of a series that its seed decides (splitmix64): to spread callers, not to keep secrets.
    fn draw(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = self.jitter.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
