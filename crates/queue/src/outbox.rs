use crate::error::{payload_of, unreadable};
use crate::{Envelope, Error, Event};
use clock::Timestamp;
use db::{Reads, Stamp, Tx};
use sea_orm::sea_query::Value;
use std::sync::Arc;
use tokio::sync::Notify;

/// The largest payload of an event.
const PAYLOAD_BYTES: usize = 1 << 20;

const INSERT: &str = "INSERT INTO outbox (id, firm_id, topic, at, actor_id, correlation, size_bytes, payload) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Where verbs publish events. Clones share one wake-up.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    wake: Arc<Notify>,
}

/// How many events wait and how many were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PendingEvents {
    /// Not tried yet.
    pub waiting: u64,
    /// Tried and failed, to be tried again.
    pub retrying: u64,
    /// Given up, once for each listener that failed.
    pub dead: u64,
}

impl Outbox {
    /// A handle; the process has one and clones it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the event to the transaction: it happens if the transaction commits, and the dispatcher of this process
    /// is woken then. A payload above 1 MiB is refused.
    pub async fn publish<E: Event>(&self, tx: &mut Tx, envelope: Envelope, event: &E) -> Result<(), Error> {
        let payload = payload_of(E::TOPIC, event, PAYLOAD_BYTES)?;
        let size_bytes = i64::try_from(payload.len()).unwrap_or(i64::MAX);
        let values: [Value; 8] = [
            uuid::Uuid::from(envelope.id).into(),
            uuid::Uuid::from(envelope.firm).into(),
            E::TOPIC.into(),
            Stamp(envelope.at).into(),
            envelope.actor.map(uuid::Uuid::from).into(),
            envelope.correlation.into(),
            size_bytes.into(),
            payload.into(),
        ];
        tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
        tx.after_commit(Arc::clone(&self.wake));
        Ok(())
    }

    /// How many events wait and how many were given up, for metrics and tests.
    pub async fn pending(&self, reader: &impl Reads) -> Result<PendingEvents, Error> {
        let text = "SELECT (SELECT count(*) FROM outbox WHERE attempts = 0), \
                    (SELECT count(*) FROM outbox WHERE attempts > 0), (SELECT count(*) FROM outbox_dead)";
        let rows = reader.rows(db::sql(reader.dialect(), text, [])).await?;
        let Some(row) = rows.first() else { return Ok(PendingEvents::default()) };
        let at = |index| row.at::<i64>(index).map(i64::unsigned_abs).map_err(unreadable);
        Ok(PendingEvents { waiting: at(0)?, retrying: at(1)?, dead: at(2)? })
    }

    /// When the oldest event that waits was published; `None` when none waits.
    pub async fn oldest(&self, reader: &impl Reads) -> Result<Option<Timestamp>, Error> {
        let text = "SELECT at FROM outbox ORDER BY seq LIMIT 1";
        let rows = reader.rows(db::sql(reader.dialect(), text, [])).await?;
        rows.first().map(|row| Ok(row.at::<Stamp>(0).map_err(unreadable)?.0)).transpose()
    }

    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }
}
