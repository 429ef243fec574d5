use crate::Error;
use crate::model::link::PasswordReset;
use clock::Timestamp;
use crypto::token::TokenHash;
use db::{Reads, Stamp, Tx};
use ids::{FirmId, PasswordResetId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const INSERT: &str = "INSERT INTO password_resets (id, firm_id, user_id, hash, created_at, expires_at) \
                      VALUES ($1, $2, $3, $4, $5, $6)";
const FIND: &str = "SELECT id, firm_id, user_id, expires_at, used_at FROM password_resets WHERE hash = $1";
const USE: &str = "UPDATE password_resets SET used_at = $3 \
                   WHERE firm_id = $1 AND id = $2 AND used_at IS NULL AND expires_at > $3";
const END: &str = "UPDATE password_resets SET expires_at = $3 \
                   WHERE firm_id = $1 AND user_id = $2 AND used_at IS NULL AND expires_at > $3";
const REMOVE: &str = "DELETE FROM password_resets WHERE id IN (\
                      SELECT id FROM password_resets WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2)";

/// Adds a link's hash.
pub(crate) async fn insert(
    tx: &mut Tx,
    firm: FirmId,
    id: PasswordResetId,
    user: UserId,
    hash: &TokenHash,
    (now, expires_at): (Timestamp, Timestamp),
) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(id)),
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(hash.as_bytes().to_vec()),
        Value::from(Stamp(now)),
        Value::from(Stamp(expires_at)),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// The link of a hash. Knows no firm: the link names it.
pub(crate) async fn find(db: &impl Reads, hash: &TokenHash) -> Result<Option<PasswordReset>, Error> {
    let rows = db.rows(db::sql(db.dialect(), FIND, [Value::from(hash.as_bytes().to_vec())])).await?;
    Ok(rows.first().map(read).transpose().map_err(db::Error::from)?)
}

/// Uses a link up. `false` when somebody has used it before, also at this very moment, or its time is over.
pub(crate) async fn use_up(
    tx: &mut Tx,
    firm: FirmId,
    id: PasswordResetId,
    now: Timestamp,
) -> Result<bool, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(id)), Value::from(Stamp(now))];
    Ok(tx.run(db::sql(tx.dialect(), USE, values)).await? == 1)
}

/// Ends all links of the user that were not used.
pub(crate) async fn end_all(tx: &mut Tx, firm: FirmId, user: UserId, now: Timestamp) -> Result<(), Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user)), Value::from(Stamp(now))];
    tx.run(db::sql(tx.dialect(), END, values)).await?;
    Ok(())
}

/// Removes at most `limit` links of any firm that ended before `before`, and says how many.
pub(crate) async fn remove(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, Error> {
    let values = [Value::from(Stamp(before)), Value::from(i64::from(limit))];
    Ok(tx.run(db::sql(tx.dialect(), REMOVE, values)).await?)
}

fn read(row: &db::Row) -> Result<PasswordReset, db::Misread> {
    Ok(PasswordReset {
        id: row.get::<Uuid>("id")?.into(),
        firm: row.get::<Uuid>("firm_id")?.into(),
        user: row.get::<Uuid>("user_id")?.into(),
        expires_at: row.get::<Stamp>("expires_at")?.0,
        used_at: row.get::<Option<Stamp>>("used_at")?.map(|stamp| stamp.0),
    })
}
