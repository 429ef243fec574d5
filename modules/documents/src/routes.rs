mod download;
mod fields;
mod raw;
mod receive;
mod versions;
mod views;

use crate::model::{DocumentFilter, DocumentSort, Files};
use crate::service;
use access::{Action, Ctx, Gate, Routes};
use axum::response::Response;
use axum::{Extension, Json};
use fields::FieldsBody;
use http::StatusCode;
use ids::{CaseId, DocumentId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;
use views::{DocumentView, StatsView, TextView};
use web::{
    IfMatch, MergePatch, Page, Paged, PathId, Problem, ProblemBody, Ruled as _, Sort, ValidQuery, Version,
};

/// This module's routes.
pub fn routes(files: Files) -> Routes {
    Routes::new()
        .route(routes!(list_documents), Gate::MayOnCase(Action::ReadDocuments))
        .route(routes!(receive::add_document), Gate::MayOnCase(Action::EditDocuments))
        .route(routes!(receive::upload_document), Gate::MayOnCase(Action::EditDocuments))
        .route(routes!(document_stats), Gate::MayOnCase(Action::ReadDocuments))
        .route(routes!(show_document), Gate::MayOnCase(Action::ReadDocuments))
        .route(routes!(patch_document), Gate::MayOnCase(Action::EditDocuments))
        .route(routes!(put_document), Gate::MayOnCase(Action::EditDocuments))
        .route(routes!(delete_document), Gate::MayOnCase(Action::DeleteDocuments))
        .route(routes!(document_text), Gate::MayOnCase(Action::ReadDocuments))
        .route(routes!(download::download), Gate::MayOnCase(Action::ReadDocuments))
        .route(routes!(download::content), Gate::MayOnCase(Action::ReadDocuments))
        .route(routes!(download::preview), Gate::MayOnCase(Action::ReadDocuments))
        .route(routes!(download::download_version), Gate::MayOnCase(Action::ReadDocuments))
        .route(routes!(raw::put_content), Gate::MayOnCase(Action::EditDocuments))
        .route(routes!(versions::list_versions), Gate::MayOnCase(Action::ReadDocuments))
        .route(routes!(versions::show_version), Gate::MayOnCase(Action::ReadDocuments))
        .route(routes!(versions::compare_version), Gate::MayOnCase(Action::ReadDocuments))
        .route(routes!(versions::restore_version), Gate::MayOnCase(Action::EditDocuments))
        .route(routes!(receive::add_version), Gate::MayOnCase(Action::EditDocuments))
        .route(routes!(list_documents_of_case), Gate::MayOnCase(Action::ReadDocuments))
        .with(files)
}

const SORTS: &[(&str, DocumentSort)] = &[
    ("createdAt", DocumentSort::CreatedAt),
    ("updatedAt", DocumentSort::UpdatedAt),
    ("title", DocumentSort::Title),
    ("fileName", DocumentSort::FileName),
    ("sizeBytes", DocumentSort::SizeBytes),
    ("bates", DocumentSort::Bates),
];

/// Which documents, in which order, and which page of them.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListDocuments {
    /// Documents of this case.
    #[garde(skip)]
    case_id: Option<CaseId>,
    /// Documents of this kind, such as `email`.
    #[garde(inner(length(chars, max = 255), custom(fields::plain)))]
    kind: Option<String>,
    /// Documents from this custodian's files.
    #[garde(inner(length(chars, max = 255), custom(fields::plain)))]
    custodian: Option<String>,
    /// The document whose Bates range holds this number, such as `ABC-000124`.
    #[garde(inner(length(chars, max = 128), custom(fields::plain)))]
    bates: Option<String>,
    /// Whose title, file name or description holds these letters.
    #[garde(inner(length(chars, max = 200), custom(fields::plain)))]
    #[serde(alias = "text")]
    search: Option<String>,
    /// The page, from 1.
    #[garde(skip)]
    page: Option<u64>,
    /// Documents on a page: 1 to 1000, 20 unless told.
    #[garde(skip)]
    limit: Option<u64>,
    /// `createdAt` (newest first unless told), `updatedAt`, `title`, `fileName`, `sizeBytes` or `bates`; with a minus
    /// sign the other way round.
    #[garde(skip)]
    sort: Option<String>,
    /// The same as `sort`, without a sign.
    #[garde(skip)]
    sort_by: Option<String>,
    /// `asc` or `desc`, with `sortBy`.
    #[garde(skip)]
    order: Option<String>,
}

/// Which piece of a text.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WhichPiece {
    /// The piece, from 0.
    #[garde(skip)]
    piece: Option<u32>,
}

/// List documents, newest first.
#[utoipa::path(get, path = "/api/documents", tag = "Documents", operation_id = "listDocuments", params(ListDocuments),
    responses((status = 200, description = "A page of documents", body = Paged<DocumentView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 404, description = "No such case", body = ProblemBody)))]
async fn list_documents(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ListDocuments>,
) -> Result<Paged<DocumentView>, Problem> {
    page_of(&ctx, query).await
}

/// List the documents of a case, newest first.
#[utoipa::path(get, path = "/api/cases/{id}/documents", tag = "Documents", operation_id = "listDocumentsOfCase",
    params(("id" = CaseId, Path, description = "The case"), ListDocuments),
    responses((status = 200, description = "A page of documents", body = Paged<DocumentView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 404, description = "No such case", body = ProblemBody)))]
async fn list_documents_of_case(
    ctx: Ctx,
    PathId(case): PathId<CaseId>,
    ValidQuery(query): ValidQuery<ListDocuments>,
) -> Result<Paged<DocumentView>, Problem> {
    page_of(&ctx, ListDocuments { case_id: Some(case), ..query }).await
}

