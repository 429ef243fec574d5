use super::id_value;
use crate::Error;
use clock::Timestamp;
use db::{Reads, Stamp, Tx};
use ids::{CaseId, FirmId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const COUNT: &str = "SELECT count(*) FROM cases WHERE firm_id = $1 AND lead_user_id = $2 \
                     AND status IN ('open', 'on_hold')";
const HAND_OVER: &str = "UPDATE cases SET lead_user_id = $3, version = version + 1, updated_at = $4 \
                         WHERE firm_id = $1 AND id IN (SELECT id FROM cases WHERE firm_id = $1 \
                         AND lead_user_id = $2 AND status IN ('open', 'on_hold') ORDER BY id LIMIT $5) \
                         AND lead_user_id = $2 RETURNING id";

/// How many open cases, on hold or not, the user leads.
pub(crate) async fn count(db: &impl Reads, firm: FirmId, user: UserId) -> Result<u64, Error> {
    let rows = db.rows(db::sql(db.dialect(), COUNT, [id_value(firm), id_value(user)])).await?;
    let count = rows.first().map_or(Ok(0), |row| row.at::<i64>(0)).map_err(db::Error::from)?;
    Ok(count.unsigned_abs())
}

/// Gives at most `limit` open cases of `from` to `to`, and says which.
pub(crate) async fn hand_over(
    tx: &mut Tx,
    firm: FirmId,
    (from, to): (UserId, UserId),
    now: Timestamp,
    limit: u32,
) -> Result<Vec<CaseId>, Error> {
    let values = [
        id_value(firm),
        id_value(from),
        id_value(to),
        Value::from(Stamp(now)),
        Value::from(i64::from(limit)),
    ];
    let rows = tx.rows(db::sql(tx.dialect(), HAND_OVER, values)).await?;
    let ids = rows.iter().map(|row| row.get::<Uuid>("id").map(CaseId::from));
    Ok(ids.collect::<Result<_, _>>().map_err(db::Error::from)?)
}
