use crate::{list_team, put_on_team, take_off_team};
use access::case_teams::CaseMember;
use access::{Ctx, Role};
use axum::Json;
use axum::http::StatusCode;
use clock::Timestamp;
use ids::{CaseId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::paging::MAX_LIMIT;
use web::{Page, Paged, PathId, Problem, ProblemBody, ValidJson};

/// A role to give on a case.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"role": "paralegal", "reason": "Prepares the exhibits"}))]
pub(super) struct PutOnTeam {
    /// What the user is on this case. `client` sees the case, its parties and its docket; any other role may do to this case
    /// what it may do to all in the firm. Not `super_admin`, `admin` or `it_admin`.
    #[garde(skip)]
    role: Role,
    /// Why, for the firm's records.
    #[garde(inner(length(chars, max = 2000), custom(web::says_something)))]
    #[serde(default)]
    #[schema(example = "Prepares the exhibits")]
    reason: Option<String>,
}

/// A user on the team of a case.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"userId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "role": "paralegal",
    "addedBy": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b13", "addedAt": "2026-03-02T12:00:34.440127Z"}))]
pub(super) struct CaseMemberView {
    /// The user.
    user_id: UserId,
    /// What they are on this case.
    role: Role,
    /// Who gave them the role.
    added_by: UserId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    added_at: Timestamp,
}

/// List who is on the team of a case.
#[utoipa::path(get, path = "/api/cases/{id}/team", tag = "Cases", operation_id = "listCaseTeam",
    params(("id" = CaseId, Path, description = "The case")),
    responses((status = 200, description = "All on one page: a team has at most 200", body = Paged<CaseMemberView>),
        (status = 403, description = "Your role may not see cases", body = ProblemBody),
        (status = 404, description = "No such case in your firm", body = ProblemBody)))]
pub(super) async fn list(ctx: Ctx, PathId(case): PathId<CaseId>) -> Result<Paged<CaseMemberView>, Problem> {
    let members = list_team(&ctx, case).await?;
    let total = members.len() as u64;
    let page = Page::from_parts(None, Some(total.max(1)), MAX_LIMIT)?;
    Ok(Paged::new(members, total, page).map(CaseMemberView::from))
}

/// Put a user on the team of a case, or give them another role on it.
///
/// For the case's lead, partners and administrators, who give no more than they may do themselves. The role counts from the
/// user's next request on, on this case alone, beside what they may do in the firm.
#[utoipa::path(put, path = "/api/cases/{id}/team/{userId}", tag = "Cases", operation_id = "putOnCaseTeam",
    params(("id" = CaseId, Path, description = "The case"), ("userId" = UserId, Path, description = "The user")),
    request_body = PutOnTeam,
    responses((status = 200, description = "The user is on the team", body = CaseMemberView),
        (status = 400, description = "No such role, or none that can be had on a case", body = ProblemBody),
        (status = 403, description = "You do not lead the case, or may not do so much yourself", body = ProblemBody),
        (status = 404, description = "No such case or user in your firm", body = ProblemBody),
        (status = 422, description = "The user is inactive, or there are too many", body = ProblemBody)))]
pub(super) async fn put(
    ctx: Ctx,
    PathId(case): PathId<CaseId>,
    PathId(user): PathId<UserId, 1>,
    ValidJson(body): ValidJson<PutOnTeam>,
) -> Result<Json<CaseMemberView>, Problem> {
    let reason = body.reason.map(|reason| reason.trim().to_owned());
    Ok(Json(put_on_team(&ctx, case, user, body.role, reason).await?.into()))
}

/// Take a user off the team of a case.
#[utoipa::path(delete, path = "/api/cases/{id}/team/{userId}", tag = "Cases", operation_id = "takeOffCaseTeam",
    params(("id" = CaseId, Path, description = "The case"), ("userId" = UserId, Path, description = "The user")),
    responses((status = 204, description = "The user is not on the team any more"),
        (status = 403, description = "You do not lead the case", body = ProblemBody),
        (status = 404, description = "No such case or user in your firm, or not on the team", body = ProblemBody)))]
pub(super) async fn take_off(
    ctx: Ctx,
    PathId(case): PathId<CaseId>,
    PathId(user): PathId<UserId, 1>,
) -> Result<StatusCode, Problem> {
    take_off_team(&ctx, case, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<CaseMember> for CaseMemberView {
    fn from(member: CaseMember) -> Self {
        let CaseMember { user, role, added_by, added_at } = member;
        Self { user_id: user, role, added_by, added_at }
    }
}
