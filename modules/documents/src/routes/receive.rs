//! Uploads as forms: `file` and text fields in any order, the file streamed into the store as it comes.

use super::fields::FieldsBody;
use super::raw::{RawVersion, expected_digest, new_version, receive_raw};
use super::views::{DocumentView, VersionView};
use crate::Error;
use crate::form_data::{FormData, FormFault, PartHead, boundary};
use crate::model::Files;
use crate::service::{self, Intake, NewFile, blobs};
use access::Ctx;
use axum::Extension;
use axum::response::Response;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use ids::DocumentId;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use web::problem::Problem;
use web::{BodyFault, IfMatch, PathId, ProblemBody, RawBody, Ruled as _, ValidQuery, Version};

/// The most parts of a form beside the file.
const MAX_FIELDS: usize = 32;
/// The longest text field, in bytes.
const FIELD_BYTES: usize = 64 << 10;
/// What a form may have beside its file, in bytes: the fields, their headers and the boundaries.
pub(super) const FORM_BYTES: u64 = (MAX_FIELDS as u64 + 1) * (FIELD_BYTES as u64 + (8 << 10)) + (64 << 10);

/// A form with a file. The parts may come in any order.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the form; the parts are streamed")]
pub(super) struct UploadForm {
    /// The file; its part names it.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The case.
    case_id: Option<String>,
    /// The title; the name of the file unless told.
    title: Option<String>,
    /// The kind of document, such as `email`.
    kind: Option<String>,
    /// What it is about.
    description: Option<String>,
    /// From whose files it came.
    custodian: Option<String>,
    /// Labels, parted by commas, or a JSON list.
    tags: Option<String>,
    /// First Bates number.
    bates_begin: Option<String>,
    /// Last Bates number.
    bates_end: Option<String>,
}

/// A form with a new version's file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form; the parts are streamed")]
pub(super) struct VersionForm {
    /// The file; its part names it.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Why there is this version.
    note: Option<String>,
}

/// Add a document.
///
/// The file is streamed to disk and is never held in memory; it is there, synced, before the answer. An upload that
/// breaks off leaves nothing. The header `X-Content-SHA256` (64 hexadecimal digits), where sent, must be the file's
/// digest.
#[utoipa::path(post, path = "/api/documents", tag = "Documents", operation_id = "addDocument",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "The document, with its address in Location", body = DocumentView),
        (status = 400, description = "The form is wrong, or incomplete", body = ProblemBody),
        (status = 404, description = "No such case", body = ProblemBody),
        (status = 408, description = "The file came too slowly", body = ProblemBody),
        (status = 413, description = "The file is too large", body = ProblemBody),
        (status = 415, description = "Files of this type are not taken", body = ProblemBody),
        (status = 422, description = "The digest does not match, or a rule refuses it", body = ProblemBody),
        (status = 507, description = "The disk is full", body = ProblemBody)))]
pub(super) async fn add_document(
    ctx: Ctx,
    Extension(files): Extension<Files>,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Response, Problem> {
    add(&ctx, &files, &headers, body).await
}

/// Add a document: the same as `POST /api/documents`.
#[utoipa::path(post, path = "/api/documents/upload", tag = "Documents", operation_id = "uploadDocument",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, description = "The document, with its address in Location", body = DocumentView),
        (status = 400, description = "The form is wrong, or incomplete", body = ProblemBody),
        (status = 404, description = "No such case", body = ProblemBody),
        (status = 413, description = "The file is too large", body = ProblemBody),
        (status = 415, description = "Files of this type are not taken", body = ProblemBody),
        (status = 507, description = "The disk is full", body = ProblemBody)))]
pub(super) async fn upload_document(
    ctx: Ctx,
    Extension(files): Extension<Files>,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Response, Problem> {
    add(&ctx, &files, &headers, body).await
}

async fn add(ctx: &Ctx, files: &Files, headers: &HeaderMap, body: RawBody) -> Result<Response, Problem> {
    let form = Box::pin(receive(ctx, files, headers, body)).await?;
    let digest = form.file.content.sha256;
    let fields = web::merge_patch::patched_by(&Map::new(), Value::Object(form.fields), FieldsBody::broken);
    let fields: FieldsBody = match fields {
        Ok(fields) => fields,
        Err(problem) => {
            blobs::abandon(ctx, digest).await;
            return Err(problem);
        }
    };
    let fields = fields.titled(&form.file.content.file_name);
    let document = Box::pin(service::add_document(ctx, files, fields, form.file)).await?;
    let location = format!("/api/documents/{}", document.id);
    Ok(web::etag::created(&location, Version(document.version), DocumentView::from(document)))
}

/// Add a version to a document, as a form or as the file itself.
///
/// The new version becomes the current one; earlier ones stay as they are.
#[utoipa::path(post, path = "/api/documents/{id}/versions", tag = "Documents", operation_id = "addDocumentVersion",
    params(("id" = DocumentId, Path, description = "The document"), RawVersion),
    request_body(content((VersionForm = "multipart/form-data"), (Vec<u8> = "application/octet-stream"))),
    responses((status = 201, description = "The version, with its address in Location", body = VersionView),
        (status = 400, description = "The form is wrong, or incomplete", body = ProblemBody),
        (status = 404, description = "No such document", body = ProblemBody),
        (status = 409, description = "The document has too many versions", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody),
        (status = 413, description = "The file is too large", body = ProblemBody),
        (status = 415, description = "Files of this type are not taken", body = ProblemBody)))]
