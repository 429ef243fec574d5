use super::{UserView, Watch};
use crate::model::{Change, Direction, EMAIL_BYTES, Filter, NewUser, Sort, missing_names};
use crate::{User, service};
use access::{Ctx, Role};
use axum::response::Response;
use axum::{Extension, Json};
use crypto::Secret;
use crypto::password::Hasher;
use http::{HeaderMap, StatusCode};
use ids::UserId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{
    Fault, IfMatch, MergePatch, Page, Paged, PathId, Problem, ProblemBody, Ruled, RuledJson, ValidQuery,
    Version,
};

const SORTS: &[(&str, Sort)] = &[
    ("lastName", Sort::LastName),
    ("firstName", Sort::FirstName),
    ("email", Sort::Email),
    ("role", Sort::Role),
    ("createdAt", Sort::CreatedAt),
];

/// Which users, in which order, and which page of them.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListUsers {
    /// Text that the name or the address contains.
    #[garde(inner(length(chars, max = 200)))]
    search: Option<String>,
    /// Of this role only.
    #[garde(skip)]
    role: Option<Role>,
    /// Only those who may sign in, or only those who may not.
    #[garde(skip)]
    active: Option<bool>,
    /// `lastName` (unless told), `firstName`, `email`, `role` or `createdAt`; with `-` before it the other way.
    #[garde(skip)]
    sort: Option<String>,
    /// The same as `sort`, for older clients.
    #[garde(skip)]
    sort_by: Option<String>,
    /// `asc` or `desc`.
    #[garde(skip)]
    order: Option<String>,
    /// The page, from 1.
    #[garde(skip)]
    page: Option<u64>,
    /// Users on a page: 1 to 1000, 20 unless told.
    #[garde(skip)]
    limit: Option<u64>,
}

/// A user to add.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"email": "ada.moreno@example.com", "firstName": "Ada", "lastName": "Moreno",
    "role": "clerk", "password": "copper lantern violet harbor"}))]
pub(super) struct AddUser {
    /// The address to sign in with. It names one user on the whole server, whatever its case.
    #[garde(email, length(bytes, max = EMAIL_BYTES))]
    #[schema(example = "ada.moreno@example.com")]
    email: String,
    /// Given name.
    #[garde(length(chars, min = 1, max = 100), custom(web::legible))]
    #[schema(example = "Ada")]
    first_name: String,
    /// Family name.
    #[garde(length(chars, min = 1, max = 100), custom(web::legible))]
    #[schema(example = "Moreno")]
    last_name: String,
    /// What the user will do in the firm.
    #[garde(skip)]
    #[schema(example = "associate")]
    role: Role,
    /// The first password, at least 12 characters.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, write_only, example = "copper lantern violet harbor")]
    password: Secret,
}

impl AddUser {
    fn user(&self) -> NewUser {
        NewUser {
            email: self.email.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            role: self.role,
        }
    }
}

impl Ruled for AddUser {
    fn broken(&self, _: &[Fault]) -> Vec<Fault> {
        self.user().broken_rules(&self.password)
    }
}

/// What can be changed of a user.
#[derive(Debug, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"firstName": "Ada", "lastName": "Moreno", "role": "clerk", "active": true}))]
pub(super) struct EditUser {
    /// Given name.
    #[garde(length(chars, min = 1, max = 100), custom(web::legible))]
    #[schema(example = "Ada")]
    first_name: String,
    /// Family name.
    #[garde(length(chars, min = 1, max = 100), custom(web::legible))]
    #[schema(example = "Moreno-Kline")]
    last_name: String,
    /// What the user does in the firm.
    #[garde(skip)]
    #[schema(example = "senior_associate")]
    role: Role,
    /// Whether the user may sign in.
    #[garde(skip)]
    active: bool,
}

impl EditUser {
    fn of(user: &User) -> Self {
        Self {
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            role: user.role,
            active: user.active,
        }
    }

    /// Only what differs.
    fn beside(self, user: &User) -> Change {
        Change {
            first_name: (self.first_name != user.first_name).then_some(self.first_name),
            last_name: (self.last_name != user.last_name).then_some(self.last_name),
            role: (self.role != user.role).then_some(self.role),
            active: (self.active != user.active).then_some(self.active),
            ..Change::default()
        }
    }
}

/// List the firm's users, by family name unless told.
#[utoipa::path(get, path = "/api/users", tag = "Users", operation_id = "listUsers", params(ListUsers),
    responses((status = 200, description = "A page of users", body = Paged<UserView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody)))]
pub(super) async fn list_users(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ListUsers>,
) -> Result<Paged<UserView>, Problem> {
    let page = Page::from_parts(query.page, query.limit, web::paging::MAX_LIMIT)?;
    let by = web::Sort::parse(
        query.sort.as_deref(),
        query.sort_by.as_deref(),
        query.order.as_deref(),
        SORTS,
        web::Sort::ascending(Sort::LastName),
    )?;
    let direction = if by.descending { Direction::Descending } else { Direction::Ascending };
    let search = query.search.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = Filter { search, role: query.role, active: query.active };
    let (users, total) =
        service::list_users(&ctx, &filter, (by.field, direction), (page.offset(), page.limit())).await?;
    Ok(Paged::new(users, total, page).map(UserView::from))
}

