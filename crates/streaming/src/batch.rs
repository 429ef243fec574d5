use futures_util::stream::{BoxStream, FusedStream, Stream, StreamExt as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::sync::watch;

/// How many items are worked on, and when.
#[derive(Debug, Clone)]
pub struct Batches {
    /// Items of one batch, which are worked on beside each other; at least 1.
    pub size: usize,
    /// Batches at once; at least 1.
    pub concurrency: usize,
    /// Whether results come in the order of their items; otherwise as they are ready.
    pub ordered: bool,
    /// What a failed item means for the others.
    pub on_error: OnError,
    /// While this says `true`, no further batch is begun: the memory engine's background work waits so.
    pub pause: Option<watch::Receiver<bool>>,
}

/// What a failed item means for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// The first error is the last result; what is under way is dropped.
    FailFast,
    /// Every item has its result.
    Collect,
}

impl Default for Batches {
    /// One batch of 100 items at a time, in order, each with its result.
    fn default() -> Self {
        Self { size: 100, concurrency: 1, ordered: true, on_error: OnError::Collect, pause: None }
    }
}

/// Works on the items of a stream in batches. At most `size * concurrency` items are taken from `items` and have no result
/// that was handed on, and as many results wait for whoever reads them; so memory does not depend on the stream's length.
/// A batch is not waited for to be full: it takes what is there. Dropping the stream drops what is under way.
pub fn process_batch<'a, S, W, F, T, E>(items: S, batches: Batches, work: W) -> BoxStream<'a, Result<T, E>>
where
    S: Stream + Send + 'a,
    S::Item: Send,
    W: Fn(S::Item) -> F + Send + Sync + Clone + 'a,
    F: Future<Output = Result<T, E>> + Send + 'a,
    T: Send + 'a,
    E: Send + 'a,
{
    let Batches { size, concurrency, ordered, on_error, pause } = batches;
    let begun = items.ready_chunks(size.max(1)).map(move |batch| {
        let (pause, work) = (pause.clone(), work.clone());
        async move {
            calm(pause).await;
            futures_util::future::join_all(batch.into_iter().map(work)).await
        }
    });
    let concurrency = concurrency.max(1);
    let done = if ordered {
        begun.buffered(concurrency).boxed()
    } else {
        begun.buffer_unordered(concurrency).boxed()
    };
    let results = done.flat_map(futures_util::stream::iter).boxed();
    match on_error {
        OnError::Collect => results,
        OnError::FailFast => UntilError { results: Some(results) }.boxed(),
    }
}

/// Waits until nobody asks for a pause. When there is nobody left to ask, there is no pause.
async fn calm(pause: Option<watch::Receiver<bool>>) {
    if let Some(mut pause) = pause {
        let _nobody_asks = pause.wait_for(|paused| !paused).await.is_err();
    }
}

/// Results up to and with the first error.
struct UntilError<'a, T, E> {
    results: Option<BoxStream<'a, Result<T, E>>>,
}

impl<T, E> Stream for UntilError<'_, T, E> {
    type Item = Result<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(results) = &mut self.results else { return Poll::Ready(None) };
        let next = ready!(results.poll_next_unpin(context));
        if !matches!(next, Some(Ok(_))) {
            self.results = None;
        }
        Poll::Ready(next)
    }
}

impl<T, E> FusedStream for UntilError<'_, T, E> {
    fn is_terminated(&self) -> bool {
        self.results.is_none()
    }
}
