use crate::{
    Case, CaseFields, CaseFilter, CasePlace, CaseSort, CaseStatus, CaseSummary, change_case, delete_case,
    find_case, list_cases, open_case,
};
use access::Ctx;
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::NaiveDate;
use ids::{CaseId, ClientId};
use serde::Deserialize;
use utoipa::IntoParams;
use web::etag::{conditional, created, tagged};
use web::merge_patch::patched;
use web::paging::MAX_LIMIT;
use web::{
    Cursor, IfMatch, MergePatch, Page, Paged, PathId, Problem, ProblemBody, Sort, ValidJson, ValidQuery,
};

/// Which cases, in which order.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListCases {
    /// Part of the number, title or docket number; case does not count.
    #[garde(inner(length(chars, max = 200)))]
    query: Option<String>,
    /// Only this status.
    #[garde(skip)]
    pub(super) status: Option<CaseStatus>,
    /// Only this practice area, as it is written.
    #[garde(inner(length(chars, max = 100)))]
    practice_area: Option<String>,
    /// Only this client's.
    #[garde(skip)]
    client_id: Option<ClientId>,
    /// Only this court's, by its id such as `cand`.
    #[garde(inner(length(chars, max = 15)))]
    court: Option<String>,
    /// Filed on this day or later.
    #[garde(inner(custom(web::calendar_day)))]
    filed_from: Option<NaiveDate>,
    /// Filed on this day or earlier.
    #[garde(inner(custom(web::calendar_day)))]
    filed_to: Option<NaiveDate>,
    /// `openedAt` (newest first unless told), `title`, `number`, `filedOn`, `status` or `updatedAt`; a `-` before it
    /// turns the order round.
    #[garde(skip)]
    sort: Option<String>,
    /// The same as `sort`, for older clients.
    #[garde(skip)]
    sort_by: Option<String>,
    /// `asc` or `desc`, for older clients.
    #[garde(skip)]
    order: Option<String>,
    /// The page, from 1.
    #[garde(skip)]
    page: Option<u64>,
    /// Cases on a page: 1 to 1000, 20 unless told.
    #[garde(skip)]
    limit: Option<u64>,
    /// `nextCursor` of the page before, for reading far into the list; goes with the sort `openedAt` and without `page`.
    #[garde(skip)]
    cursor: Option<String>,
}

const SORTS: &[(&str, CaseSort)] = &[
    ("openedAt", CaseSort::OpenedAt),
    ("title", CaseSort::Title),
    ("number", CaseSort::Number),
    ("filedOn", CaseSort::FiledOn),
    ("status", CaseSort::Status),
    ("updatedAt", CaseSort::UpdatedAt),
];

/// List cases, newest first.
#[utoipa::path(get, path = "/api/cases", tag = "Cases", operation_id = "listCases", params(ListCases),
    responses(
        (status = 200, description = "A page of cases", body = Paged<CaseSummary>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Your role may not see cases", body = ProblemBody),
    ))]
pub(super) async fn list(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ListCases>,
) -> Result<Paged<CaseSummary>, Problem> {
    let page = Page::from_parts(query.page, query.limit, MAX_LIMIT)?;
    let (sort, sort_by, order) = (query.sort.as_deref(), query.sort_by.as_deref(), query.order.as_deref());
    let sort = Sort::parse(sort, sort_by, order, SORTS, Sort::descending(CaseSort::OpenedAt))?;
    let by_opening = sort.field == CaseSort::OpenedAt;
    let after: Option<CasePlace> = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    if after.is_some() && (!by_opening || query.page.is_some_and(|page| page != 1)) {
        return Err(Problem::invalid_field("cursor", "goes with the sort openedAt and without page"));
    }
    let (cases, total) = list_cases(&ctx, &query.filter(), sort, page, after).await?;
    let is_full = by_opening && cases.len() as u64 == page.limit();
    let last =
        cases.last().filter(|_| is_full).map(|case| CasePlace { opened_at: case.opened_at, id: case.id });
    let next = last.and_then(|place| Cursor::encode(&place));
    Ok(Paged::new(cases, total, page).with_next(next))
}

impl ListCases {
    fn filter(self) -> CaseFilter {
        let present = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        CaseFilter {
            text: present(self.query).map(|text| text.trim().to_owned()),
            status: self.status,
            practice_area: present(self.practice_area),
            client: self.client_id,
            court: present(self.court),
            filed_from: self.filed_from,
            filed_to: self.filed_to,
        }
    }
}

/// Open a case.
///
/// Without a `number` the case gets the next one of the firm's template.
#[utoipa::path(post, path = "/api/cases", tag = "Cases", operation_id = "openCase", request_body = CaseFields,
    responses(
        (status = 201, description = "The case; `Location` is its path", body = Case),
        (status = 400, description = "Members are wrong; `errors` names them all", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Your role may not open cases", body = ProblemBody),
        (status = 409, description = "The number, or the docket of this court, belongs to another case",
            body = ProblemBody),
    ))]
