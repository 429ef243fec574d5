use clock::Timestamp;
use ids::{EventId, FirmId, UserId};
use serde::de::DeserializeOwned;

/// A fact that others may want to know. Its JSON form is a promise to every listener.
pub trait Event: serde::Serialize {
    /// The topic, such as `case.closed`.
    const TOPIC: &'static str;
}

/// What every event carries besides its own fields.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The event's id.
    pub id: EventId,
    /// The firm it happened in.
    pub firm: FirmId,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it; nothing for the server itself.
    pub actor: Option<UserId>,
    /// The correlation id of the request that did it.
    pub correlation: Option<String>,
}

/// An event as a listener gets it.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// The event's id: the key for whatever must not happen twice outside the database.
    pub id: EventId,
    /// Orders the events that wait at the same time. Numbers may be used again once their event is gone.
    pub seq: i64,
    /// The firm it happened in.
    pub firm: FirmId,
    /// The topic.
    pub topic: String,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Option<UserId>,
    /// The correlation id of the request that did it.
    pub correlation: Option<String>,
    /// The event's own fields.
    pub payload: serde_json::Value,
}

/// A payload without the shape that its reader expects.
#[derive(Debug, thiserror::Error)]
#[error("the payload of {name} does not have the expected shape")]
pub struct InvalidPayload {
    name: String,
    #[source]
    source: serde_json::Error,
}

impl InvalidPayload {
    pub(crate) fn new(name: impl Into<String>, source: serde_json::Error) -> Self {
        Self { name: name.into(), source }
    }
}

impl Delivered {
    /// The event's own fields as a type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, InvalidPayload> {
        T::deserialize(&self.payload).map_err(|source| InvalidPayload::new(&self.topic, source))
    }
}
