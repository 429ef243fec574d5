//! Logins.

use ids::{DeviceId, SessionId, UserId};
use serde::{Deserialize, Serialize};

/// Somebody signed in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignedIn {
    /// The user.
    pub user: UserId,
    /// The login.
    pub session: SessionId,
}

/// A login was ended. Whatever is open for it closes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Revoked {
    /// The user.
    pub user: UserId,
    /// The login.
    pub session: SessionId,
    /// Why: `logout`, `token_reuse`, `password_changed`, `revoked` (by the user), `administrator`, `session_limit`,
    /// `signed_out` (the user was deactivated, or the password was set by somebody else).
    pub reason: String,
}

/// A login's time is over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Expired {
    /// The user.
    pub user: UserId,
    /// The login.
    pub session: SessionId,
}

/// Somebody signed in on a device that is new for them. It carries what a message to them needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewDevice {
    /// The user.
    pub user: UserId,
    /// The login: who did not sign in ends it.
    pub session: SessionId,
    /// The device.
    pub device: DeviceId,
    /// Whether no device of the user was known before.
    pub is_first: bool,
    /// Where to write to.
    pub email: String,
    /// Given name.
    pub first_name: String,
    /// From where, as text.
    pub address: Option<String>,
    /// The browser or program, with its major version.
    pub browser: Option<String>,
    /// The operating system.
    pub os: Option<String>,
}

/// A refresh token was used a second time: two have it, and one of them should not. Its login was ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReuseDetected {
    /// The user.
    pub user: UserId,
    /// The login.
    pub session: SessionId,
    /// From where the token came the second time, as text.
    pub address: Option<String>,
}

impl queue::Event for SignedIn {
    const TOPIC: &'static str = "session.created";
}
impl queue::Event for Revoked {
    const TOPIC: &'static str = "session.revoked";
}
impl queue::Event for Expired {
    const TOPIC: &'static str = "session.expired";
}
impl queue::Event for NewDevice {
    const TOPIC: &'static str = "session.new_device";
}
impl queue::Event for ReuseDetected {
    const TOPIC: &'static str = "session.reuse_detected";
}
