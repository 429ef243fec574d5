use crate::model::Reason;
use crate::{Error, store};
use access::Ctx;
use audit::{Act, Entity};
use db::Tx;
use ids::{SessionId, UserId};
use serde_json::json;

/// Records and announces that a login was ended. `note` is what the caller says of it.
pub(super) async fn note(
    tx: &mut Tx,
    ctx: &Ctx,
    (session, user): (SessionId, UserId),
    reason: Reason,
    note: Option<&str>,
) -> Result<(), Error> {
    let changes = match note {
        Some(note) => json!({ "reason": reason.as_str(), "note": note }),
        None => json!({ "reason": reason.as_str() }),
    };
    audit::record(tx, ctx, Act::Logout, Entity::of(session).changed(changes)).await?;
    let revoked = events::sessions::Revoked { user, session, reason: reason.as_str().to_owned() };
    ctx.publish(tx, &revoked).await?;
    Ok(())
}

/// Ends one login of the caller's firm. `false` when it had ended before.
pub(super) async fn end(
    tx: &mut Tx,
    ctx: &Ctx,
    (session, user): (SessionId, UserId),
    reason: Reason,
    words: Option<&str>,
) -> Result<bool, Error> {
    if !store::sessions::revoke(tx, ctx.firm(), session, reason, ctx.now()).await? {
        return Ok(false);
    }
    note(tx, ctx, (session, user), reason, words).await?;
    Ok(true)
}

/// How many logins are ended with one statement.
const BATCH: u32 = 100;

/// Ends the logins of a user but for `kept`, as many as there are: each user has few at a time.
pub(super) async fn end_others(
    tx: &mut Tx,
    ctx: &Ctx,
    (user, kept): (UserId, Option<SessionId>),
    reason: Reason,
) -> Result<(), Error> {
    loop {
        let ended =
            store::sessions::revoke_others(tx, ctx.firm(), (user, kept), reason, ctx.now(), BATCH).await?;
        for session in &ended {
            note(tx, ctx, (*session, user), reason, None).await?;
        }
        if ended.len() < BATCH as usize {
            return Ok(());
        }
    }
}
