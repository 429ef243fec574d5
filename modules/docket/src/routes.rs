use crate::model::{DOC_ID_CHARS, NUMBER_CHARS, TEXT_CHARS};
use crate::{Entry, EntryDraft, EntryFilter, EntrySort, Error, Link, service};
use access::{Action, Ctx, Gate, Routes};
use axum::Json;
use axum::response::Response;
use chrono::NaiveDate;
use clock::Timestamp;
use http::StatusCode;
use ids::{CaseId, DocketEntryId, DocumentId, LinkId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use web::problem::Failure as _;
use web::{
    Fault, IfMatch, MergePatch, Page, Paged, PathId, Problem, ProblemBody, Sort, ValidJson, ValidQuery,
    Version,
};

/// This module's routes.
pub fn routes() -> Routes {
    Routes::new()
        .route(routes!(list_docket), Gate::MayOnCase(Action::ReadDocket))
        .route(routes!(add_entry), Gate::MayOnCase(Action::EditDocket))
        .route(routes!(show_entry), Gate::MayOnCase(Action::ReadDocket))
        .route(routes!(patch_entry), Gate::MayOnCase(Action::EditDocket))
        .route(routes!(put_entry), Gate::MayOnCase(Action::EditDocket))
        .route(routes!(delete_entry), Gate::MayOnCase(Action::DeleteDocket))
        .route(routes!(list_docket_of_case), Gate::MayOnCase(Action::ReadDocket))
}

const SORTS: &[(&str, EntrySort)] = &[
    ("filedOn", EntrySort::FiledOn),
    ("createdAt", EntrySort::CreatedAt),
    ("updatedAt", EntrySort::UpdatedAt),
];

/// Which entries, in which order, and which page of them.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListDocket {
    /// Entries of this case.
    #[garde(skip)]
    case_id: Option<CaseId>,
    /// Filed on this day or later.
    #[garde(inner(custom(web::calendar_day)))]
    filed_from: Option<NaiveDate>,
    /// Filed on this day or earlier.
    #[garde(inner(custom(web::calendar_day)))]
    filed_to: Option<NaiveDate>,
    /// With this document number.
    #[garde(inner(length(chars, max = 32)))]
    number: Option<String>,
    /// Whose text holds these letters.
    #[garde(inner(length(chars, max = 200)))]
    search: Option<String>,
    /// The page, from 1.
    #[garde(skip)]
    page: Option<u64>,
    /// Entries on a page: 1 to 1000, 20 unless told.
    #[garde(skip)]
    limit: Option<u64>,
    /// `filedOn` (the default), `createdAt` or `updatedAt`; with a minus sign the other way round.
    #[garde(skip)]
    sort: Option<String>,
    /// The same as `sort`, without a sign.
    #[garde(skip)]
    sort_by: Option<String>,
    /// `asc` or `desc`, with `sortBy`.
    #[garde(skip)]
    order: Option<String>,
}

/// What an entry says.
#[derive(Debug, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"caseId": "019cae6b-8e20-707a-a469-71cfb354a067", "filedOn": "2026-03-02",
    "enteredOn": "2026-03-03", "number": "12", "text": "MOTION to compel discovery", "seqNo": "38",
    "pacerDocId": "035121904410", "pageCount": 18, "fileSizeBytes": 482_113, "sealed": false}))]
struct EntryBody {
    /// The case; it cannot be changed later.
    #[garde(skip)]
    case_id: CaseId,
    /// The day of filing.
    #[garde(custom(web::calendar_day))]
    #[schema(example = "2026-03-02")]
    filed_on: NaiveDate,
    /// The day on which the clerk entered it.
    #[garde(inner(custom(web::calendar_day)))]
    #[serde(default)]
    entered_on: Option<NaiveDate>,
    /// The court's number of the document.
    #[garde(inner(length(chars, max = NUMBER_CHARS), custom(web::legible)))]
    #[serde(default)]
    #[schema(example = "12")]
    number: Option<String>,
    /// The text.
    #[garde(length(chars, min = 1, max = TEXT_CHARS))]
    #[schema(example = "MOTION to compel discovery")]
    text: String,
    /// PACER's sequence number.
    #[garde(inner(length(chars, max = NUMBER_CHARS), custom(web::legible)))]
    #[serde(default)]
    seq_no: Option<String>,
    /// PACER's id of the main document.
    #[garde(inner(length(chars, max = DOC_ID_CHARS), custom(web::legible)))]
    #[serde(default)]
    pacer_doc_id: Option<String>,
    /// Pages of the main document.
    #[garde(inner(range(min = 0)))]
    #[serde(default)]
    page_count: Option<i64>,
    /// Size of the main document in bytes.
    #[garde(inner(range(min = 0)))]
    #[serde(default)]
    file_size_bytes: Option<i64>,
    /// Whether the court sealed it.
    #[garde(skip)]
    #[serde(default)]
    sealed: bool,
}

