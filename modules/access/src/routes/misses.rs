//! What callers asked for by its id and did not get, for whoever has to know of it.

use crate::Ctx;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::future::BoxFuture;
use std::sync::{Arc, OnceLock};
use web::problem::Missed;

/// Hears that a caller asked for a thing that is not there, or not for them. It does the same for both, so that the time an
/// answer takes tells no more than the answer.
pub trait MissWatch: Send + Sync + std::fmt::Debug {
    /// The caller did not get `missed`. The answer waits for the end of this.
    fn missed<'a>(&'a self, ctx: &'a Ctx, missed: Missed) -> BoxFuture<'a, ()>;
}

/// Where the handler's context leaves a copy for the layer that looks at the answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller(Arc<OnceLock<Ctx>>);

impl Caller {
    pub(crate) fn is(&self, ctx: &Ctx) {
        // A second context of the same request is the same caller.
        self.0.get_or_init(|| ctx.clone());
    }
}

/// The layer: tells `watch` of what the caller missed.
pub(crate) async fn tell(
    State(watch): State<Arc<dyn MissWatch>>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = Caller::default();
    request.extensions_mut().insert(caller.clone());
    let response = next.run(request).await;
    if let (Some(missed), Some(ctx)) = (response.extensions().get::<Missed>().copied(), caller.0.get()) {
        watch.missed(ctx, missed).await;
    }
    response
}
