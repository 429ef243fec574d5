use crate::model::NewGrant;
use crate::{Error, service};
use access::grants::{Conditions, Effect, Grant, Hours, Network, Statuses, Subject, WrittenHours};
use access::{Action, Ctx, Gate, Role, Routes};
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use clock::Timestamp;
use ids::{CustomRoleId, GrantId, TeamId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use web::{Country, Page, Paged, PathId, Problem, ProblemBody, ValidJson};

/// What is granted to roles and users.
pub(super) fn routes() -> Routes {
    let gate = Gate::May(Action::ManagePermissions);
    Routes::new()
        .route(routes!(list_permissions), gate)
        .route(routes!(list_grants_of_role), gate)
        .route(routes!(grant_to_role), gate)
        .route(routes!(list_grants_of_user), gate)
        .route(routes!(grant_to_user), gate)
        .route(routes!(end_grant), gate)
}

/// A permission and the roles that have it without a grant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"code": "walls:manage", "roles": ["super_admin", "admin", "partner"]}))]
struct PermissionView {
    /// Its code.
    code: &'static str,
    /// The roles that have it.
    roles: Vec<Role>,
}

/// A grant to give.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"permission": "time:read", "effect": "allow", "reason": "Prepares the invoices of March",
    "stepUp": false, "countries": ["DE", "FR"], "approvalBy": "partner", "teams": [], "caseStatuses": ["open", "on_hold"],
    "fields": [], "mostRecords": null, "from": "2026-03-01T00:00:00Z",
    "until": "2026-04-01T00:00:00Z", "networks": ["0.0.0.0/0", "::/0"],
    "hours": {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "until": "23:59",
        "zone": "America/Los_Angeles"}}))]
pub(super) struct GiveGrant {
    /// The permission's code.
    #[garde(length(chars, max = 100))]
    #[schema(example = "time:read")]
    permission: String,
    /// Whether it allows or denies. What denies comes before all that allows.
    effect: Effect,
    /// Why, for the firm's records.
    #[garde(length(chars, min = 1, max = 2000), custom(web::says_something))]
    #[schema(example = "Prepares the invoices of March")]
    reason: String,
    /// It counts from this moment on.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// It counts until this moment, which is not a part of it.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// It counts from these networks only, in CIDR notation.
    #[garde(length(max = 50))]
    #[serde(default)]
    networks: Vec<String>,
    /// It counts at these hours only.
    #[serde(default)]
    hours: Option<WrittenHours>,
    /// It counts while the second factor was just shown only (`POST /api/auth/step-up`). Not for what denies.
    #[serde(default)]
    step_up: bool,
    /// It counts from these countries only: two letters each (ISO 3166-1). Where no proxy tells the country, what allows does
    /// not count, and what denies does.
    #[garde(length(max = 50), inner(length(chars, max = 2)))]
    #[serde(default)]
    countries: Vec<String>,
    /// It counts for a user while somebody of this role has approved only (`POST /api/approvals`). Not for what denies.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "partner")]
    approval_by: Option<Role>,
    /// It counts for whoever is in one of these teams only, such as a department.
    #[garde(length(max = 20))]
    #[serde(default)]
    teams: Vec<TeamId>,
    /// It counts on cases of these statuses only, and on what hangs on them: `open`, `on_hold`, `closed`, `archived`.
    #[garde(length(max = 4), inner(length(chars, max = 20)))]
    #[serde(default)]
    case_statuses: Vec<String>,
    /// Of what denies: it denies these fields only. `clients:read` has `email`, `phone`, `address` and `notes`, `time:read`
    /// has `description` and `activityCode`.
    #[garde(length(max = 20), inner(length(chars, max = 50)))]
    #[serde(default)]
    fields: Vec<String>,
    /// Of what denies: it denies what lies behind so many of a list only.
    #[garde(inner(range(min = 1, max = 1_000_000)))]
    #[serde(default)]
    most_records: Option<u32>,
}

/// Why a grant is ended.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"revokeReason": "The invoices are sent"}))]
struct EndGrant {
    /// Why, for the firm's records.
    #[garde(length(chars, min = 1, max = 2000), custom(web::says_something))]
    #[schema(example = "The invoices are sent")]
    revoke_reason: String,
}

/// A grant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-e9a1-7d47-8136-4e9c80216d35", "role": null, "customRoleId": null, "teamId": null,
    "userId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "stepUp": false, "countries": ["DE", "FR"],
    "approvalBy": "partner", "permission": "time:read", "effect": "allow",
    "teams": [], "caseStatuses": ["open", "on_hold"], "fields": [], "mostRecords": null,
    "reason": "Prepares the invoices of March", "from": "2026-03-01T00:00:00Z", "until": "2026-04-01T00:00:00Z",
    "networks": ["0.0.0.0/0", "::/0"],
    "hours": {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "until": "23:59",
        "zone": "America/Los_Angeles"},
    "grantedBy": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b13", "grantedAt": "2026-03-02T12:00:33.440127Z"}))]
