#[cfg(feature = "passkeys")]
mod keeping;

#[cfg(feature = "passkeys")]
pub(crate) use keeping::{Kept, insert, of_credential, references, shown_in, used};

use super::list::{count, number, total_of};
use crate::Error;
use crate::model::Passkey;
use db::{Reads, Stamp, Tx};
use ids::{FirmId, PasskeyId, SessionId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const PAGE: &str = "SELECT id, name, transports, is_backed_up, created_at, last_used_at FROM passkeys \
                    WHERE firm_id = $1 AND user_id = $2 ORDER BY created_at, id LIMIT $3 OFFSET $4";
const ONE: &str = "SELECT id, name, transports, is_backed_up, created_at, last_used_at FROM passkeys \
                   WHERE firm_id = $1 AND user_id = $2 AND id = $3";
const COUNT: &str = "SELECT count(*) FROM passkeys WHERE firm_id = $1 AND user_id = $2";
const RENAME: &str = "UPDATE passkeys SET name = $4 WHERE firm_id = $1 AND user_id = $2 AND id = $3";
const REMOVE: &str = "DELETE FROM passkeys WHERE firm_id = $1 AND user_id = $2 AND id = $3";
const REMOVE_ALL: &str = "DELETE FROM passkeys WHERE firm_id = $1 AND user_id = $2 RETURNING id";
/// Live logins in which the passkey was the last one shown.
const SHOWN: &str = "SELECT id FROM sessions WHERE firm_id = $1 AND user_id = $2 AND passkey_id = $3 \
                     AND revoked_at IS NULL AND id <> $4 ORDER BY id LIMIT $5";
/// `proved_at` moves too, so that every process looks at the login anew.
const FORGET: &str = "UPDATE sessions SET passkey_id = NULL, proved_at = NULL \
                      WHERE firm_id = $1 AND user_id = $2 AND id = $3 AND passkey_id = $4";
const FORGET_ALL: &str = "UPDATE sessions SET passkey_id = NULL, proved_at = NULL \
                          WHERE firm_id = $1 AND user_id = $2 AND id = $3 AND passkey_id IS NOT NULL";

fn of_user(firm: FirmId, user: UserId) -> Vec<Value> {
    vec![Value::from(Uuid::from(firm)), Value::from(Uuid::from(user))]
}

fn one(firm: FirmId, user: UserId, id: PasskeyId) -> Vec<Value> {
    let mut values = of_user(firm, user);
    values.push(Value::from(Uuid::from(id)));
    values
}

/// One page of a user's passkeys, the oldest first, and how many there are in all.
pub(crate) async fn page(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    (offset, limit): (u64, u64),
) -> Result<(Vec<Passkey>, u64), Error> {
    let mut values = of_user(firm, user);
    values.extend([number(limit), number(offset)]);
    let rows = db.rows(db::sql(db.dialect(), PAGE, values)).await?;
    let found = rows.iter().map(read).collect::<Result<Vec<_>, _>>().map_err(db::Error::from)?;
    let total = match total_of(found.len(), (offset, limit)) {
        Some(total) => total,
        None => count(db, COUNT, of_user(firm, user)).await?,
    };
    Ok((found, total))
}

/// One of the user's passkeys.
pub(crate) async fn find(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    id: PasskeyId,
) -> Result<Option<Passkey>, Error> {
    let rows = db.rows(db::sql(db.dialect(), ONE, one(firm, user, id))).await?;
    Ok(rows.first().map(read).transpose().map_err(db::Error::from)?)
}

/// Gives a passkey another name. `false` when the user has no such passkey.
pub(crate) async fn rename(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    id: PasskeyId,
    name: &str,
) -> Result<bool, Error> {
    let mut values = one(firm, user, id);
    values.push(Value::from(name));
    Ok(tx.run(db::sql(tx.dialect(), RENAME, values)).await? == 1)
}

/// Removes a passkey. `false` when the user has no such passkey.
pub(crate) async fn remove(tx: &mut Tx, firm: FirmId, user: UserId, id: PasskeyId) -> Result<bool, Error> {
    Ok(tx.run(db::sql(tx.dialect(), REMOVE, one(firm, user, id))).await? == 1)
}

/// Removes all passkeys of a user and tells which: few, as nobody has more than the limit.
pub(crate) async fn remove_all(tx: &mut Tx, firm: FirmId, user: UserId) -> Result<Vec<PasskeyId>, Error> {
    let rows = tx.rows(db::sql(tx.dialect(), REMOVE_ALL, of_user(firm, user))).await?;
    let ids = rows.iter().map(|row| row.get::<Uuid>("id").map(PasskeyId::from));
    Ok(ids.collect::<Result<_, _>>().map_err(db::Error::from)?)
}

/// At most `limit` live logins of the user, other than `kept`, in which the passkey was the last one shown.
pub(crate) async fn logins_with(
    tx: &Tx,
    firm: FirmId,
    (user, kept): (UserId, Option<SessionId>),
    id: PasskeyId,
    limit: u32,
) -> Result<Vec<SessionId>, Error> {
    let mut values = one(firm, user, id);
    values.extend([Value::from(kept.map_or(Uuid::nil(), Uuid::from)), Value::from(i64::from(limit))]);
    let rows = tx.rows(db::sql(tx.dialect(), SHOWN, values)).await?;
    let ids = rows.iter().map(|row| row.get::<Uuid>("id").map(SessionId::from));
    Ok(ids.collect::<Result<_, _>>().map_err(db::Error::from)?)
}

/// The passkey, or any passkey, does not count in a login any more.
pub(crate) async fn forget_in(
    tx: &mut Tx,
    firm: FirmId,
    (user, session): (UserId, SessionId),
    id: Option<PasskeyId>,
) -> Result<(), Error> {
    let mut values = of_user(firm, user);
    values.push(Value::from(Uuid::from(session)));
    values.extend(id.map(|id| Value::from(Uuid::from(id))));
    let text = if id.is_some() { FORGET } else { FORGET_ALL };
    tx.run(db::sql(tx.dialect(), text, values)).await?;
    Ok(())
}

/// How transports are kept: words with blanks between.
fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn read(row: &db::Row) -> Result<Passkey, db::Misread> {
    Ok(Passkey {
        id: row.get::<Uuid>("id")?.into(),
        name: row.get("name")?,
        transports: words(&row.get::<String>("transports")?),
        is_backed_up: row.get("is_backed_up")?,
        created_at: row.get::<Stamp>("created_at")?.0,
        last_used_at: row.get::<Option<Stamp>>("last_used_at")?.map(|stamp| stamp.0),
    })
}
