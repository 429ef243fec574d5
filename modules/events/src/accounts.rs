//! Firms and users.

use ids::UserId;
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

impl queue::Event for UserAdded {
    const TOPIC: &'static str = "user.added";
}
impl queue::Event for UserChanged {
    const TOPIC: &'static str = "user.changed";
}
