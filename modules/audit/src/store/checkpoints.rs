use super::log::bytes;
use crate::model::{Checkpoint, Link, Mark};
use db::{Misread, Reads, Row, Stamp, Tx};
use ids::FirmId;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, Value};
use uuid::Uuid;

pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, checkpoint: &Checkpoint) -> Result<(), db::Error> {
    let text = "INSERT INTO audit_checkpoints (firm_id, seq, mark, hash, at, key_id, signature) \
                VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (firm_id, seq, mark) DO NOTHING";
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(checkpoint.seq),
        Value::from(checkpoint.mark.as_str()),
        Value::from(checkpoint.hash.to_vec()),
        Value::from(Stamp(checkpoint.at)),
        Value::from(checkpoint.key.as_str()),
        Value::from(checkpoint.signature.to_vec()),
    ];
    tx.run(db::sql(tx.dialect(), text, values)).await?;
    Ok(())
}

fn of_firm(firm: FirmId) -> SelectStatement {
    let mut query = Query::select();
    query
        .columns(["firm_id", "seq", "mark", "hash", "at", "key_id", "signature"])
        .from("audit_checkpoints")
        .and_where(Expr::col("firm_id").eq(Uuid::from(firm)));
    query
}

/// Checkpoints about entries after `after` up to `to`, in the order of the chain, at most `limit`.
pub(crate) async fn between(
    db: &impl Reads,
    firm: FirmId,
    after: i64,
    to: i64,
    limit: u64,
) -> Result<Vec<Checkpoint>, db::Error> {
    let mut query = of_firm(firm);
    query.and_where(Expr::col("seq").gt(after)).and_where(Expr::col("seq").lte(to));
    query.order_by("seq", Order::Asc).order_by("mark", Order::Asc);
    db.at_most(&query, limit).await
}

/// The newest checkpoint with this mark.
pub(crate) async fn newest(
    db: &impl Reads,
    firm: FirmId,
    mark: Mark,
) -> Result<Option<Checkpoint>, db::Error> {
    let mut query = of_firm(firm);
    query.and_where(Expr::col("mark").eq(mark.as_str())).order_by("seq", Order::Desc);
    db.one(&query).await
}

/// The tombstones, the newest first, at most `limit`: what a chain may begin after.
pub(crate) async fn tombstones(
    db: &impl Reads,
    firm: FirmId,
    limit: u64,
) -> Result<Vec<Checkpoint>, db::Error> {
    let mut query = of_firm(firm);
    query.and_where(Expr::col("mark").eq(Mark::Tombstone.as_str())).order_by("seq", Order::Desc);
    db.at_most(&query, limit).await
}

/// The end of what was removed for its age, or the beginning of the chain.
pub(crate) async fn last_tombstone(db: &impl Reads, firm: FirmId) -> Result<Link, db::Error> {
    let last = newest(db, firm, Mark::Tombstone).await?;
    Ok(last.map_or(Link::BEGINNING, |tombstone| Link { seq: tombstone.seq, hash: tombstone.hash, at: None }))
}

impl db::FromRow for Checkpoint {
    fn from_row(row: &Row) -> Result<Self, Misread> {
        let mark: String = row.at(2)?;
        Ok(Self {
            firm: row.at::<Uuid>(0)?.into(),
            seq: row.at(1)?,
            mark: Mark::parse(&mark).ok_or_else(|| Misread::new("mark", "is no known mark"))?,
            hash: bytes(row, 3)?,
            at: row.at::<Stamp>(4)?.0,
            key: row.at(5)?,
            signature: bytes(row, 6)?,
        })
    }
}