/// A docket entry.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-b640-73ad-979c-a4f2e687d39a",
    "caseId": "019cae6b-8e20-707a-a469-71cfb354a067", "filedOn": "2026-03-02", "enteredOn": "2026-03-03", "number": "12",
    "text": "MOTION to compel discovery", "seqNo": "38", "pacerDocId": "035121904410", "pageCount": 18,
    "fileSizeBytes": 482_113, "sealed": false,
    "links": [{"id": "019cae6b-b641-74be-a8ad-b503f798e4ab", "number": 1, "description": "Declaration of Dana Whitlock",
        "pacerDocId": "035121904411", "pageCount": 6, "fileSizeBytes": 151_772, "documentId": null}],
    "version": 1, "createdAt": "2026-03-02T12:00:20.544291Z", "updatedAt": "2026-03-02T12:00:20.544291Z"}))]
struct EntryView {
    /// Its id.
    id: DocketEntryId,
    #[serde(flatten)]
    body: EntryBody,
    /// The court's documents that belong to it.
    links: Vec<LinkView>,
    /// Counts the changes, from 1.
    version: i64,
    /// When it came into the firm.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A document of the court.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LinkView {
    /// The link.
    id: LinkId,
    /// 0 for the main document, 1 and on for its attachments.
    number: i64,
    /// What it is.
    description: Option<String>,
    /// PACER's id of the document.
    pacer_doc_id: Option<String>,
    /// Pages.
    page_count: Option<i64>,
    /// Size in bytes.
    file_size_bytes: Option<i64>,
    /// The firm's own copy, where it has one.
    document_id: Option<DocumentId>,
}

/// List docket entries, in the order of filing.
#[utoipa::path(get, path = "/api/docket", tag = "Docket", operation_id = "listDocket", params(ListDocket),
    responses((status = 200, description = "A page of entries", body = Paged<EntryView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 404, description = "No such case", body = ProblemBody)))]
async fn list_docket(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ListDocket>,
) -> Result<Paged<EntryView>, Problem> {
    page_of(&ctx, query).await
}

/// List the docket of a case, in the order of filing.
#[utoipa::path(get, path = "/api/cases/{id}/docket", tag = "Docket", operation_id = "listDocketOfCase",
    params(("id" = CaseId, Path, description = "The case"), ListDocket),
    responses((status = 200, description = "A page of entries", body = Paged<EntryView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 404, description = "No such case", body = ProblemBody)))]
async fn list_docket_of_case(
    ctx: Ctx,
    PathId(case): PathId<CaseId>,
    ValidQuery(query): ValidQuery<ListDocket>,
) -> Result<Paged<EntryView>, Problem> {
    page_of(&ctx, ListDocket { case_id: Some(case), ..query }).await
}

async fn page_of(ctx: &Ctx, query: ListDocket) -> Result<Paged<EntryView>, Problem> {
    let page = Page::from_parts(query.page, query.limit, web::paging::MAX_LIMIT)?;
    let sort = Sort::parse(
        query.sort.as_deref(),
        query.sort_by.as_deref(),
        query.order.as_deref(),
        SORTS,
        Sort::ascending(EntrySort::FiledOn),
    )?;
    let filter = EntryFilter {
        case: query.case_id,
        filed_from: query.filed_from,
        filed_to: query.filed_to,
        number: query.number,
        text: query.search,
    };
    let (entries, total) =
        service::list_entries(ctx, &filter, sort.field, sort.descending, page.limit(), page.offset()).await?;
    Ok(Paged::new(entries.into_iter().map(EntryView::from).collect(), total, page))
}

/// Add an entry at the end of a docket.
#[utoipa::path(post, path = "/api/docket", tag = "Docket", operation_id = "addDocketEntry", request_body = EntryBody,
    responses((status = 201, description = "The entry, with its address in Location", body = EntryView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 404, description = "No such case", body = ProblemBody)))]
async fn add_entry(ctx: Ctx, ValidJson(body): ValidJson<EntryBody>) -> Result<Response, Problem> {
    let entry = service::add_entry(&ctx, body.case_id, body.into()).await?;
    let location = format!("/api/docket/{}", entry.id);
    Ok(web::etag::created(&location, Version(entry.version), EntryView::from(entry)))
}

/// Show an entry.
#[utoipa::path(get, path = "/api/docket/{id}", tag = "Docket", operation_id = "showDocketEntry",
    params(("id" = DocketEntryId, Path, description = "The entry")),
    responses((status = 200, description = "The entry", body = EntryView),
        (status = 404, description = "No such entry", body = ProblemBody)))]
