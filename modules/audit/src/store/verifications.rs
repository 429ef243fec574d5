use crate::model::{Asked, State, Verdict, Verification};
use db::{Misread, Reads, Row, Stamp, Tx};
use ids::{FirmId, Id as _, VerificationId};
use sea_orm::JsonValue;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, Value};
use uuid::Uuid;

pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, asked: &Verification) -> Result<(), db::Error> {
    let text = "INSERT INTO audit_verifications (id, firm_id, user_id, from_seq, to_seq, state, asked_at) \
                VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        Value::from(asked.id.uuid()),
        Value::from(Uuid::from(firm)),
        Value::from(asked.user.map(Uuid::from)),
        Value::from(asked.asked.from),
        Value::from(asked.asked.to),
        Value::from(asked.state.as_str()),
        Value::from(Stamp(asked.asked_at)),
    ];
    tx.run(db::sql(tx.dialect(), text, values)).await?;
    Ok(())
}

/// Writes the end of a verification. One that has ended already stays as it is.
pub(crate) async fn end(
    tx: &mut Tx,
    firm: FirmId,
    id: VerificationId,
    state: State,
    verdict: Option<JsonValue>,
    now: Stamp,
) -> Result<bool, db::Error> {
    let text = "UPDATE audit_verifications SET state = $3, verdict = $4, ended_at = $5 \
                WHERE firm_id = $1 AND id = $2 AND ended_at IS NULL";
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(id.uuid()),
        Value::from(state.as_str()),
        Value::from(verdict),
        Value::from(now),
    ];
    Ok(tx.run(db::sql(tx.dialect(), text, values)).await? > 0)
}

fn of_firm(firm: FirmId) -> SelectStatement {
    let mut query = Query::select();
    query
        .columns(["id", "user_id", "from_seq", "to_seq", "state", "asked_at", "ended_at", "verdict"])
        .from("audit_verifications")
        .and_where(Expr::col("firm_id").eq(Uuid::from(firm)));
    query
}

pub(crate) async fn find(
    db: &impl Reads,
    firm: FirmId,
    id: VerificationId,
) -> Result<Option<Verification>, db::Error> {
    let mut query = of_firm(firm);
    query.and_where(Expr::col("id").eq(id.uuid()));
    db.one(&query).await
}

/// The newest first.
pub(crate) async fn list(
    db: &impl Reads,
    firm: FirmId,
    limit: u64,
    offset: u64,
) -> Result<(Vec<Verification>, u64), db::Error> {
    let mut query = of_firm(firm);
    let total = db.count(&query).await?;
    query.order_by("asked_at", Order::Desc).order_by("id", Order::Desc).offset(offset);
    Ok((db.at_most(&query, limit).await?, total))
}

impl db::FromRow for Verification {
    fn from_row(row: &Row) -> Result<Self, Misread> {
        let state: String = row.at(4)?;
        let verdict: Option<JsonValue> = row.at(7)?;
        let verdict: Option<Verdict> = verdict
            .map(serde_json::from_value)
            .transpose()
            .map_err(|error| Misread::new("verdict", error.to_string()))?;
        Ok(Self {
            id: row.at::<Uuid>(0)?.into(),
            user: row.at::<Option<Uuid>>(1)?.map(Into::into),
            asked: Asked { from: row.at(2)?, to: row.at(3)? },
            state: State::parse(&state).ok_or_else(|| Misread::new("state", "is no known state"))?,
            asked_at: row.at::<Stamp>(5)?.0,
            ended_at: row.at::<Option<Stamp>>(6)?.map(|stamp| stamp.0),
            verdict,
        })
    }
}