pub(super) struct GrantView {
    /// The grant.
    id: GrantId,
    /// The built-in role that it is for.
    role: Option<Role>,
    /// The role of the firm's own that it is for.
    custom_role_id: Option<CustomRoleId>,
    /// The user whom it is for.
    user_id: Option<UserId>,
    /// The team that it is for.
    team_id: Option<TeamId>,
    /// The permission's code.
    permission: &'static str,
    /// Whether it allows or denies.
    effect: Effect,
    /// Why it was given.
    reason: String,
    /// It counts from this moment on.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// It counts until this moment.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// It counts from these networks only.
    networks: Vec<String>,
    /// It counts at these hours only.
    hours: Option<WrittenHours>,
    /// It counts while the second factor was just shown only.
    step_up: bool,
    /// It counts from these countries only.
    countries: Vec<String>,
    /// It counts for a user while somebody of this role has approved only.
    approval_by: Option<Role>,
    /// It counts for whoever is in one of these teams only.
    teams: Vec<TeamId>,
    /// It counts on cases of these statuses only.
    case_statuses: Vec<&'static str>,
    /// It denies these fields only.
    fields: Vec<String>,
    /// It denies what lies behind so many of a list only.
    most_records: Option<u32>,
    /// Who gave it.
    granted_by: UserId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    granted_at: Timestamp,
}

/// A grant that does not count any more.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-e9a1-7d47-8136-4e9c80216d35", "revokeReason": "The invoices are sent",
    "revokedAt": "2026-03-02T12:00:35.440127Z"}))]
struct EndedView {
    /// The grant.
    id: GrantId,
    /// Why it was ended.
    revoke_reason: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    revoked_at: Timestamp,
}

/// List the permissions, with the roles that have each.
#[utoipa::path(get, path = "/api/permissions", tag = "Permissions", operation_id = "listPermissions",
    responses((status = 200, description = "All permissions on one page", body = Paged<PermissionView>)))]
async fn list_permissions(_ctx: Ctx) -> Result<Paged<PermissionView>, Problem> {
    let view = |action: Action| PermissionView {
        code: action.code(),
        roles: Role::ALL.into_iter().filter(|role| role.allows(action)).collect(),
    };
    whole(Action::ALL.into_iter().map(view).collect())
}

/// List what is granted or denied to a role, beside what the role itself allows.
#[utoipa::path(get, path = "/api/roles/{role}/permissions", tag = "Permissions", operation_id = "listGrantsOfRole",
    params(("role" = String, Path, description = "The role", example = "clerk")),
    responses((status = 200, description = "All grants on one page", body = Paged<GrantView>),
        (status = 404, description = "No such role", body = ProblemBody)))]
async fn list_grants_of_role(ctx: Ctx, Path(role): Path<String>) -> Result<Paged<GrantView>, Problem> {
    let subject = service::subject_of_role(&ctx, &role).await?;
    let grants = service::list_grants(&ctx, subject).await?;
    whole(grants.into_iter().map(GrantView::from).collect())
}

/// Grant or deny something to a role.
#[utoipa::path(post, path = "/api/roles/{role}/permissions", tag = "Permissions", operation_id = "grantToRole",
    params(("role" = String, Path, description = "The role", example = "clerk")), request_body = GiveGrant,
    responses((status = 201, description = "The grant", body = GrantView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 403, description = "Not allowed, or beyond what you may do yourself", body = ProblemBody),
        (status = 404, description = "No such role", body = ProblemBody),
        (status = 422, description = "It would lock out super administrators, or there are too many", body = ProblemBody)))]
async fn grant_to_role(
    ctx: Ctx,
    Path(role): Path<String>,
    ValidJson(body): ValidJson<GiveGrant>,
) -> Result<(StatusCode, Json<GrantView>), Problem> {
    let subject = service::subject_of_role(&ctx, &role).await?;
    let grant = service::give_grant(&ctx, subject, body.try_into()?).await?;
    Ok((StatusCode::CREATED, Json(grant.into())))
}

/// List what is granted or denied to a user, beside their role's.
#[utoipa::path(get, path = "/api/users/{id}/grants", tag = "Permissions", operation_id = "listGrantsOfUser",
    params(("id" = UserId, Path, description = "The user")),
    responses((status = 200, description = "All grants on one page", body = Paged<GrantView>),
        (status = 404, description = "No such user in the firm", body = ProblemBody)))]
async fn list_grants_of_user(ctx: Ctx, PathId(user): PathId<UserId>) -> Result<Paged<GrantView>, Problem> {
    let grants = service::list_grants(&ctx, Subject::User(user)).await?;
    whole(grants.into_iter().map(GrantView::from).collect())
}

/// Grant or deny something to a user.
#[utoipa::path(post, path = "/api/users/{id}/permissions", tag = "Permissions", operation_id = "grantToUser",
    params(("id" = UserId, Path, description = "The user")), request_body = GiveGrant,
    responses((status = 201, description = "The grant", body = GrantView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 403, description = "Not allowed, or beyond what you may do yourself", body = ProblemBody),
        (status = 404, description = "No such user in the firm", body = ProblemBody),
        (status = 422, description = "The user is a super administrator, or there are too many", body = ProblemBody)))]
