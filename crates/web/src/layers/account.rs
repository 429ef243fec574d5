use super::alias::WrittenPath;
use super::finish::{HeldBody, LastBody, Record};
use super::{Settings, compression, correlation, security};
use crate::metering::{Held, RequestMeter};
use crate::scope::{Scope, SharedScope};
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::response::Response;
use futures_util::future::BoxFuture;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use tower::Service;
use tracing::Instrument as _;

/// The first layer of a route: opens the request's account and closes it after the answer's last byte.
#[derive(Clone)]
pub(super) struct Account<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> Account<S> {
    pub(super) fn around(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }

    fn body_limit(&self) -> usize {
        usize::try_from(self.settings.limits.raw_bytes).unwrap_or(usize::MAX)
    }
}

impl<S, B> Service<Request> for Account<S>
where
    S: Service<Request, Response = http::Response<B>, Error = Infallible>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let scope = open(&request, &self.settings);
        let mut record = record(&request, &scope, &self.settings);
        let shared = self.settings.cors.is_some();
        let path: Box<str> = request.uri().path().into();
        // For axum's own extractors; ours have their limits by content type.
        DefaultBodyLimit::max(self.body_limit()).apply(&mut request);
        compression::soften(request.headers_mut());
        request.extensions_mut().insert(scope.correlation().clone());
        request.extensions_mut().insert(Arc::clone(&scope));
        let (meter, span) = (record.meter.clone(), record.span.clone());
        let answering = span.in_scope(|| meter.around(|| self.inner.call(request)));
        Box::pin(async move {
            let Ok(response) = meter.billed(answering).instrument(span).await;
            let mut response = response.map(Body::new);
            security::harden(response.headers_mut(), &path, shared);
            if let Some(id) = scope.correlation().header() {
                response.headers_mut().insert(correlation::HEADER, id);
            }
            record.status = Some(response.status());
            // The scope goes along, because the memory it holds backs the answer until it is sent.
            let body = |body| Body::new(HeldBody::new(Body::new(LastBody::new(body, record)), scope));
            Ok(response.map(body))
        })
    }
}

fn open(request: &Request, settings: &Settings) -> SharedScope {
    let correlation = correlation::take_or_make(request.headers(), settings);
    let path =
        request.extensions().get::<WrittenPath>().map_or_else(|| request.uri().path(), |written| &*written.0);
    let held = Held::of(settings.pool.clone());
    Arc::new(Scope::new(correlation, path, Arc::clone(&settings.clock), settings.limits, held))
}

fn record(request: &Request, scope: &Scope, settings: &Settings) -> Record {
    Record {
        method: request.method().clone(),
        route: request.extensions().get::<MatchedPath>().cloned(),
        started: Instant::now(),
        status: None,
        size_bytes: 0,
        complete: false,
        meter: RequestMeter::default(),
        span: tracing::info_span!("request", correlation.id = scope.correlation().as_str()),
        observer: settings.observer.clone(),
    }
}
