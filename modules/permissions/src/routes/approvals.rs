use super::grants::whole;
use crate::model::Answer;
use crate::service;
use access::grants::Approval;
use access::{Ctx, Gate, Role, Routes};
use axum::Json;
use axum::http::StatusCode;
use clock::Timestamp;
use ids::{ApprovalId, GrantId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use web::{Paged, PathId, Problem, ProblemBody, ValidJson, ValidQuery};

/// What users ask others to approve.
pub(super) fn routes() -> Routes {
    Routes::new()
        .route(routes!(list_approvals), Gate::SignedIn)
        .route(routes!(ask_approval), Gate::SignedIn)
        .route(routes!(approve), Gate::SignedIn)
        .route(routes!(decline), Gate::SignedIn)
        .route(routes!(end_approval), Gate::SignedIn)
}

/// Whose approvals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Whose {
    /// What you asked for, answered or not.
    #[default]
    Mine,
    /// What others asked for and you may answer.
    Waiting,
}

/// Which approvals.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct ListApprovals {
    /// `mine`: what you asked for; `waiting`: what others asked for and you may answer.
    #[serde(default)]
    #[param(inline)]
    of: Whose,
}

/// What is asked.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"permission": "documents:delete", "reason": "The client asked us to destroy the drafts"}))]
struct AskApproval {
    /// The permission's code, which a grant gives you that waits for an approval.
    #[garde(length(chars, max = 100))]
    #[schema(example = "documents:delete")]
    permission: String,
    /// Why, for whoever answers and for the firm's records.
    #[garde(length(chars, min = 1, max = 2000), custom(web::says_something))]
    #[schema(example = "The client asked us to destroy the drafts")]
    reason: String,
}

/// An approval.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"until": "2026-03-03T12:00:00Z", "reason": "Checked with the client"}))]
struct Approve {
    /// Until when the grant counts, at most 30 days ahead; for a day when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Why, if there is something to say.
    #[garde(inner(length(chars, min = 1, max = 2000), custom(web::says_something)))]
    #[serde(default)]
    reason: Option<String>,
}

/// A refusal.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"reason": "They are under a litigation hold"}))]
struct Decline {
    /// Why.
    #[garde(length(chars, min = 1, max = 2000), custom(web::says_something))]
    #[schema(example = "They are under a litigation hold")]
    reason: String,
}

/// How an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ApprovalState {
    /// It waits for an answer.
    Open,
    /// The grant counts.
    Approved,
    /// It does not.
    Declined,
}

/// What a user asked somebody else to approve.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-e9a4-7a7a-9469-71cfb3548068",
    "userId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "grantId": "019cae6b-e9a1-7d47-8136-4e9c80216d35",
    "permission": "documents:delete", "approverRole": "partner",
    "reason": "The client asked us to destroy the drafts", "askedAt": "2026-03-02T12:00:33.440127Z",
    "state": "approved", "overAt": "2026-03-03T12:00:00Z", "answeredBy": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b13",
    "answeredAt": "2026-03-02T12:05:00.440127Z", "answerReason": "Checked with the client"}))]
struct ApprovalView {
    /// The approval.
    id: ApprovalId,
    /// Who asked.
    user_id: UserId,
    /// The grant that it is about.
    grant_id: GrantId,
    /// The permission's code.
    permission: &'static str,
    /// Whose word it takes: somebody of this role, or who manages permissions.
    #[schema(value_type = String)]
    approver_role: Role,
    /// Why it is asked.
    reason: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// How it stands.
    state: ApprovalState,
    /// Until then it may be answered or, once it is approved, the grant counts.
    #[schema(value_type = String, format = DateTime)]
    over_at: Timestamp,
    /// Who answered.
    answered_by: Option<UserId>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    answered_at: Option<Timestamp>,
    /// Why so.
    answer_reason: Option<String>,
}

/// List what you asked others to approve, or what others asked and you may answer, as far as it is not over.
#[utoipa::path(get, path = "/api/approvals", tag = "Permissions", operation_id = "listApprovals",
    params(ListApprovals),
    responses((status = 200, description = "All approvals on one page", body = Paged<ApprovalView>)))]
