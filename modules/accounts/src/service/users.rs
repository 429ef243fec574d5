use super::{custom_roles, passwords};
use crate::model::{Actor, Change, Direction, Effect, Email, Filter, NewUser, Sort, may_manage};
use crate::{Error, User, UserWatch, store};
use access::{Action, App, Ctx, Role};
use audit::{Act, Entity};
use crypto::Secret;
use crypto::password::Hasher;
use db::{Reads, Tx};
use ids::{CredentialId, FirmId, UserId};
use serde_json::json;

/// One page of the firm's users and how many there are in all. At most `limit` from the `offset`-th on.
pub async fn list_users(
    ctx: &Ctx,
    filter: &Filter,
    order: (Sort, Direction),
    (offset, limit): (u64, u64),
) -> Result<(Vec<User>, u64), Error> {
    ctx.require(Action::ReadUsers)?;
    ctx.require_records(Action::ReadUsers, offset.saturating_add(limit))?;
    store::users::page(ctx.reader(), ctx.firm(), filter, order, (offset, limit)).await
}

/// One user of the firm. Everybody may see themselves.
pub async fn find_user(ctx: &Ctx, id: UserId) -> Result<User, Error> {
    if id != ctx.user() {
        ctx.require(Action::ReadUsers)?;
    }
    store::users::find(ctx.reader(), ctx.firm(), id).await?.ok_or(Error::NotFound(id))
}

/// The caller.
pub async fn find_self(ctx: &Ctx) -> Result<User, Error> {
    passwords::own(ctx).await
}

/// A user for a module that has checked who asks, inside its transaction or outside one.
pub async fn find_in(db: &impl Reads, firm: FirmId, id: UserId) -> Result<User, Error> {
    store::users::find(db, firm, id).await?.ok_or(Error::NotFound(id))
}

/// A user whom nobody else changes until the transaction ends: what is counted of them meanwhile stays true.
pub async fn hold(tx: &Tx, firm: FirmId, id: UserId) -> Result<User, Error> {
    store::users::find_for_change(tx, firm, id).await?.ok_or(Error::NotFound(id))
}

/// Two users whose rows are held until the end of the transaction, in the order in which they are asked for.
pub async fn hold_two(tx: &Tx, firm: FirmId, one: UserId, other: UserId) -> Result<[User; 2], Error> {
    let [first, second] = hold_each(tx, firm, one, other).await?;
    Ok([first.ok_or(Error::NotFound(one))?, second.ok_or(Error::NotFound(other))?])
}

/// As [`hold_two`], with nothing for who is not there. The lower id is held first, so that two who hold the same do not wait
/// for each other.
pub(super) async fn hold_each(
    tx: &Tx,
    firm: FirmId,
    one: UserId,
    other: UserId,
) -> Result<[Option<User>; 2], Error> {
    let held = async |id: UserId| store::users::find_for_change(tx, firm, id).await;
    if one <= other {
        let one = held(one).await?;
        Ok([one, held(other).await?])
    } else {
        let other = held(other).await?;
        Ok([held(one).await?, other])
    }
}

/// The user who signs in with this address, whatever the firm: for the command line, which looks after all firms.
pub async fn find_by_address(app: &App, email: &Email) -> Result<Option<User>, Error> {
    store::users::of_email(app.db().reader(), email).await
}

/// Active users of some roles, at most 1,000, for a module that has checked who asks.
pub async fn active_in_roles(db: &impl Reads, firm: FirmId, roles: &[Role]) -> Result<Vec<UserId>, Error> {
    store::users::active_in_roles(db, firm, roles).await
}

/// Adds a user with a password.
pub async fn add_user(ctx: &Ctx, hasher: &Hasher, new: NewUser, password: Secret) -> Result<User, Error> {
    ctx.require(Action::ManageUsers)?;
    may_manage(actor(ctx), new.role)?;
    let user = User::new(ctx.new_id(), ctx.firm(), &new, ctx.now())?;
    passwords::check_strength("password", &password, &user)?;
    let hash = hasher.hash(password).await?;
    let mut tx = ctx.begin().await?;
    store::users::insert(&mut tx, ctx.firm(), &user).await?;
    let credential = ctx.new_id::<CredentialId>();
    store::credentials::insert(&mut tx, ctx.firm(), user.id, credential, &hash, ctx.now()).await?;
    audit::record(&mut tx, ctx, Act::Create, Entity::of(user.id)).await?;
    let added = events::accounts::UserAdded { user: user.id, role: user.role.to_string() };
    ctx.publish(&mut tx, &added).await?;
    tx.commit().await?;
    Ok(user)
}

/// Changes a user's names, role or activity. Everybody may change their own names; `seen` is the version that the
/// caller read.
pub async fn change_user(
    ctx: &Ctx,
    watch: &dyn UserWatch,
    id: UserId,
    seen: Option<i64>,
    change: &Change,
) -> Result<User, Error> {
    edit_user(ctx, watch, id, seen, |_| Ok(change.clone())).await
}

/// As [`change_user`], where the change depends on how the user is.
pub async fn edit_user<E: From<Error>>(
    ctx: &Ctx,
    watch: &dyn UserWatch,
    id: UserId,
    seen: Option<i64>,
    change: impl FnOnce(&User) -> Result<Change, E>,
) -> Result<User, E> {
    if id != ctx.user() {
        ctx.require(Action::ManageUsers).map_err(Error::from)?;
    }
    let (tx, before) = begin_with(ctx, id, seen).await?;
    let change = change(&before)?;
    Ok(commit_change(ctx, watch, tx, &before, &change).await?)
}

