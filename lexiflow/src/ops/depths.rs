use access::App;
use queue::{PendingEvents, PendingJobs};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the counts of waiting work are believed: counting costs the database a look at each row.
const BELIEVED: Duration = Duration::from_secs(5);

/// The work that waits, as last counted.
#[derive(Debug, Default)]
pub(super) struct Depths(Mutex<Option<Counted>>);

/// One count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    at: Instant,
    pub(super) events: PendingEvents,
    pub(super) jobs: PendingJobs,
}

impl Depths {
    /// The last count; nothing before the first.
    pub(super) fn last(&self) -> Option<Counted> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts anew when the last count is old.
    pub(super) async fn count(&self, app: &App) -> Result<Counted, queue::Error> {
        if let Some(counted) = self.last()
            && counted.at.elapsed() < BELIEVED
        {
            return Ok(counted);
        }
        let reader = app.db().reader();
        let (events, jobs) = (app.outbox().pending(reader).await?, app.jobs().pending(reader).await?);
        let counted = Counted { at: Instant::now(), events, jobs };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(counted);
        Ok(counted)
    }
}
