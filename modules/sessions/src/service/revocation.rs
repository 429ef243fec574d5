use super::{Sessions, ending};
use crate::model::Reason;
use crate::{Error, store};
use access::{Action, Ctx};
use ids::{FirmId, SessionId, UserId};

/// How many logins of a firm are ended in one transaction.
const BATCH: u32 = 200;

/// Ends one of the caller's logins and trusts its device no more: a laptop that was lost. Ending it twice is no fault.
pub async fn end_login(
    ctx: &Ctx,
    sessions: &Sessions,
    session: SessionId,
    words: Option<&str>,
) -> Result<(), Error> {
    let mut tx = ctx.begin().await?;
    let found = store::list::find(&tx, ctx.firm(), ctx.user(), session).await?;
    found.ok_or(Error::NotFound(session))?;
    store::devices::trust(&mut tx, ctx.firm(), ctx.user(), session, None).await?;
    ending::end(&mut tx, ctx, (session, ctx.user()), Reason::Revoked, words).await?;
    tx.commit().await?;
    sessions.forget(session);
    Ok(())
}

/// Ends the caller's logins but for the one in use.
pub async fn end_other_logins(ctx: &Ctx, sessions: &Sessions) -> Result<(), Error> {
    let whose = (ctx.user(), ctx.principal().session);
    let mut tx = ctx.begin().await?;
    ending::end_others(&mut tx, ctx, whose, Reason::Revoked).await?;
    super::devices::distrust_others(&mut tx, ctx).await?;
    tx.commit().await?;
    sessions.forget_user(ctx.firm(), ctx.user());
    Ok(())
}

/// Ends the logins of a user of the firm, but for the one in use.
pub async fn end_logins_of_user(ctx: &Ctx, sessions: &Sessions, user: UserId) -> Result<(), Error> {
    ctx.require(Action::ManageUsers)?;
    let user = accounts::find_in(ctx.reader(), ctx.firm(), user).await?.id;
    let mut tx = ctx.begin().await?;
    let whose = (user, ctx.principal().session);
    ending::end_others(&mut tx, ctx, whose, Reason::Administrator).await?;
    let kept = match (user == ctx.user(), ctx.principal().session) {
        (true, Some(session)) => store::sessions::standing(&tx, ctx.firm(), session).await?,
        _ => None,
    };
    let kept = kept.and_then(|standing| standing.session.device);
    store::devices::trust_none(&mut tx, ctx.firm(), user, kept).await?;
    tx.commit().await?;
    sessions.forget_user(ctx.firm(), user);
    Ok(())
}

/// Ends all logins of the caller's firm but for the one in use, batch by batch: each of them is whole.
pub async fn end_logins_of_firm(ctx: &Ctx, sessions: &Sessions, firm: FirmId) -> Result<(), Error> {
    ctx.require(Action::ManageUsers)?;
    if firm != ctx.firm() {
        return Err(accounts::Error::FirmNotFound.into());
    }
    let (kept, reason) = (ctx.principal().session, Reason::Administrator);
    loop {
        let mut tx = ctx.begin().await?;
        let ended = store::sessions::revoke_of_firm(&mut tx, firm, kept, reason, ctx.now(), BATCH).await?;
        for whose in &ended {
            ending::note(&mut tx, ctx, *whose, reason, None).await?;
        }
        tx.commit().await?;
        sessions.forget_firm(firm);
        if ended.len() < BATCH as usize {
            return Ok(());
        }
    }
}
