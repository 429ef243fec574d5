use crate::Error;
use crate::model::Link;
use clock::Timestamp;
use db::{Reads, Stamp, Tx};
use ids::{CredentialId, FirmId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const INSERT: &str = "INSERT INTO provider_identities (id, firm_id, user_id, issuer, subject, linked_at, last_used_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT DO NOTHING";
const OWNER: &str =
    "SELECT user_id FROM provider_identities WHERE firm_id = $1 AND issuer = $2 AND subject = $3";
const USED: &str = "UPDATE provider_identities SET last_used_at = $5 \
                    WHERE firm_id = $1 AND user_id = $2 AND issuer = $3 AND subject = $4";
const NEWEST: &str = "SELECT issuer, linked_at, last_used_at FROM provider_identities \
                      WHERE firm_id = $1 AND user_id = $2 ORDER BY last_used_at DESC, id DESC LIMIT 1";
const HAS: &str = "SELECT 1 FROM provider_identities WHERE firm_id = $1 AND user_id = $2 AND issuer = $3";
const REMOVE: &str = "DELETE FROM provider_identities WHERE firm_id = $1 AND user_id = $2";

/// Whose identity it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) subject: &'a str,
}

/// Binds a user to an identity. `false` when the identity is another user's, or the user has another one there.
pub(crate) async fn insert(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    id: CredentialId,
    named: Named<'_>,
    now: Timestamp,
) -> Result<bool, Error> {
    let values = [
        Value::from(Uuid::from(id)),
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(named.issuer),
        Value::from(named.subject),
        Value::from(Stamp(now)),
    ];
    Ok(tx.run(db::sql(tx.dialect(), INSERT, values)).await? == 1)
}

/// The user of an identity.
pub(crate) async fn owner(db: &impl Reads, firm: FirmId, named: Named<'_>) -> Result<Option<UserId>, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(named.issuer), Value::from(named.subject)];
    let rows = db.rows(db::sql(db.dialect(), OWNER, values)).await?;
    let id = rows.first().map(|row| row.get::<Uuid>("user_id")).transpose().map_err(db::Error::from)?;
    Ok(id.map(UserId::from))
}

/// Whether the user has an identity there, whichever it is.
pub(crate) async fn has(db: &impl Reads, firm: FirmId, user: UserId, issuer: &str) -> Result<bool, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user)), Value::from(issuer)];
    Ok(!db.rows(db::sql(db.dialect(), HAS, values)).await?.is_empty())
}

/// Notes the use of an identity. `false` when it is not the user's any more.
pub(crate) async fn used(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    named: Named<'_>,
    now: Timestamp,
) -> Result<bool, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(named.issuer),
        Value::from(named.subject),
        Value::from(Stamp(now)),
    ];
    Ok(tx.run(db::sql(tx.dialect(), USED, values)).await? == 1)
}

/// The identity that the user signed in with last.
pub(crate) async fn newest(db: &impl Reads, firm: FirmId, user: UserId) -> Result<Option<Link>, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user))];
    let rows = db.rows(db::sql(db.dialect(), NEWEST, values)).await?;
    Ok(rows.first().map(read).transpose().map_err(db::Error::from)?)
}

/// Removes all identities of a user, and tells how many there were.
pub(crate) async fn remove(tx: &mut Tx, firm: FirmId, user: UserId) -> Result<u64, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user))];
    Ok(tx.run(db::sql(tx.dialect(), REMOVE, values)).await?)
}

fn read(row: &db::Row) -> Result<Link, db::Misread> {
    Ok(Link {
        issuer: row.get("issuer")?,
        linked_at: row.get::<Stamp>("linked_at")?.0,
        last_used_at: row.get::<Stamp>("last_used_at")?.0,
    })
}
