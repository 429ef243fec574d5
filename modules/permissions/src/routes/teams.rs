use super::grants::{GiveGrant, GrantView, whole};
use crate::model::{TeamFields, TeamWithMembers};
use crate::service;
use access::grants::Subject;
use access::teams::Team;
use access::{Action, Ctx, Gate, Routes};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use clock::Timestamp;
use ids::{TeamId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use web::etag::{created, tagged};
use web::merge_patch::patched;
use web::{IfMatch, MergePatch, Page, Paged, PathId, Problem, ProblemBody, ValidJson, ValidQuery, Version};

/// Teams, who is in them, and what is granted to them.
pub(super) fn routes() -> Routes {
    let manage = Gate::May(Action::ManagePermissions);
    Routes::new()
        .route(routes!(list_teams), Gate::May(Action::ReadUsers))
        .route(routes!(add_team), manage)
        .route(routes!(show_team), Gate::May(Action::ReadUsers))
        .route(routes!(change_team), manage)
        .route(routes!(remove_team), manage)
        .route(routes!(join_team), manage)
        .route(routes!(leave_team), manage)
        .route(routes!(list_grants_of_team), manage)
        .route(routes!(grant_to_team), manage)
}

/// Which page of the teams.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct ListTeams {
    /// The page, from 1.
    page: Option<u64>,
    /// Teams on a page, 20 unless told.
    limit: Option<u64>,
}

/// A group of users that grants are given to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-e9a2-7e58-9247-5fad91326e46", "name": "Litigation",
    "description": "Whoever appears in court", "memberCount": 1, "createdAt": "2026-03-02T12:00:33.440127Z",
    "updatedAt": "2026-03-02T12:00:34.110093Z"}))]
struct TeamView {
    /// The team.
    id: TeamId,
    /// Its name.
    #[schema(example = "Litigation")]
    name: String,
    /// What it is for.
    #[schema(example = "Whoever appears in court")]
    description: Option<String>,
    /// How many users are in it.
    member_count: u64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A team with who is in it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-e9a2-7e58-9247-5fad91326e46", "name": "Litigation",
    "description": "Whoever appears in court", "memberCount": 1, "createdAt": "2026-03-02T12:00:33.440127Z",
    "updatedAt": "2026-03-02T12:00:34.110093Z", "members": ["019c2404-8f3c-7b25-9d14-2c7a6e0f4b12"]}))]
struct TeamWithMembersView {
    /// The team.
    #[serde(flatten)]
    team: TeamView,
    /// The users in it: at most 500.
    members: Vec<UserId>,
}

/// List the firm's teams in the order of their names.
#[utoipa::path(get, path = "/api/teams", tag = "Permissions", operation_id = "listTeams", params(ListTeams),
    responses((status = 200, description = "A page of teams", body = Paged<TeamView>),
        (status = 403, description = "Not allowed", body = ProblemBody)))]
async fn list_teams(ctx: Ctx, ValidQuery(query): ValidQuery<ListTeams>) -> Result<Paged<TeamView>, Problem> {
    let page = Page::from_parts(query.page, query.limit, web::paging::MAX_LIMIT)?;
    let (teams, total) = service::list_teams(&ctx, page).await?;
    Ok(Paged::new(teams, total, page).map(TeamView::from))
}

/// Make a team. Nobody is in it yet.
#[utoipa::path(post, path = "/api/teams", tag = "Permissions", operation_id = "addTeam", request_body = TeamFields,
    responses((status = 201, description = "The team", body = TeamView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 409, description = "Another team has the name", body = ProblemBody),
        (status = 422, description = "There are too many", body = ProblemBody)))]
async fn add_team(ctx: Ctx, ValidJson(body): ValidJson<TeamFields>) -> Result<Response, Problem> {
    let team = service::add_team(&ctx, body).await?;
    Ok(created(&format!("/api/teams/{}", team.id), Version(team.version), TeamView::from(team)))
}

/// Show a team and who is in it.
#[utoipa::path(get, path = "/api/teams/{id}", tag = "Permissions", operation_id = "showTeam",
    params(("id" = TeamId, Path, description = "The team")),
    responses((status = 200, description = "The team", body = TeamWithMembersView),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such team in the firm", body = ProblemBody)))]
async fn show_team(ctx: Ctx, PathId(id): PathId<TeamId>) -> Result<Response, Problem> {
    let TeamWithMembers { team, members } = service::find_team(&ctx, id).await?;
    let version = Version(team.version);
    Ok(tagged(version, Json(TeamWithMembersView { team: team.into(), members })))
}

/// Change a team's name or description.
#[utoipa::path(patch, path = "/api/teams/{id}", tag = "Permissions", operation_id = "changeTeam",
    params(("id" = TeamId, Path, description = "The team"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body(content = TeamFields, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The team after the change", body = TeamView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such team in the firm", body = ProblemBody),
        (status = 409, description = "Another team has the name", body = ProblemBody),
        (status = 412, description = "Changed since the version in If-Match", body = ProblemBody)))]
