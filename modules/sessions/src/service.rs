//! The verbs of logins, and [`Sessions`]: what they and the routes share.

mod attempts;
mod authenticate;
mod change_password;
mod cleanup;
mod refresh;
mod sign_in;
mod sign_out;

pub use change_password::change_password;
pub use cleanup::remove_expired;
pub use refresh::refresh;
pub use sign_in::sign_in;
pub use sign_out::sign_out;

use crate::Error;
use crate::model::{Claims, Login, Session, Settings};
use access::{App, Role};
use accounts::User;
use attempts::Attempts;
use authenticate::Known;
use clock::Timestamp;
use crypto::Secret;
use crypto::jws::SigningKey;
use crypto::password::Hasher;
use crypto::token::Token;
use db::{Db, Tx};
use headroom::{RegistryFull, StoreRegistry};
use ids::{FirmId, SessionId, TokenId, UserId};
use std::sync::Arc;

/// The logins of a process: the key, the cache of looked-up logins, the counted attempts. Clones share them.
///
/// It knows callers for `access` and hears of changed users from `accounts`.
#[derive(Debug, Clone)]
pub struct Sessions(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    db: Db,
    hasher: Hasher,
    key: SigningKey,
    settings: Settings,
    known: Known,
    attempts: Attempts,
}

impl Sessions {
    /// Registers the two bounded stores and waits for callers.
    pub fn new(
        db: Db,
        hasher: Hasher,
        key: SigningKey,
        settings: Settings,
        stores: &StoreRegistry,
    ) -> Result<Self, RegistryFull> {
        let known = Known::register(&settings, stores)?;
        let attempts = Attempts::register(&settings, stores)?;
        Ok(Self(Arc::new(Parts { db, hasher, key, settings, known, attempts })))
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

    /// Forgets a login that has ended.
    pub(crate) fn forget(&self, session: SessionId) {
        self.0.known.forget(session);
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
        self.0.key.sign(&claims).map(Secret::new).map_err(Error::Sign)
    }
}

impl accounts::UserWatch for Sessions {
    fn user_changed(&self, firm: FirmId, user: UserId) {
        self.0.known.forget_user(firm, user);
    }
}
