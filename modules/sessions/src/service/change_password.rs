use super::attempts::Key;
use super::{Sessions, devices, ending};
use crate::Error;
use crate::model::Reason;
use access::Ctx;
use crypto::Secret;

/// Gives the caller a new password and ends the caller's other logins; their devices are trusted no more. Wrong current passwords are counted like
/// attempts to sign in: a stolen access token must not become a place to guess the password.
pub async fn change_password(
    ctx: &Ctx,
    sessions: &Sessions,
    current: Secret,
    new: Secret,
) -> Result<(), Error> {
    let limit = sessions.settings().attempts_per_account;
    let attempt = sessions.attempts().begin(Key::user(ctx.user()), limit, ctx.now())?;
    let password = match accounts::prepare_password(ctx, sessions.hasher(), current, new).await {
        Ok(password) => password,
        Err(error) => {
            if !matches!(error, accounts::Error::WrongPassword) {
                attempt.take_back();
            }
            return Err(error.into());
        }
    };
    let mut tx = ctx.begin().await?;
    accounts::keep_password(&mut tx, ctx, &password).await?;
    let whose = (ctx.user(), ctx.principal().session);
    ending::end_others(&mut tx, ctx, whose, Reason::PasswordChanged).await?;
    devices::distrust_others(&mut tx, ctx).await?;
    tx.commit().await?;
    attempt.clear();
    sessions.forget_user(ctx.firm(), ctx.user());
    Ok(())
}
