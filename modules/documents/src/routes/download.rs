//! Downloads: whole, or in ranges (RFC 9110, 13 to 15), as a stream of constant memory.

use super::versions::PathVersion;
use crate::Error;
use crate::disposition::Disposition;
use crate::media;
use crate::model::{DocumentVersion, Files};
use crate::range::{self, Wanted};
use crate::service::{VersionKey, open_version};
use access::Ctx;
use axum::Extension;
use axum::body::Body;
use axum::response::Response;
use blob::BlobReader;
use bytes::Bytes;
use chrono::NaiveDateTime;
use crypto::digest;
use futures_util::{StreamExt as _, stream};
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use ids::DocumentId;
use serde::Deserialize;
use std::ops::Range;
use utoipa::IntoParams;
use web::{PathId, Problem, ProblemBody, ValidQuery, codes};

/// Which version.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichVersion {
    /// The version's number, or its id; the current one unless told.
    #[garde(inner(length(chars, max = 64)))]
    version: Option<String>,
}

impl WhichVersion {
    fn key(&self) -> Result<VersionKey, Error> {
        self.version.as_deref().map_or(Ok(VersionKey::Current), VersionKey::parse)
    }
}

/// Download a document's file.
///
/// Ranges are honoured, at most 16 in one request. The entity tag is the file's SHA-256.
#[utoipa::path(get, path = "/api/documents/{id}/download", tag = "Documents", operation_id = "downloadDocument",
    params(("id" = DocumentId, Path, description = "The document"), WhichVersion),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The ranges asked for", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The caller has it already"),
        (status = 404, description = "No such document, or no such version", body = ProblemBody),
        (status = 412, description = "The file is not the one in If-Match", body = ProblemBody),
        (status = 416, description = "The file has no such range", body = ProblemBody)))]
pub(super) async fn download(
    ctx: Ctx,
    Extension(files): Extension<Files>,
    PathId(id): PathId<DocumentId>,
    ValidQuery(query): ValidQuery<WhichVersion>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (version, reader) = open_version(&ctx, &files, id, query.key()?).await?;
    answer(&ctx, &method, &headers, &version, &reader, Disposition::Attachment)
}

/// Show a document's file where the type is safe to show, else download it.
#[utoipa::path(get, path = "/api/documents/{id}/content", tag = "Documents", operation_id = "documentContent",
    params(("id" = DocumentId, Path, description = "The document"), WhichVersion),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The ranges asked for", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The caller has it already"),
        (status = 404, description = "No such document, or no such version", body = ProblemBody),
        (status = 412, description = "The file is not the one in If-Match", body = ProblemBody),
        (status = 416, description = "The file has no such range", body = ProblemBody)))]
pub(super) async fn content(
    ctx: Ctx,
    Extension(files): Extension<Files>,
    PathId(id): PathId<DocumentId>,
    ValidQuery(query): ValidQuery<WhichVersion>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (version, reader) = open_version(&ctx, &files, id, query.key()?).await?;
    answer(&ctx, &method, &headers, &version, &reader, shown(&version))
}

/// Show a document's file: the same as `GET /api/documents/{id}/content`.
#[utoipa::path(get, path = "/api/documents/{id}/preview", tag = "Documents", operation_id = "previewDocument",
    params(("id" = DocumentId, Path, description = "The document"), WhichVersion),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The ranges asked for", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The caller has it already"),
        (status = 404, description = "No such document, or no such version", body = ProblemBody),
        (status = 412, description = "The file is not the one in If-Match", body = ProblemBody),
        (status = 416, description = "The file has no such range", body = ProblemBody)))]
pub(super) async fn preview(
    ctx: Ctx,
    Extension(files): Extension<Files>,
    PathId(id): PathId<DocumentId>,
    ValidQuery(query): ValidQuery<WhichVersion>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (version, reader) = open_version(&ctx, &files, id, query.key()?).await?;
    answer(&ctx, &method, &headers, &version, &reader, shown(&version))
}

/// Download the file of a version.
#[utoipa::path(get, path = "/api/documents/{id}/versions/{version}/download", tag = "Documents",
    operation_id = "downloadDocumentVersion",
    params(("id" = DocumentId, Path, description = "The document"),
        ("version" = String, Path, description = "The version's number, or its id", example = "1")),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The ranges asked for", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The caller has it already"),
        (status = 404, description = "No such document, or no such version", body = ProblemBody),
        (status = 412, description = "The file is not the one in If-Match", body = ProblemBody),
        (status = 416, description = "The file has no such range", body = ProblemBody)))]
pub(super) async fn download_version(
    ctx: Ctx,
    Extension(files): Extension<Files>,
    PathId(id): PathId<DocumentId>,
    PathVersion(key): PathVersion,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (version, reader) = open_version(&ctx, &files, id, key).await?;
    answer(&ctx, &method, &headers, &version, &reader, Disposition::Attachment)
}

fn shown(version: &DocumentVersion) -> Disposition {
    if media::is_shown(&version.content.content_type) { Disposition::Inline } else { Disposition::Attachment }
}

/// What tells a caller whether it has the file already.
struct Validators {
    tag: String,
    modified: String,
    modified_at: NaiveDateTime,
}

/// How HTTP writes a time (RFC 9110, 5.6.7).
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

impl Validators {
    fn of(version: &DocumentVersion) -> Self {
        let modified = version.last_modified();
        Self {
            tag: format!("\"{}\"", version.content.sha256),
            modified: modified.format(HTTP_DATE).to_string(),
            modified_at: modified.naive_utc(),
        }
    }

