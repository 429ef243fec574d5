use crate::scope::Scope;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};

/// Lifts the request deadline from the routes of `router`: for downloads, exports and event streams. What they wait
/// for must have a bound of its own.
pub fn long_running<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.route_layer(from_fn(|request: Request, next: Next| {
        if let Some(scope) = Scope::of(request.extensions()) {
            scope.lift_deadline();
        }
        next.run(request)
    }))
}
