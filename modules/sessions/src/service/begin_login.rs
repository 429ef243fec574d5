use super::devices::{self, Arrival};
use super::{Sessions, ending, provider, second_factor};
use crate::Error;
use crate::model::{Login, Outcome, Proven, Reason, Session};
use crate::store::{self, sign_ins::Noted};
use access::{App, Ctx, Principal, Proof, Public, SecondFactor};
use accounts::{Checked, User};
use audit::{Act, Entity};
use crypto::Secret;
use db::Tx;
use ids::{DeviceId, PasskeyId};
use serde_json::json;

/// By what somebody has proved who they are.
#[derive(Debug)]
pub(super) enum First {
    /// The password was right.
    Password(Box<Checked>),
    /// The provider has signed them in.
    Provider(Box<(Proven, User)>),
}

impl First {
    pub(super) fn user(&self) -> &User {
        match self {
            Self::Password(checked) => &checked.user,
            Self::Provider(proven) => &proven.1,
        }
    }

    fn into_parts(self) -> (User, Option<Proven>) {
        match self {
            Self::Password(checked) => (checked.user, None),
            Self::Provider(proven) => {
                let (proven, user) = *proven;
                (user, Some(proven))
            }
        }
    }

    /// Notes the sign-in, if what was proved is still so.
    async fn use_up(&self, tx: &mut Tx, app: &App) -> Result<(), Error> {
        match self {
            Self::Password(checked) if accounts::note_sign_in(tx, checked, app.clock().now()).await? => {
                Ok(())
            }
            Self::Password(_) => Err(Error::InvalidCredentials),
            Self::Provider(proven) => provider::use_up(tx, app, &proven.0).await,
        }
    }
}

/// What stands for the second factor.
#[derive(Debug)]
pub(super) enum Second {
    /// The user has none.
    NotAsked,
    /// The device is trusted.
    Trusted,
    /// The provider has asked for one, and is trusted in that.
    Provider,
    /// A code, yet to be looked at.
    Code(Secret),
}

impl Second {
    /// Whether something was shown to this server just now. A provider may have been shown something hours ago.
    fn is_fresh(&self, by_provider: bool) -> bool {
        match self {
            Self::NotAsked => !by_provider,
            Self::Trusted | Self::Provider => false,
            Self::Code(_) => true,
        }
    }
}

/// Begins a login in one transaction: what was proved is used up with it, and is still good at that moment.
pub(super) async fn begin_login(
    public: &Public,
    sessions: &Sessions,
    first: First,
    second: &Second,
    device: Option<DeviceId>,
) -> Result<Login, Error> {
    let app = &public.app;
    let now = app.clock().now();
    let mut tx = app.db().writer().begin().await?;
    first.use_up(&mut tx, app).await?;
    let (user, proven) = first.into_parts();
    let user = User { last_login_at: Some(now), ..user };
    if let Second::Code(code) = second {
        let whose = (user.firm, user.id);
        if !second_factor::take(&mut tx, app, sessions, whose, code.expose()).await? {
            return Err(Error::SecondFactorRefused);
        }
    }
    let shown = Entrant { device, is_proved: second.is_fresh(proven.is_some()), passkey: None, proven };
    open(tx, public, sessions, user, shown).await
}

/// What somebody has shown who begins a login.
#[derive(Debug)]
pub(super) struct Entrant {
    /// The device, if it is known.
    pub(super) device: Option<DeviceId>,
    /// Whether it counts as a proof that is asked for again.
    pub(super) is_proved: bool,
    /// The passkey, if it was one.
    pub(super) passkey: Option<PasskeyId>,
    /// What the provider has proved, if it was one.
    pub(super) proven: Option<Proven>,
}

/// Begins the login of a user whose sign-in was noted in this transaction, and commits it.
pub(super) async fn open(
    mut tx: Tx,
    public: &Public,
    sessions: &Sessions,
    user: User,
    shown: Entrant,
) -> Result<Login, Error> {
    let app = &public.app;
    let arrival = devices::arrive(&mut tx, app, &user, shown.device).await?;
    let session = new_session(app, sessions, &user, (arrival.device, &shown));
    store::sessions::insert(&mut tx, session.firm, &session, &public.request).await?;
    let mut login = sessions.issue(&mut tx, app, &session, user).await?;
    login.device_token = Some(sessions.sign_device(arrival.device, session.user, session.created_at)?);
    let ctx = public.act_as(principal(&session, &login.user));
    tell(&mut tx, &ctx, &session, &login.user, (&arrival, shown.proven.as_ref())).await?;
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
    user: &User,
    (device, shown): (DeviceId, &Entrant),
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
        provider_factor: shown.proven.as_ref().is_some_and(|proven| proven.has_second_factor),
    }
}

fn principal(session: &Session, user: &User) -> Principal {
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
    user: &User,
    (arrival, proven): (&Arrival, Option<&Proven>),
) -> Result<(), Error> {
    if let Some(proven) = proven {
        record_proven(tx, ctx, proven).await?;
    } else {
        let who = (session.firm, session.user);
        audit::record_sign_in(tx, ctx.app(), ctx.request(), who, Act::Login, None).await?;
    }
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

/// Records a login by the provider and, the first time, that it was bound to the user.
async fn record_proven(tx: &mut Tx, ctx: &Ctx, proven: &Proven) -> Result<(), Error> {
    if !proven.is_linked {
        let linked = json!({ "signInProvider": "linked", "issuer": proven.issuer });
        audit::record(tx, ctx, Act::Update, Entity::of(proven.user).changed(linked)).await?;
    }
    let by = Entity::of(proven.user).changed(json!({ "issuer": proven.issuer }));
    Ok(audit::record(tx, ctx, Act::Login, by).await?)
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
