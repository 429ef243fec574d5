use axum::body::Body;
use bytes::Bytes;
use headroom::Refusal;
use http_body::{Frame, SizeHint};
use serde::Serialize;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The most that a piece has, in bytes.
pub(crate) const PIECE_BYTES: usize = 16 << 10;
/// What the first piece begins with: most answers are shorter.
const FIRST_BYTES: usize = 256;

/// JSON as an answer's body, written into pieces that each go as soon as they are sent. One buffer for a long list would
/// be copied while it grows, then stay until its last byte is sent.
///
/// What it is made of is there as well until all of it is written, so that memory is borrowed as it grows.
pub(crate) fn json_body(value: &impl Serialize) -> Result<Body, Unwritten> {
    let current = Vec::with_capacity(FIRST_BYTES);
    let mut pieces = Pieces { full: VecDeque::new(), current, refused: None };
    if let Err(error) = serde_json::to_writer(&mut pieces, value) {
        return Err(pieces.refused.map_or(Unwritten::Json(error), Unwritten::Memory));
    }
    let last = Bytes::from(pieces.current);
    if pieces.full.is_empty() {
        return Ok(Body::from(last));
    }
    let left_bytes = (pieces.full.len() * PIECE_BYTES + last.len()) as u64;
    pieces.full.push_back(last);
    Ok(Body::new(PiecesBody { rest: pieces.full, left_bytes }))
}

/// Why there is no body.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwritten {
    #[error("the answer cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    #[error(
        "there is no memory for the answer: ask for less at once, such as a smaller `limit`, or try again"
    )]
    Memory(#[source] Refusal),
}

struct Pieces {
    /// Each of [`PIECE_BYTES`].
    // bounded: by the page's most items; it is one answer.
    full: VecDeque<Bytes>,
    current: Vec<u8>,
    /// Why it goes no further.
    refused: Option<Refusal>,
}

impl io::Write for Pieces {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.current.len() == PIECE_BYTES {
            let full = std::mem::replace(&mut self.current, Vec::with_capacity(PIECE_BYTES));
            self.full.push_back(Bytes::from(full));
            if let Err(refusal) = crate::metering::cover() {
                self.refused = Some(refusal);
                return Err(io::ErrorKind::OutOfMemory.into());
            }
        }
        let taken = bytes.len().min(PIECE_BYTES - self.current.len());
        self.current.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct PiecesBody {
    // bounded: only shrinks; what is large is on the request's account.
    rest: VecDeque<Bytes>,
    left_bytes: u64,
}

impl http_body::Body for PiecesBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(piece) = self.rest.pop_front() else { return Poll::Ready(None) };
        self.left_bytes -= piece.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left_bytes)
    }
}

/// A body in pieces of at most [`PIECE_BYTES`], whatever it gives at once.
pub(crate) struct Cut {
    body: Body,
    /// What has come of it and was not given out yet.
    rest: Bytes,
    /// What becomes of a part of something larger, whose memory it shares.
    part: fn(Bytes) -> Bytes,
}

impl Cut {
    pub(crate) fn new(body: Body, part: fn(Bytes) -> Bytes) -> Self {
        Self { body, rest: Bytes::new(), part }
    }
}

impl http_body::Body for Cut {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)).transpose()?.map(Frame::into_data) {
                // What comes in pieces already is given on as it is.
                Some(Ok(data)) if data.len() <= PIECE_BYTES => {
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Ok(data)) => self.rest = data,
                Some(Err(other)) => return Poll::Ready(Some(Ok(other))),
                None => return Poll::Ready(None),
            }
        }
        let size = self.rest.len().min(PIECE_BYTES);
        let piece = (self.part)(self.rest.split_to(size));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (mut hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Body as _;
    use http_body_util::BodyExt as _;

    #[test]
    fn a_value_comes_out_whole_in_pieces_of_bounded_size() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for length in [0, 1, 200, PIECE_BYTES - 2, PIECE_BYTES - 1, PIECE_BYTES, 5 * PIECE_BYTES + 7] {
            let text = "x".repeat(length);
            let mut body = json_body(&text).unwrap();
            assert_eq!(body.size_hint().exact(), Some(length as u64 + 2));
            let mut all = Vec::new();
            runtime.block_on(async {
                while let Some(frame) = body.frame().await {
                    let data = frame.unwrap().into_data().unwrap();
                    assert!((1..=PIECE_BYTES).contains(&data.len()), "{} bytes at once", data.len());
                    all.extend_from_slice(&data);
                    assert_eq!(body.size_hint().exact(), Some((length + 2 - all.len()) as u64));
                }
            });
            assert!(body.is_end_stream());
            assert_eq!(all, serde_json::to_vec(&text).unwrap());
        }
    }
}
