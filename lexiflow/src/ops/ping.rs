use super::store;
use db::Db;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long the database has to answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer is believed. Longer than it takes to ask again, so that those who look at the server every moment
/// never wait for the database themselves.
const BELIEVED: Duration = Duration::from_secs(3);

/// Between two looks whether another statement was answered.
const LOOK: Duration = Duration::from_millis(20);

/// Waits until a statement of somebody else succeeds.
async fn another_is_answered(db: &Db) {
    let answered = || {
        let stats = db.stats().snapshot();
        stats.statements.saturating_sub(stats.failed)
    };
    let before = answered();
    while answered() == before {
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether the database answers: asked seldom, told often.
#[derive(Debug, Default)]
pub(super) struct Ping {
    /// Somebody wanted to know since it was last asked.
    is_wanted: AtomicBool,
    known: std::sync::Mutex<Option<(Instant, bool)>>,
    /// Held while asking, so that a crowd of probes is one statement.
    asking: Mutex<()>,
}

impl Ping {
    /// Whether it answers, or answered a moment ago.
    pub(super) async fn answers(&self, db: &Db) -> bool {
        self.is_wanted.store(true, Ordering::Relaxed);
        // Known at once and without asking.
        if db.stats().is_damaged() {
            return false;
        }
        if let Some(answered) = self.believed() {
            return answered;
        }
        let _asking = self.asking.lock().await;
        match self.believed() {
            Some(answered) => answered,
            None => self.ask(db).await,
        }
    }

    /// Asks again if somebody wants to know, before what is known is too old.
    pub(super) async fn refresh(&self, db: &Db) {
        if self.is_wanted.swap(false, Ordering::Relaxed) {
            let _asking = self.asking.lock().await;
            self.ask(db).await;
        }
    }

    /// Asks, unless others get their answers meanwhile: where every connection is taken, the question waits in line, and
    /// what stands before it tells as much.
    async fn ask(&self, db: &Db) -> bool {
        let answered = tokio::select! {
            answer = tokio::time::timeout(TIMEOUT, store::ping(db)) => matches!(answer, Ok(Ok(()))),
            () = another_is_answered(db) => true,
        };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), answered));
        answered
    }

    fn believed(&self) -> Option<bool> {
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.filter(|(at, _)| at.elapsed() < BELIEVED).map(|(_, answered)| answered)
    }
}
