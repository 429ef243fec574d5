use crate::Error;
use crate::model::{BatesKey, Content, Digest, Document, DocumentFields, TextStatus, UnknownName};
use access::Sight;
use db::{Reads, Stamp, Tx, Violation};
use ids::{CaseId, DocumentId, FirmId, Id};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait, Set};
use serde_json::Value;

pub(super) mod document {
    use db::Stamp;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "documents")]
    pub(in crate::store) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(in crate::store) id: Uuid,
        pub(in crate::store) firm_id: Uuid,
        pub(in crate::store) case_id: Option<Uuid>,
        pub(in crate::store) title: String,
        pub(in crate::store) kind: Option<String>,
        pub(in crate::store) description: Option<String>,
        pub(in crate::store) tags: Json,
        pub(in crate::store) custodian: Option<String>,
        pub(in crate::store) bates_begin: Option<String>,
        pub(in crate::store) bates_end: Option<String>,
        pub(in crate::store) bates_prefix: Option<String>,
        pub(in crate::store) bates_first: Option<i64>,
        pub(in crate::store) bates_last: Option<i64>,
        pub(in crate::store) control_number: Option<String>,
        pub(in crate::store) source: String,
        pub(in crate::store) metadata: Json,
        pub(in crate::store) current_version: i64,
        pub(in crate::store) file_name: String,
        pub(in crate::store) content_type: String,
        pub(in crate::store) size_bytes: i64,
        pub(in crate::store) sha256: Vec<u8>,
        pub(in crate::store) text_status: String,
        pub(in crate::store) created_by: Uuid,
        pub(in crate::store) version: i64,
        pub(in crate::store) created_at: Stamp,
        pub(in crate::store) updated_at: Stamp,
    }

    impl db::FromRow for Model {
        fn from_row(row: &db::Row) -> Result<Self, db::Misread> {
            Ok(Self {
                id: row.get("id")?,
                firm_id: row.get("firm_id")?,
                case_id: row.get("case_id")?,
                title: row.get("title")?,
                kind: row.get("kind")?,
                description: row.get("description")?,
                tags: row.get("tags")?,
                custodian: row.get("custodian")?,
                bates_begin: row.get("bates_begin")?,
                bates_end: row.get("bates_end")?,
                bates_prefix: row.get("bates_prefix")?,
                bates_first: row.get("bates_first")?,
                bates_last: row.get("bates_last")?,
                control_number: row.get("control_number")?,
                source: row.get("source")?,
                metadata: row.get("metadata")?,
                current_version: row.get("current_version")?,
                file_name: row.get("file_name")?,
                content_type: row.get("content_type")?,
                size_bytes: row.get("size_bytes")?,
                sha256: row.get("sha256")?,
                text_status: row.get("text_status")?,
                created_by: row.get("created_by")?,
                version: row.get("version")?,
                created_at: row.get("created_at")?,
                updated_at: row.get("updated_at")?,
            })
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(in crate::store) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

use document::Column;

pub(super) fn documents_of(sight: Sight) -> sea_orm::Select<document::Entity> {
    document::Entity::find().filter(Column::FirmId.eq(sight.firm().uuid())).filter(sight.sees(Column::CaseId))
}

/// One document.
pub(crate) async fn find(db: &impl Reads, sight: Sight, id: DocumentId) -> Result<Document, Error> {
    let query = documents_of(sight).filter(Column::Id.eq(id.uuid())).into_query();
    match db.one::<document::Model>(&query).await? {
        Some(row) => Ok(Document::try_from(row)?),
        None => Err(Error::NotFound(id)),
    }
}

/// One document that nobody else changes until this transaction ends.
pub(crate) async fn find_for_change(tx: &Tx, sight: Sight, id: DocumentId) -> Result<Document, Error> {
    let mut query = documents_of(sight).filter(Column::Id.eq(id.uuid())).into_query();
    // SQLite has one writer, and its builder leaves the lock out.
    query.lock_exclusive();
    match tx.one::<document::Model>(&query).await? {
        Some(row) => Ok(Document::try_from(row)?),
        None => Err(Error::NotFound(id)),
    }
}

/// The document of a case that a production knows by this number.
pub(crate) async fn find_by_control_number(
    db: &impl Reads,
    sight: Sight,
    case: CaseId,
    control_number: &str,
) -> Result<Option<Document>, Error> {
    let query = documents_of(sight)
        .filter(Column::CaseId.eq(case.uuid()))
        .filter(Column::ControlNumber.eq(control_number))
        .into_query();
    let row = db.one::<document::Model>(&query).await?;
    Ok(row.map(Document::try_from).transpose()?)
}

/// Adds a document.
pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, document: &Document) -> Result<(), Error> {
    let statement = document::Entity::insert_many([row(firm, document)]).into_query();
    tx.execute(&statement).await.map_err(|error| refused(error, document))?;
    Ok(())
}

/// Writes a changed document back if it is still at the version before this one. Its control number and source stay.
pub(crate) async fn update(tx: &mut Tx, firm: FirmId, document: &Document) -> Result<(), Error> {
    let fields = &document.fields;
    let bates = key_of(fields);
    let statement = Query::update()
        .table(document::Entity)
        .value(Column::CaseId, fields.case_id.map(Id::uuid))
        .value(Column::Title, fields.title.as_str())
        .value(Column::Kind, fields.kind.clone())
        .value(Column::Description, fields.description.clone())
        .value(Column::Tags, tags(fields))
        .value(Column::Custodian, fields.custodian.clone())
        .value(Column::BatesBegin, fields.bates_begin.clone())
        .value(Column::BatesEnd, fields.bates_end.clone())
        .value(Column::BatesPrefix, bates.as_ref().map(|key| key.prefix.clone()))
        .value(Column::BatesFirst, bates.as_ref().map(|key| key.first))
        .value(Column::BatesLast, bates.as_ref().map(|key| key.last))
        .value(Column::Metadata, Value::Object(document.metadata.clone()))
        .value(Column::CurrentVersion, document.current_version)
        .value(Column::FileName, document.content.file_name.as_str())
        .value(Column::ContentType, document.content.content_type.as_str())
        .value(Column::SizeBytes, document.content.size_bytes.cast_signed())
        .value(Column::Sha256, document.content.sha256.0.to_vec())
        .value(Column::TextStatus, document.text_status.as_str())
        .value(Column::Version, document.version)
        .value(Column::UpdatedAt, Stamp(document.updated_at))
        .and_where(Expr::col(Column::Id).eq(document.id.uuid()))
        .and_where(Expr::col(Column::FirmId).eq(firm.uuid()))
        .and_where(Expr::col(Column::Version).eq(document.version - 1))
        .take();
    match tx.execute(&statement).await.map_err(|error| refused(error, document))? {
        0 => {
            let seen = Sight::whole_firm(firm, "the caller saw the document in this transaction");
            Err(Error::Stale { current: find(tx, seen, document.id).await?.version })
        }
        _ => Ok(()),
    }
}

/// Says how far the text of a version is known, if that version is still the current one; else nothing, and `false`.
pub(crate) async fn set_text_status(
    tx: &mut Tx,
    firm: FirmId,
    id: DocumentId,
    number: i64,
    status: TextStatus,
) -> Result<bool, Error> {
    let statement = Query::update()
        .table(document::Entity)
        .value(Column::TextStatus, status.as_str())
        .and_where(Expr::col(Column::Id).eq(id.uuid()))
        .and_where(Expr::col(Column::FirmId).eq(firm.uuid()))
        .and_where(Expr::col(Column::CurrentVersion).eq(number))
        .take();
    Ok(tx.execute(&statement).await? > 0)
}

/// Removes a document with its versions and their texts.
pub(crate) async fn delete(tx: &mut Tx, firm: FirmId, id: DocumentId) -> Result<(), Error> {
    let statement = Query::delete()
        .from_table(document::Entity)
        .and_where(Expr::col(Column::Id).eq(id.uuid()))
        .and_where(Expr::col(Column::FirmId).eq(firm.uuid()))
        .take();
    match tx.execute(&statement).await? {
        0 => Err(Error::NotFound(id)),
        _ => Ok(()),
    }
}

/// A key that exists already: the control number, or the id, which then is another firm's.
fn refused(error: db::Error, document: &Document) -> Error {
    match &error {
        error if error.is_duplicate_of("documents", "control_number") => Error::ControlNumberTaken,
        db::Error::Violation(Violation::Unique(_)) => Error::NotFound(document.id),
        db::Error::Violation(Violation::Reference) => match document.fields.case_id {
            Some(case) => Error::CaseGone(case),
            None => error.into(),
        },
        _ => error.into(),
    }
}

fn tags(fields: &DocumentFields) -> Value {
    fields.tags.iter().map(String::as_str).collect()
}

/// Texts of a production that are no Bates numbers are kept, but not found by number.
fn key_of(fields: &DocumentFields) -> Option<BatesKey> {
    BatesKey::of(fields.bates_begin.as_deref(), fields.bates_end.as_deref()).ok().flatten()
}

fn row(firm: FirmId, document: &Document) -> document::ActiveModel {
    let (fields, content, bates) = (&document.fields, &document.content, key_of(&document.fields));
    document::ActiveModel {
        id: Set(document.id.uuid()),
        firm_id: Set(firm.uuid()),
        case_id: Set(fields.case_id.map(Id::uuid)),
        title: Set(fields.title.clone()),
        kind: Set(fields.kind.clone()),
        description: Set(fields.description.clone()),
        tags: Set(tags(fields)),
        custodian: Set(fields.custodian.clone()),
        bates_begin: Set(fields.bates_begin.clone()),
        bates_end: Set(fields.bates_end.clone()),
        bates_prefix: Set(bates.as_ref().map(|key| key.prefix.clone())),
        bates_first: Set(bates.as_ref().map(|key| key.first)),
        bates_last: Set(bates.as_ref().map(|key| key.last)),
        control_number: Set(document.control_number.clone()),
        source: Set(document.source.as_str().to_owned()),
        metadata: Set(Value::Object(document.metadata.clone())),
        current_version: Set(document.current_version),
        file_name: Set(content.file_name.clone()),
        content_type: Set(content.content_type.clone()),
        size_bytes: Set(content.size_bytes.cast_signed()),
        sha256: Set(content.sha256.0.to_vec()),
        text_status: Set(document.text_status.as_str().to_owned()),
        created_by: Set(document.created_by.uuid()),
        version: Set(document.version),
        created_at: Set(Stamp(document.created_at)),
        updated_at: Set(Stamp(document.updated_at)),
    }
}

/// A digest as it is stored.
pub(super) fn digest(bytes: &[u8]) -> Result<Digest, UnknownName> {
    bytes.try_into().map(Digest).map_err(|_| UnknownName("sha256".to_owned()))
}

impl TryFrom<document::Model> for Document {
    type Error = UnknownName;

    fn try_from(row: document::Model) -> Result<Self, UnknownName> {
        let tags = match row.tags {
            Value::Array(tags) => {
                tags.into_iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect()
            }
            _ => Vec::new(),
        };
        let metadata = match row.metadata {
            Value::Object(metadata) => metadata,
            _ => serde_json::Map::new(),
        };
        Ok(Self {
            id: row.id.into(),
            fields: DocumentFields {
                case_id: row.case_id.map(Into::into),
                title: row.title,
                kind: row.kind,
                description: row.description,
                tags,
                custodian: row.custodian,
                bates_begin: row.bates_begin,
                bates_end: row.bates_end,
            },
            control_number: row.control_number,
            source: row.source.parse()?,
            metadata,
            current_version: row.current_version,
            content: Content {
                file_name: row.file_name,
                content_type: row.content_type,
                size_bytes: row.size_bytes.unsigned_abs(),
                sha256: digest(&row.sha256)?,
            },
            text_status: row.text_status.parse()?,
            created_by: row.created_by.into(),
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}
