use ids::TimeEntryId;
use web::codes;
use web::problem::{Code, Failure, Fault, Missed};

/// No such entry in the firm.
pub(crate) const TIME_ENTRY_NOT_FOUND: Code =
    Code::new("time_entry_not_found", 404, "The time entry was not found");

/// This module's codes.
pub const CODES: &[Code] = &[TIME_ENTRY_NOT_FOUND];

/// Why time could not be read or recorded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such entry, or it belongs to another firm.
    #[error("the time entry {0} was not found")]
    NotFound(TimeEntryId),
    /// Somebody else changed the entry since it was read.
    #[error("the time entry was changed since you read it: it is at version {current} now")]
    Stale {
        /// The version in the database.
        current: i64,
    },
    /// Somebody else's time.
    #[error("only the person who recorded the time, or a partner or administrator, may change it")]
    NotYours,
    /// The caller may not do it.
    #[error(transparent)]
    Refused(#[from] access::Refusal),
    /// The context could not be used.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The case could not be used.
    #[error(transparent)]
    Case(#[from] cases::Error),
    /// The audit record could not be written.
    #[error("the audit record could not be written")]
    Audit(#[from] audit::Error),
    /// The database could not be used.
    #[error("the database could not be used")]
    Database(#[from] db::Error),
}

impl Failure for Error {
    fn missed(&self) -> Option<Missed> {
        match self {
            Self::NotFound(id) => Some(Missed::of(*id)),
            Self::Case(error) => error.missed(),
            _ => None,
        }
    }

    fn code(&self) -> Code {
        match self {
            Self::NotFound(_) => TIME_ENTRY_NOT_FOUND,
            Self::Stale { .. } => codes::STALE_VERSION,
            Self::NotYours => codes::FORBIDDEN,
            Self::Refused(refusal) => access::refusal_code(refusal),
            Self::Access(error) => error.code(),
            Self::Case(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Database(error) => access::database_code(error),
        }
    }

    fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Case(error) => error.faults(),
            _ => Vec::new(),
        }
    }
}
