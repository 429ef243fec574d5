use crate::model::{NewRole, RoleFields, RoleWithHolders};
use crate::service;
use access::custom_roles::CustomRole;
use access::{Action, Ctx, Gate, Role, Routes};
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use clock::Timestamp;
use ids::{CustomRoleId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use web::etag::{created, tagged};
use web::merge_patch::patched;
use web::{IfMatch, MergePatch, Problem, ProblemBody, ValidJson, Version};

/// Roles of a firm's own. All roles are listed beside the users.
pub(super) fn routes() -> Routes {
    let manage = Gate::May(Action::ManagePermissions);
    Routes::new()
        .route(routes!(add_role), manage)
        .route(routes!(show_role), Gate::May(Action::ReadUsers))
        .route(routes!(change_role), manage)
        .route(routes!(remove_role), manage)
}

/// A role of the firm's own to make.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "wall_keeper", "base": "clerk", "description": "Keeps the ethical walls"}))]
struct MakeRole {
    /// Its name: small letters, digits and underscores.
    #[garde(length(chars, max = 50))]
    #[schema(example = "wall_keeper")]
    name: String,
    /// The built-in role whose permissions it begins with. It stays as it is chosen.
    #[garde(skip)]
    #[schema(example = "clerk")]
    base: Role,
    /// What it is for.
    #[garde(inner(length(chars, max = 500)))]
    #[serde(default)]
    #[schema(example = "Keeps the ethical walls")]
    description: Option<String>,
}

/// A role of the firm's own.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-e9a5-7b8b-857a-82d0c4659179", "name": "wall_keeper", "base": "clerk",
    "description": "Keeps the ethical walls", "createdAt": "2026-03-02T12:00:33.440127Z",
    "updatedAt": "2026-03-02T12:00:34.110093Z"}))]
struct CustomRoleView {
    /// The role.
    id: CustomRoleId,
    /// Its name.
    #[schema(example = "wall_keeper")]
    name: String,
    /// The built-in role whose permissions it begins with.
    #[schema(example = "clerk")]
    base: Role,
    /// What it is for.
    #[schema(example = "Keeps the ethical walls")]
    description: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A role of the firm's own with who has it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-e9a5-7b8b-857a-82d0c4659179", "name": "wall_keeper", "base": "clerk",
    "description": "Keeps the ethical walls", "createdAt": "2026-03-02T12:00:33.440127Z",
    "updatedAt": "2026-03-02T12:00:34.110093Z", "holders": ["019c2404-8f3c-7b25-9d14-2c7a6e0f4b12"]}))]
struct RoleWithHoldersView {
    /// The role.
    #[serde(flatten)]
    role: CustomRoleView,
    /// The users who have it, also those who may not sign in: at most 500.
    holders: Vec<UserId>,
}

/// Make a role. It allows what its base allows, until something is granted or denied to it; nobody has it yet.
#[utoipa::path(post, path = "/api/roles", tag = "Permissions", operation_id = "addRole", request_body = MakeRole,
    responses((status = 201, description = "The role", body = CustomRoleView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 409, description = "Another role has the name", body = ProblemBody),
        (status = 422, description = "There are too many", body = ProblemBody)))]
async fn add_role(ctx: Ctx, ValidJson(body): ValidJson<MakeRole>) -> Result<Response, Problem> {
    let fields = RoleFields { name: body.name, description: body.description };
    let role = service::add_role(&ctx, NewRole { fields, base: body.base }).await?;
    Ok(created(&format!("/api/roles/{}", role.name), Version(role.version), CustomRoleView::from(role)))
}

/// Show a role of the firm's own and who has it.
#[utoipa::path(get, path = "/api/roles/{role}", tag = "Permissions", operation_id = "showRole",
    params(("role" = String, Path, description = "The role", example = "wall_keeper")),
    responses((status = 200, description = "The role", body = RoleWithHoldersView),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such role in the firm", body = ProblemBody),
        (status = 409, description = "The role is built in", body = ProblemBody)))]
async fn show_role(ctx: Ctx, Path(name): Path<String>) -> Result<Response, Problem> {
    let RoleWithHolders { role, holders } = service::find_role(&ctx, &name).await?;
    let version = Version(role.version);
    Ok(tagged(version, Json(RoleWithHoldersView { role: role.into(), holders })))
}

/// Change the name or the description of a role of the firm's own. Who has it keeps it, and it keeps what is granted to it.
#[utoipa::path(patch, path = "/api/roles/{role}", tag = "Permissions", operation_id = "changeRole",
    params(("role" = String, Path, description = "The role", example = "wall_keeper"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body(content = RoleFields, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The role after the change", body = CustomRoleView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such role in the firm", body = ProblemBody),
        (status = 409, description = "Another role has the name, or the role is built in", body = ProblemBody),
        (status = 412, description = "Changed since the version in If-Match", body = ProblemBody)))]
async fn change_role(
    ctx: Ctx,
    Path(name): Path<String>,
    IfMatch(seen): IfMatch,
    MergePatch(patch): MergePatch,
) -> Result<Response, Problem> {
    let role = service::change_role(&ctx, &name, seen, |fields| patched(fields, patch)).await?;
    Ok(tagged(Version(role.version), Json(CustomRoleView::from(role))))
}

/// Remove a role of the firm's own that nobody has, and to which nothing is granted or denied.
#[utoipa::path(delete, path = "/api/roles/{role}", tag = "Permissions", operation_id = "removeRole",
    params(("role" = String, Path, description = "The role", example = "wall_keeper"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    responses((status = 204, description = "The role is removed"),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such role in the firm", body = ProblemBody),
        (status = 409, description = "The role is in use, or built in", body = ProblemBody),
        (status = 412, description = "Changed since the version in If-Match", body = ProblemBody)))]
async fn remove_role(
    ctx: Ctx,
    Path(name): Path<String>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode, Problem> {
    service::remove_role(&ctx, &name, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<CustomRole> for CustomRoleView {
    fn from(role: CustomRole) -> Self {
        Self {
            id: role.id,
            name: role.name,
            base: role.base,
            description: role.description,
            created_at: role.created_at,
            updated_at: role.updated_at,
        }
    }
}
