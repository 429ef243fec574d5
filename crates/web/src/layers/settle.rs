use crate::body::PIECE_BYTES;
use crate::scope::Scope;
use axum::body::{Body, Bytes};
use futures_util::FutureExt as _;
use headroom::Entry;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What an answer that waits to be sent counts as, beside its bytes twice: its head, its records, its way to the peer.
const ANSWER_BYTES: u64 = 4 << 10;

/// The body of an answer whose work is done. Of a short one that is all there, only what it takes itself stays lent until it is
/// sent: a peer that takes no answers would otherwise keep what the work took, for as many requests as it may have at once.
pub(super) fn settle(mut body: Body, entry: Option<&mut Entry>, scope: &Scope) -> Body {
    let Some(size) = body.size_hint().exact().filter(|size| *size <= PIECE_BYTES as u64) else { return body };
    if size > 0 && !body.is_end_stream() {
        match body.frame().now_or_never().flatten() {
            Some(Ok(frame)) if frame.data_ref().is_some_and(|data| data.len() as u64 == size) => {
                body = Body::from(frame.into_data().unwrap_or_default());
            }
            Some(first) => return Body::new(Begun { first: Some(first), rest: body }),
            None => return body,
        }
    }
    scope.held.end();
    if let Some(entry) = entry {
        entry.settle(ANSWER_BYTES + 2 * size);
    }
    body
}

/// A body whose first frame was taken from it.
struct Begun {
    first: Option<Result<Frame<Bytes>, axum::Error>>,
    rest: Body,
}

impl http_body::Body for Begun {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let first =
            self.first.as_ref().and_then(|first| first.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
        let rest = self.rest.size_hint().exact();
        rest.map_or_else(SizeHint::default, |rest| SizeHint::with_exact(rest + first as u64))
    }
}
