use super::{NewFile, blobs, texts};
use crate::model::{Document, DocumentFields, DocumentVersion, Files, MAX_VERSIONS, Source};
use crate::{BatesKey, Error, store};
use access::{Action, Ctx, Sight};
use audit::{Act, Entity};
use db::Tx;
use ids::{CaseId, DocumentId, Id};
use serde_json::{Map, Value};
use web::Version;

/// Adds a document whose file is in the store already. When it cannot be added, the file is removed again.
pub async fn add_document(
    ctx: &Ctx,
    files: &Files,
    fields: DocumentFields,
    file: NewFile,
) -> Result<Document, Error> {
    let digest = file.content.sha256;
    let added = add(ctx, files, ctx.new_id(), fields, file).await;
    if added.is_err() {
        blobs::abandon(ctx, digest).await;
    }
    added
}

/// Adds a version whose file is in the store already, and makes it the current one. `seen` is the version of the
/// document that the caller read, where it said so.
pub async fn add_version(
    ctx: &Ctx,
    files: &Files,
    id: DocumentId,
    seen: Option<Version>,
    file: NewFile,
    note: Option<String>,
) -> Result<(Document, DocumentVersion), Error> {
    let digest = file.content.sha256;
    let added = version(ctx, files, id, seen, file, note).await;
    if added.is_err() {
        blobs::abandon(ctx, digest).await;
    }
    added
}

/// Stores a file under an id that the caller chose: a new version of the document, or a new document with these fields
/// where there is none. Says whether it is new.
pub async fn put_content(
    ctx: &Ctx,
    files: &Files,
    id: DocumentId,
    seen: Option<Version>,
    fields: DocumentFields,
    file: NewFile,
) -> Result<(Document, bool), Error> {
    let digest = file.content.sha256;
    let put = async {
        let sight = ctx.sight_to(Action::EditDocuments)?;
        match store::find(ctx.reader(), sight, id).await {
            Ok(_) => Ok((version(ctx, files, id, seen, file, None).await?.0, false)),
            Err(Error::NotFound(_)) if id.uuid().get_version_num() != 7 => Err(Error::IdNotV7),
            Err(Error::NotFound(_)) if seen.is_some() => Err(Error::Stale { current: 0 }),
            Err(Error::NotFound(_)) => match add(ctx, files, id, fields, file.clone()).await {
                // The id is taken: by the same caller a moment ago, or else by another firm.
                Err(Error::NotFound(_)) => Ok((version(ctx, files, id, seen, file, None).await?.0, false)),
                added => Ok((added?, true)),
            },
            Err(error) => Err(error),
        }
    };
    let put = put.await;
    if put.is_err() {
        blobs::abandon(ctx, digest).await;
    }
    put
}

/// Makes the file of an earlier version the current one again, as a new version.
pub async fn restore_version(
    ctx: &Ctx,
    id: DocumentId,
    number: i64,
    seen: Option<Version>,
) -> Result<(Document, DocumentVersion), Error> {
    let sight = ctx.sight_to(Action::EditDocuments)?;
    let mut tx = ctx.begin().await?;
    let before = store::find_for_change(&tx, sight, id).await?;
    check_version(&before, seen)?;
    let earlier = store::find_version(&tx, ctx.firm(), id, number).await?;
    let file = NewFile { content: earlier.content, original_name: None, md5: earlier.md5 };
    let note = Some(format!("version {number} restored"));

    let (after, version) = append(&mut tx, ctx, &before, before.clone(), file, note).await?;
    tx.commit().await?;
    Ok((after, version))
}

async fn add(
    ctx: &Ctx,
    files: &Files,
    id: DocumentId,
    fields: DocumentFields,
    file: NewFile,
) -> Result<Document, Error> {
    let sight = ctx.sight_to(Action::EditDocuments)?;
    BatesKey::of(fields.bates_begin.as_deref(), fields.bates_end.as_deref())?;
    blobs::make_sure(ctx, files, file.content.sha256).await?;
    let mut tx = ctx.begin().await?;
    belongs(ctx, sight, &tx, fields.case_id).await?;
    let mut metadata = Map::new();
    if let Some(name) = &file.original_name {
        metadata.insert("originalFileName".to_owned(), Value::from(name.as_str()));
    }
    let document = new_document(ctx, id, fields, &file, Source::Upload, None, metadata);

    create(&mut tx, ctx, &document, &file).await?;
    texts::ask_to_read(&mut tx, ctx, &document).await?;
    tx.commit().await?;
    Ok(document)
}

