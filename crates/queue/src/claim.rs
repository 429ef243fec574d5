//! How work is claimed: one of the few places where the databases differ. On PostgreSQL dispatchers take turns, and workers skip
//! jobs that another one holds; SQLite has one writer, so nobody else can hold any.

use crate::error::unreadable;
use crate::{Delivered, Error, InvalidPayload};
use clock::Timestamp;
use db::{Db, Dialect, Reads, Stamp, Tx};
use ids::{EventId, FirmId, JobId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const FRESH: [&str; 2] = [
    "SELECT seq, size_bytes FROM outbox WHERE not_before IS NULL ORDER BY seq LIMIT $1",
    "SELECT seq, size_bytes FROM outbox WHERE not_before IS NULL ORDER BY seq LIMIT $1 FOR UPDATE",
];

const TAKE: [&str; 2] = [
    "DELETE FROM outbox WHERE seq IN (SELECT value FROM json_each($1)) \
     RETURNING seq, id, firm_id, topic, at, actor_id, correlation, payload, attempts, handled",
    "DELETE FROM outbox \
     WHERE seq IN (SELECT CAST(jsonb_array_elements_text(CAST($1 AS jsonb)) AS bigint)) \
     RETURNING seq, id, firm_id, topic, at, actor_id, correlation, payload, attempts, handled",
];

const HOLD: [&str; 2] = [
    "SELECT seq, id, firm_id, topic, at, actor_id, correlation, payload, attempts, handled \
     FROM outbox WHERE seq = $1",
    "SELECT seq, id, firm_id, topic, at, actor_id, correlation, payload, attempts, handled \
     FROM outbox WHERE seq = $1 FOR UPDATE",
];

/// The lock of those who hand events of one table out: `outb` in ASCII, and the table. The other lock that the program takes, for
/// migrations, has one number instead of two.
const TURN: &str =
    "SELECT pg_try_advisory_xact_lock(1869968482, CAST(CAST(CAST('outbox' AS regclass) AS oid) AS int))";

const JOB: [&str; 2] = [
    "UPDATE jobs SET state = 'running', attempt = attempt + 1, leased_until = $2 WHERE id = (\
       SELECT id FROM jobs WHERE kind IN (SELECT value FROM json_each($3)) AND (\
         (state = 'waiting' AND run_at <= $1) OR (state = 'running' AND leased_until <= $1)) \
       ORDER BY run_at, id LIMIT 1) \
     RETURNING id, firm_id, kind, payload, attempt, max_attempts",
    "UPDATE jobs SET state = 'running', attempt = attempt + 1, leased_until = $2 WHERE id = (\
       SELECT id FROM jobs WHERE kind IN (SELECT jsonb_array_elements_text(CAST($3 AS jsonb))) AND (\
         (state = 'waiting' AND run_at <= $1) OR (state = 'running' AND leased_until <= $1)) \
       ORDER BY run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) \
     RETURNING id, firm_id, kind, payload, attempt, max_attempts",
];

fn of(dialect: Dialect, pair: [&'static str; 2]) -> &'static str {
    match dialect {
        Dialect::Sqlite => pair[0],
        Dialect::Postgres => pair[1],
    }
}

/// An event's row.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) event: Delivered,
    pub(crate) payload: String,
    pub(crate) attempts: u32,
    pub(crate) handled: String,
}

impl Held {
    fn read(row: &db::Row) -> Result<Self, db::Misread> {
        let event = Delivered {
            seq: row.at(0)?,
            id: EventId::from(row.at::<Uuid>(1)?),
            firm: FirmId::from(row.at::<Uuid>(2)?),
            topic: row.at(3)?,
            at: row.at::<Stamp>(4)?.0,
            actor: row.at::<Option<Uuid>>(5)?.map(UserId::from),
            correlation: row.at(6)?,
            payload: serde_json::Value::Null,
        };
        Ok(Self {
            event,
            payload: row.at(7)?,
            attempts: u32::try_from(row.at::<i64>(8)?).unwrap_or(u32::MAX),
            handled: row.at(9)?,
        })
    }

    /// The event with its payload read.
    pub(crate) fn delivered(&self) -> Result<Delivered, InvalidPayload> {
        let payload = serde_json::from_str(&self.payload)
            .map_err(|source| InvalidPayload::new(&self.event.topic, source))?;
        Ok(Delivered { payload, ..self.event.clone() })
    }
}

/// A transaction in which events are handed out, unless another dispatcher is at that. Listeners build on the order of events: one
/// that skipped what another dispatcher has at hand and took the next would overtake it, and the search index, say, has lost texts
/// so. The turn is asked for before anything is read, so that what the last one has done is seen, and not waited for: who waits
/// would hold a connection for writing.
pub(crate) async fn begin_turn(db: &Db) -> Result<Option<Tx>, Error> {
    let tx = db.writer().begin().await?;
    if tx.dialect() == Dialect::Sqlite {
        return Ok(Some(tx));
    }
    let rows = tx.rows(db::sql(Dialect::Postgres, TURN, [])).await?;
    let is_ours = rows.first().map_or(Ok(false), |row| row.at(0)).map_err(unreadable)?;
    if is_ours {
        return Ok(Some(tx));
    }
    tx.rollback().await?;
    Ok(None)
}

/// Takes untried events out of the outbox, the oldest first: at most `limit`, and of their payloads at most
/// `limit_bytes` unless the first alone is larger. Whoever calls it has the turn.
pub(crate) async fn take_events(tx: &mut Tx, limit: u32, limit_bytes: u64) -> Result<Vec<Held>, Error> {
    let dialect = tx.dialect();
    let fresh = tx.rows(db::sql(dialect, of(dialect, FRESH), [Value::from(i64::from(limit))])).await?;
    let mut seqs = Vec::with_capacity(fresh.len());
    let mut total_bytes = 0;
    for row in &fresh {
        let seq: i64 = row.at(0).map_err(unreadable)?;
        let size_bytes: i64 = row.at(1).map_err(unreadable)?;
        total_bytes += size_bytes.unsigned_abs();
        if !seqs.is_empty() && total_bytes > limit_bytes {
            break;
        }
        seqs.push(seq);
    }
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let list = serde_json::Value::from(seqs).to_string();
    let rows = tx.rows(db::sql(dialect, of(dialect, TAKE), [Value::from(list)])).await?;
    let mut held = rows.iter().map(Held::read).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    held.sort_unstable_by_key(|held| held.event.seq);
    Ok(held)
}

/// One event, kept from others until the transaction ends. `None` if it is gone. Whoever calls it has the turn.
pub(crate) async fn hold_event(tx: &mut Tx, seq: i64) -> Result<Option<Held>, Error> {
    let dialect = tx.dialect();
    let rows = tx.rows(db::sql(dialect, of(dialect, HOLD), [Value::from(seq)])).await?;
    rows.first().map(Held::read).transpose().map_err(unreadable)
}

/// A job that this worker may run until its lease ends.
#[derive(Debug)]
pub(crate) struct ClaimedJob {
    pub(crate) id: JobId,
    pub(crate) firm: Option<FirmId>,
    pub(crate) kind: String,
    pub(crate) payload: String,
    /// Counts the claims, so it also tells whether the lease is still ours.
    pub(crate) attempt: u32,
    pub(crate) max_attempts: u32,
}

/// Claims the job that has been due for longest, among the `kinds` (a JSON list). A running job whose lease ended is
/// due as well: its worker is gone.
pub(crate) async fn take_job(
    tx: &mut Tx,
    kinds: &str,
    now: Timestamp,
    leased_until: Timestamp,
) -> Result<Option<ClaimedJob>, Error> {
    let dialect = tx.dialect();
    let values: [Value; 3] = [Stamp(now).into(), Stamp(leased_until).into(), kinds.into()];
    let rows = tx.rows(db::sql(dialect, of(dialect, JOB), values)).await?;
    rows.first().map(read_job).transpose().map_err(unreadable)
}

fn read_job(row: &db::Row) -> Result<ClaimedJob, db::Misread> {
    Ok(ClaimedJob {
        id: JobId::from(row.at::<Uuid>(0)?),
        firm: row.at::<Option<Uuid>>(1)?.map(FirmId::from),
        kind: row.at(2)?,
        payload: row.at(3)?,
        attempt: u32::try_from(row.at::<i64>(4)?).unwrap_or(u32::MAX),
        max_attempts: u32::try_from(row.at::<i64>(5)?).unwrap_or(u32::MAX),
    })
}
