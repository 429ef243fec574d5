use crate::model::Email;
use crate::{Error, User};
use clock::Timestamp;
use db::{Reads, Stamp, Tx};
use ids::{CredentialId, FirmId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

/// The kind of a credential that is a password's hash.
const PASSWORD: &str = "password";

const INSERT: &str = "INSERT INTO credentials (id, firm_id, user_id, kind, secret, changed_at) VALUES ($1, $2, $3, $4, $5, $6)";
const REPLACE: &str = "UPDATE credentials SET secret = $4, changed_at = $5 \
                       WHERE firm_id = $1 AND user_id = $2 AND kind = $3";
/// The same password in another form: `changed_at` stays.
const REHASH: &str = "UPDATE credentials SET secret = $4 \
                      WHERE firm_id = $1 AND user_id = $2 AND kind = $3 AND secret = $5";
const IS_STILL: &str =
    "SELECT 1 FROM credentials WHERE firm_id = $1 AND user_id = $2 AND kind = $3 AND secret = $4";
const FIND: &str = "SELECT secret FROM credentials WHERE firm_id = $1 AND user_id = $2 AND kind = $3";
const OF_EMAIL: &str = "SELECT u.id, u.firm_id, u.email, u.first_name, u.last_name, u.search_text, u.role, \
                        u.active, u.second_factor, u.version, u.created_at, u.updated_at, u.last_login_at, u.signed_out_at, c.secret \
                        FROM users u JOIN credentials c ON c.user_id = u.id AND c.kind = $2 WHERE u.email = $1";

/// Adds a user's password hash.
pub(crate) async fn insert(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    id: CredentialId,
    hash: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(id)),
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(PASSWORD),
        Value::from(hash),
        Value::from(Stamp(now)),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// Puts a new password's hash in place of the old. `false` when the user has none.
pub(crate) async fn replace(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    hash: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(PASSWORD),
        Value::from(hash),
        Value::from(Stamp(now)),
    ];
    Ok(tx.run(db::sql(tx.dialect(), REPLACE, values)).await? == 1)
}

/// Puts the same password's new hash in place of the old. `false` when the old one is not there any more.
pub(crate) async fn rehash(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    old: &str,
    new: &str,
) -> Result<bool, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(PASSWORD),
        Value::from(new),
        Value::from(old),
    ];
    Ok(tx.run(db::sql(tx.dialect(), REHASH, values)).await? == 1)
}

/// Whether the user's password still has this hash.
pub(crate) async fn is_still(db: &impl Reads, firm: FirmId, user: UserId, hash: &str) -> Result<bool, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(PASSWORD),
        Value::from(hash),
    ];
    Ok(!db.rows(db::sql(db.dialect(), IS_STILL, values)).await?.is_empty())
}

/// The hash of a user's password.
pub(crate) async fn find(db: &impl Reads, firm: FirmId, user: UserId) -> Result<Option<String>, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user)), Value::from(PASSWORD)];
    let rows = db.rows(db::sql(db.dialect(), FIND, values)).await?;
    Ok(rows.first().map(|row| row.get("secret")).transpose().map_err(db::Error::from)?)
}

/// Who signs in with an address, and the hash to check. The one look-up that knows no firm: the address names it.
pub(crate) async fn of_email(db: &impl Reads, email: &Email) -> Result<Option<(User, String)>, Error> {
    let values = [Value::from(email.as_str()), Value::from(PASSWORD)];
    let rows = db.rows(db::sql(db.dialect(), OF_EMAIL, values)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let user = super::users::read(row).map_err(db::Error::from)?;
    let hash = row.get("secret").map_err(db::Error::from)?;
    Ok(Some((user, hash)))
}
