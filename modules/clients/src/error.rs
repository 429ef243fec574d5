use ids::ClientId;
use web::codes;
use web::problem::{Code, Failure};

/// No such client in the firm.
const CLIENT_NOT_FOUND: Code = Code::new("client_not_found", 404, "The client was not found");
/// Cases still refer to the client.
const CLIENT_IN_USE: Code = Code::new("client_in_use", 409, "The client has cases");

/// This module's codes.
pub const CODES: &[Code] = &[CLIENT_NOT_FOUND, CLIENT_IN_USE];

/// Why a client could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such client, or it is another firm's.
    #[error("there is no client {0}; it may have been removed")]
    NotFound(ClientId),
    /// Something refers to it.
    #[error(
        "the client {0} still has cases; move or remove them first, or set the client's status to `former`"
    )]
    InUse(ClientId),
    /// It was changed since it was read.
    #[error(
        "the client was changed since you read it: it is at version {now}; read it again and repeat your change"
    )]
    Stale {
        /// Its version now.
        now: i64,
    },
    /// The caller may not do it.
    #[error(transparent)]
    Refused(#[from] access::Refusal),
    /// The operation could not be begun or announced.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The record could not be written.
    #[error(transparent)]
    Audit(#[from] audit::Error),
    /// The database could not be used.
    #[error("the database could not be used")]
    Database(#[from] db::Error),
    /// A row holds what this version does not know.
    #[error("a stored client could not be read")]
    Row(#[source] crate::model::UnknownName),
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::NotFound(_) => CLIENT_NOT_FOUND,
            Self::InUse(_) => CLIENT_IN_USE,
            Self::Stale { .. } => codes::STALE_VERSION,
            Self::Refused(refusal) => access::refusal_code(refusal),
            Self::Access(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Database(error) => access::database_code(error),
            Self::Row(_) => codes::INTERNAL,
        }
    }

    fn retry_after_seconds(&self) -> Option<u32> {
        (self.code().status == 503).then_some(1)
    }
}
