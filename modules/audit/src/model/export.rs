//! The form in which a chain is given out: one JSON object on each line. First what it is, then entries and checkpoints in
//! the order of the chain, at last how many there were, with a signature over all that came before.

mod line;
mod reading;
mod text;

pub(crate) use line::{CHANGES, ExportDigest, end_message};
pub use line::{EndLine, EntryLine, FORMAT, Line, Manifest, SignedLine};
pub use reading::{ExportFault, Read, read_export};

/// In which form entries are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A JSON object on each line. The form that can be verified anywhere.
    Ndjson,
    /// The same objects in one array.
    Json,
    /// For spreadsheets (RFC 4180).
    Csv,
    /// To be printed.
    Pdf,
}
