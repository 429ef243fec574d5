//! Clients.

use ids::ClientId;
use serde::{Deserialize, Serialize};

/// A client as it stands after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientSnapshot {
    /// The client.
    pub id: ClientId,
    /// Its name.
    pub name: String,
    /// `person` or `organization`.
    pub kind: String,
    /// Its status, such as `active`.
    pub status: String,
}

/// A client was added.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Added(pub ClientSnapshot);

/// A client was changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Changed(pub ClientSnapshot);

/// A client was removed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deleted {
    /// The client.
    pub client: ClientId,
}

impl queue::Event for Added {
    const TOPIC: &'static str = "client.added";
}
impl queue::Event for Changed {
    const TOPIC: &'static str = "client.changed";
}
impl queue::Event for Deleted {
    const TOPIC: &'static str = "client.deleted";
}