async fn grant_to_user(
    ctx: Ctx,
    PathId(user): PathId<UserId>,
    ValidJson(body): ValidJson<GiveGrant>,
) -> Result<(StatusCode, Json<GrantView>), Problem> {
    let grant = service::give_grant(&ctx, Subject::User(user), body.try_into()?).await?;
    Ok((StatusCode::CREATED, Json(grant.into())))
}

/// End a grant.
#[utoipa::path(delete, path = "/api/permissions/{id}", tag = "Permissions", operation_id = "endGrant",
    params(("id" = GrantId, Path, description = "The grant")), request_body = EndGrant,
    responses((status = 200, description = "It does not count any more", body = EndedView),
        (status = 400, description = "No reason", body = ProblemBody),
        (status = 403, description = "Not allowed, or beyond what you may do yourself", body = ProblemBody),
        (status = 404, description = "No such grant, or it was ended before", body = ProblemBody)))]
async fn end_grant(
    ctx: Ctx,
    PathId(id): PathId<GrantId>,
    ValidJson(body): ValidJson<EndGrant>,
) -> Result<Json<EndedView>, Problem> {
    let revoke_reason = body.revoke_reason.trim().to_owned();
    service::end_grant(&ctx, id, &revoke_reason).await?;
    Ok(Json(EndedView { id, revoke_reason, revoked_at: ctx.now() }))
}

/// A short list that is always whole.
pub(super) fn whole<T>(items: Vec<T>) -> Result<Paged<T>, Problem> {
    let total = items.len() as u64;
    let page = Page::from_parts(None, Some(total.max(1)), web::paging::MAX_LIMIT)?;
    Ok(Paged::new(items, total, page))
}

impl TryFrom<GiveGrant> for NewGrant {
    type Error = Error;

    fn try_from(body: GiveGrant) -> Result<Self, Error> {
        let networks: Result<Vec<Network>, _> = body.networks.iter().map(|text| text.parse()).collect();
        let networks = networks
            .map_err(|fault| Error::Condition { field: "networks", message: format!("each {fault}") })?;
        let hours = body.hours.map(Hours::try_from).transpose();
        let hours = hours.map_err(|fault| Error::Condition { field: "hours", message: fault.to_string() })?;
        if let (Some(from), Some(until)) = (body.from, body.until)
            && until <= from
        {
            let message = "must lie after `from`".to_owned();
            return Err(Error::Condition { field: "until", message });
        }
        let asked = [("stepUp", body.step_up), ("approvalBy", body.approval_by.is_some())];
        if let Some((field, _)) = asked.into_iter().find(|(_, is_set)| *is_set && body.effect == Effect::Deny)
        {
            return Err(Error::Condition { field, message: "must not be set of what denies".to_owned() });
        }
        let countries: Result<Vec<Country>, _> = body.countries.iter().map(|text| text.parse()).collect();
        let countries = countries
            .map_err(|fault| Error::Condition { field: "countries", message: format!("each {fault}") })?;
        let case_statuses = Statuses::of(&body.case_statuses);
        let case_statuses = case_statuses
            .map_err(|fault| Error::Condition { field: "caseStatuses", message: format!("each {fault}") })?;
        let conditions = Conditions {
            networks,
            hours,
            from: body.from,
            until: body.until,
            step_up: body.step_up,
            countries,
            approval_by: body.approval_by,
            teams: body.teams,
            case_statuses,
            fields: body.fields,
            most_records: body.most_records,
        };
        let reason = body.reason.trim().to_owned();
        Ok(Self { permission: body.permission, effect: body.effect, conditions, reason })
    }
}

impl From<Grant> for GrantView {
    fn from(grant: Grant) -> Self {
        let (mut role, mut custom_role_id, mut user_id, mut team_id) = (None, None, None, None);
        match grant.subject {
            Subject::Role(built_in) => role = Some(built_in),
            Subject::CustomRole(custom) => custom_role_id = Some(custom),
            Subject::User(user) => user_id = Some(user),
            Subject::Team(team) => team_id = Some(team),
        }
        Self {
            id: grant.id,
            role,
            custom_role_id,
            user_id,
            team_id,
            permission: grant.action.code(),
            effect: grant.effect,
            reason: grant.reason,
            from: grant.conditions.from,
            until: grant.conditions.until,
            networks: grant.conditions.networks.iter().map(ToString::to_string).collect(),
            hours: grant.conditions.hours.map(WrittenHours::from),
            step_up: grant.conditions.step_up,
            countries: grant.conditions.countries.iter().map(ToString::to_string).collect(),
            approval_by: grant.conditions.approval_by,
            teams: grant.conditions.teams,
            case_statuses: grant.conditions.case_statuses.names().collect(),
            fields: grant.conditions.fields,
            most_records: grant.conditions.most_records,
            granted_by: grant.granted_by,
            granted_at: grant.granted_at,
        }
    }
}
