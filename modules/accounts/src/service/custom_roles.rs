//! Roles of the firm's own that users have, each beside the built-in one on which it builds.

use crate::model::CustomRoleChange;
use crate::{Error, User};
use access::custom_roles::{self, CustomRole};
use access::grants::{Effect, Subject};
use access::{Ctx, Role};
use db::Tx;
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

/// Gives a user whose row is held the role that a change wishes, or takes it away. The names before and after, for the
/// record; nothing when nothing changes.
pub(super) async fn apply(
    ctx: &Ctx,
    tx: &mut Tx,
    (before, after): (&User, &User),
    change: CustomRoleChange,
) -> Result<Option<Value>, Error> {
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
    let name = |role: Option<CustomRole>| role.map(|role| role.name);
    Ok(Some(json!({ "customRole": [name(had), name(has)] })))
}

/// The role, which may have been removed since it was asked for.
async fn fitting(ctx: &Ctx, tx: &Tx, id: ids::CustomRoleId, after: &User) -> Result<CustomRole, Error> {
    let role = custom_roles::find(tx, ctx.firm(), id).await?.filter(|role| role.base == after.role);
    role.ok_or_else(|| Error::UnknownRole(id.to_string()))
}

async fn hands_out_own(ctx: &Ctx, tx: &Tx, role: Option<&CustomRole>, effect: Effect) -> Result<(), Error> {
    let Some(role) = role else { return Ok(()) };
    let grants = access::grants_of(tx, ctx.firm(), Subject::CustomRole(role.id)).await?;
    let beyond = grants.iter().find(|grant| {
        grant.effect == effect && !ctx.policy().allows_for_good(ctx.principal(), grant.action, ctx.moment())
    });
    beyond.map_or(Ok(()), |grant| Err(Error::RoleBeyondOwn(grant.action.code())))
}
