use crate::Error;
use clock::Timestamp;
use crypto::token::TokenHash;
use db::{Reads as _, Stamp, Tx};
use sea_orm::sea_query::Value;

const SPEND: &str =
    "INSERT INTO spent_tokens (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";
const REMOVE: &str = "DELETE FROM spent_tokens WHERE hash IN (\
                      SELECT hash FROM spent_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

/// Uses a token up that is over at `expires_at`. `false` when somebody has used it before, also at this very moment.
/// Knows no firm: a token may be nobody's yet.
pub(crate) async fn spend(tx: &mut Tx, hash: &TokenHash, expires_at: Timestamp) -> Result<bool, Error> {
    let values = [Value::from(hash.as_bytes().to_vec()), Value::from(Stamp(expires_at))];
    Ok(tx.run(db::sql(tx.dialect(), SPEND, values)).await? == 1)
}

/// Removes at most `limit` tokens that are over.
pub(crate) async fn remove(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<u64, Error> {
    let values = [Value::from(Stamp(now)), Value::from(i64::from(limit))];
    Ok(tx.run(db::sql(tx.dialect(), REMOVE, values)).await?)
}
