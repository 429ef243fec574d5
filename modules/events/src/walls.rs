//! Ethical walls. Not for the people whom a wall keeps out: whoever hears of these ends what is open to them, such as a
//! socket, and tells them nothing.

use ids::{CaseId, UserId, WallId};
use serde::{Deserialize, Serialize};

/// A wall was raised.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Raised {
    /// The wall.
    pub wall: WallId,
    /// The case that it hides.
    pub case: CaseId,
    /// From whom.
    pub screened: Vec<UserId>,
    /// Whether the case is closed to everybody whom the wall does not admit.
    pub closed: bool,
}

/// A wall screens others than before.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Changed {
    /// The wall.
    pub wall: WallId,
    /// The case that it hides.
    pub case: CaseId,
    /// From whom, now.
    pub screened: Vec<UserId>,
    /// Whether the case is closed to everybody whom the wall does not admit.
    pub closed: bool,
}

/// A wall was lifted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lifted {
    /// The wall.
    pub wall: WallId,
    /// The case that it hid.
    pub case: CaseId,
}

impl queue::Event for Raised {
    const TOPIC: &'static str = "wall.raised";
}
impl queue::Event for Changed {
    const TOPIC: &'static str = "wall.changed";
}
impl queue::Event for Lifted {
    const TOPIC: &'static str = "wall.lifted";
}
