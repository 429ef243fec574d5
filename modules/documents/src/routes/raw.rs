//! Uploads of the file itself, as the body of the request.

use super::fields::{self, FieldsBody};
use super::views::{DocumentView, VersionView};
use crate::Error;
use crate::model::{Digest, Files};
use crate::service::{self, Intake, NewFile};
use access::Ctx;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use crypto::digest;
use futures_util::StreamExt as _;
use http::header::{CONTENT_LOCATION, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use ids::{CaseId, DocumentId};
use serde::Deserialize;
use utoipa::IntoParams;
use web::{BodyFault, IfMatch, PathId, Problem, ProblemBody, RawBody, ValidQuery, Version};

/// What is said about a document whose file is the body.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RawDocument {
    /// The name of the file.
    #[garde(inner(length(chars, max = 1000)))]
    file_name: Option<String>,
    /// The case of a new document.
    #[garde(skip)]
    case_id: Option<CaseId>,
    /// The title of a new document; the name of the file unless told.
    #[garde(inner(length(chars, max = 1000), custom(fields::name)))]
    title: Option<String>,
    /// The kind of a new document.
    #[garde(inner(length(chars, max = 255), custom(fields::name)))]
    kind: Option<String>,
}

/// What is said about a version whose file is the body.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RawVersion {
    /// The name of the file; that of the version before unless told.
    #[garde(inner(length(chars, max = 1000)))]
    pub(super) file_name: Option<String>,
    /// Why there is this version.
    #[garde(inner(length(chars, max = 2000), custom(fields::plain)))]
    pub(super) note: Option<String>,
}

/// Put a file under an id: a new version of the document, or a new document.
///
/// The id of a new document is the caller's choice: a UUID of version 7 (RFC 9562). Sending the same again after a lost
/// answer gives the same document with one more version of the same file.
#[utoipa::path(put, path = "/api/documents/{id}/content", tag = "Documents", operation_id = "putDocumentContent",
    params(("id" = DocumentId, Path, description = "The document"), RawDocument),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, description = "The document with its new version", body = DocumentView),
        (status = 201, description = "The new document", body = DocumentView),
        (status = 400, description = "The id is no UUIDv7, or the body is incomplete", body = ProblemBody),
        (status = 404, description = "No such case", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody),
        (status = 413, description = "The file is too large", body = ProblemBody),
        (status = 415, description = "Files of this type are not taken", body = ProblemBody),
        (status = 422, description = "The digest does not match", body = ProblemBody),
        (status = 507, description = "The disk is full", body = ProblemBody)))]
pub(super) async fn put_content(
    ctx: Ctx,
    Extension(files): Extension<Files>,
    PathId(id): PathId<DocumentId>,
    IfMatch(seen): IfMatch,
    ValidQuery(query): ValidQuery<RawDocument>,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Response, Problem> {
    let name = match query.file_name {
        Some(name) => name,
        None => known_name(&ctx, id).await?,
    };
    let file = Box::pin(receive_raw(&ctx, &files, &headers, &name, body)).await?;
    let said = FieldsBody {
        case_id: query.case_id,
        title: query.title.unwrap_or_default(),
        kind: query.kind,
        ..FieldsBody::default()
    };
    let fields = said.titled(&file.content.file_name);
    let (document, is_new) = Box::pin(service::put_content(&ctx, &files, id, seen, fields, file)).await?;
    let version = Version(document.version);
    if is_new {
        return Ok(web::etag::created(
            &format!("/api/documents/{id}"),
            version,
            DocumentView::from(document),
        ));
    }
    let mut response = web::etag::tagged(version, Json(DocumentView::from(document)));
    if let Ok(place) = HeaderValue::from_str(&format!("/api/documents/{id}")) {
        response.headers_mut().insert(CONTENT_LOCATION, place);
    }
    Ok(response)
}

/// The name that a new version without one keeps: the document's own.
async fn known_name(ctx: &Ctx, id: DocumentId) -> Result<String, Problem> {
    match service::find_document(ctx, id).await {
        Ok(document) => Ok(document.content.file_name),
        Err(Error::NotFound(_)) => Ok("document".to_owned()),
        Err(error) => Err(error.into()),
    }
}

/// Adds a version and answers 201 with it.
pub(super) async fn new_version(
    ctx: &Ctx,
    files: &Files,
    id: DocumentId,
    seen: Option<Version>,
    file: NewFile,
    note: Option<String>,
) -> Result<Response, Problem> {
    let note = note.map(|note| note.trim().chars().filter(|c| *c != '\0').take(2000).collect::<String>());
    let note = note.filter(|note| !note.is_empty());
    let (document, version) = service::add_version(ctx, files, id, seen, file, note).await?;
    let place = format!("/api/documents/{id}/versions/{}", version.number);
    let answer = (StatusCode::CREATED, Json(VersionView::from(version))).into_response();
    // The tag is the document's: what `If-Match` of its next change must name.
    let mut response = web::etag::tagged(Version(document.version), answer);
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(LOCATION, place);
    }
    Ok(response)
}

/// Reads a body that is the file itself.
pub(super) async fn receive_raw(
    ctx: &Ctx,
    files: &Files,
    headers: &HeaderMap,
    name: &str,
    mut body: RawBody,
) -> Result<NewFile, Error> {
    let expected = expected_digest(headers)?;
    let limit_bytes = files.settings.max_file_bytes;
    let announced = body.declared_bytes();
    if announced.is_some_and(|bytes| bytes > limit_bytes) {
        return Err(BodyFault::TooLarge { limit_bytes }.into());
    }
    let claimed = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut intake = Intake::start(files, name, claimed, announced).await?;
    while let Some(piece) = body.next().await.transpose()? {
        intake.write(&piece).await?;
    }
    intake.finish_as(ctx, expected).await
}

/// The digest that the caller says the file has.
pub(super) fn expected_digest(headers: &HeaderMap) -> Result<Option<Digest>, Error> {
    let Some(value) = headers.get("x-content-sha256") else { return Ok(None) };
    let text = value.to_str().map_err(|_| Error::ChecksumHeader)?.trim();
    digest::from_hex(text).map(|bytes| Some(Digest(bytes))).ok_or(Error::ChecksumHeader)
}
