use crate::Error;
use clock::Timestamp;
use crypto::sealed::Sealed;
use db::{Reads, Stamp, Tx};
use ids::{CredentialId, FirmId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const PUT: &str = "INSERT INTO second_factors (id, firm_id, user_id, sealing_key, sealed, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, \
                   sealing_key = excluded.sealing_key, sealed = excluded.sealed, \
                   created_at = excluded.created_at, last_step = NULL \
                   WHERE second_factors.confirmed_at IS NULL";
const FIND: &str = "SELECT sealing_key, sealed, confirmed_at FROM second_factors \
                    WHERE firm_id = $1 AND user_id = $2";
/// Takes a step once: who comes with the same step, or an older one, finds it taken.
const TAKE_STEP: &str = "UPDATE second_factors SET last_step = $3 WHERE firm_id = $1 AND user_id = $2 \
                         AND (last_step IS NULL OR last_step < $3)";
const CONFIRM: &str = "UPDATE second_factors SET confirmed_at = $3 WHERE firm_id = $1 AND user_id = $2 \
                       AND confirmed_at IS NULL";
const RESEAL: &str =
    "UPDATE second_factors SET sealing_key = $3, sealed = $4 WHERE firm_id = $1 AND user_id = $2";
const REMOVE: &str = "DELETE FROM second_factors WHERE firm_id = $1 AND user_id = $2";

/// A user's second factor as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Factor {
    pub(crate) sealed: Sealed,
    pub(crate) is_confirmed: bool,
}

/// Keeps a new secret that is yet to be confirmed, in place of one that never was. `false` when one was.
pub(crate) async fn put(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    id: CredentialId,
    sealed: &Sealed,
    now: Timestamp,
) -> Result<bool, Error> {
    let values = [
        Value::from(Uuid::from(id)),
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(sealed.key.as_str()),
        Value::from(sealed.bytes.clone()),
        Value::from(Stamp(now)),
    ];
    Ok(tx.run(db::sql(tx.dialect(), PUT, values)).await? == 1)
}

pub(crate) async fn find(db: &impl Reads, firm: FirmId, user: UserId) -> Result<Option<Factor>, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user))];
    let rows = db.rows(db::sql(db.dialect(), FIND, values)).await?;
    Ok(rows.first().map(read).transpose().map_err(db::Error::from)?)
}

/// Takes a step. `false` when it, or a later one, was taken before.
pub(crate) async fn take_step(tx: &mut Tx, firm: FirmId, user: UserId, step: i64) -> Result<bool, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user)), Value::from(step)];
    Ok(tx.run(db::sql(tx.dialect(), TAKE_STEP, values)).await? == 1)
}

/// Puts the factor in force. `false` when it is already, or is not there.
pub(crate) async fn confirm(tx: &mut Tx, firm: FirmId, user: UserId, now: Timestamp) -> Result<bool, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user)), Value::from(Stamp(now))];
    Ok(tx.run(db::sql(tx.dialect(), CONFIRM, values)).await? == 1)
}

/// Keeps the same secret under another key.
pub(crate) async fn reseal(tx: &mut Tx, firm: FirmId, user: UserId, sealed: &Sealed) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(sealed.key.as_str()),
        Value::from(sealed.bytes.clone()),
    ];
    tx.run(db::sql(tx.dialect(), RESEAL, values)).await?;
    Ok(())
}

pub(crate) async fn remove(tx: &mut Tx, firm: FirmId, user: UserId) -> Result<(), Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user))];
    tx.run(db::sql(tx.dialect(), REMOVE, values)).await?;
    Ok(())
}

fn read(row: &db::Row) -> Result<Factor, db::Misread> {
    Ok(Factor {
        sealed: Sealed { key: row.get("sealing_key")?, bytes: row.get("sealed")? },
        is_confirmed: row.get::<Option<Stamp>>("confirmed_at")?.is_some(),
    })
}
