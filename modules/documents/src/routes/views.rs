use super::fields::FieldsBody;
use crate::model::{Document, DocumentVersion, Source, Stats, Tally, TextStatus};
use chrono::{DateTime, Utc};
use crypto::digest;
use ids::{DocumentId, DocumentVersionId, UserId};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A document.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "019cae6b-ca50-75cf-b9be-c61408a9f5bc", "caseId": "019cae6b-8e20-707a-a469-71cfb354a067",
    "title": "Lease agreement", "kind": "contract", "description": "Lease of berth 7, signed by both sides",
    "tags": ["signed"], "custodian": "Legal department", "batesBegin": "MER000101", "batesEnd": "MER000124",
    "controlNumber": null, "source": "upload", "metadata": {}, "currentVersion": 2, "fileName": "lease.pdf",
    "contentType": "application/pdf", "sizeBytes": 137_095,
    "sha256": "3f0a9d6c1b7e58a2c4d9e06f71b3825ad4c6e9f10b2a7385c6d1e0f49a8b7c25", "textStatus": "ready",
    "createdBy": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "version": 2,
    "createdAt": "2026-03-02T12:00:25.680144Z", "updatedAt": "2026-03-02T14:26:51.070933Z"}))]
pub(super) struct DocumentView {
    /// Its id.
    id: DocumentId,
    #[serde(flatten)]
    fields: FieldsBody,
    /// The number by which a production knows it.
    control_number: Option<String>,
    /// Where it came from.
    source: Source,
    /// What a production says of it, by the names of its columns.
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// The number of the current version, from 1.
    #[schema(example = 1)]
    current_version: i64,
    /// The name of the current version's file.
    #[schema(example = "lease.pdf")]
    file_name: String,
    /// Its media type.
    #[schema(example = "application/pdf")]
    content_type: String,
    /// Its size in bytes.
    #[schema(example = 137_095)]
    size_bytes: u64,
    /// Its SHA-256; also the entity tag of its download.
    sha256: String,
    /// Whether its text can be searched. Follows the reading of the file and does not count as a change.
    text_status: TextStatus,
    /// Who added the document.
    created_by: UserId,
    /// Counts the changes, from 1.
    version: i64,
    /// When it came into the firm.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<Document> for DocumentView {
    fn from(document: Document) -> Self {
        let content = document.content;
        Self {
            id: document.id,
            fields: document.fields.into(),
            control_number: document.control_number,
            source: document.source,
            metadata: document.metadata,
            current_version: document.current_version,
            file_name: content.file_name,
            content_type: content.content_type,
            size_bytes: content.size_bytes,
            sha256: content.sha256.to_string(),
            text_status: document.text_status,
            created_by: document.created_by,
            version: document.version,
            created_at: document.created_at,
            updated_at: document.updated_at,
        }
    }
}

/// A version of a document. It never changes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-ca51-76d0-8acf-d72519ba06cd",
    "documentId": "019cae6b-ca50-75cf-b9be-c61408a9f5bc",
    "number": 2, "fileName": "lease.pdf", "contentType": "application/pdf", "sizeBytes": 137_095,
    "sha256": "3f0a9d6c1b7e58a2c4d9e06f71b3825ad4c6e9f10b2a7385c6d1e0f49a8b7c25", "md5": null,
    "note": "Signed by both sides", "createdBy": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12",
    "createdAt": "2026-03-02T14:26:51.070933Z"}))]
pub(super) struct VersionView {
    /// Its id.
    id: DocumentVersionId,
    /// The document.
    document_id: DocumentId,
    /// Its number, from 1.
    #[schema(example = 2)]
    pub(super) number: i64,
    /// The name of the file.
    file_name: String,
    /// Its media type.
    content_type: String,
    /// Its size in bytes.
    size_bytes: u64,
    /// Its SHA-256.
    sha256: String,
    /// Its MD5, where a production published it and it was right.
    md5: Option<String>,
    /// Why there is this version.
    note: Option<String>,
    /// Who added it.
    created_by: UserId,
    /// When.
    created_at: DateTime<Utc>,
}

impl From<DocumentVersion> for VersionView {
    fn from(version: DocumentVersion) -> Self {
        let content = version.content;
        Self {
            id: version.id,
            document_id: version.document,
            number: version.number,
            file_name: content.file_name,
            content_type: content.content_type,
            size_bytes: content.size_bytes,
            sha256: content.sha256.to_string(),
            md5: version.md5.map(|md5| digest::hex(&md5)),
            note: version.note,
            created_by: version.created_by,
            created_at: version.created_at,
        }
    }
}

