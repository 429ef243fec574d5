use ids::DocumentId;
use web::codes;
use web::problem::{Code, Failure, Fault};

/// No word to search for.
pub(crate) const QUERY_EMPTY: Code =
    Code::new("search_query_empty", 400, "The search has no word to look for");

/// This module's codes.
pub const CODES: &[Code] = &[QUERY_EMPTY];

/// Why a search gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The fields of the thing are not in the index: their own event has failed and comes again.
    #[error("document {0} is not in the index yet: its text comes again")]
    NotIndexedYet(DocumentId),
    /// The query holds no word that must occur.
    #[error("write at least one word or phrase to look for; words after a minus sign only take away")]
    Empty,
    /// More words begin so than one search looks for.
    #[error("too many different words begin with `{0}`: write more of it, or leave the star out")]
    TooBroad(String),
    /// The caller may not do it.
    #[error(transparent)]
    Refused(#[from] access::Refusal),
    /// More than the caller may see at once.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The index holds a kind that this version does not know.
    #[error("the index holds the kind `{0}`, which this version does not know")]
    Kind(String),
    /// The server is stopping.
    #[error("the server is stopping: search again shortly")]
    Stopping,
    /// The database could not be used.
    #[error("the database could not be used")]
    Database(#[from] db::Error),
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Empty => QUERY_EMPTY,
            Self::TooBroad(_) => codes::MALFORMED_QUERY,
            Self::Refused(refusal) => access::refusal_code(refusal),
            Self::Access(error) => error.code(),
            Self::Database(error) => access::database_code(error),
            Self::Kind(_) | Self::NotIndexedYet(_) => codes::INTERNAL,
            Self::Stopping => codes::DRAINING,
        }
    }

    fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Empty => vec![Fault::new("query", "required", self.to_string())],
            Self::TooBroad(_) => vec![Fault::new("query", "too_broad", self.to_string())],
            _ => Vec::new(),
        }
    }
}
