use super::Settings;
use access::{Principal, Proof, Role, SecondFactor};
use accounts::User;
use chrono::TimeDelta;
use clock::Timestamp;
use crypto::Secret;
use ids::{DeviceId, FirmId, PasskeyId, SessionId, SignInId, TokenId, UserId};
use serde::{Deserialize, Serialize};

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

/// What a device's token says. It has no `sid`, so that it is no access token, and an access token has no `dev`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeviceClaims {
    pub(crate) dev: DeviceId,
    pub(crate) sub: UserId,
    /// Seconds since 1970.
    pub(crate) exp: i64,
}

/// A login's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) firm: FirmId,
    pub(crate) user: UserId,
    pub(crate) device: Option<DeviceId>,
    pub(crate) created_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) revoked_at: Option<Timestamp>,
    /// When the user last showed a second factor or, who has none, the password.
    pub(crate) proved_at: Option<Timestamp>,
    /// The passkey that was last shown in it: one that was stands for both factors.
    pub(crate) passkey: Option<PasskeyId>,
    /// Whether the provider that signed the user in has asked for a second factor, and is trusted in that.
    pub(crate) provider_factor: bool,
}

/// A login and what its user may do at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) session: Session,
    pub(crate) role: Role,
    pub(crate) active: bool,
    pub(crate) second_factor: bool,
    /// Logins begun up to then are over.
    pub(crate) signed_out_at: Option<Timestamp>,
    /// Counts what has changed among the logins and users of the firm.
    pub(crate) version: i64,
}

impl Standing {
    /// Until when the login lasts if it is not used again; nothing if it was ended.
    pub(crate) fn ends_at(&self, settings: &Settings) -> Option<Timestamp> {
        let session = &self.session;
        if session.revoked_at.is_some() || self.is_signed_out() {
            return None;
        }
        let absolute = session.expires_at.min(session.created_at + settings.absolute_for(self.role));
        Some(absolute.min(session.last_seen_at + settings.idle))
    }

    /// Whether the user was deactivated or signed out everywhere since the login began.
    pub(crate) fn is_signed_out(&self) -> bool {
        !self.active || self.signed_out_at.is_some_and(|at| self.session.created_at <= at)
    }

    /// Whether the login is good at `now`.
    pub(crate) fn is_live(&self, now: Timestamp, settings: &Settings) -> bool {
        self.ends_at(settings).is_some_and(|end| now < end)
    }

    /// Who the login is.
    pub(crate) fn principal(&self, settings: &Settings) -> Principal {
        let session = &self.session;
        Principal {
            user: session.user,
            firm: session.firm,
            role: self.role,
            session: Some(session.id),
            proof: self.proof(settings),
            key: None,
        }
    }

    fn proof(&self, settings: &Settings) -> Proof {
        let second_factor = if self.second_factor || self.session.passkey.is_some() {
            SecondFactor::Present
        } else if settings.asks_second_factor_of(self.role) && !self.session.provider_factor {
            SecondFactor::Owed
        } else {
            SecondFactor::None
        };
        Proof { second_factor, fresh_until: self.session.proved_at.map(|at| at + settings.step_up) }
    }
}

/// A login as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionRow {
    pub(crate) id: SessionId,
    pub(crate) name: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) trusted_until: Option<Timestamp>,
}

impl SessionRow {
    /// When it ends if it is not used again.
    pub(crate) fn ends_at(&self, idle: TimeDelta) -> Timestamp {
        self.expires_at.min(self.last_seen_at + idle)
    }
}

/// A device that a user has signed in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) trusted_until: Option<Timestamp>,
}

impl Device {
    pub(crate) fn is_trusted(&self, now: Timestamp) -> bool {
        self.trusted_until.is_some_and(|until| now < until)
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
    /// The user ended it from another login.
    Revoked,
    /// An administrator ended it.
    Administrator,
    /// The user has begun one too many.
    Limit,
    /// The user was deactivated, or an administrator has set the password.
    SignedOut,
    /// Its time is over.
    Expired,
}

impl Reason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::TokenReuse => "token_reuse",
            Self::PasswordChanged => "password_changed",
            Self::Revoked => "revoked",
            Self::Administrator => "administrator",
            Self::Limit => "session_limit",
            Self::SignedOut => "signed_out",
            Self::Expired => "expired",
        }
    }
}

/// What became of an attempt to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    SignedIn,
    Refused,
    SecondFactorRefused,
    /// The counter of the passkey did not move on: somebody may have a copy.
    #[cfg(feature = "passkeys")]
    PasskeyCopied,
}

impl Outcome {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::Refused => "refused",
            Self::SecondFactorRefused => "second_factor_refused",
            #[cfg(feature = "passkeys")]
            Self::PasskeyCopied => "passkey_copied",
        }
    }
}

/// An attempt to sign in, as it was noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignIn {
    pub(crate) id: SignInId,
    pub(crate) at: Timestamp,
    pub(crate) outcome: String,
    pub(crate) session: Option<SessionId>,
    pub(crate) address: Option<String>,
    pub(crate) user_agent: Option<String>,
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
    /// By which the device is known again at the next sign-in; only who signs in gets it.
    pub device_token: Option<Secret>,
    /// How long the access token is good for, in seconds.
    pub expires_in_seconds: i64,
    /// Who signed in.
    pub user: User,
}
