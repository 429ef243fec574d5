use crate::model::{Chained, Checkpoint, Entry, Filter, Mark};
use clock::Timestamp;
use crypto::digest::{Sha256Stream, from_hex, hex};
use ids::{AuditId, CaseId, FirmId, SessionId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The name and version of the form.
pub const FORMAT: &str = "lexiflow-audit-export/1";

/// Names what the last line signs, and its version.
const END: &[u8] = b"lexiflow-audit-export-1";

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Line {
    /// What this is: the first line.
    Manifest(Manifest),
    /// An entry.
    Entry(Box<EntryLine>),
    /// A checkpoint.
    Checkpoint(SignedLine),
    /// The last line.
    End(EndLine),
}

/// What an export is of.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// Whose entries.
    pub firm: FirmId,
    /// When it was made.
    pub exported_at: Timestamp,
    /// Which entries were asked for.
    pub filter: serde_json::Value,
    /// Whether all entries from the first to the last are there: then a gap is a fault.
    pub complete: bool,
    /// The key that signs the last line.
    pub public_key: String,
}

/// An entry with what its hash covers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryLine {
    seq: i64,
    id: AuditId,
    user: Option<UserId>,
    session: Option<SessionId>,
    action: String,
    entity: String,
    entity_id: Uuid,
    case: Option<CaseId>,
    outcome: String,
    reason: Option<String>,
    /// The JSON text, byte for byte as it was hashed.
    changes: Option<String>,
    address: Option<String>,
    user_agent: Option<String>,
    method: Option<String>,
    route: Option<String>,
    correlation: String,
    at: Timestamp,
    /// The hash of the entry before, in hexadecimal.
    before: String,
    /// The hash of this one.
    hash: String,
}

/// A checkpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedLine {
    firm: FirmId,
    seq: i64,
    mark: String,
    hash: String,
    at: Timestamp,
    key: String,
    signature: String,
}

/// The end of an export.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndLine {
    /// Entries.
    pub entries: u64,
    /// The hash of the first entry.
    pub first_hash: Option<String>,
    /// The hash of the last entry.
    pub last_hash: Option<String>,
    /// The SHA-256 of every byte before this line.
    pub sha256: String,
    /// The name of the key.
    pub key: String,
    /// The signature over number and digest.
    pub signature: String,
}

impl EntryLine {
    /// The line of an entry that follows one with the hash `before`.
    pub fn of(chained: Chained, before: &[u8; 32]) -> Self {
        let Chained { entry, changes_text, hash } = chained;
        Self {
            seq: entry.seq,
            id: entry.id,
            user: entry.user,
            session: entry.session,
            action: entry.action,
            entity: entry.entity,
            entity_id: entry.entity_id,
            case: entry.case,
            outcome: entry.outcome,
            reason: entry.reason,
            changes: changes_text,
            address: entry.address,
            user_agent: entry.user_agent,
            method: entry.method,
            route: entry.route,
            correlation: entry.correlation,
            at: entry.at,
            before: hex(before),
            hash: hex(&hash),
        }
    }

    /// The entry, with the hash of the one before it. Digits that are no hash are read as zeros, which no hash is.
    pub fn into_chained(self, firm: FirmId) -> (Chained, [u8; 32]) {
        let entry = Entry {
            seq: self.seq,
            id: self.id,
            firm,
            user: self.user,
            session: self.session,
            action: self.action,
            entity: self.entity,
            entity_id: self.entity_id,
            case: self.case,
            outcome: self.outcome,
            reason: self.reason,
            changes: None,
            address: self.address,
            user_agent: self.user_agent,
            method: self.method,
            route: self.route,
            correlation: self.correlation,
            at: self.at,
        };
        let hash = from_hex(&self.hash).unwrap_or_default();
        (Chained { entry, changes_text: self.changes, hash }, from_hex(&self.before).unwrap_or_default())
    }

    /// The cells of a spreadsheet's row.
    pub(crate) fn cells(&self) -> [String; 19] {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        [
            self.seq.to_string(),
            self.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
            id(self.user.map(Uuid::from)),
            self.action.clone(),
            self.entity.clone(),
            self.entity_id.to_string(),
            id(self.case.map(Uuid::from)),
            self.outcome.clone(),
            text(&self.reason),
            text(&self.changes),
            text(&self.address),
            text(&self.user_agent),
            text(&self.method),
            text(&self.route),
            self.correlation.clone(),
            id(self.session.map(Uuid::from)),
            self.id.to_string(),
            self.before.clone(),
            self.hash.clone(),
        ]
    }

    /// The names over those cells.
    pub(crate) const HEAD: [&'static str; 19] = [
        "seq",
        "at",
        "user",
        "action",
        "entity",
        "entityId",
        "case",
        "outcome",
        "reason",
        "changes",
        "address",
        "userAgent",
        "method",
        "route",
        "correlation",
        "session",
        "id",
        "before",
        "hash",
    ];
}

impl From<&Checkpoint> for SignedLine {
    fn from(checkpoint: &Checkpoint) -> Self {
        Self {
            firm: checkpoint.firm,
            seq: checkpoint.seq,
            mark: checkpoint.mark.as_str().to_owned(),
            hash: hex(&checkpoint.hash),
            at: checkpoint.at,
            key: checkpoint.key.clone(),
            signature: hex(&checkpoint.signature),
        }
    }
}

impl SignedLine {
    /// The checkpoint; nothing when the mark is none or the digits are not those of a hash and a signature.
    pub fn into_checkpoint(self) -> Option<Checkpoint> {
        Some(Checkpoint {
            firm: self.firm,
            seq: self.seq,
            mark: Mark::parse(&self.mark)?,
            hash: from_hex(&self.hash)?,
            at: self.at,
            key: self.key,
            signature: from_hex(&self.signature)?,
        })
    }
}

impl Manifest {
    pub(crate) fn new(
        firm: FirmId,
        exported_at: Timestamp,
        filter: &Filter,
        complete: bool,
        public_key: String,
    ) -> Result<Self, serde_json::Error> {
        let filter = serde_json::to_value(filter)?;
        Ok(Self { format: FORMAT.to_owned(), firm, exported_at, filter, complete, public_key })
    }
}

/// What the last line signs.
pub(crate) fn end_message(firm: FirmId, entries: u64, sha256: &[u8; 32]) -> Vec<u8> {
    let mut message = END.to_vec();
    message.extend_from_slice(Uuid::from(firm).as_bytes());
    message.extend_from_slice(&entries.to_be_bytes());
    message.extend_from_slice(sha256);
    message
}

/// Follows the bytes of an export.
#[derive(Debug, Default)]
pub(crate) struct ExportDigest {
    pub(crate) bytes: Sha256Stream,
    pub(crate) entries: u64,
    pub(crate) first: Option<[u8; 32]>,
    pub(crate) last: Option<[u8; 32]>,
}

impl ExportDigest {
    /// An entry with this hash was written.
    pub(crate) fn entry(&mut self, hash: [u8; 32]) {
        self.entries += 1;
        self.first = self.first.or(Some(hash));
        self.last = Some(hash);
    }
}
