use super::Sessions;
use super::second_factor::{self, attempt, check_password};
use crate::{Error, store};
use access::{Ctx, SecondFactor};
use audit::{Act, Entity};
use clock::Timestamp;
use crypto::Secret;
use serde_json::json;

pub(super) const NO_LOGIN: access::Error =
    access::Error::NotAuthenticated("only a login can show more: sign in with address and password");

/// Notes that the caller has shown the second factor just now or, who has none, the password. Until when it counts.
pub async fn step_up(
    ctx: &Ctx,
    sessions: &Sessions,
    password: Option<Secret>,
    code: Option<Secret>,
) -> Result<Timestamp, Error> {
    let session = ctx.principal().session.ok_or(NO_LOGIN)?;
    let has_factor = accounts::find_self(ctx).await?.second_factor;
    if !has_factor && ctx.principal().proof.second_factor == SecondFactor::Present {
        // The password alone is less than what the login has shown.
        return Err(Error::PasskeyWanted);
    }
    let attempt = attempt(ctx, sessions)?;
    let mut tx = if has_factor {
        let code = code.ok_or(Error::ProofMissing { field: "mfaCode" })?;
        let mut tx = ctx.begin().await?;
        let whose = (ctx.firm(), ctx.user());
        if !second_factor::take(&mut tx, ctx.app(), sessions, whose, code.expose()).await? {
            return Err(Error::WrongCode);
        }
        tx
    } else {
        let password = password.ok_or(Error::ProofMissing { field: "password" })?;
        check_password(ctx, sessions, password).await?;
        ctx.begin().await?
    };
    store::sessions::proved(&mut tx, ctx.firm(), session, Some(ctx.now())).await?;
    let entity = Entity::of(session).changed(json!({ "steppedUp": true }));
    audit::record(&mut tx, ctx, Act::Update, entity).await?;
    tx.commit().await?;
    attempt.clear();
    sessions.forget(session);
    Ok(ctx.now() + sessions.settings().step_up)
}
