//! Roles of the firm's own that users have, each beside the built-in one on which it builds.

use super::users::actor;
use crate::model::{CustomRoleChange, may_manage};
use crate::{Error, User};
use access::custom_roles::{self, CustomRole};
use access::grants::{Effect, Subject};
use access::{Action, Ctx, Role};
use audit::Act;
use db::{Reads, Tx};
use serde_json::{Value, json};

/// What a user has who is given the role of this name.
pub async fn role_named(ctx: &Ctx, name: &str) -> Result<(Role, CustomRoleChange), Error> {
    if let Ok(role) = name.parse() {
        return Ok((role, CustomRoleChange::Ends));
    }
    let role = custom_roles::named(ctx.reader(), ctx.firm(), name).await?;
    let role = role.ok_or_else(|| Error::UnknownRole(name.to_owned()))?;
    Ok((role.base, CustomRoleChange::Begins(role.id)))
}

/// Gives a user whose row is held the role that a change wishes, or takes it away. What is to be recorded; nothing when
/// nothing changes.
pub(super) async fn apply(
    ctx: &Ctx,
    tx: &mut Tx,
    (before, after): (&User, &User),
    change: CustomRoleChange,
) -> Result<Option<(Act, Value)>, Error> {
    let wished = match change {
        CustomRoleChange::Follows if before.role == after.role => return Ok(None),
        CustomRoleChange::Follows | CustomRoleChange::Ends => None,
        CustomRoleChange::Begins(id) => Some(id),
    };
    let had = custom_roles::of_user(&*tx, ctx.firm(), before.id).await?;
    if had.as_ref().map(|role| role.id) == wished {
        return Ok(None);
    }
    if before.id == ctx.user() {
        return Err(Error::OwnAccess);
    }
    access::hold_grants(tx, ctx.firm()).await?;
    let has = match wished {
        Some(id) => Some(fitting(ctx, tx, id, after).await?),
        None => None,
    };
    // Who takes a role away gives back what it is denied; who gives one gives what it is allowed.
    hands_out_own(ctx, tx, had.as_ref(), Effect::Deny).await?;
    hands_out_own(ctx, tx, has.as_ref(), Effect::Allow).await?;
    custom_roles::give(tx, ctx.firm(), before.id, wished).await?;
    let act = if has.is_some() { Act::Grant } else { Act::Revoke };
    let named = |role: Option<CustomRole>| role.map(|role| json!({ "id": role.id, "name": role.name }));
    Ok(Some((act, json!({ "customRole": [named(had), named(has)] }))))
}

/// The role, which may have been removed since it was asked for.
async fn fitting(ctx: &Ctx, tx: &Tx, id: ids::CustomRoleId, after: &User) -> Result<CustomRole, Error> {
    let role = custom_roles::find(tx, ctx.firm(), id).await?.filter(|role| role.base == after.role);
    role.ok_or_else(|| Error::UnknownRole(id.to_string()))
}

async fn hands_out_own(ctx: &Ctx, tx: &Tx, role: Option<&CustomRole>, effect: Effect) -> Result<(), Error> {
    let Some(role) = role else { return Ok(()) };
    let grants = access::grants_of(tx, ctx.firm(), Subject::CustomRole(role.id)).await?;
    let grants = grants.iter().filter(|grant| grant.effect == effect);
    within_own(ctx, grants.map(|grant| grant.action))
}

/// Whoever lets somebody in can be let in as them, with all that is granted to them.
pub(super) async fn may_let_in(ctx: &Ctx, db: &impl Reads, user: &User) -> Result<(), Error> {
    if user.id == ctx.user() {
        return Ok(());
    }
    may_manage(actor(ctx), user.role)?;
    let powers = access::own_powers(db, ctx.firm(), user.id, user.role).await?;
    let allowed = powers.grants().iter().filter(|grant| grant.effect == Effect::Allow);
    within_own(ctx, allowed.map(|grant| grant.action))
}

fn within_own(ctx: &Ctx, actions: impl Iterator<Item = Action>) -> Result<(), Error> {
    ctx.beyond_own(actions).map_or(Ok(()), |action| Err(Error::RoleBeyondOwn(action.code())))
}