async fn show_entry(ctx: Ctx, PathId(id): PathId<DocketEntryId>) -> Result<Response, Problem> {
    let entry = service::find_entry(&ctx, id).await?;
    Ok(web::etag::tagged(Version(entry.version), Json(EntryView::from(entry))))
}

/// Change an entry.
///
/// A JSON Merge Patch (RFC 7396): name what changes, `null` removes.
#[utoipa::path(patch, path = "/api/docket/{id}", tag = "Docket", operation_id = "changeDocketEntry",
    params(("id" = DocketEntryId, Path, description = "The entry")), request_body = EntryBody,
    responses((status = 200, description = "The entry as it is now", body = EntryView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 404, description = "No such entry", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody),
        (status = 422, description = "An entry stays with its case", body = ProblemBody)))]
async fn patch_entry(
    ctx: Ctx,
    PathId(id): PathId<DocketEntryId>,
    IfMatch(seen): IfMatch,
    MergePatch(patch): MergePatch,
) -> Result<Response, Problem> {
    change(&ctx, id, seen, patch).await
}

/// Change an entry, for older clients: the same as `PATCH`.
#[utoipa::path(put, path = "/api/docket/{id}", tag = "Docket", operation_id = "putDocketEntry",
    params(("id" = DocketEntryId, Path, description = "The entry")), request_body = EntryBody,
    responses((status = 200, description = "The entry as it is now", body = EntryView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 404, description = "No such entry", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody),
        (status = 422, description = "An entry stays with its case", body = ProblemBody)))]
async fn put_entry(
    ctx: Ctx,
    PathId(id): PathId<DocketEntryId>,
    IfMatch(seen): IfMatch,
    MergePatch(patch): MergePatch,
) -> Result<Response, Problem> {
    change(&ctx, id, seen, patch).await
}

async fn change(
    ctx: &Ctx,
    id: DocketEntryId,
    seen: Option<Version>,
    patch: serde_json::Value,
) -> Result<Response, Problem> {
    let entry = service::change_entry(ctx, id, seen, |known| {
        let moved = |body: &EntryBody, _: &[Fault]| {
            if body.case_id == known.case { Vec::new() } else { Error::OtherCase.faults() }
        };
        let body: EntryBody = web::merge_patch::patched_by(&EntryBody::from(known), patch, moved)?;
        if body.case_id == known.case { Ok(body.into()) } else { Err(Problem::from(Error::OtherCase)) }
    })
    .await?;
    Ok(web::etag::tagged(Version(entry.version), Json(EntryView::from(entry))))
}

/// Remove an entry.
#[utoipa::path(delete, path = "/api/docket/{id}", tag = "Docket", operation_id = "deleteDocketEntry",
    params(("id" = DocketEntryId, Path, description = "The entry")),
    responses((status = 204, description = "Removed"),
        (status = 404, description = "No such entry", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody)))]
async fn delete_entry(
    ctx: Ctx,
    PathId(id): PathId<DocketEntryId>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode, Problem> {
    service::delete_entry(&ctx, id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<EntryBody> for EntryDraft {
    fn from(body: EntryBody) -> Self {
        let given =
            |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Self {
            filed_on: body.filed_on,
            entered_on: body.entered_on,
            number: given(body.number),
            text: body.text.trim().to_owned(),
            seq_no: given(body.seq_no),
            pacer_doc_id: given(body.pacer_doc_id),
            page_count: body.page_count,
            file_size_bytes: body.file_size_bytes,
            sealed: body.sealed,
        }
    }
}

impl From<&Entry> for EntryBody {
    fn from(entry: &Entry) -> Self {
        let draft = entry.draft.clone();
        Self {
            case_id: entry.case,
            filed_on: draft.filed_on,
            entered_on: draft.entered_on,
            number: draft.number,
            text: draft.text,
            seq_no: draft.seq_no,
            pacer_doc_id: draft.pacer_doc_id,
            page_count: draft.page_count,
            file_size_bytes: draft.file_size_bytes,
            sealed: draft.sealed,
        }
    }
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            body: EntryBody::from(&entry),
            links: entry.links.into_iter().map(LinkView::from).collect(),
            version: entry.version,
            created_at: entry.created_at,
            updated_at: entry.updated_at,
        }
    }
}

impl From<Link> for LinkView {
    fn from(link: Link) -> Self {
        Self {
            id: link.id,
            number: link.draft.number,
            description: link.draft.description,
            pacer_doc_id: link.draft.pacer_doc_id,
            page_count: link.draft.page_count,
            file_size_bytes: link.draft.file_size_bytes,
            document_id: link.document,
        }
    }
}