/// In what a version differs from the current one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "from": {"id": "019cae6b-ca50-7c31-9e02-4f6b8d1a7c35", "documentId": "019cae6b-ca50-75cf-b9be-c61408a9f5bc",
        "number": 1, "fileName": "lease-draft.pdf", "contentType": "application/pdf", "sizeBytes": 121_408,
        "sha256": "b81d4e0f6a2c9357e1d08b64f3a7c5290e6d1b8f4c3a7925d0e6b1f8a4c37d92", "md5": null,
        "note": null, "createdBy": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "createdAt": "2026-03-02T12:00:25.680144Z"},
    "to": {"id": "019cae6b-ca51-76d0-8acf-d72519ba06cd", "documentId": "019cae6b-ca50-75cf-b9be-c61408a9f5bc",
        "number": 2, "fileName": "lease.pdf", "contentType": "application/pdf", "sizeBytes": 137_095,
        "sha256": "3f0a9d6c1b7e58a2c4d9e06f71b3825ad4c6e9f10b2a7385c6d1e0f49a8b7c25", "md5": null,
        "note": "Signed by both sides", "createdBy": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12",
        "createdAt": "2026-03-02T14:26:51.070933Z"},
    "sameContent": false,
    "differences": [{"field": "fileName", "from": "lease-draft.pdf", "to": "lease.pdf"},
        {"field": "sizeBytes", "from": 121_408, "to": 137_095}]}))]
pub(super) struct ComparisonView {
    /// The version that was asked for.
    pub(super) from: VersionView,
    /// The current version.
    pub(super) to: VersionView,
    /// Whether both have the same bytes.
    pub(super) same_content: bool,
    /// The members that differ.
    pub(super) differences: Vec<DifferenceView>,
}

/// A member that differs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DifferenceView {
    /// Which.
    #[schema(example = "sizeBytes")]
    pub(super) field: &'static str,
    /// Its value in the version that was asked for.
    pub(super) from: Value,
    /// Its value in the current version.
    pub(super) to: Value,
}

/// A piece of a document's text.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"version": 2, "textStatus": "ready", "pieces": 1, "piece": 0,
    "text": "LEASE AGREEMENT. This lease of berth 7 is made between Meridian Freight LLC and Harbor Stevedoring Co."}))]
pub(super) struct TextView {
    /// The version whose text it is: the current one.
    pub(super) version: i64,
    /// How far the text is known.
    pub(super) text_status: TextStatus,
    /// How many pieces there are.
    pub(super) pieces: u32,
    /// Which piece this is, from 0.
    pub(super) piece: u32,
    /// The piece, at most 256 KiB; nothing when there is no such piece.
    pub(super) text: Option<String>,
}

/// How many documents the firm has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"total": 128, "totalSizeBytes": 48_310_227,
    "byKind": [{"value": "email", "count": 71}, {"value": "contract", "count": 34}, {"value": null, "count": 23}],
    "bySource": [{"value": "production", "count": 90}, {"value": "upload", "count": 38}],
    "byTextStatus": [{"value": "ready", "count": 126}, {"value": "pending", "count": 2}]}))]
pub(super) struct StatsView {
    /// Documents.
    total: u64,
    /// The sizes of their current versions added up, in bytes.
    total_size_bytes: u64,
    /// By kind, the most frequent first, at most 50.
    by_kind: Vec<TallyView>,
    /// By where they came from.
    by_source: Vec<TallyView>,
    /// By whether their text can be searched.
    by_text_status: Vec<TallyView>,
}

/// A count of documents with something in common.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TallyView {
    /// What they have in common; `null` when the field is empty.
    value: Option<String>,
    /// How many they are.
    count: u64,
}

impl From<Stats> for StatsView {
    fn from(stats: Stats) -> Self {
        let tallies = |tallies: Vec<Tally>| {
            tallies
                .into_iter()
                .map(|tally| TallyView { value: tally.value, count: tally.documents })
                .collect()
        };
        Self {
            total: stats.documents,
            total_size_bytes: stats.size_bytes,
            by_kind: tallies(stats.kinds),
            by_source: tallies(stats.sources),
            by_text_status: tallies(stats.text),
        }
    }
}
