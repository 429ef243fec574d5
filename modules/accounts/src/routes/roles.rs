use super::{RoleView, UserView, Watch};
use crate::model::Change;
use crate::{User, service};
use access::grants::Moment;
use access::{Action, Ctx, Principal, Role, custom_roles};
use axum::response::Response;
use axum::{Extension, Json};
use ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Page, Paged, PathId, Problem, ProblemBody, ValidJson, Version};

/// What a user may do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"userId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "role": "clerk",
    "permissions": ["clients:read", "cases:read", "docket:read", "docket:update", "documents:read",
        "documents:update", "time:read", "time:update", "search:use", "users:read"]}))]
pub(super) struct PermissionsView {
    /// The user.
    user_id: UserId,
    /// The role that gives the permissions.
    #[schema(example = "paralegal")]
    role: Role,
    /// What the user may do; nothing when the user is not active.
    #[schema(example = json!(["cases:read", "docket:update"]))]
    permissions: Vec<&'static str>,
}

/// The role to give.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"role": "clerk"}))]
pub(super) struct GiveRole {
    /// The name of a role that is built in, or of one of the firm's own.
    #[garde(length(chars, max = 50))]
    #[schema(example = "paralegal")]
    role: String,
}

/// List the roles, with what each may do: those that are built in and, for who sees the firm's users, the firm's own.
#[utoipa::path(get, path = "/api/roles", tag = "Users", operation_id = "listRoles",
    responses((status = 200, description = "All roles on one page", body = Paged<RoleView>),
        (status = 401, description = "Not signed in", body = ProblemBody)))]
pub(super) async fn list_roles(ctx: Ctx) -> Result<Paged<RoleView>, Problem> {
    let caller = ctx.principal().role;
    let mut roles: Vec<RoleView> = Role::ALL.iter().map(|role| RoleView::of(*role, caller)).collect();
    if ctx.require(Action::ReadUsers).is_ok() {
        let own = custom_roles::list(ctx.reader(), ctx.firm()).await.map_err(access::Error::Database)?;
        roles.extend(own.into_iter().map(|role| RoleView::custom(role, caller)));
    }
    whole(roles)
}

/// List what a user may do. Everybody may ask about themselves.
#[utoipa::path(get, path = "/api/users/{id}/permissions", tag = "Users", operation_id = "listPermissionsOfUser",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The permissions", body = PermissionsView),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody)))]
pub(super) async fn list_permissions_of(
    ctx: Ctx,
    PathId(id): PathId<UserId>,
) -> Result<Json<PermissionsView>, Problem> {
    let user = service::find_user(&ctx, id).await?;
    let permissions = if user.active { permissions_of(&ctx, &user).await? } else { Vec::new() };
    Ok(Json(PermissionsView { user_id: user.id, role: user.role, permissions }))
}

/// What the role allows, less what is denied, and what is granted wherever the user is.
async fn permissions_of(ctx: &Ctx, user: &User) -> Result<Vec<&'static str>, Problem> {
    let principal = Principal::of(user.id, user.firm, user.role);
    let policy = ctx.app().policies().of(ctx.reader(), &principal, ctx.now()).await;
    let policy = policy.map_err(access::Error::Database)?;
    let moment = Moment { now: ctx.now(), address: None, country: None };
    let allowed = |action: &Action| policy.decide(&principal, *action, moment).allowed;
    Ok(Action::ALL.into_iter().filter(allowed).map(Action::code).collect())
}

/// List a user's roles: one that is built in, and the firm's own one that builds on it if they have one. Everybody may ask
/// about themselves.
#[utoipa::path(get, path = "/api/users/{id}/roles", tag = "Users", operation_id = "listRolesOfUser",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The roles", body = Paged<RoleView>),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody)))]
pub(super) async fn list_roles_of(ctx: Ctx, PathId(id): PathId<UserId>) -> Result<Paged<RoleView>, Problem> {
    let user = service::find_user(&ctx, id).await?;
    let caller = ctx.principal().role;
    let own = custom_roles::of_user(ctx.reader(), ctx.firm(), user.id).await;
    let own = own.map_err(access::Error::Database)?.map(|role| RoleView::custom(role, caller));
    whole([RoleView::of(user.role, caller)].into_iter().chain(own).collect())
}

/// Give a user a role, in place of the one before. With a role of the firm's own they have the built-in one, too, on which it
/// builds.
#[utoipa::path(post, path = "/api/users/{id}/roles", tag = "Users", operation_id = "giveRole",
    params(("id" = UserId, Path, description = "The user")), request_body = GiveRole,
    responses((status = 200, description = "The user as changed", body = UserView),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed, or the role is beyond what the caller may assign", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody),
        (status = 422, description = "One's own access, or the last administrator", body = ProblemBody)))]
pub(super) async fn give_role(
    ctx: Ctx,
    Extension(watch): Extension<Watch>,
    PathId(id): PathId<UserId>,
    ValidJson(body): ValidJson<GiveRole>,
) -> Result<Response, Problem> {
    ctx.require(Action::ManageUsers).map_err(crate::Error::from)?;
    let (role, custom_role) = service::custom_roles::role_named(&ctx, body.role.trim()).await?;
    let change = Change { role: Some(role), custom_role, ..Change::default() };
    let user = service::change_user(&ctx, watch.as_ref(), id, None, &change).await?;
    Ok(web::etag::tagged(Version(user.version), Json(UserView::from(user))))
}

/// A short list that is always whole.
pub(super) fn whole<T>(items: Vec<T>) -> Result<Paged<T>, Problem> {
    let total = items.len() as u64;
    let page = Page::from_parts(None, Some(total.max(1)), web::paging::MAX_LIMIT)?;
    Ok(Paged::new(items, total, page))
}
