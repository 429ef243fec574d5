use super::attempts::{Attempt, Key};
use super::devices::{self, Arrival};
use super::{Sessions, ending, second_factor};
use crate::Error;
use crate::model::{Device, Login, Outcome, Reason, Session};
use crate::store::{self, sign_ins::Noted};
use access::{App, Ctx, Principal, Proof, Public, SecondFactor};
use accounts::{Checked, Verdict};
use audit::Act;
use crypto::Secret;
use db::Tx;
use ids::{DeviceId, FirmId, PasskeyId, UserId};

/// What somebody shows beside address and password.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The code of a second factor, or a recovery code.
    pub code: Option<Secret>,
    /// What the device was given at an earlier sign-in.
    pub device_token: Option<Secret>,
}

/// What stands for the second factor.
#[derive(Debug)]
enum Second {
    /// The user has none.
    NotAsked,
    /// The device is trusted.
    Trusted,
    /// A code, yet to be looked at.
    Code(Secret),
}

/// Begins a login for whoever knows the address and the password and, where the user has one, shows the second factor.
pub async fn sign_in(
    public: &Public,
    sessions: &Sessions,
    email: &str,
    password: Secret,
    shown: Shown,
) -> Result<Login, Error> {
    let counted = Counted::begin(public, sessions, email)?;
    let checked = match accounts::check_password(&public.app, sessions.hasher(), email, password).await? {
        Verdict::Right(checked) => checked,
        Verdict::Refused { owner } => {
            note_refusal(public, owner, Outcome::Refused).await?;
            return Err(Error::InvalidCredentials);
        }
    };
    let device = devices::known(public, sessions, &checked.user, shown.device_token.as_ref()).await?;
    let Some(second) = second(public, sessions, &checked, device.as_ref(), shown.code) else {
        counted.password_was_right();
        return Err(Error::SecondFactorWanted);
    };
    let owner = (checked.user.firm, checked.user.id);
    let begun =
        Box::pin(begin_login(public, sessions, checked, &second, device.map(|device| device.id))).await;
    match begun {
        Ok(login) => {
            counted.succeeded();
            Ok(login)
        }
        Err(Error::SecondFactorRefused) => {
            note_refusal(public, Some(owner), Outcome::SecondFactorRefused).await?;
            Err(Error::SecondFactorRefused)
        }
        Err(error) => Err(error),
    }
}

/// What stands for the second factor; nothing where it is wanted and did not come.
fn second(
    public: &Public,
    sessions: &Sessions,
    checked: &Checked,
    device: Option<&Device>,
    code: Option<Secret>,
) -> Option<Second> {
    let is_trusted = || {
        let now = public.app.clock().now();
        sessions.settings().trust_skips_second_factor && device.is_some_and(|device| device.is_trusted(now))
    };
    match code.filter(|code| !code.expose().trim().is_empty()) {
        _ if !checked.user.second_factor => Some(Second::NotAsked),
        Some(code) => Some(Second::Code(code)),
        None => is_trusted().then_some(Second::Trusted),
    }
}

/// The attempt as it is counted.
#[derive(Debug)]
struct Counted {
    of_account: Attempt,
    of_address: Option<Attempt>,
}

impl Counted {
    fn begin(public: &Public, sessions: &Sessions, email: &str) -> Result<Self, Error> {
        let (settings, now) = (sessions.settings(), public.app.clock().now());
        let begin = |key, limit| sessions.attempts().begin(key, limit, now);
        Ok(Self {
            of_account: begin(Key::account(email), settings.attempts_per_account)?,
            of_address: match public.request.address {
                Some(address) => Some(begin(Key::address(address), settings.attempts_per_address)?),
                None => None,
            },
        })
    }

    /// It was the first half of a sign-in with a second factor: the account's count stays, so that nobody tries passwords
    /// by the answer to it, and an office that shares an address is not stopped by it.
    fn password_was_right(&self) {
        if let Some(attempt) = &self.of_address {
            attempt.take_back();
        }
    }

    fn succeeded(&self) {
        self.of_account.clear();
        self.password_was_right();
    }
}

async fn begin_login(
    public: &Public,
    sessions: &Sessions,
    checked: Checked,
    second: &Second,
    device: Option<DeviceId>,
) -> Result<Login, Error> {
    let app = &public.app;
    let now = app.clock().now();
    let mut tx = app.db().writer().begin().await?;
    if !accounts::note_sign_in(&mut tx, &checked, now).await? {
        return Err(Error::InvalidCredentials);
    }
    let user = accounts::User { last_login_at: Some(now), ..checked.user };
    if let Second::Code(code) = second {
        let whose = (user.firm, user.id);
        if !second_factor::take(&mut tx, app, sessions, whose, code.expose()).await? {
            return Err(Error::SecondFactorRefused);
        }
    }
    let shown = Entrant { device, is_proved: !matches!(second, Second::Trusted), passkey: None };
    open(tx, public, sessions, user, shown).await
}

