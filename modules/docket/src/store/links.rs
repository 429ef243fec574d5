use crate::{Error, Link, LinkDraft};
use db::{Reads, Tx};
use ids::{DocketEntryId, FirmId, Id};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait, Set};
use uuid::Uuid;

mod docket_link {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "docket_links")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) firm_id: Uuid,
        pub(super) entry_id: Uuid,
        pub(super) number: i64,
        pub(super) description: Option<String>,
        pub(super) pacer_doc_id: Option<String>,
        pub(super) page_count: Option<i64>,
        pub(super) file_size_bytes: Option<i64>,
        pub(super) document_id: Option<Uuid>,
    }

    impl db::FromRow for Model {
        fn from_row(row: &db::Row) -> Result<Self, db::Misread> {
            Ok(Self {
                id: row.get("id")?,
                firm_id: row.get("firm_id")?,
                entry_id: row.get("entry_id")?,
                number: row.get("number")?,
                description: row.get("description")?,
                pacer_doc_id: row.get("pacer_doc_id")?,
                page_count: row.get("page_count")?,
                file_size_bytes: row.get("file_size_bytes")?,
                document_id: row.get("document_id")?,
            })
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use docket_link::Column;

/// The most links that one call returns: 1,000 entries of a page with 16 attachments each.
const LINKS: u64 = 16_000;

/// The links of some entries (at most a page of them), by entry and number. The caller has seen the entries.
pub(crate) async fn of_entries(
    db: &impl Reads,
    firm: FirmId,
    entries: impl IntoIterator<Item = DocketEntryId>,
) -> Result<Vec<Link>, Error> {
    let entries: Vec<Uuid> = entries.into_iter().map(Id::uuid).collect();
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = docket_link::Entity::find()
        .filter(Column::FirmId.eq(Uuid::from(firm)))
        .filter(Column::EntryId.is_in(entries))
        .into_query();
    query.order_by(Column::EntryId, Order::Asc).order_by(Column::Number, Order::Asc);
    let rows = db.at_most::<docket_link::Model>(&query, LINKS).await?;
    Ok(rows.into_iter().map(Link::from).collect())
}

/// Adds links.
pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, links: &[Link]) -> Result<(), Error> {
    for rows in links.chunks(500) {
        let models = rows.iter().map(|link| docket_link::ActiveModel {
            id: Set(link.id.uuid()),
            firm_id: Set(firm.uuid()),
            entry_id: Set(link.entry.uuid()),
            number: Set(link.draft.number),
            description: Set(link.draft.description.clone()),
            pacer_doc_id: Set(link.draft.pacer_doc_id.clone()),
            page_count: Set(link.draft.page_count),
            file_size_bytes: Set(link.draft.file_size_bytes),
            document_id: Set(link.document.map(Id::uuid)),
        });
        tx.execute(docket_link::Entity::insert_many(models.collect::<Vec<_>>()).query()).await?;
    }
    Ok(())
}

/// Writes a changed link back.
pub(crate) async fn update(tx: &mut Tx, firm: FirmId, link: &Link) -> Result<(), Error> {
    let statement = Query::update()
        .table(docket_link::Entity)
        .value(Column::Description, link.draft.description.clone())
        .value(Column::PacerDocId, link.draft.pacer_doc_id.clone())
        .value(Column::PageCount, link.draft.page_count)
        .value(Column::FileSizeBytes, link.draft.file_size_bytes)
        .and_where(Expr::col(Column::Id).eq(link.id.uuid()))
        .and_where(Expr::col(Column::FirmId).eq(Uuid::from(firm)))
        .take();
    tx.execute(&statement).await?;
    Ok(())
}

impl From<docket_link::Model> for Link {
    fn from(row: docket_link::Model) -> Self {
        Self {
            id: row.id.into(),
            entry: row.entry_id.into(),
            draft: LinkDraft {
                number: row.number,
                description: row.description,
                pacer_doc_id: row.pacer_doc_id,
                page_count: row.page_count,
                file_size_bytes: row.file_size_bytes,
            },
            document: row.document_id.map(Into::into),
        }
    }
}
