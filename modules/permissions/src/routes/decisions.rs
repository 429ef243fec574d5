use super::delegations::DelegationView;
use super::grants::GrantView;
use crate::model::{Asked, Explained, Step};
use crate::service;
use access::grants::{Effect, Reason};
use access::{Action, Ctx, Gate, Role, Routes};
use axum::Json;
use ids::{CaseId, GrantId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use web::{Problem, ProblemBody, ValidJson, ValidQuery};

/// How decisions come about.
pub(super) fn routes() -> Routes {
    let gate = Gate::May(Action::ManagePermissions);
    Routes::new().route(routes!(check_permission), gate).route(routes!(explain_permission), gate)
}

/// Of whom and what is asked.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"userId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "permission": "cases:read",
    "caseId": "019cae6b-8e20-707a-a469-71cfb354a067"}))]
struct CheckPermission {
    /// Of whom; yourself when left out.
    #[serde(default)]
    user_id: Option<UserId>,
    /// The permission's code.
    #[garde(length(chars, max = 100))]
    #[schema(example = "cases:read")]
    permission: String,
    /// Of which case; of none in particular when left out.
    #[serde(default)]
    case_id: Option<CaseId>,
}

/// Of whom and what is asked.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct ExplainPermission {
    /// Of whom; yourself when left out.
    user_id: Option<UserId>,
    /// The permission's code; `cases:read` when left out.
    #[garde(inner(length(chars, max = 100)))]
    permission: Option<String>,
    /// Of which case; of none in particular when left out.
    case_id: Option<CaseId>,
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"userId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "permission": "cases:read",
    "allowed": false, "decidedBy": "ethical_wall"}))]
struct CheckView {
    /// Of whom.
    user_id: UserId,
    /// The permission's code.
    permission: &'static str,
    /// Whether it is allowed.
    allowed: bool,
    /// `ethical_wall`, `role`, `grant`, `delegation`, `case_team`, or `default`: nothing allows it.
    decided_by: &'static str,
}

/// A decision with the rows that made it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"userId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "permission": "cases:read",
    "allowed": true, "decidedBy": "role", "decidingGrant": null,
    "rows": [{"source": "role", "role": "associate", "grant": null, "delegation": null, "effect": "allow", "counts": true}]}))]
struct ExplainView {
    /// Of whom.
    user_id: UserId,
    /// The permission's code.
    permission: &'static str,
    /// Whether it is allowed.
    allowed: bool,
    /// `ethical_wall`, `role`, `grant`, `delegation`, `case_team`, or `default`: nothing allows it.
    decided_by: &'static str,
    /// The grant that decided, where one did.
    deciding_grant: Option<GrantId>,
    /// The rows, in the order in which they count: grants that deny, walls, the role, grants that allow, delegations, the role
    /// on the team of the case.
    rows: Vec<RowView>,
}

/// A row that took part.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RowView {
    /// `grant`, `ethical_wall`, `role`, `delegation` or `case_team`.
    source: &'static str,
    /// The role, of a role's row; the role on the case, of a row of its team.
    role: Option<Role>,
    /// The grant, of a grant's row.
    grant: Option<GrantView>,
    /// The delegation, of a delegation's row.
    delegation: Option<DelegationView>,
    /// What it does.
    effect: Effect,
    /// Whether it counts at this moment, from where you ask. A grant that asks for a second factor does not, for who has
    /// shown none.
    counts: bool,
}

/// Ask whether a user may do something.
#[utoipa::path(post, path = "/api/permissions/check", tag = "Permissions", operation_id = "checkPermission",
    request_body = CheckPermission,
    responses((status = 200, description = "The decision", body = CheckView),
        (status = 400, description = "No such permission", body = ProblemBody),
        (status = 404, description = "No such user or case", body = ProblemBody)))]
async fn check_permission(
    ctx: Ctx,
    ValidJson(body): ValidJson<CheckPermission>,
) -> Result<Json<CheckView>, Problem> {
    let asked = Asked { user: body.user_id, permission: body.permission, case: body.case_id };
    let explained = service::explain(&ctx, &asked).await?;
    Ok(Json(CheckView {
        user_id: explained.user,
        permission: explained.action.code(),
        allowed: explained.allowed,
        decided_by: decided_by(&explained).0,
    }))
}

/// Explain whether a user may do something: the rows that took part, and which of them decided.
#[utoipa::path(get, path = "/api/permissions/explain", tag = "Permissions", operation_id = "explainPermission",
    params(ExplainPermission),
    responses((status = 200, description = "The decision and its rows", body = ExplainView),
        (status = 400, description = "No such permission", body = ProblemBody),
        (status = 404, description = "No such user or case", body = ProblemBody)))]
async fn explain_permission(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ExplainPermission>,
) -> Result<Json<ExplainView>, Problem> {
    let permission = query.permission.unwrap_or_else(|| Action::ReadCases.code().to_owned());
    let asked = Asked { user: query.user_id, permission, case: query.case_id };
    let explained = service::explain(&ctx, &asked).await?;
    let (decided_by, deciding_grant) = decided_by(&explained);
    Ok(Json(ExplainView {
        user_id: explained.user,
        permission: explained.action.code(),
        allowed: explained.allowed,
        decided_by,
        deciding_grant,
        rows: explained.steps.into_iter().map(RowView::from).collect(),
    }))
}

fn decided_by(explained: &Explained) -> (&'static str, Option<GrantId>) {
    match explained.reason {
        _ if explained.by_wall => ("ethical_wall", None),
        Reason::Default => ("default", None),
        Reason::Role(_) => ("role", None),
        Reason::Grant(grant) => ("grant", Some(grant)),
        Reason::Delegation(_) => ("delegation", None),
        Reason::CaseTeam(_) => ("case_team", None),
    }
}

impl From<Step> for RowView {
    fn from(step: Step) -> Self {
        let row = |source, effect, counts| Self {
            source,
            role: None,
            grant: None,
            delegation: None,
            effect,
            counts,
        };
        match step {
            Step::Wall => row("ethical_wall", Effect::Deny, true),
            Step::Role { role, allows } => Self { role: Some(role), ..row("role", Effect::Allow, allows) },
            Step::CaseTeam { role, allows } => {
                Self { role: Some(role), ..row("case_team", Effect::Allow, allows) }
            }
            Step::Grant { grant, counts } => {
                let effect = grant.effect;
                Self { grant: Some((*grant).into()), ..row("grant", effect, counts) }
            }
            Step::Delegation { delegation, counts } => {
                let delegation = Some((*delegation).into());
                Self { delegation, ..row("delegation", Effect::Allow, counts) }
            }
        }
    }
}
