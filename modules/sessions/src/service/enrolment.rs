use super::second_factor::{self, attempt, check_password, place};
use super::{Sessions, devices, passkeys};
use crate::model::{RECOVERY_CODES, RecoveryCode};
use crate::{Error, store};
use access::{Action, Ctx};
use accounts::User;
use audit::{Act, Entity};
use crypto::Secret;
use crypto::totp::TotpSecret;
use db::Tx;
use ids::{CredentialId, UserId};
use serde_json::json;

/// The name that authenticator apps show before the address.
const ISSUER: &str = "LexiFlow";

/// What an authenticator app is given, once.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// To be typed.
    pub secret: Secret,
    /// To be scanned.
    pub uri: Secret,
}

/// How a user stands to second factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FactorState {
    pub(crate) is_enabled: bool,
    pub(crate) is_required: bool,
    pub(crate) recovery_codes_left: u64,
}

/// How the caller stands to second factors.
pub(crate) async fn show_second_factor(ctx: &Ctx, sessions: &Sessions) -> Result<FactorState, Error> {
    Ok(FactorState {
        is_enabled: accounts::find_self(ctx).await?.second_factor,
        is_required: sessions.settings().asks_second_factor_of(ctx.principal().role),
        recovery_codes_left: store::recovery::left(ctx.reader(), ctx.firm(), ctx.user()).await?,
    })
}

/// Makes a secret for the caller's authenticator app. It is not asked for before [`confirm_second_factor`].
pub async fn enrol_second_factor(
    ctx: &Ctx,
    sessions: &Sessions,
    password: Secret,
) -> Result<Enrolment, Error> {
    let attempt = attempt(ctx, sessions)?;
    check_password(ctx, sessions, password).await?;
    attempt.clear();
    let user = accounts::find_self(ctx).await?;
    let random = ctx.app().random().as_ref();
    let secret = TotpSecret::generate(random);
    let sealed = sessions.sealing().seal(secret.as_bytes(), &place((ctx.firm(), ctx.user())), random)?;
    let mut tx = ctx.begin().await?;
    let id = ctx.new_id::<CredentialId>();
    if !store::factors::put(&mut tx, ctx.firm(), ctx.user(), id, &sealed, ctx.now()).await? {
        return Err(Error::SecondFactorPresent);
    }
    record(&mut tx, ctx, ctx.user(), "enrolled").await?;
    tx.commit().await?;
    Ok(Enrolment { secret: secret.text(), uri: secret.uri(ISSUER, &user.email) })
}

/// Puts the second factor in force, now that the caller's app has shown a code of it, and gives out recovery codes.
pub async fn confirm_second_factor(
    ctx: &Ctx,
    sessions: &Sessions,
    code: Secret,
) -> Result<Vec<Secret>, Error> {
    let (firm, user) = (ctx.firm(), ctx.user());
    let attempt = attempt(ctx, sessions)?;
    let mut tx = ctx.begin().await?;
    let factor = store::factors::find(&tx, firm, user).await?.ok_or(Error::SecondFactorAbsent)?;
    if factor.is_confirmed {
        return Err(Error::SecondFactorPresent);
    }
    let secret = second_factor::open(sessions, &factor, (firm, user))?;
    let step = secret.step_of(code.expose().trim(), ctx.now()).ok_or(Error::WrongCode)?;
    let is_fresh = store::factors::take_step(&mut tx, firm, user, step).await?;
    if !is_fresh || !store::factors::confirm(&mut tx, firm, user, ctx.now()).await? {
        return Err(Error::WrongCode);
    }
    accounts::set_second_factor(&mut tx, ctx, user, true).await?;
    let codes = new_codes(&mut tx, ctx).await?;
    // Devices were trusted by whoever had the password alone.
    store::devices::trust_none(&mut tx, firm, user, None).await?;
    if let Some(session) = ctx.principal().session {
        store::sessions::proved(&mut tx, firm, session, Some(ctx.now())).await?;
    }
    record(&mut tx, ctx, user, "enabled").await?;
    tx.commit().await?;
    attempt.clear();
    sessions.forget_user(firm, user);
    Ok(codes)
}

