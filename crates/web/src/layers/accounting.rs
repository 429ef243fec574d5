use super::alias::WrittenPath;
use super::finish::{HeldBody, LastBody, Record};
use super::settle::settle;
use super::{Settings, compression, correlation, crowds, security};
use crate::metering::{Admission, Ended, Held, InFlight, RequestMeter};
use crate::problem::{Problem, in_context};
use crate::rates::Rated;
use crate::scope::{Scope, SharedScope};
use crate::server::UntilSent;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::response::{IntoResponse as _, Response};
use futures_util::future::BoxFuture;
use headroom::{Entry, Flight};
use http::Version;
use http::header::{CONNECTION, HeaderValue};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower::Service;
use tracing::Instrument as _;

/// The first layer of a route: opens the request's account and closes it after the answer's last byte.
#[derive(Clone)]
pub(super) struct Accounting<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> Accounting<S> {
    pub(super) fn around(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }

    fn body_limit(&self) -> usize {
        usize::try_from(self.settings.limits.raw_bytes).unwrap_or(usize::MAX)
    }
}

impl<S, B> Service<Request> for Accounting<S>
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
        let meter = RequestMeter::default();
        // For everything that asks where a request comes from: limits, permissions, the record.
        if let Some(client) = self.settings.proxies.client(request.extensions(), request.headers()) {
            request.extensions_mut().insert(client);
        }
        // How often somebody asks is looked at first: it costs nothing, and whoever asks too often gets nothing.
        let rated = self.rate(&request);
        let (rated, admitted) = match rated {
            Ok(rated) => (rated, self.admit(&request, &meter)),
            Err(problem) => (None, Err(problem)),
        };
        let scope = open(&request, &self.settings, admitted.as_ref().ok().and_then(Option::as_ref), rated);
        let flight = admitted.as_ref().ok().and_then(Option::as_ref).map(|entry| Arc::clone(entry.flight()));
        let record = record(&request, &scope, &self.settings, meter, flight);
        let shared = self.settings.cors.is_some();
        let path: Box<str> = request.uri().path().into();
        // For axum's own extractors; ours have their limits by content type.
        DefaultBodyLimit::max(self.body_limit()).apply(&mut request);
        compression::soften(request.headers_mut());
        request.extensions_mut().insert(scope.correlation().clone());
        request.extensions_mut().insert(Arc::clone(&scope));
        let mut entry = match admitted {
            Ok(entry) => entry,
            Err(problem) => {
                if !self.settings.crowds.tells(problem.status().as_u16(), self.settings.clock.now()) {
                    scope.hush();
                }
                return Box::pin(refused(problem, scope, record, path, shared));
            }
        };
        if let Some(entry) = &entry {
            request.extensions_mut().insert(InFlight(Arc::clone(entry.flight())));
        }
        // Whoever looks after the server may keep the connection: to come anew is hard just then.
        let closes = request.version() <= Version::HTTP_11
            && entry.as_ref().is_some_and(|entry| entry.flight().is_expendable())
            && self.settings.admission.as_ref().is_some_and(Admission::closes_idle);
        let (meter, span) = (record.meter.clone(), record.span.clone());
        let answering = span.in_scope(|| meter.around(|| self.inner.call(request)));
        let settings = Arc::clone(&self.settings);
        Box::pin(async move {
            let answering = meter.billed(answering).instrument(span);
            let mut response = match answer(answering, entry.as_ref()).await {
                Some(Ok(response)) => response.map(Body::new),
                None => {
                    let told = Ended::told(wait_after_ending(&settings, entry.as_ref()));
                    // The answer that says so is not part of what was ended.
                    entry = None;
                    in_context(told.into_response(), &scope).await
                }
            };
            if closes {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            dress(&mut response, &scope, &path, shared);
            Ok(hand_over(response, scope, record, entry))
        })
    }
}

impl<S> Accounting<S> {
    /// Asks whether the request may begin, before anything of it runs.
    fn admit(&self, request: &Request, meter: &RequestMeter) -> Result<Option<Entry>, Problem> {
        let Some(admission) = &self.settings.admission else { return Ok(None) };
        let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
        admission.admit(request.method(), route, meter).map(Some).map_err(Problem::from)
    }