async fn version(
    ctx: &Ctx,
    files: &Files,
    id: DocumentId,
    seen: Option<Version>,
    file: NewFile,
    note: Option<String>,
) -> Result<(Document, DocumentVersion), Error> {
    let sight = ctx.sight_to(Action::EditDocuments)?;
    blobs::make_sure(ctx, files, file.content.sha256).await?;
    let mut tx = ctx.begin().await?;
    let before = store::find_for_change(&tx, sight, id).await?;
    check_version(&before, seen)?;

    let (after, version) = append(&mut tx, ctx, &before, before.clone(), file, note).await?;
    tx.commit().await?;
    Ok((after, version))
}

/// Asks whether the caller may have a document belong to this case, or to none: that is up to who may edit every document.
pub(super) async fn belongs(ctx: &Ctx, sight: Sight, tx: &Tx, case: Option<CaseId>) -> Result<(), Error> {
    match case {
        Some(case) => Ok(cases::exists(tx, sight, case).await?),
        None => Ok(ctx.require(Action::EditDocuments)?),
    }
}

/// A document as it begins.
pub(super) fn new_document(
    ctx: &Ctx,
    id: DocumentId,
    fields: DocumentFields,
    file: &NewFile,
    source: Source,
    control_number: Option<String>,
    metadata: Map<String, Value>,
) -> Document {
    let now = ctx.now();
    Document {
        id,
        fields,
        control_number,
        source,
        metadata,
        current_version: 1,
        content: file.content.clone(),
        text_status: texts::first_status(&file.content),
        created_by: ctx.user(),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Writes a new document with its first version, its record and its event.
pub(super) async fn create(tx: &mut Tx, ctx: &Ctx, document: &Document, file: &NewFile) -> Result<(), Error> {
    blobs::hold(tx, file.content.sha256, ctx.now()).await?;
    store::insert(tx, ctx.firm(), document).await?;
    store::insert_version(tx, ctx.firm(), &first_version(ctx, document, file)).await?;
    let what = Entity::of(document.id).in_case_if(document.fields.case_id);
    let what = what.differing(&Value::Object(Map::new()), document);
    audit::record(tx, ctx, Act::Create, what).await?;
    ctx.publish(tx, &events::documents::Added(document.snapshot())).await?;
    Ok(())
}

fn first_version(ctx: &Ctx, document: &Document, file: &NewFile) -> DocumentVersion {
    DocumentVersion {
        id: ctx.new_id(),
        document: document.id,
        number: 1,
        content: file.content.clone(),
        md5: file.md5,
        note: None,
        created_by: ctx.user(),
        created_at: document.created_at,
    }
}

/// Adds a version to `before`, which becomes `changed` with the new file.
pub(super) async fn append(
    tx: &mut Tx,
    ctx: &Ctx,
    before: &Document,
    changed: Document,
    file: NewFile,
    note: Option<String>,
) -> Result<(Document, DocumentVersion), Error> {
    if before.current_version >= MAX_VERSIONS {
        return Err(Error::VersionLimit);
    }
    let number = before.current_version + 1;
    let version = DocumentVersion {
        id: ctx.new_id(),
        document: before.id,
        number,
        content: file.content,
        md5: file.md5,
        note,
        created_by: ctx.user(),
        created_at: ctx.now(),
    };
    let after = Document {
        current_version: number,
        text_status: texts::first_status(&version.content),
        content: version.content.clone(),
        version: before.version + 1,
        updated_at: ctx.now(),
        ..changed
    };
    blobs::hold(tx, after.content.sha256, ctx.now()).await?;
    store::insert_version(tx, ctx.firm(), &version).await?;
    store::update(tx, ctx.firm(), &after).await?;
    let what = Entity::of(after.id).in_case_if(after.fields.case_id).differing(before, &after);
    audit::record(tx, ctx, Act::Update, what).await?;
    ctx.publish(tx, &events::documents::Changed(after.snapshot())).await?;
    texts::replace(tx, ctx, &after).await?;
    Ok((after, version))
}

pub(super) fn check_version(document: &Document, seen: Option<Version>) -> Result<(), Error> {
    match seen {
        Some(seen) if seen.0 != document.version => Err(Error::Stale { current: document.version }),
        _ => Ok(()),
    }
}
