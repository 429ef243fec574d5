use crate::model::api_key::{ApiKey, KeyStanding, Networks};
use crate::{Error, store};
use access::Scopes;
use clock::Timestamp;
use crypto::token::TokenHash;
use db::{Reads, Stamp, Tx};
use ids::{ApiKeyId, FirmId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const INSERT: &str = "INSERT INTO api_keys (id, firm_id, user_id, name, hash, scopes, networks, created_at, expires_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
/// The question of every request with a key: one look-up by two primary keys. Nothing of it is kept.
const STANDING: &str = "SELECT k.id, k.firm_id, k.user_id, k.name, k.hash, k.scopes, k.networks, k.created_at, \
                        k.expires_at, k.last_used_at, k.revoked_at, u.role, u.active FROM api_keys k \
                        JOIN users u ON u.id = k.user_id AND u.firm_id = k.firm_id WHERE k.id = $1";
const COLUMNS: &str = "SELECT id, firm_id, user_id, name, scopes, networks, created_at, expires_at, last_used_at, \
                       revoked_at FROM api_keys WHERE ";
const OF_ID: &str = "firm_id = $1 AND id = $2";
const OF_USER: &str = "firm_id = $1 AND user_id = $2 ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4";
const COUNT: &str = "SELECT count(*) FROM api_keys WHERE firm_id = $1 AND user_id = $2";
const COUNT_LIVE: &str = "SELECT count(*) FROM api_keys WHERE firm_id = $1 AND user_id = $2 \
                          AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)";
const USED: &str = "UPDATE api_keys SET last_used_at = $3 \
                    WHERE firm_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3)";
const REVOKE: &str =
    "UPDATE api_keys SET revoked_at = $3 WHERE firm_id = $1 AND id = $2 AND revoked_at IS NULL";
const REVOKE_ALL: &str =
    "UPDATE api_keys SET revoked_at = $3 WHERE firm_id = $1 AND user_id = $2 AND revoked_at IS NULL";
const END_AT: &str =
    "UPDATE api_keys SET expires_at = $3 WHERE firm_id = $1 AND id = $2 AND revoked_at IS NULL";
const REMOVE: &str = "DELETE FROM api_keys WHERE id IN (SELECT id FROM api_keys \
                      WHERE revoked_at < $1 OR expires_at < $1 ORDER BY id LIMIT $2)";

/// Adds a key with the hash of its secret.
pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, key: &ApiKey, hash: &TokenHash) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(key.id)),
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(key.user)),
        Value::from(key.name.as_str()),
        Value::from(hash.as_bytes().to_vec()),
        Value::from(key.scopes.to_text()),
        Value::from(key.networks.to_text()),
        Value::from(Stamp(key.created_at)),
        Value::from(key.expires_at.map(Stamp)),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// A key and what its owner may do now. Knows no firm: the key names it.
pub(crate) async fn standing(db: &impl Reads, id: ApiKeyId) -> Result<Option<KeyStanding>, Error> {
    let rows = db.rows(db::sql(db.dialect(), STANDING, [Value::from(Uuid::from(id))])).await?;
    Ok(rows.first().map(read_standing).transpose().map_err(db::Error::from)?)
}

pub(crate) async fn find(db: &impl Reads, firm: FirmId, id: ApiKeyId) -> Result<Option<ApiKey>, Error> {
    let rows = db.rows(db::sql(db.dialect(), format!("{COLUMNS}{OF_ID}"), key(firm, id))).await?;
    Ok(rows.first().map(read).transpose().map_err(db::Error::from)?)
}

/// One page of a user's keys, newest first, and how many there are.
pub(crate) async fn page(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    (offset, limit): (u64, u64),
) -> Result<(Vec<ApiKey>, u64), Error> {
    let number = |number| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
    let whose = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user))];
    let values = whose.clone().into_iter().chain([number(limit), number(offset)]);
    let rows = db.rows(db::sql(db.dialect(), format!("{COLUMNS}{OF_USER}"), values)).await?;
    let keys = rows.iter().map(read).collect::<Result<_, _>>().map_err(db::Error::from)?;
    Ok((keys, counted(&db.rows(db::sql(db.dialect(), COUNT, whose)).await?)?))
}

