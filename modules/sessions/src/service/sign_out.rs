use super::{Sessions, ending};
use crate::Error;
use crate::model::Reason;
use access::Ctx;

/// Ends the caller's login at once: its access tokens and its refresh tokens are refused from now on.
pub async fn sign_out(ctx: &Ctx, sessions: &Sessions) -> Result<(), Error> {
    // The command line and jobs have no login to end.
    let Some(session) = ctx.principal().session else { return Ok(()) };
    let mut tx = ctx.begin().await?;
    if ending::end(&mut tx, ctx, (session, ctx.user()), Reason::Logout, None).await? {
        tx.commit().await?;
    }
    sessions.forget(session);
    Ok(())
}
