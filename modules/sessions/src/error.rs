use web::codes;
use web::problem::{Code, Failure, Fault};

/// The address and the password do not belong together.
const INVALID_CREDENTIALS: Code =
    Code::new("invalid_credentials", 401, "The e-mail address or the password is wrong");
/// The refresh token gives nothing any more.
const INVALID_REFRESH_TOKEN: Code = Code::new("invalid_refresh_token", 401, "The refresh token is not valid");
/// Too many attempts to sign in.
const TOO_MANY_ATTEMPTS: Code = Code::new("too_many_attempts", 429, "Too many attempts");

/// Every code of this module.
pub const CODES: &[Code] = &[INVALID_CREDENTIALS, INVALID_REFRESH_TOKEN, TOO_MANY_ATTEMPTS];

/// What can go wrong with logins.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody who may sign in has this address and password. Says not which of the two is wrong.
    #[error("the e-mail address or the password is wrong, or the account is not active")]
    InvalidCredentials,
    /// Unknown, expired, used before, or its login has ended. Says not which.
    #[error("the refresh token is not valid any more: sign in again")]
    InvalidRefreshToken,
    /// The account or the address had its attempts.
    #[error("too many attempts: wait {retry_after_seconds} seconds and try again")]
    TooManyAttempts {
        /// When the next attempt is looked at, in seconds from now.
        retry_after_seconds: u64,
    },
    /// A token could not be signed.
    #[error("the access token could not be made")]
    Sign(#[source] crypto::jws::Error),
    /// The user could not be read, or the password not be changed.
    #[error(transparent)]
    Accounts(#[from] accounts::Error),
    /// The context could not be used.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The audit record could not be written.
    #[error("the change could not be recorded")]
    Audit(#[from] audit::Error),
    /// The database could not be used.
    #[error("the database could not be used")]
    Database(#[from] db::Error),
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::InvalidCredentials => INVALID_CREDENTIALS,
            Self::InvalidRefreshToken => INVALID_REFRESH_TOKEN,
            Self::TooManyAttempts { .. } => TOO_MANY_ATTEMPTS,
            Self::Sign(_) => codes::INTERNAL,
            Self::Accounts(error) => error.code(),
            Self::Access(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Database(error) => access::database_code(error),
        }
    }

    fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Accounts(error) => error.faults(),
            _ => Vec::new(),
        }
    }

    fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::TooManyAttempts { retry_after_seconds } => {
                Some(u32::try_from(*retry_after_seconds).unwrap_or(u32::MAX))
            }
            Self::Accounts(error) => error.retry_after_seconds(),
            Self::Access(error) => error.retry_after_seconds(),
            _ => None,
        }
    }
}
