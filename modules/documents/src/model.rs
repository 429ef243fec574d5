use crate::load_file::Bates;
use audit::Spill;
use blob::BlobStore;
use chrono::SubsecRound as _;
use clock::Timestamp;
use crypto::digest;
use events::documents::DocumentSnapshot;
use ids::{CaseId, DocumentId, DocumentVersionId, UserId};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use std::str::FromStr;
use std::sync::Arc;

/// The most versions of one document.
pub(crate) const MAX_VERSIONS: i64 = 1000;

/// Where files are kept, and which are taken.
#[derive(Debug, Clone)]
pub struct Files {
    /// The store of the files' bytes.
    pub blobs: BlobStore,
    /// What is taken.
    pub settings: Settings,
    /// Where it is recorded who read what, when the database cannot take it.
    pub spill: Spill,
}

/// Which files are taken.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The largest file, in bytes.
    pub max_file_bytes: u64,
    /// Media types that may be uploaded: `application/pdf`, `image/*` or `*`. None means all.
    pub allowed_types: Arc<[String]>,
    /// Media types that are refused whatever the other list says.
    pub blocked_types: Arc<[String]>,
}

impl Default for Settings {
    /// Files of up to 500 MiB of every type.
    fn default() -> Self {
        Self { max_file_bytes: 500 << 20, allowed_types: Arc::new([]), blocked_types: Arc::new([]) }
    }
}

/// The SHA-256 of a file's bytes (FIPS 180-4), written as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&digest::hex(&self.0))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A stored name that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a name that this version knows")]
pub struct UnknownName(pub String);

/// Where a document came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Somebody sent it.
    Upload,
    /// It is part of a production.
    Production,
}

impl Source {
    /// The name as it is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Production => "production",
        }
    }
}

impl FromStr for Source {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let all = [Self::Upload, Self::Production];
        all.into_iter().find(|source| source.as_str() == text).ok_or_else(|| UnknownName(text.to_owned()))
    }
}

/// Whether the text of a document's current version can be searched. It follows the version's reading and does not
/// count as a change of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextStatus {
    /// It waits to be read.
    Pending,
    /// All of it is searchable.
    Ready,
    /// Its first 16 MiB are searchable; it is longer.
    Partial,
    /// There is no text reader for this type: only the fields are searchable.
    None,
    /// It could not be read: only the fields are searchable.
    Failed,
}

impl TextStatus {
    /// The name as it is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Partial => "partial",
            Self::None => "none",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for TextStatus {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let all = [Self::Pending, Self::Ready, Self::Partial, Self::None, Self::Failed];
        all.into_iter().find(|status| status.as_str() == text).ok_or_else(|| UnknownName(text.to_owned()))
    }
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Its name, fit for every system.
    pub file_name: String,
    /// Its media type, as far as the content bears it out.
    pub content_type: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Its digest, which is also its place in the store.
    pub sha256: Digest,
}

/// What may be said about a document, and changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentFields {
    /// The case it belongs to.
    pub case_id: Option<CaseId>,
    /// The title.
    pub title: String,
    /// The kind of document, such as `email`.
    pub kind: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// Free labels.
    pub tags: Vec<String>,
    /// From whose files it came.
    pub custodian: Option<String>,
    /// First Bates number.
    pub bates_begin: Option<String>,
    /// Last Bates number.
    pub bates_end: Option<String>,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// What may be said about it.
    #[serde(flatten)]
    pub fields: DocumentFields,
    /// The number by which a production knows it; unique in its case.
    pub control_number: Option<String>,
    /// Where it came from.
    pub source: Source,
    /// What a production says of it, by the names of its columns.
    pub metadata: Map<String, Value>,
    /// The number of the current version.
    pub current_version: i64,
    /// The file of the current version.
    #[serde(flatten)]
    pub content: Content,
    /// Whether the text of the current version can be searched.
    #[serde(skip)]
    pub text_status: TextStatus,
    /// Who added it.
    #[serde(skip)]
    pub created_by: UserId,
    /// Counts the changes, from 1.
    #[serde(skip)]
    pub version: i64,
    /// When it came into the firm.
    #[serde(skip)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[serde(skip)]
    pub updated_at: Timestamp,
}

