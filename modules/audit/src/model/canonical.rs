//! What a hash covers: each field of an entry, in one fixed order, each with its length before it, so that no two entries
//! have the same bytes. After the fields of the chain: firm, sequence number, hash of the entry before.

use super::Form;
use clock::Timestamp;
use crypto::digest::{SHA256_BYTES, sha256};
use ids::{ApiKeyId, AuditId, CaseId, FirmId, SessionId, UserId};
use uuid::Uuid;

/// Names what is hashed and its version: an entry can never pass for a checkpoint, nor one form for another.
const FIRST: &[u8] = b"lexiflow-audit-entry-1";
const SECOND: &[u8] = b"lexiflow-audit-entry-2";

/// Stands where the length of a field would, when there is none.
const ABSENT: u32 = u32::MAX;

/// The hash before the first entry.
pub(crate) const BEGINNING: [u8; SHA256_BYTES] = [0; SHA256_BYTES];

/// The fields of an entry, wherever it lies: a row of the log or a line of an export.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Covered<'a> {
    pub(crate) form: Form,
    pub(crate) seq: i64,
    pub(crate) firm: FirmId,
    pub(crate) id: AuditId,
    pub(crate) user: Option<UserId>,
    pub(crate) session: Option<SessionId>,
    pub(crate) key: Option<ApiKeyId>,
    pub(crate) action: &'a str,
    pub(crate) entity: &'a str,
    pub(crate) entity_id: Uuid,
    pub(crate) case: Option<CaseId>,
    pub(crate) outcome: &'a str,
    pub(crate) status: Option<u16>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) changes: Option<&'a str>,
    pub(crate) address: Option<&'a str>,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) method: Option<&'a str>,
    pub(crate) route: Option<&'a str>,
    pub(crate) correlation: &'a str,
    pub(crate) elapsed_microseconds: Option<i64>,
    pub(crate) at: Timestamp,
}

impl Covered<'_> {
    /// Whether something stands in it that its form does not know, and that its hash says nothing of.
    fn has_more_than_its_form(&self) -> bool {
        self.form == Form::First
            && (self.key.is_some() || self.status.is_some() || self.elapsed_microseconds.is_some())
    }
}

/// Builds the bytes to hash in one buffer, which is used again for the next entry.
#[derive(Debug, Default)]
pub(crate) struct Canonical(Vec<u8>);

impl Canonical {
    /// The hash of an entry that follows one with the hash `before`; nothing for one that says more than a hash of its form
    /// covers.
    pub(crate) fn hash(
        &mut self,
        entry: &Covered<'_>,
        before: &[u8; SHA256_BYTES],
    ) -> Option<[u8; SHA256_BYTES]> {
        if entry.has_more_than_its_form() {
            return None;
        }
        let is_first = entry.form == Form::First;
        self.0.clear();
        self.field(if is_first { FIRST } else { SECOND });
        self.field(before);
        self.field(&entry.seq.to_be_bytes());
        self.field(Uuid::from(entry.firm).as_bytes());
        self.field(Uuid::from(entry.id).as_bytes());
        self.id(entry.user.map(Uuid::from));
        self.id(entry.session.map(Uuid::from));
        if !is_first {
            self.id(entry.key.map(Uuid::from));
        }
        self.field(entry.action.as_bytes());
        self.field(entry.entity.as_bytes());
        self.field(entry.entity_id.as_bytes());
        self.id(entry.case.map(Uuid::from));
        self.field(entry.outcome.as_bytes());
        if !is_first {
            self.maybe(entry.status.map(u16::to_be_bytes).as_ref().map(<[u8; 2]>::as_slice));
        }
        for text in [entry.reason, entry.changes, entry.address, entry.user_agent, entry.method, entry.route]
        {
            self.maybe(text.map(str::as_bytes));
        }
        self.field(entry.correlation.as_bytes());
        if !is_first {
            self.maybe(entry.elapsed_microseconds.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
        }
        self.field(&entry.at.timestamp_micros().to_be_bytes());
        Some(sha256(&self.0))
    }

    fn field(&mut self, bytes: &[u8]) {
        // Nothing that is kept comes near four GiB; a longer one would be told by its digest alone.
        self.0.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(ABSENT - 1).to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    fn maybe(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.field(bytes),
            None => self.0.extend_from_slice(&ABSENT.to_be_bytes()),
        }
    }

    fn id(&mut self, id: Option<Uuid>) {
        self.maybe(id.as_ref().map(|id| id.as_bytes().as_slice()));
    }
}
