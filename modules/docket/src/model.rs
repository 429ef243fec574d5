use chrono::NaiveDate;
use clock::Timestamp;
use events::docket::EntrySnapshot;
use ids::{CaseId, DocketEntryId, DocumentId, LinkId};
use serde::Serialize;

/// The longest text of an entry, in characters.
pub(crate) const TEXT_CHARS: usize = 100_000;
/// The longest number of a document, and of an entry in PACER's sequence, in characters.
pub(crate) const NUMBER_CHARS: usize = 32;
/// The longest id of a document at PACER, in characters.
pub(crate) const DOC_ID_CHARS: usize = 64;

/// One line of a docket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The entry.
    pub id: DocketEntryId,
    /// Its case.
    pub case: CaseId,
    /// What it says, and the court's marks.
    #[serde(flatten)]
    pub draft: EntryDraft,
    /// Counts the changes, from 1.
    pub version: i64,
    /// When it came into the firm.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The court's documents that belong to it: the main document is number 0.
    pub links: Vec<Link>,
}

/// What an entry says, and the court's marks of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryDraft {
    /// When it was filed.
    pub filed_on: NaiveDate,
    /// When the clerk entered it.
    pub entered_on: Option<NaiveDate>,
    /// The court's number of the document; minute entries have none, and numbers may repeat across an appeal.
    pub number: Option<String>,
    /// The text.
    pub text: String,
    /// PACER's sequence number of the entry.
    pub seq_no: Option<String>,
    /// PACER's id of the main document.
    pub pacer_doc_id: Option<String>,
    /// Pages of the main document.
    pub page_count: Option<i64>,
    /// Size of the main document in bytes.
    pub file_size_bytes: Option<i64>,
    /// Whether the court sealed it.
    pub sealed: bool,
}

impl Entry {
    /// The entry as listeners hear of it.
    pub fn snapshot(&self) -> EntrySnapshot {
        EntrySnapshot {
            id: self.id,
            number: self.draft.number.clone(),
            filed_on: Some(self.draft.filed_on),
            text: self.draft.text.clone(),
        }
    }
}

/// A document of the court that belongs to an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The link.
    pub id: LinkId,
    /// Its entry.
    #[serde(skip)]
    pub entry: DocketEntryId,
    /// What it points at.
    #[serde(flatten)]
    pub draft: LinkDraft,
    /// The firm's own copy, where it has one.
    pub document: Option<DocumentId>,
}

/// What a link points at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkDraft {
    /// 0 for the main document, 1 and on for its attachments.
    pub number: i64,
    /// What it is.
    pub description: Option<String>,
    /// PACER's id of the document.
    pub pacer_doc_id: Option<String>,
    /// Pages.
    pub page_count: Option<i64>,
    /// Size in bytes.
    pub file_size_bytes: Option<i64>,
}

/// Which entries a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Of this case.
    pub case: Option<CaseId>,
    /// Filed on this day or later.
    pub filed_from: Option<NaiveDate>,
    /// Filed on this day or earlier.
    pub filed_to: Option<NaiveDate>,
    /// With this number.
    pub number: Option<String>,
    /// Whose text holds these letters, whatever their case.
    pub text: Option<String>,
}

/// The orders a list can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EntrySort {
    /// By the day of filing, then as the court listed them.
    #[default]
    FiledOn,
    /// By the moment they came into the firm.
    CreatedAt,
    /// By the moment of their last change.
    UpdatedAt,
}
