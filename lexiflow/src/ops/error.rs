use ids::ProfileId;
use std::io;
use web::codes;
use web::problem::{Code, Failure};

/// A profile is being taken.
const PROFILE_IN_PROGRESS: Code =
    Code::new("profile_in_progress", 409, "Another heap profile is being taken");
/// No such profile is kept.
const PROFILE_NOT_FOUND: Code = Code::new("profile_not_found", 404, "The heap profile was not found");
/// No bounded store has this name.
const STORE_NOT_FOUND: Code = Code::new("store_not_found", 404, "The bounded store was not found");
/// The kept profile cannot be compared.
const PROFILE_NOT_COMPARABLE: Code =
    Code::new("profile_not_comparable", 409, "The heap profiles cannot be compared");
/// The process runs on another allocator, or without its samples.
const ALLOCATOR_UNSUITED: Code =
    Code::new("allocator_unsuited", 501, "The server's allocator cannot do this");

/// Every code of this folder.
pub const CODES: &[Code] =
    &[PROFILE_IN_PROGRESS, PROFILE_NOT_FOUND, STORE_NOT_FOUND, PROFILE_NOT_COMPARABLE, ALLOCATOR_UNSUITED];

/// Why an operator does not get what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Only one profile is taken at a time.
    #[error("another heap profile is being taken: try again in some seconds")]
    Busy,
    /// No file of this id.
    #[error("no heap profile {0} is kept; only the newest ones are")]
    NotFound(ProfileId),
    /// No store of this name.
    #[error("there is no bounded store `{0}`: /api/monitoring/memory/stores lists them")]
    NoSuchStore(String),
    /// The base is of another build, or no profile any more.
    #[error("the kept heap profile cannot be compared with one of now: {0}")]
    NotComparable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Not jemalloc, or without samples.
    #[error("the server does not run on an allocator that can do this")]
    Unsuited,
    /// The operator does not want it.
    #[error("purges on request are switched off: set NODE_EXPOSE_GC to allow them")]
    SwitchedOff,
    /// jemalloc's profile could not be had.
    #[error("the heap profile could not be taken")]
    Profile(#[source] headroom::heap_profile::ProfileError),
    /// A file could not be written or read.
    #[error("the heap profile could not be written or read")]
    File(#[from] io::Error),
    /// The server is stopping.
    #[error("the work was given up")]
    Stopping,
    /// The context could not be used.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The audit record could not be written.
    #[error("the record could not be written")]
    Audit(#[from] audit::Error),
    /// The database could not be used.
    #[error("the database could not be used")]
    Database(#[from] db::Error),
}

impl From<headroom::heap_profile::ProfileError> for Error {
    fn from(error: headroom::heap_profile::ProfileError) -> Self {
        use headroom::heap_profile::ProfileError;
        match error {
            ProfileError::Busy => Self::Busy,
            ProfileError::Unavailable => Self::Unsuited,
            other => Self::Profile(other),
        }
    }
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Busy => PROFILE_IN_PROGRESS,
            Self::NotFound(_) => PROFILE_NOT_FOUND,
            Self::NoSuchStore(_) => STORE_NOT_FOUND,
            Self::NotComparable(_) => PROFILE_NOT_COMPARABLE,
            Self::Unsuited => ALLOCATOR_UNSUITED,
            Self::SwitchedOff => codes::FORBIDDEN,
            Self::Stopping => codes::DRAINING,
            Self::File(error) if error.kind() == io::ErrorKind::StorageFull => codes::STORAGE_FULL,
            Self::File(_) | Self::Profile(_) => codes::INTERNAL,
            Self::Access(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Database(error) => access::database_code(error),
        }
    }

    fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::Busy => Some(1),
            Self::Access(error) => error.retry_after_seconds(),
            _ => None,
        }
    }
}
