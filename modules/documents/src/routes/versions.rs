use super::views::{ComparisonView, DifferenceView, DocumentView, VersionView};
use crate::Error;
use crate::model::DocumentVersion;
use crate::service::{self, VersionKey, version_of};
use access::Ctx;
use axum::Json;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::response::Response;
use http::request::Parts;
use ids::DocumentId;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use web::{IfMatch, Page, Paged, PathId, Problem, ProblemBody, ValidQuery, Version};

/// The version in the path: its number, or its id.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathVersion(pub(super) VersionKey);

impl VersionKey {
    /// Reads a number or an id; what is neither names no version.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let number = text.parse().ok().filter(|number| *number > 0).map(Self::Number);
        number
            .or_else(|| text.parse().ok().map(Self::Id))
            .ok_or_else(|| Error::NoVersion(text.chars().take(64).collect()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathVersion {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let text = params.as_ref().and_then(|params| params.iter().nth(1)).map(|(_, text)| text);
        Ok(Self(VersionKey::parse(text.unwrap_or_default())?))
    }
}

/// Which page.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichPage {
    /// The page, from 1.
    #[garde(skip)]
    page: Option<u64>,
    /// Versions on a page: 1 to 1000, 20 unless told.
    #[garde(skip)]
    limit: Option<u64>,
}

/// List the versions of a document, newest first.
#[utoipa::path(get, path = "/api/documents/{id}/versions", tag = "Documents", operation_id = "listDocumentVersions",
    params(("id" = DocumentId, Path, description = "The document"), WhichPage),
    responses((status = 200, description = "A page of versions", body = Paged<VersionView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 404, description = "No such document", body = ProblemBody)))]
pub(super) async fn list_versions(
    ctx: Ctx,
    PathId(id): PathId<DocumentId>,
    ValidQuery(query): ValidQuery<WhichPage>,
) -> Result<Paged<VersionView>, Problem> {
    let page = Page::from_parts(query.page, query.limit, web::paging::MAX_LIMIT)?;
    let (versions, total) = service::list_versions(&ctx, id, page.limit(), page.offset()).await?;
    Ok(Paged::new(versions.into_iter().map(VersionView::from).collect(), total, page))
}

/// Show a version of a document.
#[utoipa::path(get, path = "/api/documents/{id}/versions/{version}", tag = "Documents",
    operation_id = "showDocumentVersion",
    params(("id" = DocumentId, Path, description = "The document"),
        ("version" = String, Path, description = "The version's number, or its id", example = "1")),
    responses((status = 200, description = "The version", body = VersionView),
        (status = 404, description = "No such document, or no such version", body = ProblemBody)))]
pub(super) async fn show_version(
    ctx: Ctx,
    PathId(id): PathId<DocumentId>,
    PathVersion(key): PathVersion,
) -> Result<Json<VersionView>, Problem> {
    Ok(Json(version_of(&ctx, id, key).await?.1.into()))
}

/// Compare a version with the current one.
///
/// Tells in which members the two differ, and whether their bytes are the same. It does not compare their texts.
#[utoipa::path(get, path = "/api/documents/{id}/versions/{version}/compare", tag = "Documents",
    operation_id = "compareDocumentVersion",
    params(("id" = DocumentId, Path, description = "The document"),
        ("version" = String, Path, description = "The version's number, or its id", example = "1")),
    responses((status = 200, description = "The differences", body = ComparisonView),
        (status = 404, description = "No such document, or no such version", body = ProblemBody)))]
pub(super) async fn compare_version(
    ctx: Ctx,
    PathId(id): PathId<DocumentId>,
    PathVersion(key): PathVersion,
) -> Result<Json<ComparisonView>, Problem> {
    let (_, from) = version_of(&ctx, id, key).await?;
    let (_, to) = version_of(&ctx, id, VersionKey::Current).await?;
    let differences = members(&from).into_iter().zip(members(&to)).filter(|(from, to)| from != to);
    let differences =
        differences.map(|((field, from), (_, to))| DifferenceView { field, from, to }).collect();
    let same_content = from.content.sha256 == to.content.sha256;
    Ok(Json(ComparisonView { differences, same_content, from: from.into(), to: to.into() }))
}

/// What of a version can be compared.
fn members(version: &DocumentVersion) -> [(&'static str, Value); 6] {
    let content = &version.content;
    [
        ("fileName", content.file_name.as_str().into()),
        ("contentType", content.content_type.as_str().into()),
        ("sizeBytes", content.size_bytes.into()),
        ("sha256", content.sha256.to_string().into()),
        ("note", version.note.clone().into()),
        ("createdBy", version.created_by.to_string().into()),
    ]
}

/// Make an earlier version the current one again.
///
/// Adds a new version with the same file; nothing is removed.
#[utoipa::path(post, path = "/api/documents/{id}/versions/{version}/restore", tag = "Documents",
    operation_id = "restoreDocumentVersion",
    params(("id" = DocumentId, Path, description = "The document"),
        ("version" = String, Path, description = "The version's number, or its id", example = "1")),
    responses((status = 201, description = "The document as it is now", body = DocumentView),
        (status = 404, description = "No such document, or no such version", body = ProblemBody),
        (status = 409, description = "The document has too many versions", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody)))]
pub(super) async fn restore_version(
    ctx: Ctx,
    PathId(id): PathId<DocumentId>,
    PathVersion(key): PathVersion,
    IfMatch(seen): IfMatch,
) -> Result<Response, Problem> {
    let (_, earlier) = version_of(&ctx, id, key).await?;
    let (document, version) = service::restore_version(&ctx, id, earlier.number, seen).await?;
    let location = format!("/api/documents/{id}/versions/{}", version.number);
    Ok(web::etag::created(&location, Version(document.version), DocumentView::from(document)))
}