    /// Counts the request under the address that it comes from, or refuses it.
    fn rate(&self, request: &Request) -> Result<Option<Arc<Rated>>, Problem> {
        self.settings.rates.as_ref().map_or(Ok(None), |rates| rates.admit(request))
    }
}

fn wait_after_ending(settings: &Settings, entry: Option<&Entry>) -> Option<Duration> {
    let (admission, entry) = settings.admission.as_ref().zip(entry)?;
    Some(admission.headroom.wait_after_ending(entry.flight()))
}

/// Gives an answer the headers that all have.
fn dress(response: &mut Response, scope: &Scope, path: &str, shared: bool) {
    security::harden(response.headers_mut(), path, shared);
    if let Some(id) = scope.correlation().header() {
        response.headers_mut().insert(correlation::HEADER, id);
    }
    if let Some(rated) = scope.rated() {
        rated.standings.write(response.headers_mut());
    }
}

/// The answer as it goes out, with what backs it until it is sent.
fn hand_over(
    mut response: Response,
    scope: SharedScope,
    mut record: Record,
    mut entry: Option<Entry>,
) -> Response {
    record.status = Some(response.status());
    if let Some(entry) = &mut entry {
        entry.work_done();
    }
    let meter = record.meter.clone();
    response = response.map(|body| meter.around(|| settle(body, entry.as_mut(), &scope)));
    let entry = entry.map(Arc::new);
    if let Some(entry) = &entry {
        response.extensions_mut().insert(UntilSent(Arc::clone(entry)));
    }
    // The scope goes along, because the memory it holds backs the answer.
    response.map(|body| Body::new(HeldBody::new(Body::new(LastBody::new(body, record, entry)), scope)))
}

/// The work's answer; `None` when the request was told to end first. Dropping the work gives back what it holds.
async fn answer<F: Future>(work: F, entry: Option<&Entry>) -> Option<F::Output> {
    let Some(entry) = entry else { return Some(work.await) };
    tokio::select! {
        biased;
        answer = work => Some(answer),
        () = entry.flight().cancelled() => None,
    }
}

/// The answer to a request that may not begin. Its body is not read.
async fn refused(
    problem: Problem,
    scope: SharedScope,
    mut record: Record,
    path: Box<str>,
    shared: bool,
) -> Result<Response, Infallible> {
    let mut response = in_context(problem.into_response(), &scope).await;
    dress(&mut response, &scope, &path, shared);
    record.status = Some(response.status());
    Ok(response.map(|body| Body::new(LastBody::new(body, record, None))))
}

fn open(
    request: &Request,
    settings: &Settings,
    entry: Option<&Entry>,
    rated: Option<Arc<Rated>>,
) -> SharedScope {
    let correlation = correlation::take_or_make(request.headers(), settings);
    let path =
        request.extensions().get::<WrittenPath>().map_or_else(|| request.uri().path(), |written| &*written.0);
    let own = entry.and_then(|entry| entry.flight().pool());
    let held = Held::of(own.or(settings.pool.as_ref()).cloned());
    Arc::new(Scope::new(correlation, path, Arc::clone(&settings.clock), settings.limits, held, rated))
}

fn record(
    request: &Request,
    scope: &SharedScope,
    settings: &Settings,
    meter: RequestMeter,
    flight: Option<Arc<Flight>>,
) -> Record {
    Record {
        method: request.method().clone(),
        route: request.extensions().get::<MatchedPath>().cloned(),
        started: Instant::now(),
        status: None,
        size_bytes: AtomicU64::new(0),
        complete: AtomicBool::new(false),
        scope: Arc::clone(scope),
        meter,
        flight,
        span: tracing::info_span!("request", correlation.id = scope.correlation().as_str()),
        observer: settings.observer.clone(),
        crowd: crowds::is_watching(request)
            .then(|| (Arc::clone(&settings.crowds), Arc::clone(&settings.clock))),
    }
}