async fn list_approvals(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ListApprovals>,
) -> Result<Paged<ApprovalView>, Problem> {
    let found = service::list_approvals(&ctx, query.of == Whose::Waiting).await?;
    whole(found.into_iter().map(ApprovalView::from).collect())
}

/// Ask somebody else to approve that you use a grant. It waits a week for an answer.
#[utoipa::path(post, path = "/api/approvals", tag = "Permissions", operation_id = "askApproval",
    request_body = AskApproval,
    responses((status = 201, description = "It waits for an answer", body = ApprovalView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 422, description = "Nothing waits for it, it was asked before, or there are too many", body = ProblemBody)))]
async fn ask_approval(
    ctx: Ctx,
    ValidJson(body): ValidJson<AskApproval>,
) -> Result<(StatusCode, Json<ApprovalView>), Problem> {
    let asked = service::ask_approval(&ctx, &body.permission, body.reason.trim().to_owned()).await?;
    Ok((StatusCode::CREATED, Json(asked.into())))
}

/// Approve what another user asked. The grant counts for them from the next request on.
#[utoipa::path(post, path = "/api/approvals/{id}/approve", tag = "Permissions", operation_id = "approve",
    params(("id" = ApprovalId, Path, description = "The approval")), request_body = Approve,
    responses((status = 200, description = "It is approved", body = ApprovalView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 404, description = "No such approval that you may answer, or it is over", body = ProblemBody),
        (status = 422, description = "It is your own, was answered before, or its grant was ended", body = ProblemBody)))]
async fn approve(
    ctx: Ctx,
    PathId(id): PathId<ApprovalId>,
    ValidJson(body): ValidJson<Approve>,
) -> Result<Json<ApprovalView>, Problem> {
    let reason = body.reason.map(|reason| reason.trim().to_owned());
    let answer = Answer::Approve { until: body.until, reason };
    Ok(Json(service::rule_on_approval(&ctx, id, answer).await?.into()))
}

/// Decline what another user asked.
#[utoipa::path(post, path = "/api/approvals/{id}/decline", tag = "Permissions", operation_id = "decline",
    params(("id" = ApprovalId, Path, description = "The approval")), request_body = Decline,
    responses((status = 200, description = "It is declined", body = ApprovalView),
        (status = 400, description = "No reason", body = ProblemBody),
        (status = 404, description = "No such approval that you may answer, or it is over", body = ProblemBody),
        (status = 422, description = "It is your own, was answered before, or its grant was ended", body = ProblemBody)))]
async fn decline(
    ctx: Ctx,
    PathId(id): PathId<ApprovalId>,
    ValidJson(body): ValidJson<Decline>,
) -> Result<Json<ApprovalView>, Problem> {
    let answer = Answer::Decline { reason: body.reason.trim().to_owned() };
    Ok(Json(service::rule_on_approval(&ctx, id, answer).await?.into()))
}

/// End an approval, answered or not: who asked may, and whoever may answer.
#[utoipa::path(delete, path = "/api/approvals/{id}", tag = "Permissions", operation_id = "endApproval",
    params(("id" = ApprovalId, Path, description = "The approval")),
    responses((status = 204, description = "It does not count any more"),
        (status = 404, description = "No such approval of yours, or it is over", body = ProblemBody)))]
async fn end_approval(ctx: Ctx, PathId(id): PathId<ApprovalId>) -> Result<StatusCode, Problem> {
    service::end_approval(&ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Approval> for ApprovalView {
    fn from(approval: Approval) -> Self {
        let state = match &approval.ruling {
            None => ApprovalState::Open,
            Some(ruling) if ruling.approved => ApprovalState::Approved,
            Some(_) => ApprovalState::Declined,
        };
        let (answered_by, answered_at) =
            approval.ruling.as_ref().map_or((None, None), |ruling| (Some(ruling.by), Some(ruling.at)));
        Self {
            id: approval.id,
            user_id: approval.user,
            grant_id: approval.grant,
            permission: approval.action.code(),
            approver_role: approval.approver_role,
            reason: approval.reason,
            asked_at: approval.asked_at,
            state,
            over_at: approval.over_at,
            answered_by,
            answered_at,
            answer_reason: approval.ruling.and_then(|ruling| ruling.reason),
        }
    }
}
