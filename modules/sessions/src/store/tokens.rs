use crate::Error;
use crate::model::{Session, StoredToken};
use clock::Timestamp;
use crypto::token::TokenHash;
use db::{Reads, Stamp, Tx};
use ids::{FirmId, TokenId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const INSERT: &str = "INSERT INTO refresh_tokens (id, firm_id, session_id, hash, issued_at, expires_at) \
                      VALUES ($1, $2, $3, $4, $5, $6)";
const FIND: &str = "SELECT id, firm_id, session_id, used_at, expires_at FROM refresh_tokens WHERE hash = $1";
const USE: &str = "UPDATE refresh_tokens SET used_at = $3 WHERE firm_id = $1 AND id = $2 AND used_at IS NULL";

pub(crate) async fn insert(
    tx: &mut Tx,
    firm: FirmId,
    id: TokenId,
    session: &Session,
    hash: &TokenHash,
    (issued_at, expires_at): (Timestamp, Timestamp),
) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(id)),
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(session.id)),
        Value::from(hash.as_bytes().to_vec()),
        Value::from(Stamp(issued_at)),
        Value::from(Stamp(expires_at)),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// The token of a hash. Knows no firm: the token names it.
pub(crate) async fn find(db: &impl Reads, hash: &TokenHash) -> Result<Option<StoredToken>, Error> {
    let rows = db.rows(db::sql(db.dialect(), FIND, [Value::from(hash.as_bytes().to_vec())])).await?;
    Ok(rows.first().map(read).transpose().map_err(db::Error::from)?)
}

/// Uses a token up. `false` when somebody has used it before, also at this very moment.
pub(crate) async fn use_up(tx: &mut Tx, firm: FirmId, id: TokenId, now: Timestamp) -> Result<bool, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(id)), Value::from(Stamp(now))];
    Ok(tx.run(db::sql(tx.dialect(), USE, values)).await? == 1)
}

fn read(row: &db::Row) -> Result<StoredToken, db::Misread> {
    Ok(StoredToken {
        id: row.get::<Uuid>("id")?.into(),
        firm: row.get::<Uuid>("firm_id")?.into(),
        session: row.get::<Uuid>("session_id")?.into(),
        used_at: row.get::<Option<Stamp>>("used_at")?.map(|stamp| stamp.0),
        expires_at: row.get::<Stamp>("expires_at")?.0,
    })
}
