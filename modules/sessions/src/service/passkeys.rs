//! The verbs of passkeys. Rows are seen, renamed and removed by every server; ceremonies are held by one that was built
//! with the feature `passkeys`.

#[cfg(feature = "passkeys")]
mod ceremonies;
#[cfg(not(feature = "passkeys"))]
mod unbuilt;

#[cfg(feature = "passkeys")]
use ceremonies as built;
#[cfg(not(feature = "passkeys"))]
use unbuilt as built;

pub(crate) use built::{
    add_passkey, ask_to_add, ask_to_sign_in, ask_to_step_up, sign_in_with_passkey, step_up_with_passkey,
};

use super::{Sessions, ending, require_fresh};
use crate::model::{Passkey, Reason};
use crate::{Error, store};
use access::Ctx;
use audit::{Act, Entity};
use db::Tx;
use ids::{PasskeyId, UserId};
use serde_json::json;

/// One page of the caller's passkeys, the oldest first.
pub(crate) async fn list_passkeys(ctx: &Ctx, page: (u64, u64)) -> Result<(Vec<Passkey>, u64), Error> {
    store::passkeys::page(ctx.reader(), ctx.firm(), ctx.user(), page).await
}

/// Gives one of the caller's passkeys another name. `change` makes the new name of the old.
pub(crate) async fn rename_passkey(
    ctx: &Ctx,
    id: PasskeyId,
    change: impl FnOnce(String) -> String,
) -> Result<Passkey, Error> {
    let found = store::passkeys::find(ctx.reader(), ctx.firm(), ctx.user(), id).await?;
    let before = found.ok_or(Error::PasskeyNotFound(id))?;
    let name = change(before.name.clone());
    if name != before.name {
        let mut tx = ctx.begin().await?;
        if !store::passkeys::rename(&mut tx, ctx.firm(), ctx.user(), id, &name).await? {
            return Err(Error::PasskeyNotFound(id));
        }
        let entity = Entity::of(id).changed(json!({ "name": [before.name, name] }));
        audit::record(&mut tx, ctx, Act::Update, entity).await?;
        tx.commit().await?;
    }
    Ok(Passkey { name, ..before })
}

/// How many logins are ended at a time.
const BATCH: u32 = 100;

/// Removes one of the caller's passkeys. The logins in which it was shown end; in the one in use it does not count any
/// more.
pub(crate) async fn remove_passkey(ctx: &Ctx, sessions: &Sessions, id: PasskeyId) -> Result<(), Error> {
    require_fresh(ctx)?;
    let (firm, user, kept) = (ctx.firm(), ctx.user(), ctx.principal().session);
    let mut tx = ctx.begin().await?;
    if !store::passkeys::remove(&mut tx, firm, user, id).await? {
        return Err(Error::PasskeyNotFound(id));
    }
    loop {
        let ended = store::passkeys::logins_with(&tx, firm, (user, kept), id, BATCH).await?;
        for session in &ended {
            ending::end(&mut tx, ctx, (*session, user), Reason::Revoked, None).await?;
        }
        if ended.len() < BATCH as usize {
            break;
        }
    }
    if let Some(session) = kept {
        store::passkeys::forget_in(&mut tx, firm, (user, session), Some(id)).await?;
    }
    tell_removed(&mut tx, ctx, user, id).await?;
    tx.commit().await?;
    sessions.forget_user(firm, user);
    Ok(())
}

/// Removes all passkeys of a user of the caller's firm, in the caller's transaction, which ends the user's logins.
/// `false` when there were none.
pub(super) async fn remove_all(tx: &mut Tx, ctx: &Ctx, user: UserId) -> Result<bool, Error> {
    let removed = store::passkeys::remove_all(tx, ctx.firm(), user).await?;
    for id in &removed {
        tell_removed(tx, ctx, user, *id).await?;
    }
    if let Some(session) = ctx.principal().session.filter(|_| user == ctx.user()) {
        store::passkeys::forget_in(tx, ctx.firm(), (user, session), None).await?;
    }
    Ok(!removed.is_empty())
}

async fn tell_removed(tx: &mut Tx, ctx: &Ctx, user: UserId, passkey: PasskeyId) -> Result<(), Error> {
    audit::record(tx, ctx, Act::Delete, Entity::of(passkey).changed(json!({ "user": user }))).await?;
    ctx.publish(tx, &events::passkeys::Removed { user, passkey }).await?;
    Ok(())
}
