use crate::body::Cut;
use crate::metering::{cover_only, scarce};
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
    let size = response.body().size_hint().exact().filter(|size| *size >= LARGE_BYTES);
    // What the answer was made of is gone; what is borrowed for that is for the answer now.
    let missing = cover_only(size.unwrap_or(0));
    match size.map(|_| scope.held.hold(missing)) {
        None => response,
        Some(Err(refusal)) if !spared => {
            let detail = "there is no memory to keep the answer until it is read: ask for less or try again";
            scarce(&refusal, detail).with_cause(refusal).into_response()
        }
        Some(_) => response.map(in_pieces),
    }
}

/// An answer to a change, which is never refused: of what the work has borrowed, no more stays than the answer takes.
pub(super) fn keep(response: Response) -> Response {
    let _beside = cover_only(response.body().size_hint().exact().unwrap_or(0));
    response
}

/// The body in pieces, each in memory of its own: a part that shares the memory would keep all of it. A connection takes a body of
/// one piece into its own buffer at once, and the request would seem to be over while all of it still lies there.
fn in_pieces(body: Body) -> Body {
    Body::new(Cut::new(body, |part| Bytes::copy_from_slice(&part)))
}