async fn change_team(
    ctx: Ctx,
    PathId(id): PathId<TeamId>,
    IfMatch(seen): IfMatch,
    MergePatch(patch): MergePatch,
) -> Result<Response, Problem> {
    let team = service::change_team(&ctx, id, seen, |fields| patched(fields, patch)).await?;
    Ok(tagged(Version(team.version), Json(TeamView::from(team))))
}

/// Remove a team to which nothing is granted or denied. Its members leave it.
#[utoipa::path(delete, path = "/api/teams/{id}", tag = "Permissions", operation_id = "removeTeam",
    params(("id" = TeamId, Path, description = "The team"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    responses((status = 204, description = "The team is removed"),
        (status = 403, description = "Not allowed", body = ProblemBody),
        (status = 404, description = "No such team in the firm", body = ProblemBody),
        (status = 409, description = "Something is granted or denied to it", body = ProblemBody),
        (status = 412, description = "Changed since the version in If-Match", body = ProblemBody)))]
async fn remove_team(
    ctx: Ctx,
    PathId(id): PathId<TeamId>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode, Problem> {
    service::remove_team(&ctx, id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put a user into a team. What is granted and denied to the team counts for them from their next request on.
#[utoipa::path(put, path = "/api/teams/{id}/members/{userId}", tag = "Permissions", operation_id = "joinTeam",
    params(("id" = TeamId, Path, description = "The team"), ("userId" = UserId, Path, description = "The user")),
    responses((status = 204, description = "The user is in the team"),
        (status = 403, description = "Not allowed, or beyond what you may do yourself", body = ProblemBody),
        (status = 404, description = "No such team or user in the firm", body = ProblemBody),
        (status = 422, description = "The team has 500 users, or the user 20 teams", body = ProblemBody)))]
async fn join_team(
    ctx: Ctx,
    PathId(id): PathId<TeamId>,
    PathId(user): PathId<UserId, 1>,
) -> Result<StatusCode, Problem> {
    service::join_team(&ctx, id, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a user out of a team.
#[utoipa::path(delete, path = "/api/teams/{id}/members/{userId}", tag = "Permissions", operation_id = "leaveTeam",
    params(("id" = TeamId, Path, description = "The team"), ("userId" = UserId, Path, description = "The user")),
    responses((status = 204, description = "The user is not in the team any more"),
        (status = 403, description = "Not allowed, or beyond what you may do yourself", body = ProblemBody),
        (status = 404, description = "No such team in the firm, or the user is not in it", body = ProblemBody)))]
async fn leave_team(
    ctx: Ctx,
    PathId(id): PathId<TeamId>,
    PathId(user): PathId<UserId, 1>,
) -> Result<StatusCode, Problem> {
    service::leave_team(&ctx, id, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List what is granted or denied to a team.
#[utoipa::path(get, path = "/api/teams/{id}/permissions", tag = "Permissions", operation_id = "listGrantsOfTeam",
    params(("id" = TeamId, Path, description = "The team")),
    responses((status = 200, description = "All grants on one page", body = Paged<GrantView>),
        (status = 404, description = "No such team in the firm", body = ProblemBody)))]
async fn list_grants_of_team(ctx: Ctx, PathId(id): PathId<TeamId>) -> Result<Paged<GrantView>, Problem> {
    let grants = service::list_grants(&ctx, Subject::Team(id)).await?;
    whole(grants.into_iter().map(GrantView::from).collect())
}

/// Grant or deny something to everybody in a team, now and later.
#[utoipa::path(post, path = "/api/teams/{id}/permissions", tag = "Permissions", operation_id = "grantToTeam",
    params(("id" = TeamId, Path, description = "The team")), request_body = GiveGrant,
    responses((status = 201, description = "The grant", body = GrantView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 403, description = "Not allowed, or beyond what you may do yourself", body = ProblemBody),
        (status = 404, description = "No such team in the firm", body = ProblemBody),
        (status = 422, description = "There are too many", body = ProblemBody)))]
async fn grant_to_team(
    ctx: Ctx,
    PathId(id): PathId<TeamId>,
    ValidJson(body): ValidJson<GiveGrant>,
) -> Result<(StatusCode, Json<GrantView>), Problem> {
    let grant = service::give_grant(&ctx, Subject::Team(id), body.try_into()?).await?;
    Ok((StatusCode::CREATED, Json(grant.into())))
}

impl From<Team> for TeamView {
    fn from(team: Team) -> Self {
        Self {
            id: team.id,
            name: team.name,
            description: team.description,
            member_count: team.members.unsigned_abs(),
            created_at: team.created_at,
            updated_at: team.updated_at,
        }
    }
}
