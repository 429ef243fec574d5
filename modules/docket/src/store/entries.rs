use crate::{Entry, EntryDraft, EntryFilter, EntrySort, Error};
use access::Sight;
use db::{Reads, Stamp, Tx};
use ids::{CaseId, DocketEntryId, FirmId, Id};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, LikeExpr, LockType, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait, Set};
use uuid::Uuid;

mod docket_entry {
    use db::Stamp;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "docket_entries")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) firm_id: Uuid,
        pub(super) case_id: Uuid,
        pub(super) position: i64,
        pub(super) filed_on: Date,
        pub(super) entered_on: Option<Date>,
        pub(super) number: Option<String>,
        pub(super) text: String,
        pub(super) seq_no: Option<String>,
        pub(super) pacer_doc_id: Option<String>,
        pub(super) page_count: Option<i64>,
        pub(super) file_size_bytes: Option<i64>,
        pub(super) sealed: bool,
        pub(super) version: i64,
        pub(super) created_at: Stamp,
        pub(super) updated_at: Stamp,
    }

    impl db::FromRow for Model {
        fn from_row(row: &db::Row) -> Result<Self, db::Misread> {
            Ok(Self {
                id: row.get("id")?,
                firm_id: row.get("firm_id")?,
                case_id: row.get("case_id")?,
                position: row.get("position")?,
                filed_on: row.get("filed_on")?,
                entered_on: row.get("entered_on")?,
                number: row.get("number")?,
                text: row.get("text")?,
                seq_no: row.get("seq_no")?,
                pacer_doc_id: row.get("pacer_doc_id")?,
                page_count: row.get("page_count")?,
                file_size_bytes: row.get("file_size_bytes")?,
                sealed: row.get("sealed")?,
                version: row.get("version")?,
                created_at: row.get("created_at")?,
                updated_at: row.get("updated_at")?,
            })
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use docket_entry::Column;

fn entries_of(sight: Sight) -> sea_orm::Select<docket_entry::Entity> {
    docket_entry::Entity::find()
        .filter(Column::FirmId.eq(Uuid::from(sight.firm())))
        .filter(sight.sees(Column::CaseId))
}

/// One entry, without its links.
pub(crate) async fn find(db: &impl Reads, sight: Sight, id: DocketEntryId) -> Result<Entry, Error> {
    let query = entries_of(sight).filter(Column::Id.eq(id.uuid())).into_query();
    db.one::<docket_entry::Model>(&query).await?.map(Entry::from).ok_or(Error::NotFound(id))
}

/// One entry, without its links, that nobody else changes until this transaction ends.
pub(crate) async fn find_for_change(tx: &Tx, sight: Sight, id: DocketEntryId) -> Result<Entry, Error> {
    let mut query = entries_of(sight).filter(Column::Id.eq(id.uuid())).into_query();
    // Those who only refer to the row need not wait. SQLite has one writer, and its builder leaves the lock out.
    query.lock(LockType::NoKeyUpdate);
    tx.one::<docket_entry::Model>(&query).await?.map(Entry::from).ok_or(Error::NotFound(id))
}

/// One page of entries without their links, and how many there are in all.
pub(crate) async fn list(
    db: &impl Reads,
    sight: Sight,
    filter: &EntryFilter,
    sort: EntrySort,
    descending: bool,
    limit: u64,
    offset: u64,
) -> Result<(Vec<Entry>, u64), Error> {
    let mut query = filtered(sight, filter);
    let total = db.count(&query).await?;
    let order = if descending { Order::Desc } else { Order::Asc };
    let column = match sort {
        EntrySort::FiledOn => Column::FiledOn,
        EntrySort::CreatedAt => Column::CreatedAt,
        EntrySort::UpdatedAt => Column::UpdatedAt,
    };
    query
        .order_by(column, order.clone())
        .order_by(Column::Position, order.clone())
        .order_by(Column::Id, order);
    query.offset(offset);
    let rows = db.at_most::<docket_entry::Model>(&query, limit).await?;
    Ok((rows.into_iter().map(Entry::from).collect(), total))
}

fn filtered(sight: Sight, filter: &EntryFilter) -> SelectStatement {
    let mut entries = entries_of(sight);
    if let Some(case) = filter.case {
        entries = entries.filter(Column::CaseId.eq(case.uuid()));
    }
    if let Some(day) = filter.filed_from {
        entries = entries.filter(Column::FiledOn.gte(day));
    }
    if let Some(day) = filter.filed_to {
        entries = entries.filter(Column::FiledOn.lte(day));
    }
    if let Some(number) = &filter.number {
        entries = entries.filter(Column::Number.eq(number.as_str()));
    }
    if let Some(text) = &filter.text {
        let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let pattern = LikeExpr::new(format!("%{escaped}%")).escape('\\');
        entries = entries.filter(Expr::expr(Func::lower(Expr::col(Column::Text))).like(pattern));
    }
    entries.into_query()
}

/// The entries of a case after `position`, in the court's order: the next at most `limit`, with their places.
pub(crate) async fn entries_of_case(
    db: &impl Reads,
    sight: Sight,
    case: CaseId,
    after: i64,
    limit: u64,
) -> Result<Vec<(i64, Entry)>, Error> {
    let mut query = entries_of(sight)
        .filter(Column::CaseId.eq(case.uuid()))
        .filter(Column::Position.gt(after))
        .into_query();
    query.order_by(Column::Position, Order::Asc);
    let rows = db.at_most::<docket_entry::Model>(&query, limit).await?;
    Ok(rows.into_iter().map(|row| (row.position, Entry::from(row))).collect())
}

struct LastPosition(Option<i64>);

impl db::FromRow for LastPosition {
    fn from_row(row: &db::Row) -> Result<Self, db::Misread> {
        row.get("last").map(Self)
    }
}

/// The place of the last entry of a case; 0 for an empty docket.
pub(crate) async fn last_position(db: &impl Reads, sight: Sight, case: CaseId) -> Result<i64, Error> {
    let mut query = entries_of(sight).filter(Column::CaseId.eq(case.uuid())).into_query();
    // An index has all that this asks for: no text is read, however long a docket is.
    query.clear_selects().expr_as(Expr::col(Column::Position).max(), Alias::new("last"));
    Ok(db.one::<LastPosition>(&query).await?.and_then(|last| last.0).unwrap_or(0))
}

/// Adds entries of one case at the end of its docket; they get the places from `first` on.
pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, first: i64, entries: &[Entry]) -> Result<(), Error> {
    // PostgreSQL takes 65,535 values in a statement and SQLite 32,766: 500 rows of 16 stay below both.
    let mut position = first;
    for rows in entries.chunks(500) {
        let models = rows.iter().map(|entry| {
            let model = row(firm, position, entry);
            position += 1;
            model
        });
        tx.execute(docket_entry::Entity::insert_many(models.collect::<Vec<_>>()).query()).await?;
    }
    Ok(())
}

/// Writes a changed entry back if it is still at the version before this one.
pub(crate) async fn update(tx: &mut Tx, firm: FirmId, entry: &Entry) -> Result<(), Error> {
    let draft = &entry.draft;
    let statement = Query::update()
        .table(docket_entry::Entity)
        .value(Column::FiledOn, draft.filed_on)
        .value(Column::EnteredOn, draft.entered_on)
        .value(Column::Number, draft.number.clone())
        .value(Column::Text, draft.text.as_str())
        .value(Column::SeqNo, draft.seq_no.clone())
        .value(Column::PacerDocId, draft.pacer_doc_id.clone())
        .value(Column::PageCount, draft.page_count)
        .value(Column::FileSizeBytes, draft.file_size_bytes)
        .value(Column::Sealed, draft.sealed)
        .value(Column::Version, entry.version)
        .value(Column::UpdatedAt, Stamp(entry.updated_at))
        .and_where(Expr::col(Column::Id).eq(entry.id.uuid()))
        .and_where(Expr::col(Column::FirmId).eq(Uuid::from(firm)))
        .and_where(Expr::col(Column::Version).eq(entry.version - 1))
        .take();
    match tx.execute(&statement).await? {
        0 => {
            let seen = Sight::whole_firm(firm, "the caller saw the entry in this transaction");
            Err(Error::Stale { current: find(tx, seen, entry.id).await?.version })
        }
        _ => Ok(()),
    }
}

/// Removes an entry with its links.
pub(crate) async fn delete(tx: &mut Tx, firm: FirmId, id: DocketEntryId) -> Result<(), Error> {
    let statement = Query::delete()
        .from_table(docket_entry::Entity)
        .and_where(Expr::col(Column::Id).eq(id.uuid()))
        .and_where(Expr::col(Column::FirmId).eq(Uuid::from(firm)))
        .take();
    match tx.execute(&statement).await? {
        0 => Err(Error::NotFound(id)),
        _ => Ok(()),
    }
}

fn row(firm: FirmId, position: i64, entry: &Entry) -> docket_entry::ActiveModel {
    let draft = &entry.draft;
    docket_entry::ActiveModel {
        id: Set(entry.id.uuid()),
        firm_id: Set(firm.uuid()),
        case_id: Set(entry.case.uuid()),
        position: Set(position),
        filed_on: Set(draft.filed_on),
        entered_on: Set(draft.entered_on),
        number: Set(draft.number.clone()),
        text: Set(draft.text.clone()),
        seq_no: Set(draft.seq_no.clone()),
        pacer_doc_id: Set(draft.pacer_doc_id.clone()),
        page_count: Set(draft.page_count),
        file_size_bytes: Set(draft.file_size_bytes),
        sealed: Set(draft.sealed),
        version: Set(entry.version),
        created_at: Set(Stamp(entry.created_at)),
        updated_at: Set(Stamp(entry.updated_at)),
    }
}

impl From<docket_entry::Model> for Entry {
    fn from(row: docket_entry::Model) -> Self {
        Self {
            id: row.id.into(),
            case: row.case_id.into(),
            draft: EntryDraft {
                filed_on: row.filed_on,
                entered_on: row.entered_on,
                number: row.number,
                text: row.text,
                seq_no: row.seq_no,
                pacer_doc_id: row.pacer_doc_id,
                page_count: row.page_count,
                file_size_bytes: row.file_size_bytes,
                sealed: row.sealed,
            },
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
            links: Vec::new(),
        }
    }
}
