use crate::{Error, TimeDraft, TimeEntry, TimeFilter};
use access::Sight;
use db::{Reads, Stamp, Tx};
use ids::{FirmId, Id, TimeEntryId};
use sea_orm::sea_query::{Expr, ExprTrait, LockType, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait, Set};
use uuid::Uuid;

mod time_entry {
    use db::Stamp;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "time_entries")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) firm_id: Uuid,
        pub(super) case_id: Uuid,
        pub(super) user_id: Uuid,
        pub(super) worked_on: Date,
        pub(super) worked_seconds: i64,
        pub(super) description: String,
        pub(super) billable: bool,
        pub(super) activity_code: Option<String>,
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
                user_id: row.get("user_id")?,
                worked_on: row.get("worked_on")?,
                worked_seconds: row.get("worked_seconds")?,
                description: row.get("description")?,
                billable: row.get("billable")?,
                activity_code: row.get("activity_code")?,
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

use time_entry::Column;

fn entries_of(sight: Sight) -> sea_orm::Select<time_entry::Entity> {
    time_entry::Entity::find()
        .filter(Column::FirmId.eq(Uuid::from(sight.firm())))
        .filter(sight.sees(Column::CaseId))
}

pub(crate) async fn find(db: &impl Reads, sight: Sight, id: TimeEntryId) -> Result<TimeEntry, Error> {
    let query = entries_of(sight).filter(Column::Id.eq(id.uuid())).into_query();
    db.one::<time_entry::Model>(&query).await?.map(TimeEntry::from).ok_or(Error::NotFound(id))
}

/// One entry that nobody else changes until this transaction ends.
pub(crate) async fn find_for_change(tx: &Tx, sight: Sight, id: TimeEntryId) -> Result<TimeEntry, Error> {
    let mut query = entries_of(sight).filter(Column::Id.eq(id.uuid())).into_query();
    // Those who only refer to the row need not wait. SQLite has one writer, and its builder leaves the lock out.
    query.lock(LockType::NoKeyUpdate);
    tx.one::<time_entry::Model>(&query).await?.map(TimeEntry::from).ok_or(Error::NotFound(id))
}

/// One page, the newest day first, and how many there are in all.
pub(crate) async fn list(
    db: &impl Reads,
    sight: Sight,
    filter: &TimeFilter,
    limit: u64,
    offset: u64,
) -> Result<(Vec<TimeEntry>, u64), Error> {
    let mut query = filtered(sight, filter);
    let total = db.count(&query).await?;
    query.order_by(Column::WorkedOn, Order::Desc).order_by(Column::Id, Order::Desc).offset(offset);
    let rows = db.at_most::<time_entry::Model>(&query, limit).await?;
    Ok((rows.into_iter().map(TimeEntry::from).collect(), total))
}

fn filtered(sight: Sight, filter: &TimeFilter) -> SelectStatement {
    let mut entries = entries_of(sight);
    if let Some(case) = filter.case {
        entries = entries.filter(Column::CaseId.eq(case.uuid()));
    }
    if let Some(user) = filter.user {
        entries = entries.filter(Column::UserId.eq(user.uuid()));
    }
    if let Some(day) = filter.from {
        entries = entries.filter(Column::WorkedOn.gte(day));
    }
    if let Some(day) = filter.to {
        entries = entries.filter(Column::WorkedOn.lte(day));
    }
    if let Some(billable) = filter.billable {
        entries = entries.filter(Column::Billable.eq(billable));
    }
    entries.into_query()
}

pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, entry: &TimeEntry) -> Result<(), Error> {
    let draft = &entry.draft;
    let model = time_entry::ActiveModel {
        id: Set(entry.id.uuid()),
        firm_id: Set(firm.uuid()),
        case_id: Set(draft.case.uuid()),
        user_id: Set(entry.user.uuid()),
        worked_on: Set(draft.worked_on),
        worked_seconds: Set(draft.worked_seconds),
        description: Set(draft.description.clone()),
        billable: Set(draft.billable),
        activity_code: Set(draft.activity_code.clone()),
        version: Set(entry.version),
        created_at: Set(Stamp(entry.created_at)),
        updated_at: Set(Stamp(entry.updated_at)),
    };
    tx.execute(time_entry::Entity::insert(model).query()).await?;
    Ok(())
}

/// Writes a changed entry back if it is still at the version before this one.
pub(crate) async fn update(tx: &mut Tx, firm: FirmId, entry: &TimeEntry) -> Result<(), Error> {
    let draft = &entry.draft;
    let statement = Query::update()
        .table(time_entry::Entity)
        .value(Column::CaseId, draft.case.uuid())
        .value(Column::WorkedOn, draft.worked_on)
        .value(Column::WorkedSeconds, draft.worked_seconds)
        .value(Column::Description, draft.description.as_str())
        .value(Column::Billable, draft.billable)
        .value(Column::ActivityCode, draft.activity_code.clone())
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

pub(crate) async fn delete(tx: &mut Tx, firm: FirmId, id: TimeEntryId) -> Result<(), Error> {
    let statement = Query::delete()
        .from_table(time_entry::Entity)
        .and_where(Expr::col(Column::Id).eq(id.uuid()))
        .and_where(Expr::col(Column::FirmId).eq(Uuid::from(firm)))
        .take();
    match tx.execute(&statement).await? {
        0 => Err(Error::NotFound(id)),
        _ => Ok(()),
    }
}

impl From<time_entry::Model> for TimeEntry {
    fn from(row: time_entry::Model) -> Self {
        Self {
            id: row.id.into(),
            user: row.user_id.into(),
            draft: TimeDraft {
                case: row.case_id.into(),
                worked_on: row.worked_on,
                worked_seconds: row.worked_seconds,
                description: row.description,
                billable: row.billable,
                activity_code: row.activity_code,
            },
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}
