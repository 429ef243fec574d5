use super::{field, full_text};
use crate::model::Visible;
use crate::{Entry, Error, Kind};
use db::{Reads, Tx};
use ids::{CaseId, FirmId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

/// Adds entries or replaces those with the same key.
pub(crate) async fn upsert(tx: &mut Tx, entries: &[Entry]) -> Result<(), Error> {
    for entry in entries {
        full_text::upsert(tx, entry).await?;
    }
    Ok(())
}

/// Removes all pieces of one thing.
pub(crate) async fn remove_entity(tx: &mut Tx, firm: FirmId, kind: Kind, entity: Uuid) -> Result<(), Error> {
    let text = "DELETE FROM search_entries WHERE firm_id = $1 AND kind = $2 AND entity_id = $3";
    let values = [Value::from(Uuid::from(firm)), Value::from(kind.as_str()), Value::from(entity)];
    tx.run(db::sql(tx.dialect(), text, values)).await?;
    Ok(())
}

/// Removes the pieces of a document's text and keeps its fields.
pub(crate) async fn remove_pieces(tx: &mut Tx, firm: FirmId, document: Uuid) -> Result<(), Error> {
    let text = "DELETE FROM search_entries WHERE firm_id = $1 AND kind = 'document' AND entity_id = $2 AND piece > 0";
    tx.run(db::sql(tx.dialect(), text, [Value::from(Uuid::from(firm)), Value::from(document)])).await?;
    Ok(())
}

/// Removes a case and all that hangs on it.
pub(crate) async fn remove_case(tx: &mut Tx, firm: FirmId, case: CaseId) -> Result<(), Error> {
    let text = "DELETE FROM search_entries WHERE firm_id = $1 AND case_id = $2";
    tx.run(db::sql(tx.dialect(), text, [Value::from(Uuid::from(firm)), Value::from(Uuid::from(case))]))
        .await?;
    Ok(())
}

/// How many things the index holds, by kind.
pub(crate) async fn counts_by_kind(db: &impl Reads, visible: &Visible) -> Result<Vec<(Kind, u64)>, Error> {
    let mut values = vec![Value::from(Uuid::from(visible.firm()))];
    let seen = visible.condition("kind", |sight| sight.and_sees_among_many("case_id", &mut values));
    let text = format!(
        "SELECT kind, count(*) FROM search_entries WHERE firm_id = $1 AND piece = 0{seen} GROUP BY kind LIMIT 16"
    );
    let rows = db.rows(db::sql(db.dialect(), text, values)).await?;
    let mut counts = Vec::with_capacity(rows.len());
    for row in rows {
        let (kind, count): (String, i64) = (field(&row, 0)?, field(&row, 1)?);
        if let Ok(kind) = kind.parse() {
            counts.push((kind, u64::try_from(count).unwrap_or(0)));
        }
    }
    Ok(counts)
}

/// The title under which a thing is known, for the index itself: whoever searches is shown it only where they see its case.
pub(crate) async fn title_of(
    db: &impl Reads,
    firm: FirmId,
    kind: Kind,
    entity: Uuid,
) -> Result<Option<String>, Error> {
    let text =
        "SELECT title FROM search_entries WHERE firm_id = $1 AND kind = $2 AND entity_id = $3 AND piece = 0";
    let values = [Value::from(Uuid::from(firm)), Value::from(kind.as_str()), Value::from(entity)];
    let rows = db.rows(db::sql(db.dialect(), text, values)).await?;
    rows.first().map(|row| field(row, 0)).transpose()
}