/// What somebody has shown who begins a login.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entrant {
    /// The device, if it is known.
    pub(super) device: Option<DeviceId>,
    /// Whether it counts as a proof that is asked for again.
    pub(super) is_proved: bool,
    /// The passkey, if it was one.
    pub(super) passkey: Option<PasskeyId>,
}

/// Begins the login of a user whose sign-in was noted in this transaction, and commits it.
pub(super) async fn open(
    mut tx: Tx,
    public: &Public,
    sessions: &Sessions,
    user: accounts::User,
    shown: Entrant,
) -> Result<Login, Error> {
    let app = &public.app;
    let arrival = devices::arrive(&mut tx, app, &user, shown.device).await?;
    let session = new_session(app, sessions, &user, (arrival.device, shown));
    store::sessions::insert(&mut tx, session.firm, &session, &public.request).await?;
    let mut login = sessions.issue(&mut tx, app, &session, user).await?;
    login.device_token = Some(sessions.sign_device(arrival.device, session.user, session.created_at)?);
    let ctx = public.act_as(principal(&session, &login.user));
    tell(&mut tx, &ctx, &session, &login.user, &arrival).await?;
    let surplus = end_surplus(&mut tx, &ctx, sessions, &session).await?;
    tx.commit().await?;
    for ended in surplus {
        sessions.forget(ended);
    }
    Ok(login)
}

fn new_session(
    app: &App,
    sessions: &Sessions,
    user: &accounts::User,
    (device, shown): (DeviceId, Entrant),
) -> Session {
    let now = app.clock().now();
    Session {
        id: app.new_id(),
        firm: user.firm,
        user: user.id,
        device: Some(device),
        created_at: now,
        last_seen_at: now,
        expires_at: now + sessions.settings().absolute_for(user.role),
        revoked_at: None,
        proved_at: shown.is_proved.then_some(now),
        passkey: shown.passkey,
    }
}

fn principal(session: &Session, user: &accounts::User) -> Principal {
    let is_present = user.second_factor || session.passkey.is_some();
    let second_factor = if is_present { SecondFactor::Present } else { SecondFactor::None };
    Principal {
        user: session.user,
        firm: session.firm,
        role: user.role,
        session: Some(session.id),
        proof: Proof { second_factor, fresh_until: None },
        key: None,
    }
}

/// Notes, records and announces the login and, where it is new, the device.
async fn tell(
    tx: &mut Tx,
    ctx: &Ctx,
    session: &Session,
    user: &accounts::User,
    arrival: &Arrival,
) -> Result<(), Error> {
    audit::record_sign_in(tx, ctx.app(), ctx.request(), session.firm, session.user, Act::Login).await?;
    let noted = Noted {
        id: ctx.new_id(),
        user: session.user,
        at: session.created_at,
        outcome: Outcome::SignedIn,
        session: Some(session.id),
        request: ctx.request(),
    };
    store::sign_ins::insert(tx, session.firm, noted).await?;
    let signed_in = events::sessions::SignedIn { user: session.user, session: session.id };
    ctx.publish(tx, &signed_in).await?;
    if arrival.is_new {
        devices::tell(tx, ctx, session.id, user, arrival).await?;
    }
    Ok(())
}

/// How many logins too many are ended at a sign-in; there is more than one after the limit was lowered.
const MOST_SURPLUS: u32 = 100;

/// Ends the logins that are too many beside the new one, those that were not used for longest first.
async fn end_surplus(
    tx: &mut Tx,
    ctx: &Ctx,
    sessions: &Sessions,
    newest: &Session,
) -> Result<Vec<ids::SessionId>, Error> {
    let settings = sessions.settings();
    let most = (settings.max_per_user, settings.idle);
    let surplus = store::sessions::beyond(tx, newest, most, MOST_SURPLUS).await?;
    for session in &surplus {
        ending::end(tx, ctx, (*session, newest.user), Reason::Limit, None).await?;
    }
    Ok(surplus)
}

/// Notes a refused attempt: in the firm's records where the address is somebody's, else in the count of the day.
async fn note_refusal(
    public: &Public,
    owner: Option<(FirmId, UserId)>,
    outcome: Outcome,
) -> Result<(), Error> {
    let Public { app, request } = public;
    let now = app.clock().now();
    let mut tx = app.db().writer().begin().await?;
    match owner {
        Some((firm, user)) => {
            audit::record_sign_in(&mut tx, app, request, firm, user, Act::LoginFailed).await?;
            let noted = Noted { id: app.new_id(), user, at: now, outcome, session: None, request };
            store::sign_ins::insert(&mut tx, firm, noted).await?;
        }
        None => store::refused::count(&mut tx, now).await?,
    }
    tx.commit().await?;
    Ok(())
}
