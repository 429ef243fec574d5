mod export;
mod views;

use crate::model::Filter;
use crate::{Entry, Notary, Wanted, service};
use access::{Action, Ctx, Gate, Routes};
use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use ids::{CaseId, UserId, VerificationId};
use utoipa_axum::routes;
use uuid::Uuid;
pub use views::{AuditEntryView, ListEntriesOfCase};
use views::{
    AuditReportView, AuditSummaryView, ChainedEntryView, InTime, ListEntries, MAX_LIMIT, Order, Pages,
    Stretch, VerificationView,
};
use web::{Account, Cursor, Fault, Page, Paged, PathId, Problem, ProblemBody, ValidQuery, codes};

/// This module's routes.
pub fn routes(notary: Notary) -> Routes {
    let gate = Gate::May(Action::ReadAudit);
    Routes::new()
        .route(routes!(list_entries), gate)
        .route(routes!(show_entry), gate)
        .route(routes!(list_entries_of_entity), gate)
        .route(routes!(list_entries_of_user), gate)
        .route(routes!(show_stats), gate)
        .route(routes!(show_report), gate)
        .route(routes!(export::export_entries), gate)
        .route(routes!(verify), gate)
        .route(routes!(list_verifications), gate)
        .route(routes!(show_verification), gate)
        .with(notary)
}

/// List the firm's audit log, the newest entry first. The question is recorded in it.
#[utoipa::path(get, path = "/api/audit-logs", tag = "Audit", operation_id = "listAuditEntries", params(ListEntries),
    responses((status = 200, description = "A page of entries", body = Paged<AuditEntryView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody)))]
async fn list_entries(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ListEntries>,
) -> Result<Paged<AuditEntryView>, Problem> {
    page_of(&ctx, &query, query.filter()).await
}

/// List what happened to one thing, the newest entry first.
#[utoipa::path(get, path = "/api/audit-logs/entity/{entityType}/{entityId}", tag = "Audit",
    operation_id = "listAuditEntriesOfEntity",
    params(("entityType" = String, Path, description = "The kind of thing, such as `case` or `docket-entry`",
            example = "case"),
        ("entityId" = Uuid, Path, description = "Its id"), ListEntries),
    responses((status = 200, description = "A page of entries", body = Paged<AuditEntryView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody)))]
async fn list_entries_of_entity(
    ctx: Ctx,
    Path((kind, id)): Path<(String, String)>,
    ValidQuery(query): ValidQuery<ListEntries>,
) -> Result<Paged<AuditEntryView>, Problem> {
    let id = id.parse::<Uuid>().map_err(|_| malformed("the id in the path is not a UUID"))?;
    let kind = kind.replace(['-', '_'], " ");
    let filter = Filter { entity: Some(kind), entity_id: Some(id), ..query.filter() };
    page_of(&ctx, &query, filter).await
}

/// List what one user did, the newest entry first.
#[utoipa::path(get, path = "/api/audit-logs/user/{userId}", tag = "Audit", operation_id = "listAuditEntriesOfUser",
    params(("userId" = UserId, Path, description = "The user"), ListEntries),
    responses((status = 200, description = "A page of entries", body = Paged<AuditEntryView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody)))]
async fn list_entries_of_user(
    ctx: Ctx,
    PathId(user): PathId<UserId>,
    ValidQuery(query): ValidQuery<ListEntries>,
) -> Result<Paged<AuditEntryView>, Problem> {
    let filter = Filter { user: Some(user), ..query.filter() };
    page_of(&ctx, &query, filter).await
}

async fn page_of(ctx: &Ctx, query: &ListEntries, filter: Filter) -> Result<Paged<AuditEntryView>, Problem> {
    let (page, wanted) = wanted((query.page, query.limit), query.cursor.as_deref(), query.sort)?;
    let (entries, total) = service::list_entries(ctx, &filter, wanted).await?;
    Ok(paged(entries, total, page))
}

/// A page of the record of a case that the caller sees, for the module of cases: `lead` is who leads it.
pub async fn page_of_case(
    ctx: &Ctx,
    of: (CaseId, Option<UserId>),
    query: &ListEntriesOfCase,
) -> Result<Paged<AuditEntryView>, Problem> {
    let (page, wanted) = wanted((query.page, query.limit), query.cursor.as_deref(), query.sort)?;
    let (entries, total) = service::list_entries_of_case(ctx, of, query.filter(), wanted).await?;
    Ok(paged(entries, total, page))
}

fn wanted(
    (page, limit): (Option<u64>, Option<u64>),
    cursor: Option<&str>,
    sort: Option<Order>,
) -> Result<(Page, Wanted), Problem> {
    let of = Page::from_parts(page, limit, MAX_LIMIT)?;
    if cursor.is_some() && page.is_some() {
        let fault = Fault::new("cursor", "conflict", "goes without `page`");
        return Err(Problem::invalid(vec![fault]));
    }
    let wanted = Wanted {
        newest_first: sort.unwrap_or_default() == Order::Newest,
        beyond: cursor.map(Cursor::decode).transpose()?,
        limit: of.limit(),
        offset: of.offset(),
    };
    Ok((of, wanted))
}

