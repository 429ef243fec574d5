use crate::sync::{Mutex, PoisonError};
use std::sync::Arc;

/// After so many refusals the next [`GRANTS`] are granted: whoever tries again is served in the end, however likely a
/// refusal is.
const REFUSALS: u32 = 6;
/// More than a request of a usual size asks for.
const GRANTS: u32 = 16;

const MILLION: u64 = 1_000_000;

/// Refuses reservations at random, to see what a refusal leaves behind. Only books made with
/// [`Headroom::with_faults`](crate::Headroom::with_faults) have it: no setting leads there.
#[derive(Debug)]
pub struct Faults {
    draws: Mutex<Draws>,
}

#[derive(Debug)]
struct Draws {
    state: u64,
    per_million: u64,
    refused: u64,
    /// Refusals since the last grants for sure.
    recent: u32,
    /// Grants for sure that are left.
    grants: u32,
}

impl Faults {
    /// Refuses nothing yet. The seed decides the series of refusals.
    pub fn seeded(seed: u64) -> Arc<Self> {
        let draws = Draws { state: seed, per_million: 0, refused: 0, recent: 0, grants: 0 };
        Arc::new(Self { draws: Mutex::new(draws) })
    }

    /// How many of a million reservations are refused from now on.
    pub fn refuse(&self, per_million: u32) {
        self.with(|draws| draws.per_million = per_million.into());
    }

    /// How many were refused so far.
    pub fn refused(&self) -> u64 {
        self.with(|draws| draws.refused)
    }

    /// Whether the next reservation is refused.
    pub(crate) fn strikes(&self) -> bool {
        self.with(Draws::next)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Draws) -> T) -> T {
        work(&mut self.draws.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Draws {
    fn next(&mut self) -> bool {
        if self.grants > 0 {
            self.grants -= 1;
            return false;
        }
        if self.draw() % MILLION >= self.per_million {
            return false;
        }
        self.refused += 1;
        self.recent += 1;
        if self.recent == REFUSALS {
            (self.recent, self.grants) = (0, GRANTS);
        }
        true
    }

    /// The next number of a series (splitmix64).
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
