use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use http::Uri;
use std::convert::Infallible;
use std::task::{Context, Poll};
use tower::Service;

/// The path as the client wrote it, where the alias changed it.
#[derive(Clone)]
pub(super) struct WrittenPath(pub(super) Box<str>);

/// Takes the version out of `/api/v1/...` before the route is looked up.
#[derive(Clone)]
pub(super) struct Alias {
    router: Router,
}

impl Alias {
    pub(super) fn before(router: Router) -> Self {
        Self { router }
    }
}

impl Service<Request> for Alias {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        if let Some(uri) = unversioned(request.uri()) {
            let written = WrittenPath(request.uri().path().into());
            *request.uri_mut() = uri;
            request.extensions_mut().insert(written);
        }
        self.router.call(request)
    }
}

fn unversioned(uri: &Uri) -> Option<Uri> {
    let rest = uri.path().strip_prefix("/api/v1")?;
    if !(rest.is_empty() || rest.starts_with('/')) {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(format!("/api{rest}{query}").parse().ok()?);
    Uri::from_parts(parts).ok()
}