fn paged(entries: Vec<Entry>, total: u64, page: Page) -> Paged<AuditEntryView> {
    let is_full = entries.len() as u64 == page.limit();
    let next = entries.last().filter(|_| is_full).and_then(|last| Cursor::encode(&last.seq));
    Paged::new(entries.into_iter().map(AuditEntryView::from).collect(), total, page).with_next(next)
}

/// Show one entry, whole, with its hash.
#[utoipa::path(get, path = "/api/audit-logs/{seq}", tag = "Audit", operation_id = "showAuditEntry",
    params(("seq" = i64, Path, description = "Its place in the firm's chain", example = 1)),
    responses((status = 200, description = "The entry", body = ChainedEntryView),
        (status = 404, description = "No such entry", body = ProblemBody)))]
async fn show_entry(ctx: Ctx, Path(seq): Path<String>) -> Result<Json<ChainedEntryView>, Problem> {
    let seq = seq.parse().map_err(|_| malformed("the number in the path is none"))?;
    Ok(Json(service::find_entry(&ctx, seq).await?.into()))
}

fn malformed(detail: &str) -> Problem {
    Problem::new(codes::MALFORMED_ID).with_detail(detail)
}

/// Count what happened in a stretch of time.
#[utoipa::path(get, path = "/api/audit-logs/stats", tag = "Audit", operation_id = "showAuditStats", params(InTime),
    responses((status = 200, description = "The numbers", body = AuditSummaryView),
        (status = 400, description = "A parameter is wrong", body = ProblemBody)))]
async fn show_stats(
    ctx: Ctx,
    ValidQuery(span): ValidQuery<InTime>,
) -> Result<Json<AuditSummaryView>, Problem> {
    Ok(Json(service::summarize(&ctx, span.into()).await?.into()))
}

/// Show the compliance report of a stretch of time.
#[utoipa::path(get, path = "/api/audit-logs/report", tag = "Audit", operation_id = "showAuditReport",
    params(InTime),
    responses((status = 200, description = "The report", body = AuditReportView),
        (status = 400, description = "A parameter is wrong", body = ProblemBody)))]
async fn show_report(
    ctx: Ctx,
    account: Account,
    ValidQuery(span): ValidQuery<InTime>,
) -> Result<Json<AuditReportView>, Problem> {
    account.hold(service::REPORT_BYTES)?;
    Ok(Json(service::report(&ctx, span.into()).await?.into()))
}

/// Verify the chain, or a stretch of it, in the background.
#[utoipa::path(post, path = "/api/audit-logs/verify", tag = "Audit", operation_id = "verifyAuditLog",
    params(Stretch),
    responses((status = 202, description = "It is under way: ask at the address in Location", body = VerificationView),
        (status = 400, description = "A parameter is wrong", body = ProblemBody)))]
async fn verify(ctx: Ctx, ValidQuery(stretch): ValidQuery<Stretch>) -> Result<Response, Problem> {
    let asked = service::ask_for_verification(&ctx, stretch.into()).await?;
    let location = format!("/api/audit-logs/verifications/{}", asked.id);
    let mut response = (StatusCode::ACCEPTED, Json(VerificationView::from(asked))).into_response();
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// List the verifications of the chain, the newest first.
#[utoipa::path(get, path = "/api/audit-logs/verifications", tag = "Audit", operation_id = "listAuditVerifications",
    params(Pages),
    responses((status = 200, description = "A page of verifications", body = Paged<VerificationView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody)))]
async fn list_verifications(
    ctx: Ctx,
    ValidQuery(pages): ValidQuery<Pages>,
) -> Result<Paged<VerificationView>, Problem> {
    let page = Page::from_parts(pages.page, pages.limit, 100)?;
    let (found, total) = service::list_verifications(&ctx, page.limit(), page.offset()).await?;
    Ok(Paged::new(found.into_iter().map(VerificationView::from).collect(), total, page))
}

/// Show a verification and what it found.
#[utoipa::path(get, path = "/api/audit-logs/verifications/{id}", tag = "Audit",
    operation_id = "showAuditVerification",
    params(("id" = VerificationId, Path, description = "The verification")),
    responses((status = 200, description = "The verification", body = VerificationView),
        (status = 404, description = "No such verification", body = ProblemBody)))]
async fn show_verification(
    ctx: Ctx,
    PathId(id): PathId<VerificationId>,
) -> Result<Json<VerificationView>, Problem> {
    Ok(Json(service::find_verification(&ctx, id).await?.into()))
}
