use super::documents::document::{Column, Entity, Model};
use super::documents::documents_of;
use crate::Error;
use crate::load_file::Bates;
use crate::model::{Document, DocumentFilter, DocumentSort, Stats, Tally, UnknownName};
use access::Sight;
use db::Reads;
use ids::Id;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Func, LikeExpr, NullOrdering, Order, SelectStatement};
use sea_orm::{ColumnTrait, QueryFilter, QueryTrait};

/// One page of documents, and how many there are in all.
pub(crate) async fn list(
    db: &impl Reads,
    sight: Sight,
    filter: &DocumentFilter,
    sort: DocumentSort,
    descending: bool,
    limit: u64,
    offset: u64,
) -> Result<(Vec<Document>, u64), Error> {
    let mut query = filtered(sight, filter);
    let total = db.count(&query).await?;
    let order = if descending { Order::Desc } else { Order::Asc };
    let columns: &[Column] = match sort {
        DocumentSort::CreatedAt => &[Column::CreatedAt],
        DocumentSort::UpdatedAt => &[Column::UpdatedAt],
        DocumentSort::Title => &[Column::Title],
        DocumentSort::FileName => &[Column::FileName],
        DocumentSort::SizeBytes => &[Column::SizeBytes],
        DocumentSort::Bates => &[Column::BatesPrefix, Column::BatesFirst],
    };
    for column in columns {
        match sort {
            // Documents without a Bates number come last on every database.
            DocumentSort::Bates => query.order_by_with_nulls(*column, order.clone(), NullOrdering::Last),
            _ => query.order_by(*column, order.clone()),
        };
    }
    query.order_by(Column::Id, order).offset(offset);
    let rows = db.at_most::<Model>(&query, limit).await?;
    let documents: Result<Vec<Document>, UnknownName> = rows.into_iter().map(Document::try_from).collect();
    Ok((documents?, total))
}

fn filtered(sight: Sight, filter: &DocumentFilter) -> SelectStatement {
    let mut documents = documents_of(sight);
    if let Some(case) = filter.case {
        documents = documents.filter(Column::CaseId.eq(case.uuid()));
    }
    if let Some(kind) = &filter.kind {
        documents = documents.filter(Column::Kind.eq(kind.as_str()));
    }
    if let Some(custodian) = &filter.custodian {
        documents = documents.filter(Column::Custodian.eq(custodian.as_str()));
    }
    if let Some(bates) = &filter.bates {
        documents = documents.filter(holds(bates));
    }
    if let Some(text) = &filter.text {
        let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let pattern = LikeExpr::new(format!("%{escaped}%")).escape('\\');
        let within = |column: Column| Expr::expr(Func::lower(Expr::col(column))).like(pattern.clone());
        let somewhere = [Column::Title, Column::FileName, Column::Description].map(within);
        documents = documents.filter(somewhere.into_iter().fold(Condition::any(), Condition::add));
    }
    documents.into_query()
}

/// By number where the text is a Bates number, so that every page of a document is found; else by the text itself.
fn holds(text: &str) -> Condition {
    match text.parse::<Bates>() {
        Ok(bates) => {
            let number = i64::try_from(bates.number).unwrap_or(i64::MAX);
            Condition::all()
                .add(Column::BatesPrefix.eq(bates.prefix))
                .add(Column::BatesFirst.lte(number))
                .add(Column::BatesLast.gte(number))
        }
        Err(_) => Condition::any().add(Column::BatesBegin.eq(text)).add(Column::BatesEnd.eq(text)),
    }
}

/// The most values of one tally.
const TALLIES: u64 = 50;

const SIZES: &str =
    "SELECT count(*), CAST(coalesce(sum(size_bytes), 0) AS bigint) FROM documents WHERE firm_id = $1";

/// How many documents are seen, and how large they are.
pub(crate) async fn stats(db: &impl Reads, sight: Sight) -> Result<Stats, Error> {
    let mut values = vec![sight.firm().uuid().into()];
    let text = format!("{SIZES}{}", sight.and_sees_among_many("case_id", &mut values));
    let rows = db.rows(db::sql(db.dialect(), text, values)).await?;
    let (mut documents, mut size_bytes) = (0, 0);
    if let Some(row) = rows.first() {
        documents = row.at::<i64>(0).map_err(db::Error::from)?.unsigned_abs();
        size_bytes = row.at::<i64>(1).map_err(db::Error::from)?.unsigned_abs();
    }
    Ok(Stats {
        documents,
        size_bytes,
        kinds: tallies(db, sight, Column::Kind).await?,
        sources: tallies(db, sight, Column::Source).await?,
        text: tallies(db, sight, Column::TextStatus).await?,
    })
}

async fn tallies(db: &impl Reads, sight: Sight, column: Column) -> Result<Vec<Tally>, Error> {
    struct Row {
        value: Option<String>,
        documents: i64,
    }

    impl db::FromRow for Row {
        fn from_row(row: &db::Row) -> Result<Self, db::Misread> {
            Ok(Self { value: row.get("value")?, documents: row.get("documents")? })
        }
    }
    let count = Expr::col(Column::Id).count();
    let query = sea_orm::sea_query::Query::select()
        .from(Entity)
        .expr_as(Expr::col(column), "value")
        .expr_as(count.clone(), "documents")
        .and_where(Expr::col(Column::FirmId).eq(sight.firm().uuid()))
        .cond_where(sight.sees(Column::CaseId))
        .group_by_col(column)
        .order_by_expr(count, Order::Desc)
        .order_by(column, Order::Asc)
        .take();
    let rows = db.at_most::<Row>(&query, TALLIES).await?;
    Ok(rows
        .into_iter()
        .map(|row| Tally { value: row.value, documents: row.documents.unsigned_abs() })
        .collect())
}