pub(super) async fn open(ctx: Ctx, ValidJson(fields): ValidJson<CaseFields>) -> Result<Response, Problem> {
    let case = open_case(&ctx, fields).await?;
    Ok(created(&format!("/api/cases/{}", case.id), case.version(), &case))
}

/// Open a case, under its other name.
#[utoipa::path(post, path = "/api/matters", tag = "Cases", operation_id = "openMatter", request_body = CaseFields,
    responses(
        (status = 201, description = "The case; `Location` is its path", body = Case),
        (status = 400, description = "Members are wrong", body = ProblemBody),
        (status = 409, description = "The number or docket belongs to another case", body = ProblemBody),
    ))]
pub(super) async fn open_matter(ctx: Ctx, fields: ValidJson<CaseFields>) -> Result<Response, Problem> {
    open(ctx, fields).await
}

/// Show a case.
#[utoipa::path(get, path = "/api/cases/{id}", tag = "Cases", operation_id = "showCase",
    params(("id" = CaseId, Path, description = "The case")),
    responses(
        (status = 200, description = "The case, with its `ETag`", body = Case),
        (status = 304, description = "The case is at the version in `If-None-Match`"),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Your role may not see cases", body = ProblemBody),
        (status = 404, description = "No such case in your firm", body = ProblemBody),
    ))]
pub(super) async fn show(
    ctx: Ctx,
    PathId(id): PathId<CaseId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let case = find_case(&ctx, id).await?;
    Ok(conditional(&headers, case.version(), Json(&case)))
}

/// Change a case.
///
/// A JSON Merge Patch (RFC 7396): members that are left out stay, `null` clears. A new `status` must be a step that the
/// present one allows.
#[utoipa::path(patch, path = "/api/cases/{id}", tag = "Cases", operation_id = "changeCase",
    params(("id" = CaseId, Path, description = "The case"),
        ("If-Match" = Option<String>, Header, description = "The version to change, as its `ETag`")),
    request_body(content = CaseFields, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "The case after the change", body = Case),
        (status = 400, description = "Members are wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Your role may not change cases", body = ProblemBody),
        (status = 404, description = "No such case in your firm", body = ProblemBody),
        (status = 409, description = "The number is taken, or the status does not allow the step",
            body = ProblemBody),
        (status = 412, description = "The case was changed meanwhile", body = ProblemBody),
    ))]
pub(super) async fn change(
    ctx: Ctx,
    PathId(id): PathId<CaseId>,
    IfMatch(seen): IfMatch,
    MergePatch(patch): MergePatch,
) -> Result<Response, Problem> {
    let case = change_case(&ctx, id, seen, |fields| patched(fields, patch)).await?;
    Ok(tagged(case.version(), Json(&case)))
}

/// Change a case, as `PATCH` does.
#[utoipa::path(put, path = "/api/cases/{id}", tag = "Cases", operation_id = "putCase",
    params(("id" = CaseId, Path, description = "The case"),
        ("If-Match" = Option<String>, Header, description = "The version to change, as its `ETag`")),
    request_body(content = CaseFields, content_type = "application/json"),
    responses(
        (status = 200, description = "The case after the change", body = Case),
        (status = 400, description = "Members are wrong", body = ProblemBody),
        (status = 404, description = "No such case in your firm", body = ProblemBody),
        (status = 409, description = "The number is taken, or the status does not allow the step",
            body = ProblemBody),
        (status = 412, description = "The case was changed meanwhile", body = ProblemBody),
    ))]
pub(super) async fn put(
    ctx: Ctx,
    id: PathId<CaseId>,
    seen: IfMatch,
    patch: MergePatch,
) -> Result<Response, Problem> {
    change(ctx, id, seen, patch).await
}

/// Remove a case with its parties.
#[utoipa::path(delete, path = "/api/cases/{id}", tag = "Cases", operation_id = "deleteCase",
    params(("id" = CaseId, Path, description = "The case"),
        ("If-Match" = Option<String>, Header, description = "The version to remove, as its `ETag`")),
    responses(
        (status = 204, description = "The case is removed"),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Your role may not remove cases", body = ProblemBody),
        (status = 404, description = "No such case in your firm", body = ProblemBody),
        (status = 409, description = "Something still belongs to the case", body = ProblemBody),
        (status = 412, description = "The case was changed meanwhile", body = ProblemBody),
    ))]
pub(super) async fn delete(
    ctx: Ctx,
    PathId(id): PathId<CaseId>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode, Problem> {
    delete_case(&ctx, id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}
