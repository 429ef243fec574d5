use super::grants::whole;
use crate::model::NewDelegation;
use crate::service;
use access::grants::Delegation;
use access::{Ctx, Gate, Routes};
use axum::Json;
use axum::http::StatusCode;
use clock::Timestamp;
use ids::{DelegationId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use web::{Paged, PathId, Problem, ProblemBody, ValidJson, ValidQuery};

/// What users lend to each other.
pub(super) fn routes() -> Routes {
    Routes::new()
        .route(routes!(list_delegations), Gate::SignedIn)
        .route(routes!(make_delegation), Gate::SignedIn)
        .route(routes!(end_delegation), Gate::SignedIn)
}

/// Whose delegations.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct ListDelegations {
    /// Of whom; yourself when left out. Of others, who manages permissions may ask.
    user_id: Option<UserId>,
}

/// What is lent to whom, and how long.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"delegateId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12",
    "permissions": ["cases:update", "documents:update"], "until": "2026-04-01T00:00:00Z",
    "reason": "Stands in while I am on leave"}))]
struct MakeDelegation {
    /// Who lends; yourself when left out. In the place of others, who manages permissions may lend.
    #[serde(default)]
    delegator_id: Option<UserId>,
    /// Who shall act. Walls keep them from what they kept them from before.
    delegate_id: UserId,
    /// The permissions' codes.
    #[garde(length(min = 1, max = 50), inner(length(chars, max = 100)))]
    #[schema(example = json!(["cases:update", "documents:update"]))]
    permissions: Vec<String>,
    /// From when on; from now on when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Until when, at most 366 days later.
    #[schema(value_type = String, format = DateTime, example = "2026-04-01T00:00:00Z")]
    until: Timestamp,
    /// Why, for the firm's records.
    #[garde(length(chars, min = 1, max = 2000), custom(web::says_something))]
    #[schema(example = "Stands in while I am on leave")]
    reason: String,
}

/// What one user has lent to another.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-e9a3-7f69-8358-60bea2437f57",
    "delegatorId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b13", "delegateId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12",
    "permissions": ["cases:update", "documents:update"], "from": "2026-03-02T12:00:33.440127Z",
    "until": "2026-04-01T00:00:00Z", "reason": "Stands in while I am on leave",
    "madeBy": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b13", "madeAt": "2026-03-02T12:00:33.440127Z"}))]
pub(super) struct DelegationView {
    /// The delegation.
    id: DelegationId,
    /// Who lends.
    delegator_id: UserId,
    /// Who acts.
    delegate_id: UserId,
    /// The permissions' codes. Each counts only while the lender has it.
    permissions: Vec<&'static str>,
    /// From when on.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    /// Why.
    reason: String,
    /// Who made it.
    made_by: UserId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    made_at: Timestamp,
}

/// List what a user has lent, and what was lent to them, as far as it is not over.
#[utoipa::path(get, path = "/api/delegations", tag = "Permissions", operation_id = "listDelegations",
    params(ListDelegations),
    responses((status = 200, description = "All delegations on one page", body = Paged<DelegationView>),
        (status = 403, description = "Those of others are for who manages permissions", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody)))]
async fn list_delegations(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ListDelegations>,
) -> Result<Paged<DelegationView>, Problem> {
    let found = service::list_delegations(&ctx, query.user_id).await?;
    whole(found.into_iter().map(DelegationView::from).collect())
}

/// Lend some of what you may do to another user for a time. Each permission counts only while you have it, too; nothing that
/// was lent to you can be lent on, and neither can the management of users, walls and permissions.
#[utoipa::path(post, path = "/api/delegations", tag = "Permissions", operation_id = "makeDelegation",
    request_body = MakeDelegation,
    responses((status = 201, description = "The delegation", body = DelegationView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 403, description = "Beyond what the lender may do", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody),
        (status = 422, description = "It cannot be lent, not to this user, or there are too many", body = ProblemBody)))]
async fn make_delegation(
    ctx: Ctx,
    ValidJson(body): ValidJson<MakeDelegation>,
) -> Result<(StatusCode, Json<DelegationView>), Problem> {
    let new = NewDelegation {
        lender: body.delegator_id,
        delegate: body.delegate_id,
        permissions: body.permissions,
        from: body.from,
        until: body.until,
        reason: body.reason.trim().to_owned(),
    };
    let made = service::make_delegation(&ctx, new).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// End a delegation. Lender and delegate may, and who manages permissions.
#[utoipa::path(delete, path = "/api/delegations/{id}", tag = "Permissions", operation_id = "endDelegation",
    params(("id" = DelegationId, Path, description = "The delegation")),
    responses((status = 204, description = "It does not count any more"),
        (status = 404, description = "No such delegation of yours, or it is over", body = ProblemBody)))]
async fn end_delegation(ctx: Ctx, PathId(id): PathId<DelegationId>) -> Result<StatusCode, Problem> {
    service::end_delegation(&ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Delegation> for DelegationView {
    fn from(delegation: Delegation) -> Self {
        Self {
            id: delegation.id,
            delegator_id: delegation.lender,
            delegate_id: delegation.delegate,
            permissions: delegation.actions.iter().map(|action| action.code()).collect(),
            from: delegation.from,
            until: delegation.until,
            reason: delegation.reason,
            made_by: delegation.made_by,
            made_at: delegation.made_at,
        }
    }
}
