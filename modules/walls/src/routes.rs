use crate::model::{MEMBERS, Members, Wall, WallFilter};
use crate::service;
use access::{Action, Ctx, Gate, Routes};
use axum::Json;
use axum::response::Response;
use clock::Timestamp;
use ids::{CaseId, UserId, WallId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use web::{IfMatch, Page, Paged, PathId, Problem, ProblemBody, ValidJson, ValidQuery};

/// This module's routes.
pub fn routes() -> Routes {
    Routes::new()
        .route(routes!(list_ethical_walls), Gate::May(Action::ManageWalls))
        .route(routes!(raise_ethical_wall), Gate::May(Action::ManageWalls))
        .route(routes!(show_ethical_wall), Gate::May(Action::ManageWalls))
        .route(routes!(change_ethical_wall), Gate::May(Action::ManageWalls))
        .route(routes!(lift_ethical_wall), Gate::May(Action::ManageWalls))
}

/// Walls on a page at most: each brings its users.
const PAGE_LIMIT: u64 = 100;

/// Which walls, and which page of them.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct ListWalls {
    /// Round this case.
    case_id: Option<CaseId>,
    /// Only those that stand, or only those that were lifted.
    standing: Option<bool>,
    /// The page, from 1.
    page: Option<u64>,
    /// Walls on a page: 1 to 100, 20 unless told.
    limit: Option<u64>,
}

/// A wall to raise. It names whom it screens, or closes the case to all but those it admits, or both.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"caseId": "019cae6b-8e20-707a-a469-71cfb354a067",
    "reason": "Represented the other side in a former firm until 2025",
    "screened": ["019c2404-8f3c-7b25-9d14-2c7a6e0f4b12"]}))]
struct RaiseWall {
    /// The case.
    #[garde(skip)]
    case_id: CaseId,
    /// Why, for the firm's records.
    #[garde(length(chars, min = 1, max = 2000), custom(web::says_something))]
    #[schema(example = "Represented the other side in a former firm until 2025")]
    reason: String,
    /// Users who do not see the case.
    #[garde(length(max = MEMBERS))]
    #[serde(default)]
    screened: Vec<UserId>,
    /// Where given, the case is closed to everybody else: who sees it.
    #[garde(inner(length(max = MEMBERS)))]
    #[serde(default)]
    admitted: Option<Vec<UserId>>,
}

/// Whom a wall screens from now on. A list that is left out stays as it is.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"changeReason": "A second lawyer of the same former firm has joined",
    "screened": ["019c2404-8f3c-7b25-9d14-2c7a6e0f4b12"]}))]
struct ChangeWall {
    /// Why, for the firm's records.
    #[garde(length(chars, min = 1, max = 2000), custom(web::says_something))]
    #[schema(example = "A second lawyer of the same former firm has joined")]
    change_reason: String,
    /// The users who do not see the case, all of them.
    #[garde(inner(length(max = MEMBERS)))]
    #[serde(default)]
    screened: Option<Vec<UserId>>,
    /// The users who see a closed case, all of them. A case that is open is closed by it.
    #[garde(inner(length(max = MEMBERS)))]
    #[serde(default)]
    admitted: Option<Vec<UserId>>,
}

/// Why a wall is lifted.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"liftReason": "Both clients have consented in writing"}))]
struct LiftWall {
    /// Why, for the firm's records.
    #[garde(length(chars, min = 1, max = 2000), custom(web::says_something))]
    #[schema(example = "Both clients have consented in writing")]
    lift_reason: String,
}

/// An ethical wall.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-e9a0-7c36-b025-3d8b7f106c24",
    "caseId": "019cae6b-8e20-707a-a469-71cfb354a067",
    "reason": "Represented the other side in a former firm until 2025",
    "screened": ["019c2404-8f3c-7b25-9d14-2c7a6e0f4b12"], "admitted": null,
    "raisedBy": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b13", "raisedAt": "2026-03-02T12:00:33.440127Z",
    "liftedBy": null, "liftedAt": null, "liftReason": null, "version": 1,
    "updatedAt": "2026-03-02T12:00:33.440127Z"}))]
struct WallView {
    /// The wall.
    id: WallId,
    /// The case that it stands round.
    case_id: CaseId,
    /// Why it was raised.
    reason: String,
    /// Users who do not see the case. Of a lifted wall: whom it screened at last.
    screened: Vec<UserId>,
    /// Where the case is closed to everybody else: who sees it.
    admitted: Option<Vec<UserId>>,
    /// Who raised it.
    raised_by: UserId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    raised_at: Timestamp,
    /// Who lifted it; nothing while it stands.
    lifted_by: Option<UserId>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    lifted_at: Option<Timestamp>,
    /// Why.
    lift_reason: Option<String>,
    /// Counts the changes, from 1.
    version: i64,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// List ethical walls, the newest first.
///
/// Walls round a case that you are kept from are not among them.
#[utoipa::path(get, path = "/api/ethical-walls", tag = "Ethical walls", operation_id = "listEthicalWalls",
    params(ListWalls),
    responses((status = 200, description = "A page of walls", body = Paged<WallView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 404, description = "No such case", body = ProblemBody)))]
async fn list_ethical_walls(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ListWalls>,
) -> Result<Paged<WallView>, Problem> {
    let page = Page::from_parts(query.page, query.limit, PAGE_LIMIT)?;
    let filter = WallFilter { case: query.case_id, standing: query.standing };
    let (walls, total) = service::list_walls(&ctx, &filter, page).await?;
    Ok(Paged::new(walls.into_iter().map(WallView::from).collect(), total, page))
}

