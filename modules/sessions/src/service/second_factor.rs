use super::Sessions;
use super::attempts::{Attempt, Key};
use crate::model::RecoveryCode;
use crate::store::factors::Factor;
use crate::{Error, store};
use access::{App, Ctx};
use crypto::Secret;
use crypto::totp::TotpSecret;
use db::Tx;
use ids::{FirmId, UserId};

/// Whose factor it is.
pub(super) type Whose = (FirmId, UserId);

/// What a secret is sealed for: it does not open in another user's row.
pub(super) fn place((firm, user): Whose) -> Vec<u8> {
    [*uuid::Uuid::from(firm).as_bytes(), *uuid::Uuid::from(user).as_bytes()].concat()
}

/// Opens a kept secret.
pub(super) fn open(sessions: &Sessions, factor: &Factor, whose: Whose) -> Result<TotpSecret, Error> {
    let bytes = sessions.sealing().open(&factor.sealed, &place(whose))?;
    Ok(TotpSecret::from_bytes(&bytes).ok_or(crypto::sealed::Error::Altered)?)
}

/// Whether the code is that of an authenticator app in a step that was not taken before, or a recovery code that was not
/// used before. It is used up with the transaction.
pub(super) async fn take(
    tx: &mut Tx,
    app: &App,
    sessions: &Sessions,
    whose: Whose,
    code: &str,
) -> Result<bool, Error> {
    let (firm, user) = whose;
    let now = app.clock().now();
    let Some(factor) = store::factors::find(&*tx, firm, user).await?.filter(|factor| factor.is_confirmed)
    else {
        return Ok(false);
    };
    if let Some(code) = RecoveryCode::parse(code) {
        return store::recovery::use_up(tx, firm, user, &code.hash(), now).await;
    }
    let secret = open(sessions, &factor, whose)?;
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = Secret::new(digits);
    let Some(step) = secret.step_of(digits.expose(), now) else { return Ok(false) };
    if !store::factors::take_step(tx, firm, user, step).await? {
        return Ok(false);
    }
    if !sessions.sealing().is_present(&factor.sealed) {
        // The key was changed since: the older one will be thrown away some day.
        let sealed = sessions.sealing().seal(secret.as_bytes(), &place(whose), app.random().as_ref())?;
        store::factors::reseal(tx, firm, user, &sealed).await?;
    }
    Ok(true)
}

/// Counts an attempt of somebody who is signed in: a stolen access token must not become a place to guess.
pub(super) fn attempt(ctx: &Ctx, sessions: &Sessions) -> Result<Attempt, Error> {
    let limit = sessions.settings().attempts_per_account;
    sessions.attempts().begin(Key::user(ctx.user()), limit, ctx.now())
}

/// Refuses whoever does not know the caller's password. The attempt stays counted until the caller clears it.
pub(super) async fn check_password(ctx: &Ctx, sessions: &Sessions, password: Secret) -> Result<(), Error> {
    if accounts::is_own_password(ctx, sessions.hasher(), password).await? {
        Ok(())
    } else {
        Err(accounts::Error::WrongPassword.into())
    }
}
