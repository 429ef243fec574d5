use crate::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Turns at connections, given in the order of asking.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    permits: Arc<Semaphore>,
    /// For how long one waits.
    patience: Duration,
}

impl Turns {
    /// As many at once as there are connections, at least one.
    pub(crate) fn new(connections: u32, patience: Duration) -> Self {
        let permits = usize::try_from(connections.max(1)).unwrap_or(1);
        Self { permits: Arc::new(Semaphore::new(permits)), patience }
    }

    /// Waits for a turn, which lasts until what is returned is dropped.
    pub(crate) async fn take(&self) -> Result<OwnedSemaphorePermit, Error> {
        // The timer of a wait that is not needed costs more than most statements.
        if let Some(permit) = self.try_take() {
            return Ok(permit);
        }
        match tokio::time::timeout(self.patience, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(permit) => permit.map_err(|_| Error::Closed),
            Err(elapsed) => Err(Error::Busy(Arc::new(elapsed))),
        }
    }

    /// A turn that nobody else has or waits for.
    pub(crate) fn try_take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    /// Whoever waits is sent away, and nobody gets one any more.
    pub(crate) fn close(&self) {
        self.permits.close();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.permits.is_closed()
    }
}
