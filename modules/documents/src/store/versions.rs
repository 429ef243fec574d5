use super::documents::digest;
use crate::Error;
use crate::model::{Content, Digest, DocumentVersion, MAX_VERSIONS, UnknownName};
use db::{Reads, Stamp, Tx};
use ids::{DocumentId, DocumentVersionId, FirmId, Id};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait, Set};

mod document_version {
    use db::Stamp;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "document_versions")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) firm_id: Uuid,
        pub(super) document_id: Uuid,
        pub(super) number: i64,
        pub(super) file_name: String,
        pub(super) content_type: String,
        pub(super) size_bytes: i64,
        pub(super) sha256: Vec<u8>,
        pub(super) md5: Option<Vec<u8>>,
        pub(super) note: Option<String>,
        pub(super) created_by: Uuid,
        pub(super) created_at: Stamp,
    }

    impl db::FromRow for Model {
        fn from_row(row: &db::Row) -> Result<Self, db::Misread> {
            Ok(Self {
                id: row.get("id")?,
                firm_id: row.get("firm_id")?,
                document_id: row.get("document_id")?,
                number: row.get("number")?,
                file_name: row.get("file_name")?,
                content_type: row.get("content_type")?,
                size_bytes: row.get("size_bytes")?,
                sha256: row.get("sha256")?,
                md5: row.get("md5")?,
                note: row.get("note")?,
                created_by: row.get("created_by")?,
                created_at: row.get("created_at")?,
            })
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use document_version::Column;

/// Versions are read after their document, which the caller has seen.
fn versions_of(firm: FirmId, document: DocumentId) -> sea_orm::Select<document_version::Entity> {
    document_version::Entity::find()
        .filter(Column::FirmId.eq(firm.uuid()))
        .filter(Column::DocumentId.eq(document.uuid()))
}

/// One version by its number.
pub(crate) async fn find(
    db: &impl Reads,
    firm: FirmId,
    document: DocumentId,
    number: i64,
) -> Result<DocumentVersion, Error> {
    let query = versions_of(firm, document).filter(Column::Number.eq(number)).into_query();
    match db.one::<document_version::Model>(&query).await? {
        Some(row) => Ok(row.try_into()?),
        None => Err(Error::NoVersion(number.to_string())),
    }
}

/// One version by its id.
pub(crate) async fn find_by_id(
    db: &impl Reads,
    firm: FirmId,
    document: DocumentId,
    id: DocumentVersionId,
) -> Result<DocumentVersion, Error> {
    let query = versions_of(firm, document).filter(Column::Id.eq(id.uuid())).into_query();
    match db.one::<document_version::Model>(&query).await? {
        Some(row) => Ok(row.try_into()?),
        None => Err(Error::NoVersion(id.to_string())),
    }
}

/// One page of a document's versions, the newest first, and how many there are in all.
pub(crate) async fn list(
    db: &impl Reads,
    firm: FirmId,
    document: DocumentId,
    limit: u64,
    offset: u64,
) -> Result<(Vec<DocumentVersion>, u64), Error> {
    let mut query = versions_of(firm, document).into_query();
    let total = db.count(&query).await?;
    query.order_by(Column::Number, Order::Desc).offset(offset);
    let rows = db.at_most::<document_version::Model>(&query, limit).await?;
    let versions: Result<Vec<_>, UnknownName> = rows.into_iter().map(DocumentVersion::try_from).collect();
    Ok((versions?, total))
}

/// The files of all versions of a document, each once.
pub(crate) async fn digests(
    db: &impl Reads,
    firm: FirmId,
    document: DocumentId,
) -> Result<Vec<Digest>, Error> {
    struct Row {
        sha256: Vec<u8>,
    }

    impl db::FromRow for Row {
        fn from_row(row: &db::Row) -> Result<Self, db::Misread> {
            Ok(Self { sha256: row.get("sha256")? })
        }
    }
    let query = Query::select()
        .distinct()
        .column(Column::Sha256)
        .from(document_version::Entity)
        .and_where(Expr::col(Column::FirmId).eq(firm.uuid()))
        .and_where(Expr::col(Column::DocumentId).eq(document.uuid()))
        .take();
    let rows = db.at_most::<Row>(&query, MAX_VERSIONS.unsigned_abs()).await?;
    Ok(rows.iter().map(|row| digest(&row.sha256)).collect::<Result<_, _>>()?)
}

/// Adds a version.
pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, version: &DocumentVersion) -> Result<(), Error> {
    let content = &version.content;
    let row = document_version::ActiveModel {
        id: Set(version.id.uuid()),
        firm_id: Set(firm.uuid()),
        document_id: Set(version.document.uuid()),
        number: Set(version.number),
        file_name: Set(content.file_name.clone()),
        content_type: Set(content.content_type.clone()),
        size_bytes: Set(content.size_bytes.cast_signed()),
        sha256: Set(content.sha256.0.to_vec()),
        md5: Set(version.md5.map(|md5| md5.to_vec())),
        note: Set(version.note.clone()),
        created_by: Set(version.created_by.uuid()),
        created_at: Set(Stamp(version.created_at)),
    };
    tx.execute(&document_version::Entity::insert_many([row]).into_query()).await?;
    Ok(())
}

impl TryFrom<document_version::Model> for DocumentVersion {
    type Error = UnknownName;

    fn try_from(row: document_version::Model) -> Result<Self, UnknownName> {
        Ok(Self {
            id: row.id.into(),
            document: row.document_id.into(),
            number: row.number,
            content: Content {
                file_name: row.file_name,
                content_type: row.content_type,
                size_bytes: row.size_bytes.unsigned_abs(),
                sha256: digest(&row.sha256)?,
            },
            md5: row.md5.and_then(|md5| md5.try_into().ok()),
            note: row.note,
            created_by: row.created_by.into(),
            created_at: row.created_at.0,
        })
    }
}
