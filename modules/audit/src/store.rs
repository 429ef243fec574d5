use crate::{Entry, Error};
use db::{Reads, Stamp, Tx};
use ids::FirmId;
use sea_orm::sea_query::Value;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QueryTrait};
use uuid::Uuid;

mod audit_entry {
    use db::Stamp;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_entries")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub(super) seq: i64,
        pub(super) id: Uuid,
        pub(super) firm_id: Uuid,
        pub(super) user_id: Option<Uuid>,
        pub(super) action: String,
        pub(super) entity: String,
        pub(super) entity_id: Uuid,
        pub(super) case_id: Option<Uuid>,
        pub(super) changes: Option<Json>,
        pub(super) address: Option<String>,
        pub(super) user_agent: Option<String>,
        pub(super) correlation: String,
        pub(super) at: Stamp,
    }

    impl db::FromRow for Model {
        fn from_row(row: &db::Row) -> Result<Self, db::Misread> {
            Ok(Self {
                seq: row.get("seq")?,
                id: row.get("id")?,
                firm_id: row.get("firm_id")?,
                user_id: row.get("user_id")?,
                action: row.get("action")?,
                entity: row.get("entity")?,
                entity_id: row.get("entity_id")?,
                case_id: row.get("case_id")?,
                changes: row.get("changes")?,
                address: row.get("address")?,
                user_agent: row.get("user_agent")?,
                correlation: row.get("correlation")?,
                at: row.get("at")?,
            })
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The one insert that every verb pays for: fixed text, so that the connection prepares it once.
const INSERT: &str = "INSERT INTO audit_entries (id, firm_id, user_id, action, entity, entity_id, case_id, changes, \
                      address, user_agent, correlation, at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

pub(crate) async fn insert(tx: &mut Tx, entry: &Entry) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(entry.id)),
        Value::from(Uuid::from(entry.firm)),
        Value::from(entry.user.map(Uuid::from)),
        Value::from(entry.action.as_str()),
        Value::from(entry.entity.as_str()),
        Value::from(entry.entity_id),
        Value::from(entry.case.map(Uuid::from)),
        Value::from(entry.changes.clone()),
        Value::from(entry.address.clone()),
        Value::from(entry.user_agent.clone()),
        Value::from(entry.correlation.as_str()),
        Value::from(Stamp(entry.at)),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

fn entries_of(firm: FirmId) -> sea_orm::Select<audit_entry::Entity> {
    audit_entry::Entity::find().filter(audit_entry::Column::FirmId.eq(Uuid::from(firm)))
}

pub(crate) async fn of_entity(
    db: &impl Reads,
    firm: FirmId,
    entity: Uuid,
    limit: u64,
) -> Result<Vec<Entry>, Error> {
    let query = entries_of(firm)
        .filter(audit_entry::Column::EntityId.eq(entity))
        .order_by_desc(audit_entry::Column::Seq)
        .into_query();
    let rows = db.at_most::<audit_entry::Model>(&query, limit).await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

impl From<audit_entry::Model> for Entry {
    fn from(row: audit_entry::Model) -> Self {
        Self {
            id: row.id.into(),
            firm: row.firm_id.into(),
            user: row.user_id.map(Into::into),
            action: row.action,
            entity: row.entity,
            entity_id: row.entity_id,
            case: row.case_id.map(Into::into),
            changes: row.changes,
            address: row.address,
            user_agent: row.user_agent,
            correlation: row.correlation,
            at: row.at.0,
        }
    }
}
