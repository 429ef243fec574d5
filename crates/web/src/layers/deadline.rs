use crate::scope::Scope;
use std::pin::Pin;
use std::time::Duration;

/// The time ran out.
pub(super) struct Elapsed;

/// Waits for `work`, but no longer than `limit` unless the request's deadline was lifted meanwhile.
pub(super) async fn within<F: Future + ?Sized>(
    limit: Duration,
    scope: &Scope,
    mut work: Pin<Box<F>>,
) -> Result<F::Output, Elapsed> {
    match tokio::time::timeout(limit, work.as_mut()).await {
        Ok(outcome) => Ok(outcome),
        Err(_) if !scope.has_deadline() => Ok(work.await),
        Err(_) => Err(Elapsed),
    }
}