async fn page_of(ctx: &Ctx, query: ListDocuments) -> Result<Paged<DocumentView>, Problem> {
    let page = Page::from_parts(query.page, query.limit, web::paging::MAX_LIMIT)?;
    let default = Sort::descending(DocumentSort::CreatedAt);
    let (sort, sort_by, order) = (query.sort.as_deref(), query.sort_by.as_deref(), query.order.as_deref());
    let sort = Sort::parse(sort, sort_by, order, SORTS, default)?;
    let given =
        |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = DocumentFilter {
        case: query.case_id,
        kind: given(query.kind),
        custodian: given(query.custodian),
        bates: given(query.bates),
        text: given(query.search),
    };
    let (documents, total) =
        service::list_documents(ctx, &filter, sort.field, sort.descending, page.limit(), page.offset())
            .await?;
    Ok(Paged::new(documents.into_iter().map(DocumentView::from).collect(), total, page))
}

/// Count the firm's documents.
#[utoipa::path(get, path = "/api/documents/stats", tag = "Documents", operation_id = "documentStats",
    responses((status = 200, description = "The counts", body = StatsView)))]
async fn document_stats(ctx: Ctx) -> Result<Json<StatsView>, Problem> {
    Ok(Json(service::stats(&ctx).await?.into()))
}

/// Show a document.
#[utoipa::path(get, path = "/api/documents/{id}", tag = "Documents", operation_id = "showDocument",
    params(("id" = DocumentId, Path, description = "The document")),
    responses((status = 200, description = "The document", body = DocumentView),
        (status = 404, description = "No such document", body = ProblemBody)))]
async fn show_document(ctx: Ctx, PathId(id): PathId<DocumentId>) -> Result<Response, Problem> {
    let document = service::find_document(&ctx, id).await?;
    Ok(web::etag::tagged(Version(document.version), Json(DocumentView::from(document))))
}

/// Change what is said about a document.
///
/// A JSON Merge Patch (RFC 7396): name what changes, `null` removes. The file is changed by a new version.
#[utoipa::path(patch, path = "/api/documents/{id}", tag = "Documents", operation_id = "changeDocument",
    params(("id" = DocumentId, Path, description = "The document")), request_body = FieldsBody,
    responses((status = 200, description = "The document as it is now", body = DocumentView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 404, description = "No such document, or no such case", body = ProblemBody),
        (status = 409, description = "The other case has a document with the same control number", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody),
        (status = 422, description = "The Bates numbers are no range", body = ProblemBody)))]
async fn patch_document(
    ctx: Ctx,
    PathId(id): PathId<DocumentId>,
    IfMatch(seen): IfMatch,
    MergePatch(patch): MergePatch,
) -> Result<Response, Problem> {
    change(&ctx, id, seen, patch).await
}

/// Change what is said about a document, for older clients: the same as `PATCH`.
#[utoipa::path(put, path = "/api/documents/{id}", tag = "Documents", operation_id = "putDocument",
    params(("id" = DocumentId, Path, description = "The document")), request_body = FieldsBody,
    responses((status = 200, description = "The document as it is now", body = DocumentView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 404, description = "No such document, or no such case", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody)))]
async fn put_document(
    ctx: Ctx,
    PathId(id): PathId<DocumentId>,
    IfMatch(seen): IfMatch,
    MergePatch(patch): MergePatch,
) -> Result<Response, Problem> {
    change(&ctx, id, seen, patch).await
}

async fn change(
    ctx: &Ctx,
    id: DocumentId,
    seen: Option<Version>,
    patch: serde_json::Value,
) -> Result<Response, Problem> {
    let document = service::change_document(ctx, id, seen, |known| {
        let present = FieldsBody::from(known.fields.clone());
        let body: FieldsBody = web::merge_patch::patched_by(&present, patch, FieldsBody::broken)?;
        Ok::<_, Problem>(body.titled(&known.content.file_name))
    })
    .await?;
    Ok(web::etag::tagged(Version(document.version), Json(DocumentView::from(document))))
}

/// Remove a document with all its versions.
#[utoipa::path(delete, path = "/api/documents/{id}", tag = "Documents", operation_id = "deleteDocument",
    params(("id" = DocumentId, Path, description = "The document")),
    responses((status = 204, description = "Removed"),
        (status = 404, description = "No such document", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody)))]
async fn delete_document(
    ctx: Ctx,
    PathId(id): PathId<DocumentId>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode, Problem> {
    service::delete_document(&ctx, id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read the text of a document's current version, one piece at a time.
///
/// `textStatus` says whether there is any: `pending` while it is being read, `none` where this type has no reader.
#[utoipa::path(get, path = "/api/documents/{id}/text", tag = "Documents", operation_id = "documentText",
    params(("id" = DocumentId, Path, description = "The document"), WhichPiece),
    responses((status = 200, description = "The piece", body = TextView),
        (status = 404, description = "No such document", body = ProblemBody)))]
async fn document_text(
    ctx: Ctx,
    Extension(files): Extension<Files>,
    PathId(id): PathId<DocumentId>,
    ValidQuery(query): ValidQuery<WhichPiece>,
) -> Result<Json<TextView>, Problem> {
    let piece = query.piece.unwrap_or(0);
    let found = service::read_text_piece(&ctx, &files, id, piece).await?;
    Ok(Json(TextView {
        version: found.version,
        text_status: found.status,
        pieces: found.pieces,
        piece,
        text: found.text,
    }))
}
