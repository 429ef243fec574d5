//! What a hash covers: each field of an entry, in one fixed order, each with its length before it, so that no two entries
//! have the same bytes. After the fields of the chain: firm, sequence number, hash of the entry before.

use super::Chained;
use crypto::digest::{SHA256_BYTES, sha256};
use uuid::Uuid;

/// Names what is hashed and its version: an entry can never pass for a checkpoint, nor one version for another.
const ENTRY: &[u8] = b"lexiflow-audit-entry-1";

/// Stands where the length of a field would, when there is none.
const ABSENT: u32 = u32::MAX;

/// The hash before the first entry.
pub(crate) const BEGINNING: [u8; SHA256_BYTES] = [0; SHA256_BYTES];

/// Builds the bytes to hash in one buffer, which is used again for the next entry.
#[derive(Debug, Default)]
pub(crate) struct Canonical(Vec<u8>);

impl Canonical {
    /// The hash of an entry that follows one with the hash `before`.
    pub(crate) fn hash(&mut self, chained: &Chained, before: &[u8; SHA256_BYTES]) -> [u8; SHA256_BYTES] {
        let entry = &chained.entry;
        self.0.clear();
        self.field(ENTRY);
        self.field(before);
        self.field(&entry.seq.to_be_bytes());
        self.field(id(&entry.firm.into()));
        self.field(id(&entry.id.into()));
        self.maybe(entry.user.map(Uuid::from).as_ref().map(id));
        self.maybe(entry.session.map(Uuid::from).as_ref().map(id));
        self.field(entry.action.as_bytes());
        self.field(entry.entity.as_bytes());
        self.field(entry.entity_id.as_bytes());
        self.maybe(entry.case.map(Uuid::from).as_ref().map(id));
        self.field(entry.outcome.as_bytes());
        self.text(entry.reason.as_deref());
        self.text(chained.changes_text.as_deref());
        self.text(entry.address.as_deref());
        self.text(entry.user_agent.as_deref());
        self.text(entry.method.as_deref());
        self.text(entry.route.as_deref());
        self.field(entry.correlation.as_bytes());
        self.field(&entry.at.timestamp_micros().to_be_bytes());
        sha256(&self.0)
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

    fn text(&mut self, text: Option<&str>) {
        self.maybe(text.map(str::as_bytes));
    }
}

fn id(id: &Uuid) -> &[u8] {
    id.as_bytes()
}
