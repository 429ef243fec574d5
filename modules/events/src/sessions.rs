//! Logins.

use ids::{SessionId, UserId};
use serde::{Deserialize, Serialize};

/// Somebody signed in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignedIn {
    /// The user.
    pub user: UserId,
    /// The login.
    pub session: SessionId,
}

/// A login was ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Revoked {
    /// The user.
    pub user: UserId,
    /// The login.
    pub session: SessionId,
    /// Why: `logout`, `token_reuse`, `expired`, `user_deactivated`, `password_changed`.
    pub reason: String,
}

impl queue::Event for SignedIn {
    const TOPIC: &'static str = "session.created";
}
impl queue::Event for Revoked {
    const TOPIC: &'static str = "session.revoked";
}