    /// The preconditions in the order of RFC 9110, 13.2.2: the status that answers at once, if any.
    fn refusal(&self, headers: &HeaderMap) -> Option<StatusCode> {
        let is_newer = |name| date(headers, name).map(|date| self.modified_at > date);
        let changed = match listed(headers, &IF_MATCH) {
            Some(tags) => !tags.iter().any(|tag| *tag == "*" || *tag == self.tag),
            None => is_newer(&IF_UNMODIFIED_SINCE).unwrap_or(false),
        };
        if changed {
            return Some(StatusCode::PRECONDITION_FAILED);
        }
        let is_known = match listed(headers, &IF_NONE_MATCH) {
            Some(tags) => {
                tags.iter().any(|tag| *tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.tag)
            }
            None => is_newer(&IF_MODIFIED_SINCE) == Some(false),
        };
        is_known.then_some(StatusCode::NOT_MODIFIED)
    }

    /// Whether the range still belongs to this file (RFC 9110, 13.1.5): only the very same tag or date says so.
    fn keeps_range(&self, headers: &HeaderMap) -> bool {
        let text = headers.get(IF_RANGE).map(HeaderValue::to_str);
        text.is_none_or(|text| text.is_ok_and(|text| text == self.tag || text == self.modified))
    }
}

/// The entity tags of a header; none of ours has a comma in it.
fn listed<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Vec<&'a str>> {
    headers.contains_key(name).then(|| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(str::trim).collect()
    })
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(headers.get(name)?.to_str().ok()?, HTTP_DATE).ok()
}

fn answer(
    ctx: &Ctx,
    method: &Method,
    request: &HeaderMap,
    version: &DocumentVersion,
    reader: &BlobReader,
    disposition: Disposition,
) -> Result<Response, Problem> {
    let (validators, size) = (Validators::of(version), reader.size_bytes());
    match validators.refusal(request) {
        Some(StatusCode::NOT_MODIFIED) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            describe(response.headers_mut(), version, &validators, disposition, false);
            return Ok(response);
        }
        Some(_) => {
            let detail = "the file is not the one in the condition any more: download it without";
            return Err(Problem::new(codes::STALE_VERSION).with_detail(detail));
        }
        None => {}
    }
    // A range means something for GET alone (RFC 9110, 14.2).
    let header = request.get(RANGE).filter(|_| *method == Method::GET && validators.keeps_range(request));
    let wanted =
        header.and_then(|range| range.to_str().ok()).map_or(Wanted::Whole, |text| range::wanted(text, size));
    let mut response = match wanted {
        Wanted::Nothing => return Err(unsatisfiable(size)),
        Wanted::Whole => whole(reader)?,
        Wanted::Parts(parts) => match parts.as_slice() {
            [one] => single(reader, one)?,
            _ => several(ctx, version, reader, parts)?,
        },
    };
    let is_several = response.headers().contains_key(CONTENT_TYPE);
    describe(response.headers_mut(), version, &validators, disposition, is_several);
    Ok(response)
}

fn whole(reader: &BlobReader) -> Result<Response, Error> {
    let mut response = Response::new(Body::from_stream(reader.read_all()?));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(reader.size_bytes()));
    Ok(response)
}

fn single(reader: &BlobReader, range: &Range<u64>) -> Result<Response, Error> {
    let mut response = partial(Body::from_stream(reader.read_range(range.clone())?));
    set(response.headers_mut(), CONTENT_RANGE, &content_range(range, reader.size_bytes()));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    Ok(response)
}

fn partial(body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    response
}

fn content_range(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1))
}

/// The headers that every answer with this file has. It is never compressed: its parts are addressed by byte.
fn describe(
    headers: &mut HeaderMap,
    version: &DocumentVersion,
    validators: &Validators,
    disposition: Disposition,
    is_several: bool,
) {
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache, no-transform"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set(headers, ETAG, &validators.tag);
    set(headers, LAST_MODIFIED, &validators.modified);
    if !is_several {
        set(headers, CONTENT_TYPE, &version.content.content_type);
    }
    set(headers, CONTENT_DISPOSITION, &disposition.header(&version.content.file_name));
}

/// All values here are visible ASCII by their making; one that is not is left out.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn unsatisfiable(size: u64) -> Problem {
    let problem = Problem::new(codes::RANGE_NOT_SATISFIABLE)
        .with_detail(format!("the file has {size} bytes, and none of them lies in the range"));
    match HeaderValue::from_str(&format!("bytes */{size}")) {
        Ok(value) => problem.with_header(CONTENT_RANGE, value),
        Err(_) => problem,
    }
}

/// Several ranges as `multipart/byteranges` (RFC 9110, 14.6).
fn several(
    ctx: &Ctx,
    version: &DocumentVersion,
    reader: &BlobReader,
    parts: Vec<Range<u64>>,
) -> Result<Response, Error> {
    let mut random = [0; 16];
    ctx.app().random().fill(&mut random);
    let boundary = digest::hex(&random);
    let size = reader.size_bytes();
    let head = |range: &Range<u64>| {
        let kind = &version.content.content_type;
        format!(
            "\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: {}\r\n\r\n",
            content_range(range, size)
        )
    };
    let tail = format!("\r\n--{boundary}--\r\n");
    let mut length = tail.len() as u64;
    let mut streams = Vec::with_capacity(parts.len());
    for range in parts {
        let head = Bytes::from(head(&range));
        length += head.len() as u64 + (range.end - range.start);
        streams.push(stream::iter([Ok(head)]).chain(reader.read_range(range)?));
    }
    let end = stream::iter([Ok::<_, blob::Error>(Bytes::from(tail))]);
    let mut response = partial(Body::from_stream(stream::iter(streams).flatten().chain(end)));
    set(response.headers_mut(), CONTENT_TYPE, &format!("multipart/byteranges; boundary={boundary}"));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    Ok(response)
}
