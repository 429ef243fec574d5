use super::{UserView, Watch};
use crate::service;
use crate::{Caseload, Deactivated};
use access::Ctx;
use axum::response::Response;
use axum::{Extension, Json};
use ids::UserId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use web::{IfMatch, PathId, Problem, ProblemBody, ValidJson, Version};

/// What becomes of the user's cases.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"reassignTo": null}))]
pub(super) struct Deactivate {
    /// Who leads the user's open cases from now on: an active user who may change cases. They stay as they are unless
    /// told.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Uuid, example = json!(null))]
    reassign_to: Option<UserId>,
}

/// A user without access, and what became of the cases.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"user": {"id": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12",
    "organizationId": "019c2404-7d80-7a11-8c02-5e1f0a9b3c01", "email": "ada.moreno@example.com", "firstName": "Ada",
    "lastName": "Moreno", "role": "clerk",
    "permissions": ["clients:read", "cases:read", "docket:read", "docket:update", "documents:read",
        "documents:update", "time:read", "time:update", "search:use", "users:read"],
    "active": false, "mfaEnabled": false, "createdAt": "2026-02-03T15:00:00.124508Z",
    "updatedAt": "2026-03-02T11:58:41.903266Z", "lastLoginAt": null}, "casesHandedOver": 0, "casesLeft": 0}))]
pub(super) struct DeactivatedView {
    /// The user.
    user: UserView,
    /// How many open cases went to the other user.
    #[schema(example = 12)]
    cases_handed_over: u64,
    /// How many open cases the user still leads.
    #[schema(example = 0)]
    cases_left: u64,
}

impl From<Deactivated> for DeactivatedView {
    fn from(done: Deactivated) -> Self {
        Self {
            user: done.user.into(),
            cases_handed_over: done.cases_handed_over,
            cases_left: done.cases_left,
        }
    }
}

/// Take a user's access away: every login and API key of theirs ends, and their open cases go to somebody else, all at
/// once. Of a user who is inactive already, only the cases do.
#[utoipa::path(post, path = "/api/users/{id}/deactivate", tag = "Users", operation_id = "deactivateAndReassign",
    params(("id" = UserId, Path, description = "The user"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = Deactivate,
    responses((status = 200, description = "The user as changed", body = DeactivatedView, headers(("ETag" = String, description = "Its version"))),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody),
        (status = 412, description = "Changed since the version in If-Match", body = ProblemBody),
        (status = 422, description = "Oneself, the last administrator, a successor who cannot take over, or too many cases", body = ProblemBody)))]
pub(super) async fn deactivate(
    ctx: Ctx,
    Extension(watch): Extension<Watch>,
    Extension(caseload): Extension<Arc<dyn Caseload>>,
    PathId(id): PathId<UserId>,
    IfMatch(seen): IfMatch,
    ValidJson(body): ValidJson<Deactivate>,
) -> Result<Response, Problem> {
    let (watch, caseload) = (watch.as_ref(), caseload.as_ref());
    let seen = seen.map(|version| version.0);
    let done = service::deactivate_and_hand_over(&ctx, watch, caseload, id, seen, body.reassign_to).await?;
    let version = Version(done.user.version);
    Ok(web::etag::tagged(version, Json(DeactivatedView::from(done))))
}

/// Give a user their access back. Logins and API keys that were ended stay so.
#[utoipa::path(post, path = "/api/users/{id}/activate", tag = "Users", operation_id = "activateUser",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The user as changed", body = UserView, headers(("ETag" = String, description = "Its version"))),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody),
        (status = 422, description = "Oneself", body = ProblemBody)))]
pub(super) async fn activate(
    ctx: Ctx,
    Extension(watch): Extension<Watch>,
    PathId(id): PathId<UserId>,
) -> Result<Response, Problem> {
    let user = service::activate_user(&ctx, watch.as_ref(), id).await?;
    Ok(web::etag::tagged(Version(user.version), Json(UserView::from(user))))
}