/// Takes the caller's second factor off, for who shows both the password and the factor.
pub async fn disable_second_factor(
    ctx: &Ctx,
    sessions: &Sessions,
    password: Secret,
    code: Secret,
) -> Result<(), Error> {
    let attempt = attempt(ctx, sessions)?;
    let mut tx = both_shown(ctx, sessions, password, &code).await?;
    remove(&mut tx, ctx, ctx.user()).await?;
    devices::distrust_others(&mut tx, ctx).await?;
    record(&mut tx, ctx, ctx.user(), "disabled").await?;
    tx.commit().await?;
    attempt.clear();
    sessions.forget_user(ctx.firm(), ctx.user());
    Ok(())
}

/// Gives the caller new recovery codes in place of all older ones.
pub async fn renew_recovery_codes(
    ctx: &Ctx,
    sessions: &Sessions,
    password: Secret,
    code: Secret,
) -> Result<Vec<Secret>, Error> {
    let attempt = attempt(ctx, sessions)?;
    let mut tx = both_shown(ctx, sessions, password, &code).await?;
    let codes = new_codes(&mut tx, ctx).await?;
    record(&mut tx, ctx, ctx.user(), "recovery_codes_renewed").await?;
    tx.commit().await?;
    attempt.clear();
    Ok(codes)
}

/// Takes somebody's second factor and passkeys off, as an administrator does for who has lost them. The user's logins end.
pub async fn reset_second_factor(ctx: &Ctx, sessions: &Sessions, id: UserId) -> Result<(), Error> {
    ctx.require(Action::ManageUsers)?;
    let user: User = accounts::find_in(ctx.reader(), ctx.firm(), id).await?;
    accounts::check_manageable(ctx, &user).await?;
    let mut tx = ctx.begin().await?;
    let had_passkeys = passkeys::remove_all(&mut tx, ctx, id).await?;
    if !remove(&mut tx, ctx, id).await? && !had_passkeys {
        return Err(Error::SecondFactorAbsent);
    }
    store::devices::trust_none(&mut tx, ctx.firm(), id, None).await?;
    record(&mut tx, ctx, id, "reset").await?;
    let kept = if id == ctx.user() { ctx.principal().session } else { None };
    super::ending::end_others(&mut tx, ctx, (id, kept), crate::model::Reason::Administrator).await?;
    tx.commit().await?;
    sessions.forget_user(ctx.firm(), id);
    Ok(())
}

/// A transaction in which the caller has shown the password and used up a code.
async fn both_shown(ctx: &Ctx, sessions: &Sessions, password: Secret, code: &Secret) -> Result<Tx, Error> {
    check_password(ctx, sessions, password).await?;
    if !accounts::find_self(ctx).await?.second_factor {
        return Err(Error::SecondFactorAbsent);
    }
    let mut tx = ctx.begin().await?;
    let whose = (ctx.firm(), ctx.user());
    if second_factor::take(&mut tx, ctx.app(), sessions, whose, code.expose()).await? {
        Ok(tx)
    } else {
        Err(Error::WrongCode)
    }
}

/// Removes a second factor and its recovery codes. `false` when the user had none.
async fn remove(tx: &mut Tx, ctx: &Ctx, user: UserId) -> Result<bool, Error> {
    store::factors::remove(tx, ctx.firm(), user).await?;
    store::recovery::remove(tx, ctx.firm(), user).await?;
    Ok(accounts::set_second_factor(tx, ctx, user, false).await?)
}

async fn new_codes(tx: &mut Tx, ctx: &Ctx) -> Result<Vec<Secret>, Error> {
    store::recovery::remove(tx, ctx.firm(), ctx.user()).await?;
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let code = RecoveryCode::generate(ctx.app().random().as_ref());
        let id = ctx.new_id::<CredentialId>();
        store::recovery::insert(tx, ctx.firm(), ctx.user(), id, &code.hash()).await?;
        codes.push(code.text());
    }
    Ok(codes)
}

async fn record(tx: &mut Tx, ctx: &Ctx, user: UserId, what: &str) -> Result<(), Error> {
    let entity = Entity::of(user).changed(json!({ "secondFactor": what }));
    Ok(audit::record(tx, ctx, Act::Update, entity).await?)
}
