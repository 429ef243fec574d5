use super::list::count;
use crate::Error;
use clock::Timestamp;
use db::{Reads, Stamp, Tx};
use ids::{CredentialId, FirmId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const INSERT: &str = "INSERT INTO recovery_codes (id, firm_id, user_id, hash) VALUES ($1, $2, $3, $4)";
const USE: &str = "UPDATE recovery_codes SET used_at = $4 WHERE firm_id = $1 AND user_id = $2 AND hash = $3 \
                   AND used_at IS NULL";
const LEFT: &str =
    "SELECT count(*) FROM recovery_codes WHERE firm_id = $1 AND user_id = $2 AND used_at IS NULL";
const REMOVE: &str = "DELETE FROM recovery_codes WHERE firm_id = $1 AND user_id = $2";

pub(crate) async fn insert(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    id: CredentialId,
    hash: &[u8],
) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(id)),
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(hash.to_vec()),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// Uses a code up. `false` when the user has no such code, or has used it.
pub(crate) async fn use_up(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    hash: &[u8],
    now: Timestamp,
) -> Result<bool, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(hash.to_vec()),
        Value::from(Stamp(now)),
    ];
    Ok(tx.run(db::sql(tx.dialect(), USE, values)).await? == 1)
}

/// How many codes the user has left.
pub(crate) async fn left(db: &impl Reads, firm: FirmId, user: UserId) -> Result<u64, Error> {
    count(db, LEFT, vec![Value::from(Uuid::from(firm)), Value::from(Uuid::from(user))]).await
}

pub(crate) async fn remove(tx: &mut Tx, firm: FirmId, user: UserId) -> Result<(), Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user))];
    tx.run(db::sql(tx.dialect(), REMOVE, values)).await?;
    Ok(())
}
