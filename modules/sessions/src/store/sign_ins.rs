use super::list::{count, number, total_of};
use crate::Error;
use crate::model::{Outcome, SignIn};
use access::Request;
use clock::Timestamp;
use db::{Reads, Stamp, Tx};
use ids::{FirmId, SessionId, SignInId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const INSERT: &str = "INSERT INTO sign_ins (id, firm_id, user_id, at, outcome, session_id, address, user_agent) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const PAGE: &str = "SELECT id, at, outcome, session_id, address, user_agent FROM sign_ins \
                    WHERE firm_id = $1 AND user_id = $2 ORDER BY at DESC, id DESC LIMIT $3 OFFSET $4";
const ALL: &str = "SELECT count(*) FROM sign_ins WHERE firm_id = $1 AND user_id = $2";
const REMOVE: &str = "DELETE FROM sign_ins WHERE id IN (\
                      SELECT id FROM sign_ins WHERE at < $1 ORDER BY at, id LIMIT $2)";

/// An attempt to sign in to an account, as it is noted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noted<'a> {
    pub(crate) id: SignInId,
    pub(crate) user: UserId,
    pub(crate) at: Timestamp,
    pub(crate) outcome: Outcome,
    pub(crate) session: Option<SessionId>,
    pub(crate) request: &'a Request,
}

pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, noted: Noted<'_>) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(noted.id)),
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(noted.user)),
        Value::from(Stamp(noted.at)),
        Value::from(noted.outcome.as_str()),
        Value::from(noted.session.map(Uuid::from)),
        Value::from(noted.request.address.map(|address| address.to_string())),
        Value::from(noted.request.user_agent.as_deref()),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// One page of the attempts on an account, the newest first, and how many there are in all.
pub(crate) async fn page(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    (offset, limit): (u64, u64),
) -> Result<(Vec<SignIn>, u64), Error> {
    let of_user = || vec![Value::from(Uuid::from(firm)), Value::from(Uuid::from(user))];
    let mut values = of_user();
    values.extend([number(limit), number(offset)]);
    let rows = db.rows(db::sql(db.dialect(), PAGE, values)).await?;
    let rows = rows.iter().map(read).collect::<Result<Vec<_>, _>>().map_err(db::Error::from)?;
    let total = match total_of(rows.len(), (offset, limit)) {
        Some(total) => total,
        None => count(db, ALL, of_user()).await?,
    };
    Ok((rows, total))
}

/// Removes at most `limit` attempts of any firm from before `before`.
pub(crate) async fn remove(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, Error> {
    let values = [Value::from(Stamp(before)), Value::from(i64::from(limit))];
    Ok(tx.run(db::sql(tx.dialect(), REMOVE, values)).await?)
}

fn read(row: &db::Row) -> Result<SignIn, db::Misread> {
    Ok(SignIn {
        id: row.get::<Uuid>("id")?.into(),
        at: row.get::<Stamp>("at")?.0,
        outcome: row.get("outcome")?,
        session: row.get::<Option<Uuid>>("session_id")?.map(Into::into),
        address: row.get("address")?,
        user_agent: row.get("user_agent")?,
    })
}
