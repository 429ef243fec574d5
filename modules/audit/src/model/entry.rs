use super::canonical::{Canonical, Covered};
use super::{Form, Link};
use clock::Timestamp;
use ids::{ApiKeyId, AuditId, CaseId, FirmId, SessionId, UserId};
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
    /// With which API key; nothing for the user in person.
    pub key: Option<ApiKeyId>,
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
    /// The status of the answer, where it was known already: that of a refusal. What is done is written before its answer is.
    pub status: Option<u16>,
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
    /// How long the request had run when this was written, in microseconds; nothing for the command line and for jobs.
    pub elapsed_microseconds: Option<i64>,
    /// When, in UTC and whole microseconds. Never before the entry before.
    pub at: Timestamp,
}

/// An entry with its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Chained {
    /// The entry.
    pub entry: Entry,
    /// What its hash covers.
    pub form: Form,
    /// The changes as they are kept, byte for byte: what the hash covers.
    pub changes_text: Option<String>,
    /// Its hash, which covers the hash of the entry before.
    pub hash: [u8; 32],
}

impl Chained {
    /// Puts an entry behind `before`: it gets the next number and the hash over both.
    pub fn seal(entry: Entry, changes_text: Option<String>, before: &Link) -> Self {
        let entry = Entry { seq: before.seq + 1, changes: None, ..entry };
        let mut chained = Self { entry, form: Form::TODAY, changes_text, hash: before.hash };
        if let Some(hash) = Canonical::default().hash(&chained.covered(), &before.hash) {
            chained.hash = hash;
        }
        chained
    }

    /// What the hash covers.
    pub(crate) fn covered(&self) -> Covered<'_> {
        let entry = &self.entry;
        Covered {
            form: self.form,
            seq: entry.seq,
            firm: entry.firm,
            id: entry.id,
            user: entry.user,
            session: entry.session,
            key: entry.key,
            action: &entry.action,
            entity: &entry.entity,
            entity_id: entry.entity_id,
            case: entry.case,
            outcome: &entry.outcome,
            status: entry.status,
            reason: entry.reason.as_deref(),
            changes: self.changes_text.as_deref(),
            address: entry.address.as_deref(),
            user_agent: entry.user_agent.as_deref(),
            method: entry.method.as_deref(),
            route: entry.route.as_deref(),
            correlation: &entry.correlation,
            elapsed_microseconds: entry.elapsed_microseconds,
            at: entry.at,
        }
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
