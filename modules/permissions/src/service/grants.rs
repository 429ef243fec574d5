use super::commit;
use crate::Error;
use crate::model::{Asked, Explained, NewGrant, Step};
use access::custom_roles::{self, CustomRole};
use access::grants::{Decision, Effect, Grant, OnCase, Statuses, Subject};
use access::{Action, Ctx, Principal, Role, case_teams, teams};
use audit::{Act, Entity};
use cases::CaseStatus;
use db::{Reads, Tx};
use ids::{CustomRoleId, GrantId};
use serde_json::json;

/// Gives a grant to a role, a user or a team of the firm.
pub async fn give_grant(ctx: &Ctx, subject: Subject, new: NewGrant) -> Result<Grant, Error> {
    ctx.require(Action::ManagePermissions)?;
    let action = action(&new.permission)?;
    if new.effect == Effect::Allow && ctx.beyond_own([action]).is_some() {
        return Err(Error::BeyondOwn(action.code()));
    }
    if let Some(role) = new.conditions.approval_by
        && !role.allows(action)
    {
        let message = format!("must be a role that has the permission `{}` itself", action.code());
        return Err(Error::Condition { field: "approvalBy", message });
    }
    new.conditions.check_part(new.effect, action)?;
    let mut tx = ctx.begin().await?;
    access::hold_grants(&mut tx, ctx.firm()).await?;
    let role = role_of(&tx, ctx, subject).await?;
    for team in &new.conditions.teams {
        teams::find(&tx, ctx.firm(), *team).await?.ok_or(Error::TeamNotFound(*team))?;
    }
    if new.effect == Effect::Deny && role == Some(Role::SuperAdmin) {
        return Err(Error::LocksOut);
    }
    let grant = Grant {
        id: ctx.new_id(),
        subject,
        action,
        effect: new.effect,
        conditions: new.conditions,
        reason: new.reason,
        granted_by: ctx.user(),
        granted_at: ctx.now(),
    };
    if !access::add_grant(&mut tx, ctx.firm(), &grant).await? {
        return Err(Error::TooMany);
    }
    // To deny is to take a right back.
    let act = if grant.effect == Effect::Allow { Act::Grant } else { Act::Revoke };
    let given = Entity::of(grant.id).changed(json!({ "granted": [null, grant] }));
    audit::record(&mut tx, ctx, act, given).await?;
    commit(ctx, tx).await?;
    Ok(grant)
}

/// The role of whom a grant is for, if they have one and the same.
async fn role_of(tx: &Tx, ctx: &Ctx, subject: Subject) -> Result<Option<Role>, Error> {
    match subject {
        Subject::Role(role) => Ok(Some(role)),
        Subject::CustomRole(role) => Ok(Some(custom_role(tx, ctx, role).await?.base)),
        Subject::User(user) => Ok(Some(accounts::find_in(tx, ctx.firm(), user).await?.role)),
        // A super administrator in it is not denied anything all the same.
        Subject::Team(team) => {
            teams::find(tx, ctx.firm(), team).await?.ok_or(Error::TeamNotFound(team))?;
            Ok(None)
        }
    }
}

/// Ends a grant, for a reason.
pub async fn end_grant(ctx: &Ctx, id: GrantId, reason: &str) -> Result<(), Error> {
    ctx.require(Action::ManagePermissions)?;
    let mut tx = ctx.begin().await?;
    let grant = access::find_grant(&tx, ctx.firm(), id).await?.ok_or(Error::NotFound(id))?;
    if grant.effect == Effect::Deny && ctx.beyond_own([grant.action]).is_some() {
        // To end what denies is to allow.
        return Err(Error::BeyondOwn(grant.action.code()));
    }
    if !access::end_grant(&mut tx, ctx.firm(), id, ctx.user(), ctx.now(), reason).await? {
        return Err(Error::NotFound(id));
    }
    let act = if grant.effect == Effect::Allow { Act::Revoke } else { Act::Grant };
    let changes = json!({ "granted": [grant, null], "reason": [null, reason] });
    audit::record(&mut tx, ctx, act, Entity::of(id).changed(changes)).await?;
    commit(ctx, tx).await
}

