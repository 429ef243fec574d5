use super::{Settings, compression, deadline, large};
use crate::metering::InFlight;
use crate::problem::{Problem, in_context};
use crate::scope::{Scope, SharedScope};
use crate::{codes, idempotency};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::Route;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::Service;

/// The last layer before a route: whatever happens inside, a well-formed answer comes out.
#[derive(Clone)]
pub(super) struct Boundary {
    route: Route,
    settings: Arc<Settings>,
}

impl Boundary {
    pub(super) fn around(route: Route, settings: Arc<Settings>) -> Self {
        Self { route, settings }
    }
}

impl Service<Request> for Boundary {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Some(scope) = Scope::of(request.extensions()).cloned() else {
            return Box::pin(self.route.call(request));
        };
        let settings = Arc::clone(&self.settings);
        let (method, headers) = (request.method(), request.headers());
        let compress = compression::is_wanted(settings.compression, method, request.uri().path(), headers);
        let is_safe = method.is_safe();
        let spared =
            request.extensions().get::<InFlight>().is_some_and(|InFlight(flight)| !flight.is_expendable());
        let work = idempotency::once(settings.idempotency.as_ref(), &scope, request, self.route.clone());
        Box::pin(async move {
            let response = finish(&settings, &scope, work).await;
            let response = in_context(
                if is_safe { large::cover(response, &scope, spared) } else { large::keep(response) },
                &scope,
            )
            .await;
            Ok(if compress {
                compression::mark(response, settings.compression, &settings.compressors, &scope)
            } else {
                response
            })
        })
    }
}

/// The work's answer, or a problem when it took too long or panicked.
async fn finish(settings: &Settings, scope: &SharedScope, work: BoxFuture<'static, Response>) -> Response {
    let caught = Box::pin(AssertUnwindSafe(work).catch_unwind());
    match deadline::within(settings.request_timeout, scope, caught).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => Problem::new(codes::INTERNAL).with_cause(Panicked::with(&*panic)).into_response(),
        Err(deadline::Elapsed) => {
            let seconds = settings.request_timeout.as_secs();
            Problem::new(codes::REQUEST_TIMED_OUT)
                .with_detail(format!(
                    "the request took more than {seconds} seconds: ask for less or try again"
                ))
                .with_retry_after(5)
                .into_response()
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

impl Panicked {
    fn with(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        Self(text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default())
    }
}
