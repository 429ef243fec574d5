use super::{BodyFault, BodyPace};
use crate::metering::taken_over;
use crate::scope::SharedScope;
use axum::body::Body;
use bytes::Bytes;
use futures_util::Stream;
use http_body::Body as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// A body's bytes with a limit, and a watch on their pace. Only time spent waiting for the peer counts against the
/// rate: a reader that is slow itself, because a disk is, does not make the peer slow.
#[derive(Debug)]
pub(crate) struct GuardedBody {
    body: Body,
    left_bytes: u64,
    limit_bytes: u64,
    pace: BodyPace,
    started: Instant,
    /// Time waited and bytes come in the present stretch.
    waited: Duration,
    come_bytes: u64,
    waiting_since: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
    ended: bool,
    /// The request, where what comes is counted.
    scope: Option<SharedScope>,
}

impl GuardedBody {
    /// Refuses at once a body whose declared length is over the limit.
    pub(crate) fn new(body: Body, limit_bytes: u64, pace: BodyPace) -> Result<Self, BodyFault> {
        if body.size_hint().lower() > limit_bytes {
            return Err(BodyFault::TooLarge { limit_bytes });
        }
        Ok(Self {
            body,
            left_bytes: limit_bytes,
            limit_bytes,
            pace,
            started: Instant::now(),
            waited: Duration::ZERO,
            come_bytes: 0,
            waiting_since: None,
            alarm: None,
            ended: false,
            scope: None,
        })
    }

    /// Counts what comes, in bytes, as the request's.
    pub(crate) fn count_for(&mut self, scope: &SharedScope) {
        self.scope = Some(Arc::clone(scope));
    }

    /// The declared length, in bytes, if the peer declared one.
    pub(crate) fn declared_bytes(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    fn take(&mut self, chunk: Bytes) -> Result<Bytes, BodyFault> {
        let size = chunk.len() as u64;
        match self.left_bytes.checked_sub(size) {
            Some(left) => self.left_bytes = left,
            None => return Err(BodyFault::TooLarge { limit_bytes: self.limit_bytes }),
        }
        self.come_bytes = self.come_bytes.saturating_add(size);
        if let Some(scope) = &self.scope {
            scope.streamed_bytes.fetch_add(size, Ordering::Relaxed);
        }
        if let Some(since) = self.waiting_since.take() {
            self.waited += since.elapsed();
        }
        if self.started.elapsed() >= self.pace.total {
            return Err(BodyFault::TooLong { total_seconds: self.pace.total.as_secs() });
        }
        self.close_stretch()?;
        Ok(chunk)
    }

    /// At the end of a stretch of waiting, looks whether enough came in it.
    fn close_stretch(&mut self) -> Result<(), BodyFault> {
        if self.waited < self.pace.grace {
            return Ok(());
        }
        let millis = u64::try_from(self.waited.as_millis()).unwrap_or(u64::MAX);
        if self.come_bytes < self.pace.min_bytes_per_second.saturating_mul(millis) / 1000 {
            return Err(BodyFault::TooSlow { min_bytes_per_second: self.pace.min_bytes_per_second });
        }
        self.waited = Duration::ZERO;
        self.come_bytes = 0;
        Ok(())
    }

    /// Waits for the peer, but no longer than its pace allows.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<BodyFault> {
        loop {
            let now = Instant::now();
            let since = *self.waiting_since.get_or_insert(now);
            let end = self.started + self.pace.total;
            let until = end.min(since + self.pace.grace.saturating_sub(self.waited));
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
            if alarm.deadline() != until {
                alarm.as_mut().reset(until);
            }
            ready!(alarm.as_mut().poll(context));
            let now = Instant::now();
            if now >= end {
                return Poll::Ready(BodyFault::TooLong { total_seconds: self.pace.total.as_secs() });
            }
            self.waited += now.duration_since(since);
            self.waiting_since = Some(now);
            if let Err(fault) = self.close_stretch() {
                return Poll::Ready(fault);
            }
        }
    }
}

impl Stream for GuardedBody {
    type Item = Result<Bytes, BodyFault>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        let outcome = loop {
            match Pin::new(&mut this.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(chunk) if chunk.is_empty() => {}
                    Ok(chunk) => break Some(this.take(taken_over(chunk))),
                    Err(_trailers) => {}
                },
                Poll::Ready(Some(Err(error))) => break Some(Err(BodyFault::CutOff(error))),
                Poll::Ready(None) => break None,
                Poll::Pending => break Some(Err(ready!(this.wait(context)))),
            }
        };
        this.ended = !matches!(outcome, Some(Ok(_)));
        Poll::Ready(outcome)
    }
}
