//! Firms and users.

use ids::{ApiKeyId, UserId};
use serde::{Deserialize, Serialize};

/// A user was added.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserAdded {
    /// The user.
    pub user: UserId,
    /// The role's name.
    pub role: String,
}

/// A user was changed, activated or deactivated.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserChanged {
    /// The user.
    pub user: UserId,
    /// The role's name.
    pub role: String,
    /// Whether the user may sign in.
    pub active: bool,
}

/// Every login that a user has begun up to now is over, also on open connections.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignedOut {
    /// The user.
    pub user: UserId,
    /// Why: `password_set`, `password_reset`, `user_deactivated`.
    pub reason: String,
}

/// An API key was ended before its time, also on open connections.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApiKeyRevoked {
    /// Whose it was.
    pub user: UserId,
    /// The key.
    pub key: ApiKeyId,
}

impl queue::Event for UserAdded {
    const TOPIC: &'static str = "user.added";
}
impl queue::Event for UserChanged {
    const TOPIC: &'static str = "user.changed";
}
impl queue::Event for SignedOut {
    const TOPIC: &'static str = "user.signed_out";
}
impl queue::Event for ApiKeyRevoked {
    const TOPIC: &'static str = "api_key.revoked";
}