async fn begin_with(ctx: &Ctx, id: UserId, seen: Option<i64>) -> Result<(Tx, User), Error> {
    let tx = ctx.begin().await?;
    let before = store::users::find_for_change(&tx, ctx.firm(), id).await?.ok_or(Error::NotFound(id))?;
    match seen {
        Some(seen) if seen != before.version => Err(Error::Stale),
        _ => Ok((tx, before)),
    }
}

async fn commit_change(
    ctx: &Ctx,
    watch: &dyn UserWatch,
    mut tx: Tx,
    before: &User,
    change: &Change,
) -> Result<User, Error> {
    let (after, effect) = apply(ctx, &mut tx, before, change).await?;
    tx.commit().await?;
    tell(ctx, watch, before.id, effect);
    Ok(after)
}

/// Tells, after the commit, that a user's standing changed.
pub(super) fn tell(ctx: &Ctx, watch: &dyn UserWatch, id: UserId, effect: Effect) {
    if effect != Effect::Harmless {
        // What the user has lent, or was lent, may have ended.
        ctx.app().policies().forget(ctx.firm());
        watch.user_changed(ctx.firm(), id);
    }
}

/// Writes a change of a user whose row is held, with its record. Who loses their access loses their logins and keys.
pub(super) async fn apply(
    ctx: &Ctx,
    tx: &mut Tx,
    before: &User,
    change: &Change,
) -> Result<(User, Effect), Error> {
    let id = before.id;
    let (after, effect) = before.changed(actor(ctx), change, ctx.now())?;
    if let Effect::LosesAdministrator(must_stay) = effect {
        store::firms::take(tx, ctx.firm(), ctx.now()).await?;
        if store::users::others_active(tx, ctx.firm(), id, must_stay).await? == 0 {
            return Err(Error::LastAdministrator);
        }
    }
    if after.active && !before.active {
        custom_roles::may_let_in(ctx, &*tx, before).await?;
    }
    store::users::save(tx, ctx.firm(), &after).await?;
    let custom_role = custom_roles::apply(ctx, tx, (before, &after), change.custom_role).await?;
    let is_leaving = before.active && !after.active;
    // Rows before records: whoever changes what is granted holds the firm's grants first and the end of the chain last.
    let has_another_role = before.role != after.role || custom_role.is_some();
    let effect = if has_another_role && effect == Effect::Harmless { Effect::Access } else { effect };
    let ended =
        if is_leaving || has_another_role { end_rights(ctx, tx, id, is_leaving).await? } else { Vec::new() };
    let act = match (is_leaving, has_another_role) {
        (true, _) => Act::Delete,
        // Another role gives other rights.
        (false, true) => Act::Grant,
        (false, false) => Act::Update,
    };
    if custom_role.is_none() || json!(before) != json!(after) {
        audit::record(tx, ctx, act, Entity::of(id).differing(before, &after)).await?;
    }
    if let Some((act, changes)) = custom_role {
        audit::record(tx, ctx, act, Entity::of(id).changed(changes)).await?;
    }
    for (what, count) in ended.into_iter().filter(|(_, count)| *count > 0) {
        audit::record(tx, ctx, Act::Revoke, Entity::of(id).changed(json!({ what: count }))).await?;
    }
    let changed =
        events::accounts::UserChanged { user: id, role: after.role.to_string(), active: after.active };
    ctx.publish(tx, &changed).await?;
    if is_leaving {
        let reason = "user_deactivated".to_owned();
        ctx.publish(tx, &events::accounts::SignedOut { user: id, reason }).await?;
    }
    Ok((after, effect))
}

/// What somebody has lent was lent from their role, and what was approved was approved to who they were. Who leaves acts for
/// nobody any more, and loses for good what lets somebody in beside the password, and on cases beside the role: API keys,
/// links that were sent, and places on the teams of cases. Logins end by the moment that stands in the user's row.
async fn end_rights(
    ctx: &Ctx,
    tx: &mut Tx,
    id: UserId,
    leaves: bool,
) -> Result<Vec<(&'static str, u64)>, Error> {
    let (firm, by, now) = (ctx.firm(), ctx.user(), ctx.now());
    access::note_departure(tx, firm).await?;
    let mut ended = vec![
        ("delegationsEnded", access::delegations::end_of_user(tx, firm, id, leaves, by, now).await?),
        ("approvalsEnded", access::approvals::end_of_user(tx, firm, id, leaves, by, now).await?),
    ];
    if leaves {
        ended.push(("caseTeamsLeft", access::case_teams::leave_all(tx, firm, id).await?));
        ended.push(("apiKeysRevoked", store::api_keys::revoke_all(tx, firm, id, now).await?));
        store::password_resets::end_all(tx, firm, id, now).await?;
    }
    Ok(ended)
}

/// Takes a user's access away. What they did stays; a user who is inactive already stays so.
pub async fn deactivate_user(
    ctx: &Ctx,
    watch: &dyn UserWatch,
    id: UserId,
    seen: Option<i64>,
) -> Result<(), Error> {
    ctx.require(Action::ManageUsers)?;
    let change = Change { active: Some(false), ..Change::default() };
    change_user(ctx, watch, id, seen, &change).await?;
    Ok(())
}

pub(super) fn actor(ctx: &Ctx) -> Actor {
    Actor { user: ctx.user(), role: ctx.principal().role }
}
