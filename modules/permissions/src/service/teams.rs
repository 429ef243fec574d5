use super::{commit, tidy};
use crate::Error;
use crate::model::{TeamFields, TeamWithMembers};
use access::grants::Effect;
use access::teams::{self, TEAM_MEMBERS, TEAMS_OF_USER, Team};
use access::{Action, Ctx};
use audit::{Act, Entity};
use db::Tx;
use ids::{TeamId, UserId};
use serde_json::json;
use web::{Page, Version};

/// A page of the firm's teams in the order of their names, and how many there are in all.
pub async fn list_teams(ctx: &Ctx, page: Page) -> Result<(Vec<Team>, u64), Error> {
    ctx.require(Action::ReadUsers)?;
    Ok(teams::list(ctx.reader(), ctx.firm(), (page.limit(), page.offset())).await?)
}

/// One team, with who is in it.
pub async fn find_team(ctx: &Ctx, id: TeamId) -> Result<TeamWithMembers, Error> {
    ctx.require(Action::ReadUsers)?;
    let team = teams::find(ctx.reader(), ctx.firm(), id).await?.ok_or(Error::TeamNotFound(id))?;
    let members = teams::members(ctx.reader(), ctx.firm(), id).await?;
    Ok(TeamWithMembers { team, members })
}

/// Makes a team, in which nobody is yet.
pub async fn add_team(ctx: &Ctx, fields: TeamFields) -> Result<Team, Error> {
    ctx.require(Action::ManagePermissions)?;
    let now = ctx.now();
    let TeamFields { name, description } = fields.tidy();
    let id = ctx.new_id();
    let team = Team { id, name, description, members: 0, version: 1, created_at: now, updated_at: now };
    let mut tx = ctx.begin().await?;
    access::hold_grants(&mut tx, ctx.firm()).await?;
    if !teams::add(&mut tx, ctx.firm(), &team).await.map_err(name_taken)? {
        return Err(Error::TooManyTeams);
    }
    let made = Entity::of(id).changed(json!({ "team": [null, team] }));
    audit::record(&mut tx, ctx, Act::Create, made).await?;
    commit(ctx, tx).await?;
    Ok(team)
}

/// Changes a team's name and description. Nothing is written when nothing differs.
pub async fn change_team<E: From<Error>>(
    ctx: &Ctx,
    id: TeamId,
    seen: Option<Version>,
    change: impl FnOnce(&TeamFields) -> Result<TeamFields, E>,
) -> Result<Team, E> {
    ctx.require(Action::ManagePermissions).map_err(Error::from)?;
    let (tx, before) = begin_with(ctx, id, seen).await?;
    let fields = TeamFields { name: before.name.clone(), description: before.description.clone() };
    let TeamFields { name, description } = change(&fields)?.tidy();
    if (&name, &description) == (&before.name, &before.description) {
        return Ok(before);
    }
    let after =
        Team { name, description, version: before.version + 1, updated_at: ctx.now(), ..before.clone() };
    Ok(keep_change(ctx, tx, &before, after).await?)
}

async fn keep_change(ctx: &Ctx, mut tx: Tx, before: &Team, after: Team) -> Result<Team, Error> {
    teams::save(&mut tx, ctx.firm(), &after).await.map_err(name_taken)?;
    audit::record(&mut tx, ctx, Act::Update, Entity::of(after.id).differing(before, &after)).await?;
    commit(ctx, tx).await?;
    Ok(after)
}

/// Removes a team to which nothing is granted or denied.
pub async fn remove_team(ctx: &Ctx, id: TeamId, seen: Option<Version>) -> Result<(), Error> {
    ctx.require(Action::ManagePermissions)?;
    let (mut tx, team) = begin_with(ctx, id, seen).await?;
    for effect in [Effect::Allow, Effect::Deny] {
        if !access::actions_of_team(&tx, ctx.firm(), id, effect).await?.is_empty() {
            return Err(Error::TeamHasGrants);
        }
    }
    let members = teams::members(&tx, ctx.firm(), id).await?;
    teams::remove(&mut tx, ctx.firm(), id).await?;
    let removed = Entity::of(id).changed(json!({ "team": [team, null], "members": [members, null] }));
    audit::record(&mut tx, ctx, Act::Delete, removed).await?;
    commit(ctx, tx).await
}

/// Puts a user into a team: what is granted and denied to the team counts for them from now on. Who is in it stays.
pub async fn join_team(ctx: &Ctx, id: TeamId, user: UserId) -> Result<(), Error> {
    ctx.require(Action::ManagePermissions)?;
    let (mut tx, team) = begin_with(ctx, id, None).await?;
    let user = accounts::find_in(&tx, ctx.firm(), user).await?.id;
    hands_out_own(ctx, &tx, id, Effect::Allow).await?;
    let is_in = teams::of_user(&tx, ctx.firm(), user).await?;
    if is_in.contains(&id) {
        return Ok(());
    }
    if is_in.len() >= TEAMS_OF_USER || team.members.unsigned_abs() >= TEAM_MEMBERS as u64 {
        return Err(Error::TeamFull);
    }
    teams::join(&mut tx, ctx.firm(), id, user).await?;
    keep_members(ctx, tx, team, (1, Act::Grant), json!({ "joined": [null, user] })).await
}

/// Takes a user out of a team.
pub async fn leave_team(ctx: &Ctx, id: TeamId, user: UserId) -> Result<(), Error> {
    ctx.require(Action::ManagePermissions)?;
    let (mut tx, team) = begin_with(ctx, id, None).await?;
    hands_out_own(ctx, &tx, id, Effect::Deny).await?;
    if !teams::leave(&mut tx, ctx.firm(), id, user).await? {
        return Err(Error::NotInTeam);
    }
    keep_members(ctx, tx, team, (-1, Act::Revoke), json!({ "left": [user, null] })).await
}

async fn keep_members(
    ctx: &Ctx,
    mut tx: Tx,
    team: Team,
    (more, act): (i64, Act),
    changes: serde_json::Value,
) -> Result<(), Error> {
    let (members, version) = (team.members + more, team.version + 1);
    let after = Team { members, version, updated_at: ctx.now(), ..team };
    teams::save(&mut tx, ctx.firm(), &after).await?;
    audit::record(&mut tx, ctx, act, Entity::of(after.id).changed(changes)).await?;
    commit(ctx, tx).await
}

/// Who puts somebody into a team gives them what the team is allowed; who takes somebody out gives back what it is denied.
async fn hands_out_own(ctx: &Ctx, tx: &Tx, team: TeamId, effect: Effect) -> Result<(), Error> {
    let actions = access::actions_of_team(tx, ctx.firm(), team, effect).await?;
    ctx.beyond_own(actions).map_or(Ok(()), |action| Err(Error::BeyondOwn(action.code())))
}

async fn begin_with(ctx: &Ctx, id: TeamId, seen: Option<Version>) -> Result<(Tx, Team), Error> {
    let mut tx = ctx.begin().await?;
    access::hold_grants(&mut tx, ctx.firm()).await?;
    let team = teams::find(&tx, ctx.firm(), id).await?.ok_or(Error::TeamNotFound(id))?;
    match seen {
        Some(seen) if seen.0 != team.version => Err(Error::Stale),
        _ => Ok((tx, team)),
    }
}

fn name_taken(error: db::Error) -> Error {
    if error.is_duplicate_of("teams", "name") { Error::TeamNameTaken } else { error.into() }
}

impl TeamFields {
    fn tidy(self) -> Self {
        let description = tidy(self.description);
        Self { name: self.name.trim().to_owned(), description }
    }
}
