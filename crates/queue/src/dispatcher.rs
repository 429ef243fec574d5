use crate::claim::{self, Held};
use crate::error::unreadable;
use crate::individual::{self, Offer};
use crate::metering::metered;
use crate::{Delivered, Error, Listener, ListenerError, Outbox};
use clock::SharedClock;
use db::{Db, Reads, Stamp, Tx};
use futures_util::FutureExt as _;
use headroom::Headroom;
use sea_orm::sea_query::Value;
use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How events are handed out.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Events in one batch.
    pub batch: u32,
    /// Payload bytes in one batch. A single event may be larger.
    pub batch_bytes: u64,
    /// How often to look for events that another process published or that are due again.
    pub idle_poll: Duration,
    /// How long to let events gather after a wake-up, so that a busy server handles many with one commit.
    pub gather: Duration,
    /// The same while events keep coming: each batch costs a transaction, and the search index a segment.
    pub gather_busy: Duration,
    /// How often an event is offered to a listener that fails.
    pub max_attempts: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch: 200,
            batch_bytes: 4 << 20,
            idle_poll: Duration::from_millis(500),
            gather: Duration::from_millis(25),
            gather_busy: Duration::from_millis(100),
            max_attempts: 8,
        }
    }
}

/// Hands events to listeners. Several may work on one PostgreSQL database; they take turns.
pub struct Dispatcher {
    pub(crate) db: Db,
    outbox: Outbox,
    pub(crate) listeners: Vec<Arc<dyn Listener>>,
    pub(crate) clock: SharedClock,
    pub(crate) settings: Settings,
    /// Who measures what listeners allocate.
    pub(crate) headroom: Option<Headroom>,
}

/// So long another dispatcher is waited for whose turn it is.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of one round.
#[derive(Debug, Clone, Copy, Default)]
struct Turn {
    /// Events that were offered.
    offered: usize,
    /// Another dispatcher had the turn, so that some were not.
    is_cut: bool,
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.listeners.iter().map(|listener| listener.name()).collect();
        f.debug_struct("Dispatcher")
            .field("listeners", &names)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Dispatcher {
    /// A dispatcher for `listeners`, which are called in this order.
    pub fn new(
        db: Db,
        outbox: Outbox,
        listeners: Vec<Arc<dyn Listener>>,
        clock: SharedClock,
        settings: Settings,
    ) -> Self {
        Self { db, outbox, listeners, clock, settings, headroom: None }
    }

    /// Measures what listeners allocate, and adds it to this engine's figures of background work as `listener NAME`.
    #[must_use]
    pub fn metered_by(mut self, headroom: Headroom) -> Self {
        self.headroom = Some(headroom);
        self
    }

    /// Hands out events until `shutdown` is cancelled or the database is closed. The batch at hand is finished.
    pub async fn run(&self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            match self.turn().await {
                Ok(Turn { offered: 0, is_cut: false }) => {
                    tokio::select! {
                        () = shutdown.cancelled() => {}
                        () = self.outbox.woken() => tokio::time::sleep(self.settings.gather).await,
                        () = tokio::time::sleep(self.settings.idle_poll) => {}
                    }
                }
                Ok(turn) if turn.is_cut || turn.offered < self.settings.batch as usize => {
                    tokio::time::sleep(self.settings.gather_busy).await;
                }
                Ok(_) => {}
                Err(Error::Database(db::Error::Closed)) => return,
                Err(error) => {
                    tracing::warn!(error = %crate::error::text_of(&error), "events could not be handed out");
                    tokio::select! {
                        () = shutdown.cancelled() => {}
                        () = tokio::time::sleep(self.settings.idle_poll) => {}
                    }
                }
            }
        }
    }

    /// Hands out events until none is due now, and returns how many were offered. Those that failed stay for later. Another
    /// dispatcher that has the turn is waited for, though not for ever: what it is at, it hands out.
    pub async fn drain(&self) -> Result<usize, Error> {
        let (mut offered, mut waited) = (0, Duration::ZERO);
        loop {
            let turn = self.turn().await?;
            offered += turn.offered;
            match turn {
                Turn { is_cut: true, .. } if waited < PATIENCE => {
                    tokio::time::sleep(self.settings.gather).await;
                    waited += self.settings.gather;
                }
                Turn { offered: 1.., is_cut: false } => waited = Duration::ZERO,
                _ => return Ok(offered),
            }
        }
    }

