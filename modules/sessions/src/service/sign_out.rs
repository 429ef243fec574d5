use super::Sessions;
use crate::model::Reason;
use crate::{Error, store};
use access::Ctx;
use audit::{Act, Entity};
use serde_json::json;

/// Ends the caller's login at once: its access tokens and its refresh tokens are refused from now on.
pub async fn sign_out(ctx: &Ctx, sessions: &Sessions) -> Result<(), Error> {
    // The command line and jobs have no login to end.
    let Some(session) = ctx.principal().session else { return Ok(()) };
    let mut tx = ctx.begin().await?;
    if store::sessions::revoke(&mut tx, ctx.firm(), session, Reason::Logout, ctx.now()).await? {
        let entity = Entity::of(session).changed(json!({ "reason": Reason::Logout.as_str() }));
        audit::record(&mut tx, ctx, Act::Logout, entity).await?;
        let reason = Reason::Logout.as_str().to_owned();
        ctx.publish(&mut tx, &events::sessions::Revoked { user: ctx.user(), session, reason }).await?;
        tx.commit().await?;
    }
    sessions.forget(session);
    Ok(())
}
