//! Docket entries.

use chrono::NaiveDate;
use ids::{CaseId, DocketEntryId};
use serde::{Deserialize, Serialize};

/// A docket entry as it stands after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntrySnapshot {
    /// The entry.
    pub id: DocketEntryId,
    /// The court's number of the document; minute entries have none.
    pub number: Option<String>,
    /// When it was filed.
    pub filed_on: Option<NaiveDate>,
    /// Its text.
    pub text: String,
}

/// Entries were added: at most 100 in one event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EntriesFiled {
    /// Their case.
    pub case: CaseId,
    /// The entries.
    pub entries: Vec<EntrySnapshot>,
}

/// An entry's text changed, or a document was attached to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryUpdated {
    /// Its case.
    pub case: CaseId,
    /// The entry as it is now.
    pub entry: EntrySnapshot,
    /// The text before, where it changed.
    pub old_text: Option<String>,
}

/// An entry was removed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EntryDeleted {
    /// Its case.
    pub case: CaseId,
    /// The entry.
    pub entry: DocketEntryId,
}

impl queue::Event for EntriesFiled {
    const TOPIC: &'static str = "docket.entries_filed";
}
impl queue::Event for EntryUpdated {
    const TOPIC: &'static str = "docket.entry_updated";
}
impl queue::Event for EntryDeleted {
    const TOPIC: &'static str = "docket.entry_deleted";
}
