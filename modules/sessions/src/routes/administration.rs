//! The logins and second factors of others.

use super::logins::{ListSessions, page_of};
use super::views::SessionView;
use super::{Private, private};
use crate::{Sessions, service};
use access::Ctx;
use axum::Extension;
use http::StatusCode;
use ids::{FirmId, UserId};
use web::{Paged, PathId, Problem, ProblemBody, ValidQuery};

/// List a user's logins, the last used first.
#[utoipa::path(get, path = "/api/users/{id}/sessions", tag = "Users", operation_id = "listUserSessions",
    params(("id" = UserId, Path, description = "The user"), ListSessions),
    responses((status = 200, description = "A page of logins", body = Paged<SessionView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody)))]
pub(super) async fn list_user_sessions(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    PathId(id): PathId<UserId>,
    ValidQuery(query): ValidQuery<ListSessions>,
) -> Result<Private<Paged<SessionView>>, Problem> {
    Ok(private(page_of(&ctx, &sessions, Some(id), &query).await?))
}

/// End all logins of a user at once, but for the one in use.
#[utoipa::path(delete, path = "/api/users/{id}/sessions", tag = "Users", operation_id = "endUserSessions",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 204, description = "The logins have ended"),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody)))]
pub(super) async fn end_user_sessions(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    PathId(id): PathId<UserId>,
) -> Result<Private<StatusCode>, Problem> {
    service::end_logins_of_user(&ctx, &sessions, id).await?;
    Ok(private(StatusCode::NO_CONTENT))
}

/// End all logins of the firm at once, but for the one in use.
#[utoipa::path(delete, path = "/api/organizations/{id}/sessions", tag = "Organizations",
    operation_id = "endOrganizationSessions",
    params(("id" = FirmId, Path, description = "The firm: one's own")),
    responses((status = 204, description = "The logins have ended"),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such firm, or not one's own", body = ProblemBody)))]
pub(super) async fn end_organization_sessions(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    PathId(id): PathId<FirmId>,
) -> Result<Private<StatusCode>, Problem> {
    service::end_logins_of_firm(&ctx, &sessions, id).await?;
    Ok(private(StatusCode::NO_CONTENT))
}

/// Take a user's second factor and passkeys off, when they are lost. The user's logins end.
#[utoipa::path(delete, path = "/api/users/{id}/mfa", tag = "Users", operation_id = "resetUserMfa",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 204, description = "Signing in asks for the password alone"),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed, or a user of a role beyond what the caller may assign", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody),
        (status = 409, description = "The user has neither a second factor nor passkeys", body = ProblemBody)))]
pub(super) async fn reset_user_mfa(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    PathId(id): PathId<UserId>,
) -> Result<Private<StatusCode>, Problem> {
    service::reset_second_factor(&ctx, &sessions, id).await?;
    Ok(private(StatusCode::NO_CONTENT))
}