    /// One batch of untried events, and the failed ones that are due again.
    async fn turn(&self) -> Result<Turn, Error> {
        let mut turn = self.batch().await?;
        if turn.is_cut {
            return Ok(turn);
        }
        let due = "SELECT seq FROM outbox WHERE not_before <= $1 ORDER BY seq LIMIT $2";
        let values = [Stamp(self.clock.now()).into(), Value::from(i64::from(self.settings.batch))];
        let due = self.db.reader().rows(db::sql(self.db.dialect(), due, values)).await?;
        let seqs = due.iter().map(|row| row.at(0)).collect::<Result<Vec<i64>, _>>().map_err(unreadable)?;
        let again = self.offer_each(&seqs).await?;
        turn.offered += again.offered;
        turn.is_cut = again.is_cut;
        Ok(turn)
    }

    /// One by one, in this order: what comes after one that has to wait waits as well.
    async fn offer_each(&self, seqs: &[i64]) -> Result<Turn, Error> {
        let mut turn = Turn::default();
        for seq in seqs {
            match individual::offer(self, *seq).await? {
                Offer::Made => turn.offered += 1,
                Offer::Needless => {}
                Offer::OthersTurn => return Ok(Turn { is_cut: true, ..turn }),
            }
        }
        Ok(turn)
    }

    async fn batch(&self) -> Result<Turn, Error> {
        // Asked of a reader first: the write connection is not taken for nothing.
        let any = "SELECT 1 FROM outbox WHERE not_before IS NULL LIMIT 1";
        if self.db.reader().rows(db::sql(self.db.dialect(), any, [])).await?.is_empty() {
            return Ok(Turn::default());
        }
        let Some(mut tx) = claim::begin_turn(&self.db).await? else {
            return Ok(Turn { offered: 0, is_cut: true });
        };
        let held = claim::take_events(&mut tx, self.settings.batch, self.settings.batch_bytes).await?;
        if held.is_empty() {
            // Others want their turn.
            tx.rollback().await?;
            return Ok(Turn::default());
        }
        let seqs: Vec<i64> = held.iter().map(|held| held.event.seq).collect();
        let outcome = match self.deliver(&mut tx, held).await {
            Ok(()) => tx.commit().await.map_err(ListenerError::from),
            Err(error) => {
                // The rows must be free before they are offered one by one.
                tx.rollback().await?;
                Err(error)
            }
        };
        let Err(error) = outcome else { return Ok(Turn { offered: seqs.len(), is_cut: false }) };
        if let Some(error) = error.transient() {
            return Err(error.into());
        }
        self.offer_each(&seqs).await
    }

    async fn deliver(&self, tx: &mut Tx, held: Vec<Held>) -> Result<(), ListenerError> {
        let events = held.iter().map(Held::delivered).collect::<Result<Vec<_>, _>>()?;
        drop(held);
        for listener in &self.listeners {
            let mine = wanted(listener.as_ref(), &events);
            if !mine.is_empty() {
                call(self.headroom.as_ref(), listener.as_ref(), tx, &mine).await?;
            }
        }
        Ok(())
    }
}

/// Calls the listener; a panic is an error like any other.
pub(crate) async fn call(
    headroom: Option<&Headroom>,
    listener: &dyn Listener,
    tx: &mut Tx,
    events: &[Delivered],
) -> Result<(), ListenerError> {
    let name = format!("listener {}", listener.name());
    let handled = metered(headroom, &name, async { listener.handle(tx, events).await });
    match AssertUnwindSafe(handled).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(_) => Err(ListenerError::Panicked),
    }
}

fn wanted<'a>(listener: &dyn Listener, events: &'a [Delivered]) -> Cow<'a, [Delivered]> {
    let topics = listener.topics();
    let wants = |event: &&Delivered| topics.contains(&event.topic.as_str());
    if events.iter().all(|event| wants(&event)) {
        return Cow::Borrowed(events);
    }
    Cow::Owned(events.iter().filter(wants).cloned().collect())
}
