use blob::BlobStore;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long the disk has to answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer is believed: probes ask often, and the disk need not hear of each.
const BELIEVED: Duration = Duration::from_secs(3);

/// How the file store is, in the words of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    Up,
    /// Files can be read and not stored.
    Unwritable,
    Gone,
}

impl Storage {
    pub(super) async fn of(blobs: &BlobStore) -> Self {
        let asked = async {
            match (blobs.space().await, blobs.check_writable().await) {
                (Err(_), _) => Self::Gone,
                (Ok(_), Err(_)) => Self::Unwritable,
                (Ok(_), Ok(())) => Self::Up,
            }
        };
        tokio::time::timeout(TIMEOUT, asked).await.unwrap_or(Self::Gone)
    }
}

/// The last answer.
#[derive(Debug, Default)]
pub(super) struct StoragePing(Mutex<Option<(Instant, Storage)>>);

impl StoragePing {
    /// How it is, or was a moment ago. Whoever asks meanwhile waits for the same answer.
    pub(super) async fn state(&self, blobs: &BlobStore) -> Storage {
        let mut known = self.0.lock().await;
        if let Some((at, state)) = *known
            && at.elapsed() < BELIEVED
        {
            return state;
        }
        let state = Storage::of(blobs).await;
        *known = Some((Instant::now(), state));
        state
    }
}