/// The grants that count for a role, a user or a team: at most 200.
pub async fn list_grants(ctx: &Ctx, subject: Subject) -> Result<Vec<Grant>, Error> {
    ctx.require(Action::ManagePermissions)?;
    match subject {
        Subject::Role(_) => {}
        Subject::CustomRole(role) => drop(custom_role(ctx.reader(), ctx, role).await?),
        Subject::User(user) => drop(accounts::find_in(ctx.reader(), ctx.firm(), user).await?),
        Subject::Team(team) => {
            teams::find(ctx.reader(), ctx.firm(), team).await?.ok_or(Error::TeamNotFound(team))?;
        }
    }
    Ok(access::grants_of(ctx.reader(), ctx.firm(), subject).await?)
}

/// Whether a user may do something, and which rows say so. The rows come from the database, not from what is kept. A case
/// that the caller does not see is not there.
pub async fn explain(ctx: &Ctx, asked: &Asked) -> Result<Explained, Error> {
    let sight = ctx.sight_to(Action::ManagePermissions)?;
    let action = action(&asked.permission)?;
    let user = accounts::find_in(ctx.reader(), ctx.firm(), asked.user.unwrap_or(ctx.user())).await?;
    let principal = Principal::of(user.id, ctx.firm(), user.role);
    let policy = access::look_up(ctx.reader(), &principal, ctx.now()).await?;
    let moment = ctx.moment();
    let (mut by_wall, mut member, mut place) = (false, None, None);
    if let Some(case) = asked.case {
        let status = cases::status_of(ctx.reader(), sight, case).await?;
        by_wall = access::is_hidden(ctx.reader(), ctx.firm(), user.id, case).await?;
        member = case_teams::find(ctx.reader(), ctx.firm(), case, user.id).await?;
        place = Some(OnCase { role: member.map(|member| member.role), status: standing(status)? });
    }
    let decided = match place {
        _ if !user.active => Decision::REFUSED,
        Some(case) => policy.decide_on_case(&principal, case, action, moment),
        None => policy.decide(&principal, action, moment),
    };
    // What is about cases of some statuses counts on these alone.
    let is_here = |grant: &Grant| {
        let statuses = grant.conditions.case_statuses;
        statuses.is_empty() || place.is_some_and(|case| statuses.contains(case.status))
    };
    let of = |effect: Effect| {
        let grants =
            policy.grants().iter().filter(move |grant| grant.effect == effect && grant.action == action);
        grants.map(|grant| Step::Grant {
            grant: Box::new(grant.clone()),
            counts: is_here(grant)
                && policy.counts(grant, &principal, moment)
                && policy.owed(grant, &principal, moment).is_none(),
        })
    };
    let mut steps: Vec<Step> = of(Effect::Deny).collect();
    steps.extend(by_wall.then_some(Step::Wall));
    steps.push(Step::Role { role: user.role, allows: principal.allows(action) });
    steps.extend(of(Effect::Allow));
    let lent = policy.lent().iter().filter(|lent| lent.delegation.actions.contains(&action));
    steps.extend(lent.map(|lent| Step::Delegation {
        delegation: Box::new(lent.delegation.clone()),
        counts: lent.reach(ctx.firm(), action, moment).covers(place),
    }));
    let of_team = |role: Role| Step::CaseTeam { role, allows: role.allows_on_case(action) };
    steps.extend(member.map(|member| of_team(member.role)));
    Ok(Explained {
        user: user.id,
        action,
        allowed: decided.allowed && !by_wall,
        by_wall: by_wall && decided.allowed,
        reason: decided.reason,
        steps,
    })
}

async fn custom_role(db: &impl Reads, ctx: &Ctx, id: CustomRoleId) -> Result<CustomRole, Error> {
    custom_roles::find(db, ctx.firm(), id).await?.ok_or_else(|| Error::RoleNotFound(id.to_string()))
}

fn standing(status: CaseStatus) -> Result<Statuses, Error> {
    Statuses::of(&[status.as_str()])
        .map_err(|fault| Error::Condition { field: "caseId", message: fault.to_string() })
}

pub(super) fn action(code: &str) -> Result<Action, Error> {
    Action::of_code(code).ok_or_else(|| Error::UnknownPermission(code.to_owned()))
}
