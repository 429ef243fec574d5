use crate::error::{payload_of, unreadable};
use crate::{Error, Job};
use clock::Timestamp;
use db::{Reads, Stamp, Tx};
use ids::{FirmId, JobId};
use sea_orm::sea_query::Value;
use std::sync::Arc;
use tokio::sync::Notify;

/// The largest payload of a job.
const PAYLOAD_BYTES: usize = 1 << 20;

const INSERT: &str = "INSERT INTO jobs (id, firm_id, kind, payload, max_attempts, run_at, dedup_key) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (kind, dedup_key) DO NOTHING";

/// Where verbs enqueue jobs. Clones share one wake-up.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    wake: Arc<Notify>,
}

/// A job to be done.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// The firm it belongs to; nothing for the server's own work.
    pub firm: Option<FirmId>,
    /// Not before then.
    pub run_at: Timestamp,
    /// Of the jobs of one kind and firm with the same key, one at a time waits or runs; a second is not added.
    pub dedup_key: Option<String>,
}

/// How many jobs there are in each state. A job that is done is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PendingJobs {
    /// Waiting for their time or a free place.
    pub waiting: u64,
    /// Running, here or elsewhere.
    pub running: u64,
    /// Given up.
    pub dead: u64,
}

impl Jobs {
    /// A handle; the process has one and clones it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the job to the transaction: it runs if the transaction commits, and the worker of this process is woken
    /// then. `false` means that a job with the same key waits or runs already. A payload above 1 MiB is refused.
    pub async fn enqueue<J: Job>(&self, tx: &mut Tx, new: NewJob, job: &J) -> Result<bool, Error> {
        let payload = payload_of(J::KIND, job, PAYLOAD_BYTES)?;
        // The firm is a part of the key, so that one firm's work never stands in for another's.
        let dedup_key = new.dedup_key.map(|key| match new.firm {
            Some(firm) => format!("{firm}:{key}"),
            None => format!(":{key}"),
        });
        let values: [Value; 7] = [
            uuid::Uuid::from(new.id).into(),
            new.firm.map(uuid::Uuid::from).into(),
            J::KIND.into(),
            payload.into(),
            i64::from(J::MAX_ATTEMPTS.max(1)).into(),
            Stamp(new.run_at).into(),
            dedup_key.into(),
        ];
        let added = tx.run(db::sql(tx.dialect(), INSERT, values)).await? > 0;
        if added {
            tx.after_commit(Arc::clone(&self.wake));
        }
        Ok(added)
    }

    /// How many jobs there are in each state, for metrics and tests.
    pub async fn pending(&self, reader: &impl Reads) -> Result<PendingJobs, Error> {
        let text = "SELECT (SELECT count(*) FROM jobs WHERE state = 'waiting'), \
                    (SELECT count(*) FROM jobs WHERE state = 'running'), \
                    (SELECT count(*) FROM jobs WHERE state = 'dead')";
        let rows = reader.rows(db::sql(reader.dialect(), text, [])).await?;
        let Some(row) = rows.first() else { return Ok(PendingJobs::default()) };
        let at = |index| row.at::<i64>(index).map(i64::unsigned_abs).map_err(unreadable);
        Ok(PendingJobs { waiting: at(0)?, running: at(1)?, dead: at(2)? })
    }

    /// When the first job of those that wait is or was due; `None` when none waits.
    pub async fn oldest(&self, reader: &impl Reads) -> Result<Option<Timestamp>, Error> {
        let text = "SELECT run_at FROM jobs WHERE state = 'waiting' ORDER BY run_at LIMIT 1";
        let rows = reader.rows(db::sql(reader.dialect(), text, [])).await?;
        rows.first().map(|row| Ok(row.at::<Stamp>(0).map_err(unreadable)?.0)).transpose()
    }

    /// How many jobs of these kinds there are in each state.
    pub async fn pending_of(
        &self,
        reader: &impl Reads,
        kinds: &[&'static str],
    ) -> Result<PendingJobs, Error> {
        let mut pending = PendingJobs::default();
        for kind in kinds {
            let text = "SELECT state, count(*) FROM jobs WHERE kind = $1 GROUP BY state";
            let rows = reader.rows(db::sql(reader.dialect(), text, [Value::from(*kind)])).await?;
            for row in rows {
                let count = row.at::<i64>(1).map_err(unreadable)?.unsigned_abs();
                match row.at::<String>(0).map_err(unreadable)?.as_str() {
                    "waiting" => pending.waiting += count,
                    "running" => pending.running += count,
                    _ => pending.dead += count,
                }
            }
        }
        Ok(pending)
    }

    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }
}
