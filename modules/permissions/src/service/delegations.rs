use super::grants::action;
use crate::Error;
use crate::model::NewDelegation;
use access::grants::Delegation;
use access::{Action, Ctx, Principal, Role, delegations};
use audit::{Act, Entity};
use chrono::TimeDelta;
use clock::Timestamp;
use ids::{DelegationId, UserId};
use serde_json::json;

/// The longest that something is lent.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// Lends some of what the caller may do to another user, for a time. Who manages permissions may do so in the place of
/// somebody else, as when a lawyer has fallen ill.
pub async fn make_delegation(ctx: &Ctx, new: NewDelegation) -> Result<Delegation, Error> {
    let lender = new.lender.unwrap_or(ctx.user());
    if lender != ctx.user() {
        ctx.require(Action::ManagePermissions)?;
    }
    let (from, until) = period(ctx.now(), new.from, new.until)?;
    let mut actions = new.permissions.iter().map(|code| action(code)).collect::<Result<Vec<_>, _>>()?;
    actions.sort_unstable();
    actions.dedup();
    let mut tx = ctx.begin().await?;
    // Held, so that neither the role nor the access of either changes before the commit.
    let [lender, delegate] = accounts::hold_two(&tx, ctx.firm(), lender, new.delegate).await?;
    if !lender.active || !delegate.active || lender.id == delegate.id || delegate.role == Role::Client {
        return Err(Error::DelegateUnfit);
    }
    let powers = access::own_powers(&tx, ctx.firm(), lender.id, lender.role).await?;
    let principal = Principal::of(lender.id, ctx.firm(), lender.role);
    let moment = ctx.moment();
    for action in actions.iter().copied() {
        if action.needs_person() {
            return Err(Error::NotDelegable(action.code()));
        }
        // Who lends in another's place hands out what they hold themselves.
        let is_held = lender.id == ctx.user() || !ctx.is_denied(action);
        if !powers.lends(&principal, action, moment).everywhere || ctx.require(action).is_err() || !is_held {
            return Err(Error::BeyondOwn(action.code()));
        }
    }
    let delegation = Delegation {
        id: ctx.new_id(),
        lender: lender.id,
        lender_role: lender.role,
        delegate: delegate.id,
        actions,
        from,
        until,
        reason: new.reason,
        made_by: ctx.user(),
        made_at: ctx.now(),
    };
    if !delegations::add(&mut tx, ctx.firm(), &delegation).await? {
        return Err(Error::TooManyDelegations);
    }
    let made = Entity::of(delegation.id).changed(json!({ "delegated": [null, delegation] }));
    audit::record(&mut tx, ctx, Act::Grant, made).await?;
    tx.commit().await?;
    ctx.app().policies().forget(ctx.firm());
    Ok(delegation)
}

/// Ends a delegation. Lender and delegate may, and who manages permissions; to others it is not there.
pub async fn end_delegation(ctx: &Ctx, id: DelegationId) -> Result<(), Error> {
    let mut tx = ctx.begin().await?;
    let found = delegations::find(&tx, ctx.firm(), id, ctx.now()).await?;
    let delegation = found.ok_or(Error::DelegationNotFound(id))?;
    let is_party = [delegation.lender, delegation.delegate].contains(&ctx.user());
    if !is_party && ctx.require(Action::ManagePermissions).is_err() {
        return Err(Error::DelegationNotFound(id));
    }
    if !delegations::end(&mut tx, ctx.firm(), id, ctx.user(), ctx.now()).await? {
        return Err(Error::DelegationNotFound(id));
    }
    let ended = Entity::of(id).changed(json!({ "delegated": [delegation, null] }));
    audit::record(&mut tx, ctx, Act::Revoke, ended).await?;
    tx.commit().await?;
    ctx.app().policies().forget(ctx.firm());
    Ok(())
}

/// What a user has lent, and what was lent to them, as far as it is not over. Of others, for who manages permissions.
pub async fn list_delegations(ctx: &Ctx, user: Option<UserId>) -> Result<Vec<Delegation>, Error> {
    let user = user.unwrap_or(ctx.user());
    if user != ctx.user() {
        ctx.require(Action::ManagePermissions)?;
        accounts::find_in(ctx.reader(), ctx.firm(), user).await?;
    }
    let mut found = delegations::lent_by(ctx.reader(), ctx.firm(), user, ctx.now()).await?;
    found.extend(delegations::lent_to(ctx.reader(), ctx.firm(), user, ctx.now()).await?);
    found.sort_by_key(|delegation| (delegation.from, delegation.id));
    Ok(found)
}

fn period(
    now: Timestamp,
    from: Option<Timestamp>,
    until: Timestamp,
) -> Result<(Timestamp, Timestamp), Error> {
    let from = from.map_or(now, |from| from.max(now));
    let wrong = |message: &str| Err(Error::Condition { field: "until", message: message.to_owned() });
    if until <= from {
        return wrong("must lie ahead, and after `from`");
    }
    if until - from > LONGEST {
        return wrong("must lie within 366 days of its begin: lend it again then");
    }
    Ok((from, until))
}
