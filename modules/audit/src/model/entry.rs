use super::{Canonical, Link};
use clock::Timestamp;
use ids::{AuditId, CaseId, FirmId, SessionId, UserId};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// One record.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its place in the firm's chain, from 1 and without gaps.
    pub seq: i64,
    /// Its id.
    pub id: AuditId,
    /// The firm.
    #[serde(skip)]
    pub firm: FirmId,
    /// Who did it; nothing when nobody was signed in.
    pub user: Option<UserId>,
    /// In which login; nothing for the command line and for jobs.
    pub session: Option<SessionId>,
    /// What was done.
    pub action: String,
    /// The kind of thing it was done to.
    pub entity: String,
    /// Its id.
    pub entity_id: Uuid,
    /// The case it belongs to.
    pub case: Option<CaseId>,
    /// How it ended: `done`, `refused` or `failed`.
    pub outcome: String,
    /// Why, in the words of who did it.
    pub reason: Option<String>,
    /// What changed. Nothing in a [`Chained`] one, which keeps the text.
    pub changes: Option<Value>,
    /// From where.
    pub address: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// The method of the request.
    pub method: Option<String>,
    /// The route of the request, such as `/api/cases/{id}`.
    pub route: Option<String>,
    /// Which request.
    pub correlation: String,
    /// When, in UTC and whole microseconds. Never before the entry before.
    pub at: Timestamp,
}

/// An entry with its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Chained {
    /// The entry.
    pub entry: Entry,
    /// The changes as they are kept, byte for byte: what the hash covers.
    pub changes_text: Option<String>,
    /// Its hash, which covers the hash of the entry before.
    pub hash: [u8; 32],
}

impl Chained {
    /// Puts an entry behind `before`: it gets the next number and the hash over both.
    pub fn seal(entry: Entry, changes_text: Option<String>, before: &Link) -> Self {
        let entry = Entry { seq: before.seq + 1, changes: None, ..entry };
        let mut chained = Self { entry, changes_text, hash: before.hash };
        chained.hash = Canonical::default().hash(&chained, &before.hash);
        chained
    }

    /// What the next entry follows.
    pub fn link(&self) -> Link {
        Link { seq: self.entry.seq, hash: self.hash, at: Some(self.entry.at) }
    }

    /// The entry with its changes as JSON. Only who altered a row leaves what is none: it is shown as a text then.
    pub fn into_entry(self) -> Entry {
        let changes =
            self.changes_text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        Entry { changes, ..self.entry }
    }
}
