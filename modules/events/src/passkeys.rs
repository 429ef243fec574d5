//! Passkeys.

use ids::{PasskeyId, UserId};
use serde::{Deserialize, Serialize};

/// A user added a passkey.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Added {
    /// The user.
    pub user: UserId,
    /// The passkey.
    pub passkey: PasskeyId,
}

/// A passkey was removed, by its user or by an administrator.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Removed {
    /// The user.
    pub user: UserId,
    /// The passkey.
    pub passkey: PasskeyId,
}

/// The counter of a passkey did not move on: somebody may have a copy of it. What it was shown for was refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CopySuspected {
    /// The user.
    pub user: UserId,
    /// The passkey.
    pub passkey: PasskeyId,
    /// From where it was shown, as text.
    pub address: Option<String>,
}

impl queue::Event for Added {
    const TOPIC: &'static str = "passkey.added";
}
impl queue::Event for Removed {
    const TOPIC: &'static str = "passkey.removed";
}
impl queue::Event for CopySuspected {
    const TOPIC: &'static str = "passkey.copy_suspected";
}
