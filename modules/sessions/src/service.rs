//! The verbs of logins, and [`Sessions`]: what they and the routes share.

mod attempts;
mod authenticate;
mod begin_login;
mod change_password;
mod cleanup;
mod devices;
mod ending;
mod enrolment;
mod expiry;
mod listing;
mod passkeys;
mod provider;
mod refresh;
mod revocation;
mod second_factor;
mod sign_in;
mod sign_out;
mod step_up;

pub use change_password::change_password;
pub use cleanup::remove_expired;
pub(crate) use devices::distrust_device;
pub use devices::trust_device;
pub use enrolment::{
    Enrolment, confirm_second_factor, disable_second_factor, enrol_second_factor, renew_recovery_codes,
    reset_second_factor,
};
pub(crate) use enrolment::{FactorState, show_second_factor};
pub use expiry::mark_ended;
pub(crate) use listing::{Figures, figures, list_logins, login_history, rename_login};
pub(crate) use passkeys::{
    add_passkey, ask_to_add, ask_to_sign_in, ask_to_step_up, list_passkeys, remove_passkey, rename_passkey,
    sign_in_with_passkey, step_up_with_passkey,
};
pub(crate) use provider::{
    Answered, begin_provider_sign_in, finish_provider_sign_in, show_link, sign_in_proven, unlink,
};
pub use refresh::refresh;
pub use revocation::{end_login, end_logins_of_firm, end_logins_of_user, end_other_logins};
pub use sign_in::{Shown, sign_in};
pub use sign_out::sign_out;
pub use step_up::step_up;

use crate::Error;
use crate::ProviderRefusal;
use crate::model::{Claims, DeviceClaims, Login, Session, Settings, SingleSignOn};
use access::{App, Role};
use accounts::User;
use attempts::Attempts;
use authenticate::Known;
use clock::Timestamp;
use crypto::Secret;
use crypto::jws::SigningKey;
use crypto::password::Hasher;
use crypto::sealed::SealingKeys;
use crypto::token::Token;
use db::{Db, Tx};
use headroom::{RegistryFull, StoreRegistry};
use ids::{DeviceId, FirmId, SessionId, TokenId, UserId};
use std::sync::Arc;

/// The keys of a process.
#[derive(Debug)]
pub struct Keys {
    /// Signs access tokens and the tokens of devices.
    pub signing: SigningKey,
    /// Seal the secrets of second factors.
    pub sealing: SealingKeys,
}

/// The logins of a process: the keys, the cache of looked-up logins, the counted attempts. Clones share them.
///
/// It knows callers for `access` and hears of changed users from `accounts`.
#[derive(Debug, Clone)]
pub struct Sessions(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    db: Db,
    hasher: Hasher,
    keys: Keys,
    sign_on: Option<SingleSignOn>,
    settings: Settings,
    known: Known,
    attempts: Attempts,
}

impl Sessions {
    /// Registers the bounded stores and waits for callers. Without `sign_on` there is no provider to sign in by.
    pub fn new(
        db: Db,
        hasher: Hasher,
        keys: Keys,
        sign_on: Option<SingleSignOn>,
        settings: Settings,
        stores: &StoreRegistry,
    ) -> Result<Self, RegistryFull> {
        let known = Known::register(&settings, stores)?;
        let attempts = Attempts::register(&settings, stores)?;
        Ok(Self(Arc::new(Parts { db, hasher, keys, sign_on, settings, known, attempts })))
    }

    /// Keeps at most so many bytes of logins that were looked up, from now on.
    pub fn set_cache_bytes(&self, bytes: u64) {
        self.0.known.set_cap(bytes);
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    pub(crate) fn attempts(&self) -> &Attempts {
        &self.0.attempts
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn sealing(&self) -> &SealingKeys {
        &self.0.keys.sealing
    }

    /// The provider that people sign in by.
    pub(crate) fn sign_on(&self) -> Result<&SingleSignOn, ProviderRefusal> {
        self.0.sign_on.as_ref().ok_or(ProviderRefusal::Off)
    }

    /// Forgets a login that has ended.
    pub(crate) fn forget(&self, session: SessionId) {
        self.0.known.forget(session);
    }

    /// Forgets all logins of a user whose standing has changed.
    pub(crate) fn forget_user(&self, firm: FirmId, user: UserId) {
        self.0.known.forget_user(firm, user);
    }

    /// Forgets all logins of a firm.
    pub(crate) fn forget_firm(&self, firm: FirmId) {
        self.0.known.forget_firm(firm);
    }

    /// Stores a new refresh token for the login and gives it out with an access token. What is given out counts only
    /// once the transaction is committed.
    async fn issue(&self, tx: &mut Tx, app: &App, session: &Session, user: User) -> Result<Login, Error> {
        let now = app.clock().now();
        let settings = self.settings();
        let refresh = Token::generate(app.random().as_ref());
        let lasts_until = session.expires_at.min(now + settings.refresh_token);
        let id = app.new_id::<TokenId>();
        crate::store::tokens::insert(tx, session.firm, id, session, &refresh.hash(), (now, lasts_until))
            .await?;
        let ends = session.expires_at.min(now + settings.access_token);
        let access_token = self.sign(session, user.role, now, ends)?;
        Ok(Login {
            session: session.id,
            access_token,
            refresh_token: Secret::new(refresh.text()),
            device_token: None,
            expires_in_seconds: (ends - now).num_seconds(),
            user,
        })
    }

    fn sign(&self, session: &Session, role: Role, now: Timestamp, ends: Timestamp) -> Result<Secret, Error> {
        let claims = Claims {
            sub: session.user,
            sid: session.id,
            firm: session.firm,
            role,
            iat: now.timestamp(),
            exp: ends.timestamp(),
        };
        self.0.keys.signing.sign(&claims).map(Secret::new).map_err(Error::Sign)
    }

    /// The token by which a user's device is known again for as long as its row is kept.
    fn sign_device(&self, device: DeviceId, user: UserId, now: Timestamp) -> Result<Secret, Error> {
        let claims = DeviceClaims { dev: device, sub: user, exp: (now + self.settings().kept).timestamp() };
        self.0.keys.signing.sign(&claims).map(Secret::new).map_err(Error::Sign)
    }
}

/// What a user must have shown a moment ago, whether or not they have a second factor: a stolen access token must not
/// become a way in that stays.
fn require_fresh(ctx: &access::Ctx) -> Result<(), access::Error> {
    let fresh_until = ctx.principal().proof.fresh_until;
    if fresh_until.is_some_and(|until| ctx.now() < until) { Ok(()) } else { Err(access::Error::StepUp) }
}

impl accounts::UserWatch for Sessions {
    fn user_changed(&self, firm: FirmId, user: UserId) {
        self.forget_user(firm, user);
    }
}
