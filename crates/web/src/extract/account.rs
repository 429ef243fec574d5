use crate::scope::{Scope, SharedScope};
use axum::extract::FromRequestParts;
use headroom::Refusal;
use http::request::Parts;
use std::convert::Infallible;

/// The request's account in the memory books, for a handler that builds something large itself.
#[derive(Debug, Clone)]
pub struct Account(Option<SharedScope>);

impl Account {
    /// Holds so many bytes more until the answer is finished.
    pub fn hold(&self, bytes: u64) -> Result<(), Refusal> {
        self.0.as_ref().map_or(Ok(()), |scope| scope.held.hold(bytes))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Account {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(Scope::of(&parts.extensions).cloned()))
    }
}
