use super::idle::Running;
use super::stats::Counted;
use crate::body::Cut;
use axum::body::{Body, Bytes};
use headroom::Entry;
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What an answer is made from stays lent until its last piece is sent, as an answer's extension. The library drops a body
/// that it has taken the last piece of, while HTTP/2 keeps the piece until the peer opens a window for it.
#[derive(Debug, Clone)]
pub(crate) struct UntilSent(pub(crate) Arc<Entry>);

/// An answer's body, of which the connection knows how far it has come: it goes out in pieces of one size, whoever made it.
pub(super) struct AnswerBody {
    body: Cut,
    _counted: Counted,
    shared: Arc<Shared>,
}

/// What ends with the last piece.
struct Shared {
    running: Running,
    _held: Option<Arc<Entry>>,
}

impl AnswerBody {
    pub(super) fn new(body: Body, running: Running, counted: Counted, held: Option<Arc<Entry>>) -> Self {
        running.answer();
        // Parts share the memory of their frame, which goes with the last of them.
        let body = Cut::new(body, |part| part);
        Self { body, _counted: counted, shared: Arc::new(Shared { running, _held: held }) }
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_pending() {
            self.shared.running.wait();
        }
        polled.map_ok(|frame| {
            frame.map_data(|data| {
                self.shared.running.hand_over();
                Bytes::from_owner(Piece { data, answer: Arc::clone(&self.shared) })
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A piece on its way: when the connection has sent the last byte of it, it is dropped.
struct Piece {
    data: Bytes,
    answer: Arc<Shared>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.answer.running.sent();
    }
}