impl Document {
    /// The document as listeners hear of it.
    pub fn snapshot(&self) -> DocumentSnapshot {
        let fields = &self.fields;
        DocumentSnapshot {
            id: self.id,
            case: fields.case_id,
            title: fields.title.clone(),
            file_name: self.content.file_name.clone(),
            kind: fields.kind.clone(),
            description: fields.description.clone(),
            custodian: fields.custodian.clone(),
            bates_begin: fields.bates_begin.clone(),
            bates_end: fields.bates_end.clone(),
            version: self.current_version,
        }
    }

    /// Whether what listeners keep beside each piece of text differs.
    pub(crate) fn text_belongs_elsewhere(&self, after: &Self) -> bool {
        self.fields.case_id != after.fields.case_id || self.fields.title != after.fields.title
    }
}

/// One version of a document. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentVersion {
    /// Its id.
    pub id: DocumentVersionId,
    /// The document.
    pub document: DocumentId,
    /// Its number, from 1.
    pub number: i64,
    /// The file.
    pub content: Content,
    /// The MD5 of the file (RFC 1321), where a production published it and it was right. Not a safeguard.
    pub md5: Option<[u8; 16]>,
    /// Why there is this version.
    pub note: Option<String>,
    /// Who added it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
}

impl DocumentVersion {
    /// When the version came, in whole seconds: what HTTP can say.
    pub fn last_modified(&self) -> Timestamp {
        self.created_at.trunc_subsecs(0)
    }
}

/// The Bates numbers of a document, to be looked up by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatesKey {
    /// All before the digits.
    pub prefix: String,
    /// The first number.
    pub first: i64,
    /// The last number.
    pub last: i64,
}

/// Why two texts are not the ends of a Bates range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatesRefusal {
    /// The first is no Bates number.
    #[error("the first Bates number must end in 1 to 18 digits, such as ABC-000123")]
    Begin,
    /// The last is no Bates number.
    #[error("the last Bates number must end in 1 to 18 digits, such as ABC-000125")]
    End,
    /// A last one without a first.
    #[error("a last Bates number needs a first one")]
    EndAlone,
    /// The two do not belong together.
    #[error("the last Bates number must have the prefix of the first and not lie before it")]
    Reversed,
}

impl BatesRefusal {
    /// The member at fault.
    pub fn field(self) -> &'static str {
        match self {
            Self::Begin => "batesBegin",
            Self::End | Self::EndAlone | Self::Reversed => "batesEnd",
        }
    }
}

impl BatesKey {
    /// The numbers from `begin` to `end`; without an end, `begin` alone.
    pub fn of(begin: Option<&str>, end: Option<&str>) -> Result<Option<Self>, BatesRefusal> {
        let Some(begin) = begin else {
            return if end.is_some() { Err(BatesRefusal::EndAlone) } else { Ok(None) };
        };
        let begin: Bates = begin.parse().map_err(|_| BatesRefusal::Begin)?;
        let end: Bates = match end {
            Some(end) => end.parse().map_err(|_| BatesRefusal::End)?,
            None => begin.clone(),
        };
        if begin.prefix != end.prefix || begin.number > end.number {
            return Err(BatesRefusal::Reversed);
        }
        // Eighteen digits always fit.
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Ok(Some(Self { prefix: begin.prefix, first: signed(begin.number), last: signed(end.number) }))
    }
}

/// Which documents a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentFilter {
    /// Of this case.
    pub case: Option<CaseId>,
    /// Of this kind.
    pub kind: Option<String>,
    /// From this custodian's files.
    pub custodian: Option<String>,
    /// Whose Bates range holds this number.
    pub bates: Option<String>,
    /// Whose title, file name or description holds these letters, whatever their case.
    pub text: Option<String>,
}

/// The orders a list can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DocumentSort {
    /// By the moment they came into the firm.
    #[default]
    CreatedAt,
    /// By the moment of their last change.
    UpdatedAt,
    /// By title.
    Title,
    /// By file name.
    FileName,
    /// By size.
    SizeBytes,
    /// By Bates number.
    Bates,
}

/// How many documents there are, and how large they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Documents.
    pub documents: u64,
    /// The sizes of their current versions added up, in bytes.
    pub size_bytes: u64,
    /// By kind, the most frequent first, at most 50.
    pub kinds: Vec<Tally>,
    /// By where they came from.
    pub sources: Vec<Tally>,
    /// By whether their text can be searched.
    pub text: Vec<Tally>,
}

/// A count of documents with something in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// What they have in common; nothing when the field is empty.
    pub value: Option<String>,
    /// How many they are.
    pub documents: u64,
}
