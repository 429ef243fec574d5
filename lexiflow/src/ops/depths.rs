use access::App;
use queue::{PendingEvents, PendingJobs};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the counts of waiting work are believed: counting costs the database a look at each row.
const BELIEVED: Duration = Duration::from_secs(5);
/// After somebody asked for the metrics, counts are kept fresh for so long; an idle server that nobody looks at does not count.
const WANTED: Duration = Duration::from_mins(2);

/// The work that waits, as last counted. It is counted beside those who ask, so that the metrics never wait for the database.
#[derive(Debug, Default)]
pub(super) struct Depths(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    counted: Option<Counted>,
    tried_at: Option<Instant>,
    wanted_at: Option<Instant>,
}

/// One count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    at: Instant,
    pub(super) events: PendingEvents,
    pub(super) jobs: PendingJobs,
}

impl Counted {
    /// How old the count is.
    pub(super) fn age(&self) -> Duration {
        self.at.elapsed()
    }
}

impl Depths {
    /// The last count; nothing before the first.
    pub(super) fn last(&self) -> Option<Counted> {
        self.known().counted
    }

    /// Somebody looks, and may look again.
    pub(super) fn want(&self) {
        self.known().wanted_at = Some(Instant::now());
    }

    /// Counts anew if somebody looks and the last count is old.
    pub(super) async fn refresh(&self, app: &App) {
        let is_due = {
            let mut known = self.known();
            let within = |at: Option<Instant>, time: Duration| at.is_some_and(|at| at.elapsed() < time);
            let is_due = within(known.wanted_at, WANTED) && !within(known.tried_at, BELIEVED);
            if is_due {
                known.tried_at = Some(Instant::now());
            }
            is_due
        };
        if is_due && let Err(error) = self.count_now(app).await {
            // The last count stands, with its age.
            tracing::warn!(%error, "the waiting work could not be counted for the metrics");
        }
    }

    /// Counts anew when the last count is old.
    pub(super) async fn count(&self, app: &App) -> Result<Counted, queue::Error> {
        match self.last().filter(|counted| counted.age() < BELIEVED) {
            Some(counted) => Ok(counted),
            None => self.count_now(app).await,
        }
    }

    async fn count_now(&self, app: &App) -> Result<Counted, queue::Error> {
        let reader = app.db().reader();
        let (events, jobs) = (app.outbox().pending(reader).await?, app.jobs().pending(reader).await?);
        let counted = Counted { at: Instant::now(), events, jobs };
        self.known().counted = Some(counted);
        Ok(counted)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
