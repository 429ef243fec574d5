use super::case::{ListCases, list};
use crate::{
    Case, CaseStats, CaseStatus, CaseSummary, NumberTemplate, move_case, number_template, set_number_template,
};
use access::Ctx;
use axum::Json;
use axum::response::Response;
use ids::CaseId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};
use web::etag::tagged;
use web::{IfMatch, Page, Paged, PathId, Problem, ProblemBody, ValidJson, ValidQuery};

/// The example of a case as it is after a step to `status`.
fn in_status<T: PartialSchema>(status: CaseStatus) -> Value {
    // A schema is text, numbers and maps with text keys: such a value always serialises.
    let schema = serde_json::to_value(T::schema()).unwrap_or_default();
    let mut example = schema["example"].clone();
    let at = "2026-03-02T16:40:12.905511Z";
    example["status"] = json!(status);
    example["closedAt"] = status.is_over().then_some(at).into();
    example["updatedAt"] = at.into();
    example["version"] = 2.into();
    example
}

/// List archived cases.
#[utoipa::path(get, path = "/api/cases/archived", tag = "Cases", operation_id = "listArchivedCases",
    params(ListCases),
    responses(
        (status = 200, description = "A page of archived cases", body = Paged<CaseSummary>,
            example = json!(Paged::new(vec![in_status::<CaseSummary>(CaseStatus::Archived)], 1, Page::default()))),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
    ))]
pub(super) async fn archived(
    ctx: Ctx,
    ValidQuery(mut query): ValidQuery<ListCases>,
) -> Result<Paged<CaseSummary>, Problem> {
    query.status = Some(CaseStatus::Archived);
    list(ctx, ValidQuery(query)).await
}

/// Count cases.
#[utoipa::path(get, path = "/api/cases/stats", tag = "Cases", operation_id = "caseStats",
    responses(
        (status = 200, description = "Counts over all cases of the firm", body = CaseStats),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Your role may not see cases", body = ProblemBody),
    ))]
pub(super) async fn stats(ctx: Ctx) -> Result<Json<CaseStats>, Problem> {
    Ok(Json(crate::stats(&ctx).await?))
}

async fn moved(ctx: &Ctx, id: CaseId, seen: IfMatch, to: CaseStatus) -> Result<Response, Problem> {
    let case = move_case(ctx, id, seen.0, to).await?;
    Ok(tagged(case.version(), Json(&case)))
}

/// Close a case.
#[utoipa::path(post, path = "/api/cases/{id}/close", tag = "Cases", operation_id = "closeCase",
    params(("id" = CaseId, Path, description = "The case")),
    responses(
        (status = 200, description = "The closed case", body = Case,
            example = json!(in_status::<Case>(CaseStatus::Closed))),
        (status = 404, description = "No such case in your firm", body = ProblemBody),
        (status = 409, description = "The case is closed or archived already", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody),
    ))]
pub(super) async fn close(ctx: Ctx, PathId(id): PathId<CaseId>, seen: IfMatch) -> Result<Response, Problem> {
    moved(&ctx, id, seen, CaseStatus::Closed).await
}

/// Open a case again, or go on with one that was on hold.
#[utoipa::path(post, path = "/api/cases/{id}/reopen", tag = "Cases", operation_id = "reopenCase",
    params(("id" = CaseId, Path, description = "The case")),
    responses(
        (status = 200, description = "The open case", body = Case),
        (status = 404, description = "No such case in your firm", body = ProblemBody),
        (status = 409, description = "The case is open already", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody),
    ))]
pub(super) async fn reopen(ctx: Ctx, PathId(id): PathId<CaseId>, seen: IfMatch) -> Result<Response, Problem> {
    moved(&ctx, id, seen, CaseStatus::Open).await
}

/// Put an open case on hold.
#[utoipa::path(post, path = "/api/cases/{id}/hold", tag = "Cases", operation_id = "holdCase",
    params(("id" = CaseId, Path, description = "The case")),
    responses(
        (status = 200, description = "The case on hold", body = Case,
            example = json!(in_status::<Case>(CaseStatus::OnHold))),
        (status = 404, description = "No such case in your firm", body = ProblemBody),
        (status = 409, description = "The case is not open", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody),
    ))]
pub(super) async fn hold(ctx: Ctx, PathId(id): PathId<CaseId>, seen: IfMatch) -> Result<Response, Problem> {
    moved(&ctx, id, seen, CaseStatus::OnHold).await
}

/// Put a case away.
#[utoipa::path(post, path = "/api/cases/{id}/archive", tag = "Cases", operation_id = "archiveCase",
    params(("id" = CaseId, Path, description = "The case")),
    responses(
        (status = 200, description = "The archived case", body = Case,
            example = json!(in_status::<Case>(CaseStatus::Archived))),
        (status = 404, description = "No such case in your firm", body = ProblemBody),
        (status = 409, description = "The case is archived already", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody),
    ))]
pub(super) async fn archive(
    ctx: Ctx,
    PathId(id): PathId<CaseId>,
    seen: IfMatch,
) -> Result<Response, Problem> {
    moved(&ctx, id, seen, CaseStatus::Archived).await
}

/// How the firm numbers its cases.
#[derive(Debug, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"template": "{YYYY}-{practice}-{seq:5}"}))]
pub(super) struct CaseNumbering {
    /// `{seq}` or `{seq:5}` is the running number and must stand in it once; `{YYYY}` is the year of opening,
    /// `{practice}` the first letters of the practice area.
    #[garde(length(chars, max = NumberTemplate::MAX_CHARS), custom(web::legible))]
    template: String,
}

/// Show how the firm numbers its cases.
#[utoipa::path(get, path = "/api/cases/numbering", tag = "Cases", operation_id = "showCaseNumbering",
    responses((status = 200, description = "The template", body = CaseNumbering)))]
pub(super) async fn numbering(ctx: Ctx) -> Result<Json<CaseNumbering>, Problem> {
    let template = number_template(&ctx).await?;
    Ok(Json(CaseNumbering { template: template.as_str().to_owned() }))
}

/// Change how the firm numbers its cases from now on.
#[utoipa::path(put, path = "/api/cases/numbering", tag = "Cases", operation_id = "setCaseNumbering",
    request_body = CaseNumbering,
    responses(
        (status = 200, description = "The template", body = CaseNumbering),
        (status = 400, description = "The template gives no numbers", body = ProblemBody),
        (status = 403, description = "Only administrators may", body = ProblemBody),
    ))]
pub(super) async fn set_numbering(
    ctx: Ctx,
    ValidJson(wanted): ValidJson<CaseNumbering>,
) -> Result<Json<CaseNumbering>, Problem> {
    let template = set_number_template(&ctx, &wanted.template).await?;
    Ok(Json(CaseNumbering { template: template.as_str().to_owned() }))
}
