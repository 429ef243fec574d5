use crate::body::PIECE_BYTES;
use crate::codes;
use crate::problem::Problem;
use crate::scope::Scope;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse as _, Response};
use http_body::{Body as _, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// From this size on an answer that lies in memory is on the request's account, in bytes.
const LARGE_BYTES: u64 = 64 << 10;

/// The answer with the memory it lies in held until it is sent: of a long list that is read slowly, all of it stays here.
/// Streams do not know their size and are let through. Not for answers to changes: what is done must be told.
pub(super) fn cover(response: Response, scope: &Scope) -> Response {
    let size = response.body().size_hint().exact().filter(|size| *size >= LARGE_BYTES);
    match size.map(|size| scope.held.hold(size)) {
        None => response,
        Some(Ok(())) => response.map(|body| Body::new(LargeBody { body, rest: Bytes::new() })),
        Some(Err(refusal)) => Problem::new(codes::MEMORY_EXHAUSTED)
            .with_detail("there is no memory to keep the answer until it is read: ask for less or try again")
            .with_cause(refusal)
            .into_response(),
    }
}

/// Gives a body out in copied pieces. A connection takes a body of one piece into its own buffer at once, and the request
/// would seem to be over while all of it still lies there.
struct LargeBody {
    body: Body,
    rest: Bytes,
}

impl http_body::Body for LargeBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)).transpose()?.map(Frame::into_data) {
                // What comes in pieces already needs no copies.
                Some(Ok(data)) if data.len() <= PIECE_BYTES => {
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Ok(data)) => self.rest = data,
                Some(Err(other)) => return Poll::Ready(Some(Ok(other))),
                None => return Poll::Ready(None),
            }
        }
        let size = self.rest.len().min(PIECE_BYTES);
        // A part that shares the memory would keep all of it.
        let piece = Bytes::copy_from_slice(&self.rest.split_to(size));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.body.size_hint().exact() {
            Some(size) => SizeHint::with_exact(size + self.rest.len() as u64),
            None => SizeHint::default(),
        }
    }
}
