use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use std::sync::{Mutex, PoisonError};

/// Where randomness comes from.
pub trait Random: Send + Sync + std::fmt::Debug {
    /// Fills `bytes` with randomness fit for secrets (in production).
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's entropy.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for entropy")]
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Going on would mean guessable tokens; there is no weaker source to fall back to.
            panic!("the operating system gave no entropy: {error}");
        }
    }
}

/// A repeatable stream for tests and generated data. Never for secrets.
#[derive(Debug)]
pub struct SeededRandom {
    stream: Mutex<ChaCha8Rng>,
}

impl SeededRandom {
    /// The stream that `seed` names.
    pub fn new(seed: u64) -> Self {
        Self { stream: Mutex::new(ChaCha8Rng::seed_from_u64(seed)) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}
