//! Idempotency keys; what walls hide from whom lies in its own file.

pub(crate) mod approvals;
pub(crate) mod case_statuses;
pub(crate) mod case_teams;
pub(crate) mod custom_roles;
pub(crate) mod delegations;
pub(crate) mod grants;
pub(crate) mod rates;
pub(crate) mod screens;
pub(crate) mod sight;
pub(crate) mod teams;

use clock::Timestamp;
use db::{Error, Reads, Stamp, Tx};
use ids::{FirmId, Id, UserId};
use sea_orm::sea_query::Value;
use serde_json::Value as Json;

/// Runs a statement that ends what lasts until then: `$1` is the firm, `$2` what or whose it is, `$3` by whom, `$4` when. How
/// much it ended.
pub(crate) async fn end(
    tx: &mut Tx,
    statement: &'static str,
    firm: FirmId,
    of: impl Id,
    by: UserId,
    at: Timestamp,
) -> Result<u64, Error> {
    let values = [firm.uuid().into(), of.uuid().into(), by.uuid().into(), Value::from(Stamp(at))];
    tx.run(db::sql(tx.dialect(), statement, values)).await
}

/// How many rows a statement is to give at most.
pub(crate) fn row_limit(most: usize) -> Value {
    i64::try_from(most).unwrap_or(i64::MAX).into()
}

/// What a statement counts.
pub(crate) async fn count(
    db: &impl Reads,
    statement: &'static str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, Error> {
    let rows = db.rows(db::sql(db.dialect(), statement, values)).await?;
    let total: i64 = rows.first().map_or(Ok(0), |row| row.at(0))?;
    Ok(total.unsigned_abs())
}

/// A key as it stands in the table.
#[derive(Debug)]
pub(crate) struct KnownKey {
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) created_at: Timestamp,
    /// Whether the verb's transaction was committed.
    pub(crate) done: bool,
    pub(crate) status: Option<i64>,
    pub(crate) headers: Option<Json>,
    pub(crate) body: Option<Vec<u8>>,
    /// How often somebody in the firm had come to see less when it was taken.
    pub(crate) walls: Option<i64>,
}

pub(crate) async fn find_key(db: &impl Reads, scope: &str, key: &str) -> Result<Option<KnownKey>, Error> {
    let text = "SELECT fingerprint, created_at, done, status, headers, body, walls FROM idempotency_keys \
                WHERE scope = $1 AND key = $2";
    let rows = db.rows(db::sql(db.dialect(), text, [Value::from(scope), Value::from(key)])).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(KnownKey {
        fingerprint: row.at(0)?,
        created_at: row.at::<Stamp>(1)?.0,
        done: row.at(2)?,
        status: row.at(3)?,
        headers: row.at(4)?,
        body: row.at(5)?,
        walls: row.at(6)?,
    }))
}

/// Takes a key. Breaks the primary key when another server takes it at the same moment.
pub(crate) async fn take_key(
    tx: &mut Tx,
    scope: &str,
    key: &str,
    fingerprint: &[u8],
    now: Timestamp,
    walls: i64,
) -> Result<(), Error> {
    let text = "INSERT INTO idempotency_keys (scope, key, fingerprint, created_at, done, walls) \
                VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        Value::from(scope),
        Value::from(key),
        Value::from(fingerprint.to_vec()),
        Value::from(Stamp(now)),
        Value::from(false),
        Value::from(walls),
    ];
    tx.run(db::sql(tx.dialect(), text, values)).await?;
    Ok(())
}

/// Marks a key as done, in the verb's own transaction. Its age counts from here, since a long upload comes before.
pub(crate) async fn mark_done(tx: &mut Tx, scope: &str, key: &str, now: Timestamp) -> Result<(), Error> {
    let text = "UPDATE idempotency_keys SET done = $3, created_at = $4 WHERE scope = $1 AND key = $2";
    let values = [Value::from(scope), Value::from(key), Value::from(true), Value::from(Stamp(now))];
    tx.run(db::sql(tx.dialect(), text, values)).await?;
    Ok(())
}

/// Keeps the answer to a key.
pub(crate) async fn finish_key(
    tx: &mut Tx,
    scope: &str,
    key: &str,
    status: u16,
    headers: Json,
    body: Vec<u8>,
) -> Result<(), Error> {
    let text =
        "UPDATE idempotency_keys SET status = $3, headers = $4, body = $5 WHERE scope = $1 AND key = $2";
    let values = [
        Value::from(scope),
        Value::from(key),
        Value::from(i64::from(status)),
        Value::from(headers),
        Value::from(body),
    ];
    tx.run(db::sql(tx.dialect(), text, values)).await?;
    Ok(())
}

/// Forgets one key.
pub(crate) async fn forget_key(tx: &mut Tx, scope: &str, key: &str) -> Result<(), Error> {
    let text = "DELETE FROM idempotency_keys WHERE scope = $1 AND key = $2";
    tx.run(db::sql(tx.dialect(), text, [Value::from(scope), Value::from(key)])).await?;
    Ok(())
}

/// Forgets a key under which nothing was done.
pub(crate) async fn forget_unfinished(tx: &mut Tx, scope: &str, key: &str) -> Result<(), Error> {
    let text = "DELETE FROM idempotency_keys WHERE scope = $1 AND key = $2 AND done = $3";
    tx.run(db::sql(tx.dialect(), text, [Value::from(scope), Value::from(key), Value::from(false)])).await?;
    Ok(())
}

/// Forgets keys that were taken before `before`: at most 1,000 at once.
pub(crate) async fn forget_keys(tx: &mut Tx, before: Timestamp) -> Result<u64, Error> {
    let text = "DELETE FROM idempotency_keys WHERE (scope, key) IN \
                (SELECT scope, key FROM idempotency_keys WHERE created_at < $1 LIMIT 1000)";
    tx.run(db::sql(tx.dialect(), text, [Value::from(Stamp(before))])).await
}