/// How many of a user's keys can be used at `now`.
pub(crate) async fn count_live(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    now: Timestamp,
) -> Result<u64, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user)), Value::from(Stamp(now))];
    counted(&db.rows(db::sql(db.dialect(), COUNT_LIVE, values)).await?)
}

fn counted(rows: &[db::Row]) -> Result<u64, Error> {
    let count = rows.first().map_or(Ok(0), |row| row.at::<i64>(0)).map_err(db::Error::from)?;
    Ok(count.unsigned_abs())
}

/// Notes that a key was used.
pub(crate) async fn used(tx: &mut Tx, firm: FirmId, id: ApiKeyId, now: Timestamp) -> Result<(), Error> {
    run(tx, USED, firm, id, now).await?;
    Ok(())
}

/// Ends a key now. `false` when it was ended before.
pub(crate) async fn revoke(tx: &mut Tx, firm: FirmId, id: ApiKeyId, now: Timestamp) -> Result<bool, Error> {
    run(tx, REVOKE, firm, id, now).await
}

/// Lets a key end at `at`. `false` when it was revoked before.
pub(crate) async fn end_at(tx: &mut Tx, firm: FirmId, id: ApiKeyId, at: Timestamp) -> Result<bool, Error> {
    run(tx, END_AT, firm, id, at).await
}

/// Ends all keys of a user now, and says how many.
pub(crate) async fn revoke_all(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    now: Timestamp,
) -> Result<u64, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user)), Value::from(Stamp(now))];
    Ok(tx.run(db::sql(tx.dialect(), REVOKE_ALL, values)).await?)
}

/// Removes at most `limit` keys of any firm that ended before `before`, and says how many.
pub(crate) async fn remove(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, Error> {
    let values = [Value::from(Stamp(before)), Value::from(i64::from(limit))];
    Ok(tx.run(db::sql(tx.dialect(), REMOVE, values)).await?)
}

fn key(firm: FirmId, id: ApiKeyId) -> [Value; 2] {
    [Value::from(Uuid::from(firm)), Value::from(Uuid::from(id))]
}

async fn run(
    tx: &mut Tx,
    text: &'static str,
    firm: FirmId,
    id: ApiKeyId,
    at: Timestamp,
) -> Result<bool, Error> {
    let values = key(firm, id).into_iter().chain([Value::from(Stamp(at))]);
    Ok(tx.run(db::sql(tx.dialect(), text, values)).await? == 1)
}

fn read(row: &db::Row) -> Result<ApiKey, db::Misread> {
    let maybe = |column: &str| row.get::<Option<Stamp>>(column).map(|stamp| stamp.map(|stamp| stamp.0));
    let networks: String = row.get("networks")?;
    Ok(ApiKey {
        id: row.get::<Uuid>("id")?.into(),
        firm: row.get::<Uuid>("firm_id")?.into(),
        user: row.get::<Uuid>("user_id")?.into(),
        name: row.get("name")?,
        scopes: Scopes::from_text(&row.get::<String>("scopes")?),
        networks: Networks::parse(networks.split_whitespace())
            .map_err(|error| db::Misread::new("networks", error.to_string()))?,
        created_at: row.get::<Stamp>("created_at")?.0,
        expires_at: maybe("expires_at")?,
        last_used_at: maybe("last_used_at")?,
        revoked_at: maybe("revoked_at")?,
    })
}

fn read_standing(row: &db::Row) -> Result<KeyStanding, db::Misread> {
    let hash: Vec<u8> = row.get("hash")?;
    let hash = hash.try_into().map_err(|_| db::Misread::new("hash", "is no SHA-256"))?;
    Ok(KeyStanding {
        key: read(row)?,
        hash: TokenHash::from_bytes(hash),
        role: store::users::role(row)?,
        active: row.get("active")?,
    })
}
