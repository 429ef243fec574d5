//! Time and randomness, passed in and never global.
//!
//! The server reads the time from a [`Clock`] and entropy from a [`Random`]; both come with the operation's
//! context. A test moves a [`MockClock`] and seeds a [`SeededRandom`], so deadlines, expiry and backoff are plain tests.

mod random;
mod time;

pub use random::{Random, SeededRandom, SystemRandom};
pub use time::{Clock, MockClock, SystemClock, Timestamp};

use std::sync::Arc;

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;
/// A shared source of randomness.
pub type SharedRandom = Arc<dyn Random>;
