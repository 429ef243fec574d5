use crate::model::case::Case;
use crate::{Error, store};
use access::case_teams::{self, CaseMember};
use access::{Action, Ctx, Role};
use accounts::User;
use audit::{Act, Entity};
use db::Tx;
use events::cases::TeamChanged;
use ids::{CaseId, UserId};
use serde_json::json;

/// Who is on the team of a case, in the order in which they came: at most 200.
pub async fn list_team(ctx: &Ctx, case: CaseId) -> Result<Vec<CaseMember>, Error> {
    let sight = ctx.sight_to(Action::ReadCases)?;
    store::cases::exists(ctx.reader(), sight, case).await?;
    Ok(case_teams::members(ctx.reader(), ctx.firm(), case).await?)
}

/// Gives a user a role on a case, in the place of the one they had there. It counts from the commit on. Nothing is written
/// when they have it.
///
/// A wall is not asked: it keeps them from the case all the same, and whoever may not know of it learns nothing.
pub async fn put_on_team(
    ctx: &Ctx,
    case: CaseId,
    user: UserId,
    role: Role,
    reason: Option<String>,
) -> Result<CaseMember, Error> {
    let (mut tx, user) = begin(ctx, case, user).await?;
    if !role.is_case_role() {
        return Err(Error::NoCaseRole(role));
    }
    let may_for_good = |action| ctx.policy().allows_for_good(ctx.principal(), action, ctx.moment());
    let beyond = |action: &Action| role.allows_on_case(*action) && !may_for_good(*action);
    if let Some(action) = Action::ALL.into_iter().find(beyond) {
        return Err(Error::RoleBeyondOwn { role, permission: action.code() });
    }
    if user.id == ctx.user() && !ctx.principal().role.supervises() {
        return Err(Error::OwnMembership);
    }
    if !user.active {
        return Err(Error::MemberUnfit(user.id));
    }
    let before = case_teams::find(&tx, ctx.firm(), case, user.id).await?;
    if let Some(known) = before.filter(|known| known.role == role) {
        return Ok(known);
    }
    let member = CaseMember { user: user.id, role, added_by: ctx.user(), added_at: ctx.now() };
    if !case_teams::put(&mut tx, ctx.firm(), case, before.as_ref(), &member).await? {
        return Err(Error::TeamFull);
    }
    let changes = json!({ "teamMember": [before, member], "reason": [null, reason] });
    let act = if before.is_some() { Act::Update } else { Act::Grant };
    audit::record(&mut tx, ctx, act, Entity::of(case).in_case(case).changed(changes)).await?;
    tell(ctx, tx, TeamChanged { case, user: user.id, role: Some(role.to_string()) }).await?;
    Ok(member)
}

/// Takes a user off the team of a case.
pub async fn take_off_team(ctx: &Ctx, case: CaseId, user: UserId) -> Result<(), Error> {
    let (mut tx, user) = begin(ctx, case, user).await?;
    let before = case_teams::find(&tx, ctx.firm(), case, user.id).await?;
    if !case_teams::remove(&mut tx, ctx.firm(), case, user.id).await? {
        return Err(Error::NotOnTeam(user.id));
    }
    let changes = json!({ "teamMember": [before, null] });
    audit::record(&mut tx, ctx, Act::Revoke, Entity::of(case).in_case(case).changed(changes)).await?;
    tell(ctx, tx, TeamChanged { case, user: user.id, role: None }).await
}

/// Who changes a team may change every case, leads this one or supervises, and is a person: who is on the team only, also as
/// a partner, lets nobody else in.
async fn begin(ctx: &Ctx, id: CaseId, user: UserId) -> Result<(Tx, User), Error> {
    let sight = ctx.sight_of_firm_to(Action::EditCases)?;
    let mut tx = ctx.begin().await?;
    // The user first, as whoever takes their access away does, so that the two do not wait for each other. Whether there is
    // such a user is told to who sees the case only.
    let user = accounts::hold(&tx, ctx.firm(), user).await;
    access::hold_grants(&mut tx, ctx.firm()).await?;
    let case = store::cases::find_for_change(&mut tx, sight, id).await?;
    may_change_team(ctx, &case)?;
    Ok((tx, user?))
}

fn may_change_team(ctx: &Ctx, case: &Case) -> Result<(), Error> {
    let is_lead = case.fields.lead_user_id == Some(ctx.user());
    match ctx.principal() {
        // A key of a few scopes would let in who has none.
        principal if principal.key.is_some() => Err(access::Error::NeedsPerson.into()),
        principal if is_lead || principal.role.supervises() => Ok(()),
        _ => Err(Error::NotLead),
    }
}

async fn tell(ctx: &Ctx, mut tx: Tx, changed: TeamChanged) -> Result<(), Error> {
    ctx.publish(&mut tx, &changed).await?;
    tx.commit().await?;
    ctx.app().policies().forget(ctx.firm());
    Ok(())
}
