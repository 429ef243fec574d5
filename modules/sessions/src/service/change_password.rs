use super::Sessions;
use super::attempts::Key;
use crate::model::Reason;
use crate::{Error, store};
use access::Ctx;
use audit::{Act, Entity};
use crypto::Secret;
use db::Tx;
use ids::SessionId;
use serde_json::json;

/// How many logins are ended with one statement.
const BATCH: u32 = 100;

/// Gives the caller a new password and ends the caller's other logins. Wrong current passwords are counted like
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
    end_others(&mut tx, ctx).await?;
    tx.commit().await?;
    attempt.clear();
    accounts::UserWatch::user_changed(sessions, ctx.firm(), ctx.user());
    Ok(())
}

async fn end_others(tx: &mut Tx, ctx: &Ctx) -> Result<(), Error> {
    let whose = (ctx.user(), ctx.principal().session);
    loop {
        let reason = Reason::PasswordChanged;
        let ended = store::sessions::revoke_others(tx, ctx.firm(), whose, reason, ctx.now(), BATCH).await?;
        for session in &ended {
            note_end(tx, ctx, *session).await?;
        }
        if ended.len() < BATCH as usize {
            return Ok(());
        }
    }
}

async fn note_end(tx: &mut Tx, ctx: &Ctx, session: SessionId) -> Result<(), Error> {
    let reason = Reason::PasswordChanged.as_str();
    let entity = Entity::of(session).changed(json!({ "reason": reason }));
    audit::record(tx, ctx, Act::Logout, entity).await?;
    let revoked = events::sessions::Revoked { user: ctx.user(), session, reason: reason.to_owned() };
    ctx.publish(tx, &revoked).await?;
    Ok(())
}
