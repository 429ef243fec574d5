//! Documents.

use ids::{CaseId, DocumentId};
use serde::{Deserialize, Serialize};

/// A document as it stands after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentSnapshot {
    /// The document.
    pub id: DocumentId,
    /// The case it belongs to, where there is one.
    pub case: Option<CaseId>,
    /// The title.
    pub title: String,
    /// The name of the file.
    pub file_name: String,
    /// The kind of document, such as `email`.
    pub kind: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// From whose files it came.
    pub custodian: Option<String>,
    /// First Bates number.
    pub bates_begin: Option<String>,
    /// Last Bates number.
    pub bates_end: Option<String>,
    /// The number of its current version.
    pub version: i64,
}

/// A document was added.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Added(pub DocumentSnapshot);

/// A document's fields or its current version changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Changed(pub DocumentSnapshot);

/// The text of a document is known: at most 256 KiB in one event, pieces numbered from 0.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TextRead {
    /// The document.
    pub document: DocumentId,
    /// The case it belongs to.
    pub case: Option<CaseId>,
    /// The version whose text this is.
    pub version: i64,
    /// Which piece this is; piece 0 replaces all that was known before.
    pub piece: u32,
    /// The text.
    pub text: String,
}

/// A document was removed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deleted {
    /// The document.
    pub document: DocumentId,
}

impl queue::Event for Added {
    const TOPIC: &'static str = "document.added";
}
impl queue::Event for Changed {
    const TOPIC: &'static str = "document.changed";
}
impl queue::Event for TextRead {
    const TOPIC: &'static str = "document.text_read";
}
impl queue::Event for Deleted {
    const TOPIC: &'static str = "document.deleted";
}