/// Add a user to the firm.
#[utoipa::path(post, path = "/api/users", tag = "Users", operation_id = "addUser", request_body = AddUser,
    responses((status = 201, description = "The user", body = UserView,
            headers(("Location" = String, description = "Where the user is"), ("ETag" = String, description = "Its version"))),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed, or the role is beyond what the caller may assign", body = ProblemBody),
        (status = 409, description = "The address is in use", body = ProblemBody),
        (status = 422, description = "The password is too weak", body = ProblemBody)))]
pub(super) async fn add_user(
    ctx: Ctx,
    Extension(hasher): Extension<Hasher>,
    RuledJson(body): RuledJson<AddUser>,
) -> Result<Response, Problem> {
    let user = service::add_user(&ctx, &hasher, body.user(), body.password).await?;
    let version = Version(user.version);
    Ok(web::etag::created(&format!("/api/users/{}", user.id), version, UserView::from(user)))
}

/// Show a user.
#[utoipa::path(get, path = "/api/users/{id}", tag = "Users", operation_id = "showUser",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "The user", body = UserView, headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed since the version in If-None-Match"),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody)))]
pub(super) async fn show_user(
    ctx: Ctx,
    PathId(id): PathId<UserId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user = service::find_user(&ctx, id).await?;
    let version = Version(user.version);
    Ok(web::etag::conditional(&headers, version, Json(UserView::from(user))))
}

/// Change a user's names, role or activity. Everybody may change their own names.
#[utoipa::path(patch, path = "/api/users/{id}", tag = "Users", operation_id = "patchUser",
    params(("id" = UserId, Path, description = "The user"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body(content = EditUser, content_type = "application/merge-patch+json", description = "The members to change"),
    responses((status = 200, description = "The user as changed", body = UserView, headers(("ETag" = String, description = "Its version"))),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed, or the role is beyond what the caller may assign", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody),
        (status = 412, description = "Changed since the version in If-Match", body = ProblemBody),
        (status = 422, description = "One's own access, or the last administrator", body = ProblemBody)))]
pub(super) async fn patch_user(
    ctx: Ctx,
    Extension(watch): Extension<Watch>,
    PathId(id): PathId<UserId>,
    IfMatch(seen): IfMatch,
    MergePatch(patch): MergePatch,
) -> Result<Response, Problem> {
    change(&ctx, &watch, id, seen, patch).await
}

/// Change a user: the same as `PATCH`, for older clients.
#[utoipa::path(put, path = "/api/users/{id}", tag = "Users", operation_id = "putUser",
    params(("id" = UserId, Path, description = "The user"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body(content = EditUser, description = "The members to change"),
    responses((status = 200, description = "The user as changed", body = UserView),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody),
        (status = 412, description = "Changed since the version in If-Match", body = ProblemBody),
        (status = 422, description = "One's own access, or the last administrator", body = ProblemBody)))]
pub(super) async fn put_user(
    ctx: Ctx,
    Extension(watch): Extension<Watch>,
    PathId(id): PathId<UserId>,
    IfMatch(seen): IfMatch,
    MergePatch(patch): MergePatch,
) -> Result<Response, Problem> {
    change(&ctx, &watch, id, seen, patch).await
}

async fn change(
    ctx: &Ctx,
    watch: &Watch,
    id: UserId,
    seen: Option<Version>,
    patch: serde_json::Value,
) -> Result<Response, Problem> {
    let seen = seen.map(|version| version.0);
    let user = service::edit_user(ctx, watch.as_ref(), id, seen, |current| {
        let rules = |wanted: &EditUser, _: &[Fault]| missing_names(&wanted.first_name, &wanted.last_name);
        let wanted = web::merge_patch::patched_by(&EditUser::of(current), patch, rules)?;
        Ok::<_, Problem>(wanted.beside(current))
    })
    .await?;
    Ok(web::etag::tagged(Version(user.version), Json(UserView::from(user))))
}

/// Take a user's access away. The user and what they did stay; set `active` to give it back.
#[utoipa::path(delete, path = "/api/users/{id}", tag = "Users", operation_id = "deactivateUser",
    params(("id" = UserId, Path, description = "The user"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    responses((status = 204, description = "The user may not sign in any more"),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody),
        (status = 412, description = "Changed since the version in If-Match", body = ProblemBody),
        (status = 422, description = "Oneself, or the last administrator", body = ProblemBody)))]
pub(super) async fn deactivate_user(
    ctx: Ctx,
    Extension(watch): Extension<Watch>,
    PathId(id): PathId<UserId>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode, Problem> {
    service::deactivate_user(&ctx, watch.as_ref(), id, seen.map(|version| version.0)).await?;
    Ok(StatusCode::NO_CONTENT)
}
