use crate::{BoxError, Delivered, InvalidPayload};
use std::pin::Pin;

/// A future behind a pointer.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Someone who reacts to events. It writes only through the transaction it is given: what it writes is kept if, and
/// only if, the events count as handled. It calls no other server; for that it enqueues a job in the transaction.
pub trait Listener: Send + Sync {
    /// Unique among the listeners and stable: it is kept with events that failed.
    fn name(&self) -> &'static str;

    /// The topics it wants.
    fn topics(&self) -> &'static [&'static str];

    /// Handles a batch, in the order of `seq`. On an error nothing of the batch is kept, and its events come back one
    /// by one.
    fn handle<'a>(
        &'a self,
        tx: &'a mut db::Tx,
        batch: &'a [Delivered],
    ) -> BoxFuture<'a, Result<(), ListenerError>>;
}

/// Why a listener could not handle events.
#[derive(Debug, thiserror::Error)]
pub enum ListenerError {
    /// The database refused or failed.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// An event could not be understood.
    #[error(transparent)]
    Payload(#[from] InvalidPayload),
    /// An event or a job could not be sent on.
    #[error(transparent)]
    Queue(#[from] crate::Error),
    /// The listener's own reason.
    #[error("the listener failed")]
    Failed(#[source] BoxError),
    /// The listener panicked.
    #[error("the listener panicked")]
    Panicked,
}

impl ListenerError {
    /// The listener's own reason.
    pub fn failed(source: impl Into<BoxError>) -> Self {
        Self::Failed(source.into())
    }

    /// The database's reason if trying again may help: then the listener is not to blame.
    pub(crate) fn transient(&self) -> Option<db::Error> {
        match self {
            Self::Database(error) | Self::Queue(crate::Error::Database(error)) if error.is_transient() => {
                Some(error.clone())
            }
            _ => None,
        }
    }
}
