use crate::model::MOST_PRINTED;
use ids::VerificationId;
use web::codes;
use web::problem::{Code, Failure};

/// The chain has no such entry.
const ENTRY_NOT_FOUND: Code = Code::new("audit_entry_not_found", 404, "The audit entry was not found");
/// There is no such verification.
const VERIFICATION_NOT_FOUND: Code =
    Code::new("audit_verification_not_found", 404, "The verification was not found");

/// More entries than are printed at once.
const PRINT_TOO_LONG: Code = Code::new("audit_print_too_long", 400, "There are too many entries to print");

/// This module's codes.
pub const CODES: &[Code] = &[ENTRY_NOT_FOUND, VERIFICATION_NOT_FOUND, PRINT_TOO_LONG];

/// Why the record could not be written, read or verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The chain has no such entry.
    #[error("the audit log has no entry {0}: it may have been removed for its age")]
    NoEntry(i64),
    /// There is no such verification.
    #[error("the audit verification {0} was not found")]
    NoVerification(VerificationId),
    /// More entries than are printed at once.
    #[error(
        "more than {MOST_PRINTED} entries fit: narrow what is asked for, such as by `from` and `to`, or use `format=ndjson`"
    )]
    TooManyToPrint,
    /// The caller may not do it.
    #[error(transparent)]
    Refused(#[from] access::Refusal),
    /// The context could not be used.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The memory for it did not come free.
    #[error("there is no memory for it now")]
    Memory(#[from] headroom::Refusal),
    /// The checkpoint could not be kept outside the database.
    #[error("the checkpoint could not be kept in the data folder")]
    Witness(#[source] std::io::Error),
    /// Neither the database nor the file beside it takes the record.
    #[error("the record of this reading cannot be kept: make room on the disk")]
    Spill(#[source] std::io::Error),
    /// The server is stopping.
    #[error("it was interrupted: the server is stopping")]
    Interrupted,
    /// Something has no form as JSON.
    #[error("it cannot be written as JSON")]
    Unwritable(#[source] serde_json::Error),
    /// Work could not be queued.
    #[error("the work could not be queued")]
    Queue(#[from] queue::Error),
    /// The database could not be used.
    #[error("the audit record could not be written or read")]
    Database(#[from] db::Error),
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::NoEntry(_) => ENTRY_NOT_FOUND,
            Self::NoVerification(_) => VERIFICATION_NOT_FOUND,
            Self::TooManyToPrint => PRINT_TOO_LONG,
            Self::Refused(refusal) => access::refusal_code(refusal),
            Self::Access(error) => error.code(),
            Self::Memory(_) => codes::MEMORY_EXHAUSTED,
            Self::Interrupted => codes::DRAINING,
            Self::Queue(queue::Error::Database(error)) | Self::Database(error) => {
                access::database_code(error)
            }
            Self::Spill(_) => codes::UNAVAILABLE,
            Self::Witness(error) if error.kind() == std::io::ErrorKind::StorageFull => codes::STORAGE_FULL,
            Self::Witness(_) | Self::Unwritable(_) | Self::Queue(_) => codes::INTERNAL,
        }
    }
}
