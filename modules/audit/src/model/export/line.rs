use super::text::{HashText, Text};
use crate::model::canonical::Covered;
use crate::model::{Chained, Checkpoint, Filter, Form, Mark};
use clock::Timestamp;
use crypto::digest::{Sha256Stream, from_hex, hex};
use ids::{ApiKeyId, AuditId, CaseId, FirmId, SessionId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The name and version of the form.
pub const FORMAT: &str = "lexiflow-audit-export/2";
/// What earlier builds wrote: entries of the first form alone.
pub(super) const FORMAT_BEFORE: &str = "lexiflow-audit-export/1";

/// Names what the last line signs, and its version.
const END: &[u8] = b"lexiflow-audit-export-1";

/// How the line of an entry begins.
pub(super) const ENTRY_LINE: &[u8] = br#"{"type":"entry","#;

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Line<'a> {
    /// What this is: the first line.
    Manifest(Manifest),
    /// An entry.
    #[serde(borrow)]
    Entry(Box<EntryLine<'a>>),
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

/// An entry with what its hash covers. It borrows what it can: who verifies reads hundreds of thousands in a second.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryLine<'a> {
    /// Exports that were made before there was a second form do not say it.
    #[serde(default)]
    form: Form,
    seq: i64,
    id: AuditId,
    user: Option<UserId>,
    session: Option<SessionId>,
    #[serde(default)]
    key: Option<ApiKeyId>,
    #[serde(borrow)]
    action: Text<'a>,
    #[serde(borrow)]
    entity: Text<'a>,
    entity_id: Uuid,
    case: Option<CaseId>,
    #[serde(borrow)]
    outcome: Text<'a>,
    #[serde(default)]
    status: Option<u16>,
    #[serde(borrow)]
    reason: Option<Text<'a>>,
    /// The JSON text, byte for byte as it was hashed.
    #[serde(borrow)]
    changes: Option<Text<'a>>,
    #[serde(borrow)]
    address: Option<Text<'a>>,
    #[serde(borrow)]
    user_agent: Option<Text<'a>>,
    #[serde(borrow)]
    method: Option<Text<'a>>,
    #[serde(borrow)]
    route: Option<Text<'a>>,
    #[serde(borrow)]
    correlation: Text<'a>,
    #[serde(default)]
    elapsed_microseconds: Option<i64>,
    at: Timestamp,
    /// The hash of the entry before.
    before: HashText,
    /// The hash of this one.
    hash: HashText,
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

impl<'a> EntryLine<'a> {
    /// The line of an entry that follows one with the hash `before`.
    pub fn of(chained: &'a Chained, before: &[u8; 32]) -> Self {
        let covered = chained.covered();
        Self {
            form: covered.form,
            seq: covered.seq,
            id: covered.id,
            user: covered.user,
            session: covered.session,
            key: covered.key,
            action: Text::from(covered.action),
            entity: Text::from(covered.entity),
            entity_id: covered.entity_id,
            case: covered.case,
            outcome: Text::from(covered.outcome),
            status: covered.status,
            reason: covered.reason.map(Text::from),
            changes: covered.changes.map(Text::from),
            address: covered.address.map(Text::from),
            user_agent: covered.user_agent.map(Text::from),
            method: covered.method.map(Text::from),
            route: covered.route.map(Text::from),
            correlation: Text::from(covered.correlation),
            elapsed_microseconds: covered.elapsed_microseconds,
            at: covered.at,
            before: HashText(*before),
            hash: HashText(chained.hash),
        }
    }

    /// What the hash of the entry covers.
    pub(crate) fn covered(&self, firm: FirmId) -> Covered<'_> {
        Covered {
            form: self.form,
            seq: self.seq,
            firm,
            id: self.id,
            user: self.user,
            session: self.session,
            key: self.key,
            action: self.action.as_str(),
            entity: self.entity.as_str(),
            entity_id: self.entity_id,
            case: self.case,
            outcome: self.outcome.as_str(),
            status: self.status,
            reason: self.reason.as_ref().map(Text::as_str),
            changes: self.changes.as_ref().map(Text::as_str),
            address: self.address.as_ref().map(Text::as_str),
            user_agent: self.user_agent.as_ref().map(Text::as_str),
            method: self.method.as_ref().map(Text::as_str),
            route: self.route.as_ref().map(Text::as_str),
            correlation: self.correlation.as_str(),
            elapsed_microseconds: self.elapsed_microseconds,
            at: self.at,
        }
    }

    /// The hash of the entry before.
    pub(crate) fn before(&self) -> [u8; 32] {
        self.before.0
    }

    /// The hash of the entry.
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.hash.0
    }

    /// The cells of a spreadsheet's row.
    pub(crate) fn cells(&self) -> [String; CELLS] {
        let text = |text: &Option<Text<'_>>| text.as_ref().map(Text::as_str).unwrap_or_default().to_owned();
        let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        [
            self.seq.to_string(),
            self.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
            id(self.user.map(Uuid::from)),
            self.action.as_str().to_owned(),
            self.entity.as_str().to_owned(),
            self.entity_id.to_string(),
            id(self.case.map(Uuid::from)),
            self.outcome.as_str().to_owned(),
            number(self.status.map(i64::from)),
            text(&self.reason),
            text(&self.changes),
            text(&self.address),
            text(&self.user_agent),
            text(&self.method),
            text(&self.route),
            self.correlation.as_str().to_owned(),
            number(self.elapsed_microseconds),
            id(self.session.map(Uuid::from)),
            id(self.key.map(Uuid::from)),
            self.id.to_string(),
            i64::from(self.form).to_string(),
            hex(&self.before.0),
            hex(&self.hash.0),
        ]
    }

    /// The names over those cells.
    pub(crate) const HEAD: [&'static str; CELLS] = [
        "seq",
        "at",
        "user",
        "action",
        "entity",
        "entityId",
        "case",
        "outcome",
        "status",
        "reason",
        CHANGES,
        "address",
        "userAgent",
        "method",
        "route",
        "correlation",
        "elapsedMicroseconds",
        "session",
        "key",
        "id",
        "form",
        "before",
        "hash",
    ];
}

/// Cells of a spreadsheet's row.
const CELLS: usize = 23;
/// The column of the changes, in which the last row has what is signed.
pub(crate) const CHANGES: &str = "changes";

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