pub(super) async fn add_version(
    ctx: Ctx,
    Extension(files): Extension<Files>,
    PathId(id): PathId<DocumentId>,
    IfMatch(seen): IfMatch,
    ValidQuery(query): ValidQuery<RawVersion>,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Response, Problem> {
    // A document that is not there is told before its file is read.
    let known = service::find_document(&ctx, id).await?;
    if matches!(boundary(content_type(&headers)), Err(FormFault::NoForm)) {
        let name = query.file_name.unwrap_or(known.content.file_name);
        let file = Box::pin(receive_raw(&ctx, &files, &headers, &name, body)).await?;
        return Box::pin(new_version(&ctx, &files, id, seen, file, query.note)).await;
    }
    let mut form = Box::pin(receive(&ctx, &files, &headers, body)).await?;
    let note = form.fields.remove("note").and_then(|note| note.as_str().map(str::to_owned));
    if let Some(unknown) = form.fields.keys().next() {
        blobs::abandon(&ctx, form.file.content.sha256).await;
        let fault = web::Fault::new(unknown.as_str(), "unknown", "a version has only `file` and `note`");
        return Err(Problem::invalid(vec![fault]));
    }
    Box::pin(new_version(&ctx, &files, id, seen, form.file, note.or(query.note))).await
}

/// A form that was read: its file is in the store.
struct Received {
    file: NewFile,
    fields: Map<String, Value>,
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Reads a form to its end. The file is put into the store last, when nothing of the form can be wrong any more.
async fn receive(ctx: &Ctx, files: &Files, headers: &HeaderMap, body: RawBody) -> Result<Received, Error> {
    let expected = expected_digest(headers)?;
    let boundary = boundary(content_type(headers))?;
    let limit_bytes = files.settings.max_file_bytes;
    let announced = body.declared_bytes();
    if announced.is_some_and(|bytes| bytes > limit_bytes.saturating_add(FORM_BYTES)) {
        return Err(BodyFault::TooLarge { limit_bytes }.into());
    }
    let mut form = FormData::new(body, &boundary);
    let (mut intake, mut fields, mut count) = (None, Map::new(), 0);
    while let Some(head) = form.next_part().await? {
        if is_file(&head) {
            if intake.is_some() {
                return Err(FormFault::FieldTwice { name: "file".to_owned() }.into());
            }
            // What the file can be at least, so that a full disk is told before it is written to.
            let least = announced.map(|bytes| bytes.saturating_sub(FORM_BYTES));
            let name = head.file_name.as_deref().unwrap_or("document");
            let mut begun = Intake::start(files, name, head.content_type.as_deref(), least).await?;
            while let Some(piece) = form.chunk().await? {
                begun.write(&piece).await?;
            }
            intake = Some(begun);
            continue;
        }
        count += 1;
        if count > MAX_FIELDS {
            return Err(FormFault::TooManyParts { limit: MAX_FIELDS + 1 }.into());
        }
        let text = text_field(&mut form, &head.name).await?;
        keep(&mut fields, head.name, text)?;
    }
    let intake = intake.ok_or(FormFault::NoFile)?;
    Ok(Received { file: intake.finish_as(ctx, expected).await?, fields })
}

fn is_file(head: &PartHead) -> bool {
    head.name == "file" || head.file_name.is_some()
}

async fn text_field(form: &mut FormData<RawBody>, name: &str) -> Result<String, FormFault> {
    let mut bytes = Vec::new();
    while let Some(piece) = form.chunk().await? {
        if bytes.len() + piece.len() > FIELD_BYTES {
            return Err(FormFault::FieldTooLong { name: name.to_owned(), limit_bytes: FIELD_BYTES });
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| FormFault::FieldEncoding { name: name.to_owned() })
}

/// An empty field is absent. Labels come as a list or with commas between.
fn keep(fields: &mut Map<String, Value>, name: String, text: String) -> Result<(), FormFault> {
    if fields.contains_key(&name) {
        return Err(FormFault::FieldTwice { name });
    }
    if text.trim().is_empty() {
        return Ok(());
    }
    let value = match name.as_str() {
        "tags" => serde_json::from_str(&text)
            .ok()
            .filter(Value::is_array)
            .unwrap_or_else(|| text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).collect()),
        _ => Value::from(text),
    };
    fields.insert(name, value);
    Ok(())
}