/// Raise an ethical wall round a case.
///
/// It binds every role, administrators too, from the next request on: to whoever is screened, the case and all that hangs on
/// it are not there.
#[utoipa::path(post, path = "/api/ethical-walls", tag = "Ethical walls", operation_id = "raiseEthicalWall",
    request_body = RaiseWall,
    responses((status = 201, description = "The wall, with its address in Location", body = WallView),
        (status = 400, description = "Faults, each with its field, or a user of another firm", body = ProblemBody),
        (status = 404, description = "No such case", body = ProblemBody),
        (status = 422, description = "It screens nobody, or nobody could lift it", body = ProblemBody)))]
async fn raise_ethical_wall(ctx: Ctx, ValidJson(body): ValidJson<RaiseWall>) -> Result<Response, Problem> {
    let members = Members { screened: body.screened, admitted: body.admitted };
    let wall = service::raise_wall(&ctx, body.case_id, body.reason.trim().to_owned(), members).await?;
    let location = format!("/api/ethical-walls/{}", wall.id);
    Ok(web::etag::created(&location, wall.version(), WallView::from(wall)))
}

/// Show an ethical wall.
#[utoipa::path(get, path = "/api/ethical-walls/{id}", tag = "Ethical walls", operation_id = "showEthicalWall",
    params(("id" = WallId, Path, description = "The wall")),
    responses((status = 200, description = "The wall", body = WallView),
        (status = 404, description = "No such wall", body = ProblemBody)))]
async fn show_ethical_wall(ctx: Ctx, PathId(id): PathId<WallId>) -> Result<Response, Problem> {
    let wall = service::find_wall(&ctx, id).await?;
    Ok(web::etag::tagged(wall.version(), Json(WallView::from(wall))))
}

/// Change whom an ethical wall screens.
#[utoipa::path(patch, path = "/api/ethical-walls/{id}", tag = "Ethical walls", operation_id = "changeEthicalWall",
    params(("id" = WallId, Path, description = "The wall")), request_body = ChangeWall,
    responses((status = 200, description = "The wall as it is now", body = WallView),
        (status = 400, description = "Faults, each with its field, or a user of another firm", body = ProblemBody),
        (status = 404, description = "No such wall", body = ProblemBody),
        (status = 409, description = "It was lifted", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody),
        (status = 422, description = "It would screen nobody, or nobody could lift it", body = ProblemBody)))]
async fn change_ethical_wall(
    ctx: Ctx,
    PathId(id): PathId<WallId>,
    IfMatch(seen): IfMatch,
    ValidJson(body): ValidJson<ChangeWall>,
) -> Result<Response, Problem> {
    let reason = body.change_reason.trim().to_owned();
    let wall = service::change_wall(&ctx, id, seen, &reason, |known| Members {
        screened: body.screened.unwrap_or_else(|| known.screened.clone()),
        admitted: body.admitted.or_else(|| known.admitted.clone()),
    })
    .await?;
    Ok(web::etag::tagged(wall.version(), Json(WallView::from(wall))))
}

/// Lift an ethical wall.
///
/// It stays in the list, with whom it screened at last.
#[utoipa::path(delete, path = "/api/ethical-walls/{id}", tag = "Ethical walls", operation_id = "liftEthicalWall",
    params(("id" = WallId, Path, description = "The wall")), request_body = LiftWall,
    responses((status = 200, description = "The wall as it was lifted", body = WallView,
            example = json!({"id": "019cae6b-e9a0-7c36-b025-3d8b7f106c24",
                "caseId": "019cae6b-8e20-707a-a469-71cfb354a067",
                "reason": "Represented the other side in a former firm until 2025",
                "screened": ["019c2404-8f3c-7b25-9d14-2c7a6e0f4b12"], "admitted": null,
                "raisedBy": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b13", "raisedAt": "2026-03-02T12:00:33.440127Z",
                "liftedBy": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b13", "liftedAt": "2026-03-02T12:00:34.440127Z",
                "liftReason": "Both clients have consented in writing", "version": 2,
                "updatedAt": "2026-03-02T12:00:34.440127Z"})),
        (status = 400, description = "No reason", body = ProblemBody),
        (status = 404, description = "No such wall", body = ProblemBody),
        (status = 409, description = "It was lifted before", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody)))]
async fn lift_ethical_wall(
    ctx: Ctx,
    PathId(id): PathId<WallId>,
    IfMatch(seen): IfMatch,
    ValidJson(body): ValidJson<LiftWall>,
) -> Result<Response, Problem> {
    let wall = service::lift_wall(&ctx, id, seen, body.lift_reason.trim().to_owned()).await?;
    Ok(web::etag::tagged(wall.version(), Json(WallView::from(wall))))
}

impl From<Wall> for WallView {
    fn from(wall: Wall) -> Self {
        let (by, at, why) = match wall.lifted {
            Some(lifted) => (Some(lifted.by), Some(lifted.at), Some(lifted.reason)),
            None => (None, None, None),
        };
        Self {
            id: wall.id,
            case_id: wall.case,
            reason: wall.reason,
            screened: wall.members.screened,
            admitted: wall.members.admitted,
            raised_by: wall.raised_by,
            raised_at: wall.raised_at,
            lifted_by: by,
            lifted_at: at,
            lift_reason: why,
            version: wall.version,
            updated_at: wall.updated_at,
        }
    }
}
