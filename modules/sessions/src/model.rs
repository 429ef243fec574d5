use access::{Principal, Role};
use accounts::User;
use chrono::TimeDelta;
use clock::Timestamp;
use crypto::Secret;
use ids::{FirmId, SessionId, TokenId, UserId};
use serde::{Deserialize, Serialize};

/// How long logins last and how many attempts there are.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long an access token is good for.
    pub access_token: TimeDelta,
    /// How long a refresh token is good for, if its login lasts that long.
    pub refresh_token: TimeDelta,
    /// A login ends when it was not used for so long.
    pub idle: TimeDelta,
    /// A login ends so long after it began, used or not.
    pub absolute: TimeDelta,
    /// How long the rows of ended logins are kept.
    pub kept: TimeDelta,
    /// Within which time attempts to sign in are counted.
    pub attempt_window: TimeDelta,
    /// Failed attempts of one account in that time.
    pub attempts_per_account: u32,
    /// Failed attempts from one address in that time. An office shares one address, so it is more than for an account.
    pub attempts_per_address: u32,
    /// How long a look at a login's row is believed. Revocation in this process does not wait for it.
    pub believed: TimeDelta,
    /// Memory for looked-up logins, in bytes.
    pub cache_bytes: u64,
    /// Memory for counted attempts, in bytes.
    pub attempts_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access_token: TimeDelta::minutes(15),
            refresh_token: TimeDelta::days(7),
            idle: TimeDelta::minutes(30),
            absolute: TimeDelta::hours(24),
            kept: TimeDelta::days(90),
            attempt_window: TimeDelta::minutes(5),
            attempts_per_account: 10,
            attempts_per_address: 50,
            believed: TimeDelta::seconds(5),
            cache_bytes: 1 << 20,
            attempts_bytes: 1 << 20,
        }
    }
}

/// How often the moment of last use is written at most: a read costs no write but once a minute.
pub(crate) const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);

/// What an access token says (RFC 7519, 4.1). The role is for clients to look at; the server does not believe it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: UserId,
    pub(crate) sid: SessionId,
    pub(crate) firm: FirmId,
    pub(crate) role: Role,
    /// Seconds since 1970.
    pub(crate) iat: i64,
    /// Seconds since 1970.
    pub(crate) exp: i64,
}

/// A login's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) firm: FirmId,
    pub(crate) user: UserId,
    pub(crate) created_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) revoked_at: Option<Timestamp>,
}

/// A login and what its user may do at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) session: Session,
    pub(crate) role: Role,
    pub(crate) active: bool,
    /// Logins begun up to then are over.
    pub(crate) signed_out_at: Option<Timestamp>,
}

impl Standing {
    /// Until when the login lasts if it is not used again; nothing if it was ended.
    pub(crate) fn ends_at(&self, idle: TimeDelta) -> Option<Timestamp> {
        let session = &self.session;
        let signed_out = self.signed_out_at.is_some_and(|at| session.created_at <= at);
        if session.revoked_at.is_some() || !self.active || signed_out {
            return None;
        }
        Some(session.expires_at.min(session.last_seen_at + idle))
    }

    /// Whether the login is good at `now`.
    pub(crate) fn is_live(&self, now: Timestamp, idle: TimeDelta) -> bool {
        self.ends_at(idle).is_some_and(|end| now < end)
    }

    /// Who the login is.
    pub(crate) fn principal(&self) -> Principal {
        let session = &self.session;
        Principal { session: Some(session.id), ..Principal::of(session.user, session.firm, self.role) }
    }
}

/// A refresh token's row.
#[derive(Debug, Clone)]
pub(crate) struct StoredToken {
    pub(crate) id: TokenId,
    pub(crate) firm: FirmId,
    pub(crate) session: SessionId,
    pub(crate) used_at: Option<Timestamp>,
    pub(crate) expires_at: Timestamp,
}

/// Why a login was ended. The names are part of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Logout,
    TokenReuse,
    PasswordChanged,
}

impl Reason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::TokenReuse => "token_reuse",
            Self::PasswordChanged => "password_changed",
        }
    }
}

/// What somebody gets who signed in or refreshed.
#[derive(Debug, Clone)]
pub struct Login {
    /// The login.
    pub session: SessionId,
    /// To be sent with every request.
    pub access_token: Secret,
    /// To be exchanged, once, for the next pair.
    pub refresh_token: Secret,
    /// How long the access token is good for, in seconds.
    pub expires_in_seconds: i64,
    /// Who signed in.
    pub user: User,
}
