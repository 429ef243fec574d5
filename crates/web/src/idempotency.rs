//! `Idempotency-Key` on POST: a repeated request gets the first answer and is not done again.
//!
//! The store is written elsewhere. An entry begun and neither finished nor abandoned (the server died) must run out in
//! the store by itself, at the latest some minutes after it began; finished ones after 24 hours.

mod answer;
mod fingerprint;
mod key;
mod once;

pub use answer::{MAX_BODY_BYTES, StoredAnswer};
pub use fingerprint::Fingerprint;
pub use key::{IdempotencyKey, MalformedKey};
pub use once::SECRET_PATH;

pub(crate) use once::once;

use crate::problem::Problem;
use futures_util::future::BoxFuture;
use http::request::Parts;
use std::sync::Arc;

/// What a store knows of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// Nothing: the request may run; the key is now taken.
    Fresh,
    /// The same request came before, and this was its answer.
    Replay(StoredAnswer),
    /// The same request is running.
    InProgress,
    /// The key came before with another request.
    Mismatch,
}

/// Remembers keys and answers, each within the scope of one caller.
pub trait IdempotencyStore: Send + Sync {
    /// Takes the key, in one step with looking it up.
    fn begin<'a>(
        &'a self,
        scope: &'a str,
        key: &'a IdempotencyKey,
        fingerprint: Fingerprint,
    ) -> BoxFuture<'a, Result<Begin, Problem>>;

    /// Keeps the answer.
    fn finish<'a>(
        &'a self,
        scope: &'a str,
        key: &'a IdempotencyKey,
        answer: StoredAnswer,
    ) -> BoxFuture<'a, Result<(), Problem>>;

    /// Gives the key back: the request was not done, or its answer cannot be kept. It may also have ended midway, when
    /// the client left; a store that knows that the change was made keeps the key.
    fn abandon<'a>(&'a self, scope: &'a str, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<(), Problem>>;
}

/// Tells whose keys a request's keys are: a text that no other caller can have, such as the id of the user who is
/// signed in. `None` switches idempotency off for the request, for callers that are nobody.
pub type Owner = Arc<dyn Fn(&Parts) -> BoxFuture<'static, Option<String>> + Send + Sync>;

/// How repeated POSTs are recognised.
#[derive(Clone)]
pub struct IdempotencySettings {
    /// Where answers are kept.
    pub store: Arc<dyn IdempotencyStore>,
    /// Whose keys they are.
    pub owner: Owner,
}

impl std::fmt::Debug for IdempotencySettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdempotencySettings").finish_non_exhaustive()
    }
}

impl IdempotencySettings {
    /// Keys belong to the credential that came with the request: its digest names the owner, so that nothing has to be
    /// verified first and nobody meets another's answers. A renewed token is another owner.
    pub fn by_credential(store: Arc<dyn IdempotencyStore>) -> Self {
        Self {
            store,
            owner: Arc::new(|parts| Box::pin(std::future::ready(fingerprint::credential_digest(parts)))),
        }
    }
}
