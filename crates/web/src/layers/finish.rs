use super::crowds::CrowdLog;
use crate::metering::{Ended, RequestMeter, Used};
use crate::scope::SharedScope;
use axum::body::{Body, Bytes};
use axum::extract::MatchedPath;
use clock::SharedClock;
use headroom::{Entry, Flight};
use http::{Method, StatusCode};
use http_body::{Body as _, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tracing::Span;

/// Who is told about each request after its answer's last byte.
pub trait Observer: Send + Sync {
    /// Takes the figures; must not block.
    fn finished(&self, request: &Finished<'_>);
}

/// One finished request.
#[derive(Debug, Clone, Copy)]
pub struct Finished<'a> {
    /// The method.
    pub method: &'a Method,
    /// The route's template, such as `/api/cases/{id}`; `unmatched` for a path that has none.
    pub route: &'a str,
    /// The answer's status; `None` when the client left before the answer began.
    pub status: Option<StatusCode>,
    /// From the request's head to the answer's last byte.
    pub duration: Duration,
    /// The answer's size as sent, without its head, in bytes.
    pub size_bytes: u64,
    /// Whether the whole answer was handed over.
    pub complete: bool,
    /// What came of a body that is streamed, in bytes; 0 for one that is read whole.
    pub streamed_bytes: u64,
    /// What the request did with memory.
    pub memory: Used,
    /// The id of the user who asked, if that came to be known.
    pub user: Option<[u8; 16]>,
    /// The request in the memory engine's books, if it has a place there.
    pub flight: Option<&'a Flight>,
}

/// Gathers a request's figures and tells them when it is dropped, however the request ended. The answer's body and each
/// piece of it that is not sent yet have a hold on it.
pub(super) struct Record {
    pub(super) method: Method,
    pub(super) route: Option<MatchedPath>,
    pub(super) started: Instant,
    pub(super) status: Option<StatusCode>,
    pub(super) size_bytes: AtomicU64,
    pub(super) complete: AtomicBool,
    pub(super) scope: SharedScope,
    pub(super) meter: RequestMeter,
    pub(super) flight: Option<Arc<Flight>>,
    pub(super) span: Span,
    pub(super) observer: Option<Arc<dyn Observer>>,
    /// What tells whether another answer to somebody who asks how the server is is logged; `None` for other requests.
    pub(super) crowd: Option<(Arc<CrowdLog>, SharedClock)>,
}

impl Record {
    /// The whole answer was handed over.
    fn finish(&self) {
        self.complete.store(true, Ordering::Relaxed);
    }

    /// Whether the request has a line in the log. What went wrong always has.
    fn is_told(&self) -> bool {
        let is_well = self.status.is_some_and(|status| status.is_success());
        let tells =
            |(crowd, clock): &(Arc<CrowdLog>, SharedClock)| !is_well || crowd.tells_watcher(clock.now());
        !self.scope.is_hushed() && self.crowd.as_ref().is_none_or(tells)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let _inside = self.span.enter();
        let finished = Finished {
            method: &self.method,
            route: self.route.as_ref().map_or("unmatched", MatchedPath::as_str),
            status: self.status,
            duration: self.started.elapsed(),
            size_bytes: *self.size_bytes.get_mut(),
            complete: *self.complete.get_mut(),
            streamed_bytes: self.scope.streamed_bytes.load(Ordering::Relaxed),
            memory: self.meter.totals(),
            user: self.scope.user.get().copied(),
            flight: self.flight.as_deref(),
        };
        // Whoever left early may have left work behind.
        let detached = self.meter.end();
        if self.is_told() {
            tracing::info!(
                target: "access",
                method = %finished.method,
                route = finished.route,
                status = finished.status.map_or(0, |status| status.as_u16()),
                duration_ms = u64::try_from(finished.duration.as_millis()).unwrap_or(u64::MAX),
                size_bytes = finished.size_bytes,
                complete = finished.complete,
                allocated_bytes = finished.memory.allocated,
                peak_bytes = finished.memory.peak_live,
                detached,
                "request"
            );
        }
        if let Some(observer) = &self.observer {
            observer.finished(&finished);
        }
    }
}

/// A piece of an answer on its way. It is the request's until it is sent, as what it frees then is.
struct Piece {
    data: Bytes,
    record: Arc<Record>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.record.meter.free(std::mem::take(&mut self.data));
    }
}

/// The answer's body: measured, counted, and with its last piece the end of its request.
pub(super) struct LastBody {
    body: Option<Body>,
    record: Arc<Record>,
    /// The request's place in the memory engine's books, if it has one.
    entry: Option<Arc<Entry>>,
}

impl LastBody {
    pub(super) fn new(body: Body, record: Record, entry: Option<Arc<Entry>>) -> Self {
        Self { body: Some(body), record: Arc::new(record), entry }
    }

    fn hand_over(&self, frame: Frame<Bytes>) -> Frame<Bytes> {
        frame.map_data(|data| {
            self.record.size_bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
            Bytes::from_owner(Piece { data, record: Arc::clone(&self.record) })
        })
    }
}

impl http_body::Body for LastBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if this.body.is_some() && this.entry.as_ref().is_some_and(|entry| entry.flight().is_cancelled()) {
            // Cut off, so that nobody takes the part for the whole.
            let body = this.body.take();
            this.record.meter.around(|| drop(body));
            return Poll::Ready(Some(Err(axum::Error::new(Ended))));
        }
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        let _inside = this.record.span.enter();
        let polled = this.record.meter.around(|| Pin::new(&mut *body).poll_frame(context));
        match &polled {
            Poll::Ready(Some(Ok(_))) if body.is_end_stream() => this.record.finish(),
            Poll::Ready(None) => this.record.finish(),
            Poll::Ready(Some(_)) | Poll::Pending => {}
        }
        polled.map_ok(|frame| this.hand_over(frame))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, http_body::Body::size_hint)
    }
}

impl Drop for LastBody {
    fn drop(&mut self) {
        let body = self.body.take();
        // What has no bytes is never polled, and the body of an answer to HEAD is not wanted.
        let is_empty = |body: &Body| body.is_end_stream() || body.size_hint().exact() == Some(0);
        if self.record.method == Method::HEAD || body.as_ref().is_some_and(is_empty) {
            self.record.finish();
        }
        self.record.meter.around(|| drop(body));
    }
}

/// A body that keeps something alive until it is dropped.
pub(super) struct HeldBody<H> {
    body: Body,
    _held: H,
}

impl<H> HeldBody<H> {
    pub(super) fn new(body: Body, held: H) -> Self {
        Self { body, _held: held }
    }
}

impl<H: Unpin> http_body::Body for HeldBody<H> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
