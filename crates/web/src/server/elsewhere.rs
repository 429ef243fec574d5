use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;
use tokio_util::task::TaskTracker;
use tower::Service as _;

/// Pieces of a body that may wait to be sent.
const PIECES: usize = 2;

type Piece = Result<Frame<Bytes>, axum::Error>;

/// Lets another runtime answer, body included, so that this one is not kept from what it is there for. The work ends when
/// the answer is dropped. `None` when that runtime has ended.
pub(super) async fn answer(
    mut router: Router,
    request: Request,
    work: &Handle,
    tasks: &TaskTracker,
) -> Option<Response> {
    let (head, begun) = oneshot::channel();
    let (pieces, rest) = mpsc::channel(PIECES);
    let task = AbortOnDropHandle::new(tasks.spawn_on(
        async move {
            let Ok(response) = router.call(request).await;
            let (parts, mut body) = response.into_parts();
            let size = body.size_hint();
            if head.send((parts, size)).is_err() {
                return;
            }
            while let Some(frame) = body.frame().await {
                if pieces.send(frame).await.is_err() {
                    return;
                }
            }
        },
        work,
    ));
    let (parts, size) = begun.await.ok()?;
    Some(Response::from_parts(parts, Body::new(Relayed { rest, size, _task: task })))
}

/// A body that comes from another runtime.
struct Relayed {
    rest: mpsc::Receiver<Piece>,
    size: SizeHint,
    _task: AbortOnDropHandle<()>,
}

impl http_body::Body for Relayed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Piece>> {
        self.rest.poll_recv(context)
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}
