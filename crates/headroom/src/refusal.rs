use std::sync::Arc;
use std::time::Duration;

/// Why memory was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// It could not fit even if all else were free: ask for less.
    TooLarge,
    /// It does not fit now: try again.
    Exhausted,
    /// The pool takes no new leases because the server is stopping.
    Draining,
}

impl RefusalKind {
    /// The name used in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Exhausted => "exhausted",
            Self::Draining => "draining",
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::TooLarge => "ask for less or raise the limit",
            Self::Exhausted => "try again shortly",
            Self::Draining => "the server is stopping, try again elsewhere",
        }
    }
}

/// A pool's answer when it cannot lend what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "memory pool {scope} refuses {wanted} bytes ({available} of {limit} bytes are free): {}",
    self.kind.advice()
)]
pub struct Refusal {
    /// The name of the pool that refused: the one asked or one above it.
    pub scope: Arc<str>,
    /// What was asked, in bytes.
    pub wanted: u64,
    /// What that pool had free, in bytes.
    pub available: u64,
    /// That pool's limit, in bytes.
    pub limit: u64,
    /// Why.
    pub kind: RefusalKind,
    /// When it may be worth asking again; `None` if never.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Whether the same question may get another answer later.
    pub fn is_retryable(&self) -> bool {
        self.kind != RefusalKind::TooLarge
    }
}
