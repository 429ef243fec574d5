use crate::body::Cut;
use crate::codes;
use crate::metering::{uncover, whole_seconds};
use crate::problem::Problem;
use crate::scope::Scope;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse as _, Response};
use http_body::Body as _;

/// From this size on an answer that lies in memory is on the request's account, in bytes.
const LARGE_BYTES: u64 = 64 << 10;

/// The answer with the memory it lies in held until it is sent: of a long list that is read slowly, all of it stays here.
/// Streams do not know their size and are let through. Not for answers to changes: what is done must be told. What is `spared`
/// answers also when nothing is left: whoever looks after the server needs its metrics just then.
pub(super) fn cover(response: Response, scope: &Scope, spared: bool) -> Response {
    // What the answer was made of is gone, and the answer has a lease of its own where it is large.
    uncover();
    let size = response.body().size_hint().exact().filter(|size| *size >= LARGE_BYTES);
    match size.map(|size| scope.held.hold(size)) {
        None => response,
        Some(Err(refusal)) if !spared => Problem::new(codes::MEMORY_EXHAUSTED)
            .with_detail("there is no memory to keep the answer until it is read: ask for less or try again")
            .with_retry_after(refusal.retry_after.map_or(1, whole_seconds))
            .with_cause(refusal)
            .into_response(),
        Some(_) => response.map(in_pieces),
    }
}

/// The body in pieces, each in memory of its own: a part that shares the memory would keep all of it. A connection takes a body of
/// one piece into its own buffer at once, and the request would seem to be over while all of it still lies there.
fn in_pieces(body: Body) -> Body {
    Body::new(Cut::new(body, |part| Bytes::copy_from_slice(&part)))
}
