use crate::model::{Document, DocumentFilter, DocumentSort, DocumentVersion, Files, Stats, TextStatus};
use crate::{Error, store};
use access::{Action, Ctx, Sight};
use audit::Entity;
use blob::BlobReader;
use db::Reads;
use ids::{CaseId, DocumentId, DocumentVersionId};
use serde_json::json;

/// How a caller names a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionKey {
    /// The newest.
    Current,
    /// By its number.
    Number(i64),
    /// By its id.
    Id(DocumentVersionId),
}

/// A piece of a document's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPiece {
    /// The version whose text it is: the current one.
    pub version: i64,
    /// How far the text is known.
    pub status: TextStatus,
    /// How many pieces there are.
    pub pieces: u32,
    /// The piece; nothing when there is no such piece.
    pub text: Option<String>,
}

/// One document.
pub async fn find_document(ctx: &Ctx, id: DocumentId) -> Result<Document, Error> {
    let sight = ctx.sight_to(Action::ReadDocuments)?;
    store::find(ctx.reader(), sight, id).await
}

/// The case that a document belongs to; nothing for a document that is not seen, or of no case.
pub async fn case_of_document(
    db: &impl Reads,
    sight: Sight,
    document: DocumentId,
) -> Result<Option<CaseId>, Error> {
    match store::find(db, sight, document).await {
        Ok(document) => Ok(document.fields.case_id),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// One page of documents, and how many there are in all.
pub async fn list_documents(
    ctx: &Ctx,
    filter: &DocumentFilter,
    sort: DocumentSort,
    descending: bool,
    limit: u64,
    offset: u64,
) -> Result<(Vec<Document>, u64), Error> {
    let sight = ctx.sight_to(Action::ReadDocuments)?;
    ctx.require_records(Action::ReadDocuments, offset.saturating_add(limit))?;
    if let Some(case) = filter.case {
        cases::exists(ctx.reader(), sight, case).await?;
    }
    store::list(ctx.reader(), sight, filter, sort, descending, limit, offset).await
}

/// How many documents are seen, and how large they are.
pub async fn stats(ctx: &Ctx) -> Result<Stats, Error> {
    let sight = ctx.sight_to(Action::ReadDocuments)?;
    store::stats(ctx.reader(), sight).await
}

/// One page of a document's versions, the newest first, and how many there are in all.
pub async fn list_versions(
    ctx: &Ctx,
    id: DocumentId,
    limit: u64,
    offset: u64,
) -> Result<(Vec<DocumentVersion>, u64), Error> {
    let sight = ctx.sight_to(Action::ReadDocuments)?;
    ctx.require_records(Action::ReadDocuments, offset.saturating_add(limit))?;
    store::find(ctx.reader(), sight, id).await?;
    store::list_versions(ctx.reader(), ctx.firm(), id, limit, offset).await
}

/// One version by its number.
pub async fn find_version(ctx: &Ctx, id: DocumentId, number: i64) -> Result<DocumentVersion, Error> {
    Ok(version_of(ctx, id, VersionKey::Number(number)).await?.1)
}

/// A document and one of its versions.
pub(crate) async fn version_of(
    ctx: &Ctx,
    id: DocumentId,
    key: VersionKey,
) -> Result<(Document, DocumentVersion), Error> {
    let document = find_document(ctx, id).await?;
    let (reader, firm) = (ctx.reader(), ctx.firm());
    let version = match key {
        VersionKey::Current => store::find_version(reader, firm, id, document.current_version).await?,
        VersionKey::Number(number) => store::find_version(reader, firm, id, number).await?,
        VersionKey::Id(version) => store::find_version_by_id(reader, firm, id, version).await?,
    };
    Ok((document, version))
}

/// A version with its file, opened to be sent. Who reads it is recorded before a byte of it leaves.
pub(crate) async fn open_version(
    ctx: &Ctx,
    files: &Files,
    id: DocumentId,
    key: VersionKey,
) -> Result<(DocumentVersion, BlobReader), Error> {
    let (document, version) = version_of(ctx, id, key).await?;
    let reader = files.blobs.get(version.content.sha256.0).await?;
    if reader.size_bytes() != version.content.size_bytes {
        // Cut or overwritten from outside: no part of it can be trusted.
        return Err(blob::Error::Shortened.into());
    }
    tell(ctx, files, &document, version.number, None).await?;
    Ok((version, reader))
}

/// Records that the content of a version was read. A question for its headers alone reads nothing.
async fn tell(
    ctx: &Ctx,
    files: &Files,
    document: &Document,
    version: i64,
    piece: Option<u32>,
) -> Result<(), Error> {
    if ctx.request().method.as_ref().is_some_and(|method| method.as_str() == "HEAD") {
        return Ok(());
    }
    let mut what = json!({ "version": version });
    if let Some(piece) = piece {
        what["textPiece"] = piece.into();
    }
    let read = Entity::of(document.id).in_case_if(document.fields.case_id).changed(what);
    Ok(audit::record_reading(ctx, &files.spill, read).await?)
}

/// A piece of the text of a document's current version, from 0.
pub async fn read_text_piece(
    ctx: &Ctx,
    files: &Files,
    id: DocumentId,
    piece: u32,
) -> Result<TextPiece, Error> {
    let document = find_document(ctx, id).await?;
    let version = document.current_version;
    let pieces = store::count_text_pieces(ctx.reader(), ctx.firm(), id, version).await?;
    let text = store::text_piece(ctx.reader(), ctx.firm(), id, version, piece).await?;
    tell(ctx, files, &document, version, Some(piece)).await?;
    Ok(TextPiece { version, status: document.text_status, pieces, text })
}
