use crate::Error;
use clock::Timestamp;
use db::{Reads as _, Tx};
use sea_orm::sea_query::Value;

const COUNT: &str = "INSERT INTO refused_sign_ins (day, attempts) VALUES ($1, 1) \
                     ON CONFLICT (day) DO UPDATE SET attempts = refused_sign_ins.attempts + 1";
const REMOVE: &str = "DELETE FROM refused_sign_ins WHERE day < $1";

/// Counts an attempt on an address that nobody has. It costs the same commit as the record of a refused attempt on an
/// account, so that the time of the answer does not tell them apart.
pub(crate) async fn count(tx: &mut Tx, now: Timestamp) -> Result<(), Error> {
    tx.run(db::sql(tx.dialect(), COUNT, [Value::from(now.date_naive())])).await?;
    Ok(())
}

/// Removes the counts of days before that of `before`.
pub(crate) async fn remove(tx: &mut Tx, before: Timestamp) -> Result<u64, Error> {
    let before = before.date_naive();
    Ok(tx.run(db::sql(tx.dialect(), REMOVE, [Value::from(before)])).await?)
}
