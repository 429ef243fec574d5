use crate::{Error, Fault, Message};
use clock::Timestamp;
use futures_util::future::BoxFuture;
use ids::JobId;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A mail on its way.
#[derive(Clone)]
pub struct Outgoing {
    id: JobId,
    at: Timestamp,
    eml: Zeroizing<Vec<u8>>,
}

impl Outgoing {
    /// Lays the message out. `id` is that of the job that sends it: tried again, it is the same mail.
    pub fn new(id: JobId, at: Timestamp, message: &Message) -> Result<Self, Fault> {
        Ok(Self { id, at, eml: message.to_eml(id, at)? })
    }

    /// The job that sends it.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// When it was sent.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The message, with the secrets that it may hold.
    pub fn eml(&self) -> &[u8] {
        &self.eml
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing")
            .field("id", &self.id)
            .field("size_bytes", &self.eml.len())
            .finish_non_exhaustive()
    }
}

/// A way for mail to go.
pub trait Transport: Send + Sync + std::fmt::Debug {
    /// Delivers a mail. Delivered twice, it is there once.
    fn deliver<'a>(&'a self, mail: &'a Outgoing) -> BoxFuture<'a, Result<(), Error>>;

    /// Removes what was kept long enough at `now`, and says how many mails that were.
    fn forget_old(&self, now: Timestamp) -> BoxFuture<'_, Result<usize, Error>>;
}

/// The way that the whole process uses.
pub type SharedTransport = Arc<dyn Transport>;
