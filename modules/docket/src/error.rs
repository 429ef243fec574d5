use ids::DocketEntryId;
use web::codes;
use web::problem::{Code, Failure, Fault, Missed};

/// No such entry in the firm.
pub(crate) const ENTRY_NOT_FOUND: Code =
    Code::new("docket_entry_not_found", 404, "The docket entry was not found");

/// This module's codes.
pub const CODES: &[Code] = &[ENTRY_NOT_FOUND];

/// Why a docket could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such entry, or it belongs to another firm.
    #[error("the docket entry {0} was not found")]
    NotFound(DocketEntryId),
    /// Somebody else changed the entry since it was read.
    #[error("the docket entry was changed since you read it: it is at version {current} now")]
    Stale {
        /// The version in the database.
        current: i64,
    },
    /// An entry was asked to move to another case.
    #[error("an entry stays in the docket it was filed in: leave `caseId` as it is")]
    OtherCase,
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
            Self::NotFound(_) => ENTRY_NOT_FOUND,
            Self::Stale { .. } => codes::STALE_VERSION,
            Self::OtherCase => codes::RULE_REFUSED,
            Self::Refused(refusal) => access::refusal_code(refusal),
            Self::Access(error) => error.code(),
            Self::Case(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Database(error) => access::database_code(error),
        }
    }

    fn faults(&self) -> Vec<Fault> {
        match self {
            Self::OtherCase => vec![Fault::new("caseId", "unchangeable", self.to_string())],
            Self::Case(error) => error.faults(),
            _ => Vec::new(),
        }
    }
}
