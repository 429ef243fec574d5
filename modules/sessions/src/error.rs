mod provider;

pub use provider::ProviderRefusal;

use ids::{PasskeyId, SessionId};
use web::codes;
use web::problem::{Code, Failure, Fault};

/// The address and the password do not belong together.
const INVALID_CREDENTIALS: Code =
    Code::new("invalid_credentials", 401, "The e-mail address or the password is wrong");
/// The refresh token gives nothing any more.
const INVALID_REFRESH_TOKEN: Code = Code::new("invalid_refresh_token", 401, "The refresh token is not valid");
/// Too many attempts to sign in.
const TOO_MANY_ATTEMPTS: Code = Code::new("too_many_attempts", 429, "Too many attempts");
/// The password is right, and a second factor is wanted.
const MFA_REQUIRED: Code = Code::new("mfa_required", 401, "A second factor is wanted");
/// The password is right, and the code of the second factor is not.
const MFA_CODE_INVALID: Code = Code::new("mfa_code_invalid", 401, "The code of the second factor is wrong");
/// The same for somebody who is signed in.
const MFA_CODE_WRONG: Code = Code::new("mfa_code_wrong", 422, "The code of the second factor is wrong");
/// There is a second factor already.
const MFA_ALREADY_ENABLED: Code = Code::new("mfa_already_enabled", 409, "There is a second factor already");
/// There is no second factor.
const MFA_NOT_ENABLED: Code = Code::new("mfa_not_enabled", 409, "There is no second factor");
/// No such login.
const SESSION_NOT_FOUND: Code = Code::new("session_not_found", 404, "The login was not found");
/// The login began before devices were known.
const SESSION_WITHOUT_DEVICE: Code =
    Code::new("session_without_device", 409, "The login does not know its device");
/// This server knows no passkeys.
const PASSKEYS_UNAVAILABLE: Code =
    Code::new("passkeys_unavailable", 404, "There are no passkeys on this server");
/// No such passkey.
const PASSKEY_NOT_FOUND: Code = Code::new("passkey_not_found", 404, "The passkey was not found");
/// The passkey is there already.
const PASSKEY_KNOWN: Code = Code::new("passkey_known", 409, "The passkey is known already");
/// The user has as many passkeys as anybody may have.
const PASSKEY_LIMIT: Code = Code::new("passkey_limit", 409, "There are too many passkeys");
/// What the browser sent of a passkey is not what was asked for.
const PASSKEY_REFUSED: Code = Code::new("passkey_refused", 422, "The passkey was refused");
/// The challenge gives nothing any more.
const PASSKEY_CHALLENGE_GONE: Code =
    Code::new("passkey_challenge_gone", 422, "The challenge is not good any more");
/// The password does not do where a passkey was shown.
const PASSKEY_WANTED: Code = Code::new("passkey_wanted", 422, "A passkey is wanted");

/// Every code of this module.
pub const CODES: &[Code] = &[
    provider::OFF,
    provider::STATE_INVALID,
    provider::DENIED,
    provider::CODE_REFUSED,
    provider::TOKEN_INVALID,
    provider::UNREACHABLE,
    provider::FAULTY,
    provider::USER_UNKNOWN,
    provider::USER_INACTIVE,
    provider::EMAIL_UNVERIFIED,
    provider::DOMAIN_REFUSED,
    provider::LINK_TAKEN,
    provider::LINK_NOT_FOUND,
    provider::HANDOVER_INVALID,
    INVALID_CREDENTIALS,
    INVALID_REFRESH_TOKEN,
    TOO_MANY_ATTEMPTS,
    MFA_REQUIRED,
    MFA_CODE_INVALID,
    MFA_CODE_WRONG,
    MFA_ALREADY_ENABLED,
    MFA_NOT_ENABLED,
    SESSION_NOT_FOUND,
    SESSION_WITHOUT_DEVICE,
    PASSKEYS_UNAVAILABLE,
    PASSKEY_NOT_FOUND,
    PASSKEY_KNOWN,
    PASSKEY_LIMIT,
    PASSKEY_REFUSED,
    PASSKEY_CHALLENGE_GONE,
    PASSKEY_WANTED,
];

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
    /// The password is right, and no code came with it.
    #[error("a second factor is wanted: sign in again with the code of your authenticator app as `mfaCode`")]
    SecondFactorWanted,
    /// The password is right, and the code that came with it is not. Says not whether it was used before.
    #[error("the code is wrong or was used before: wait for the next one, or send a recovery code")]
    SecondFactorRefused,
    /// The code of somebody who is signed in is wrong.
    #[error("the code is wrong or was used before: wait for the next one, or send a recovery code")]
    WrongCode,
    /// What proves who somebody is did not come.
    #[error("`{field}` is required here")]
    ProofMissing {
        /// The member of the request.
        field: &'static str,
    },
    /// The user has a second factor.
    #[error("you have a second factor already: disable it first to set up another one")]
    SecondFactorPresent,
    /// The user has no second factor.
    #[error("there is no second factor here: set one up first")]
    SecondFactorAbsent,
    /// The user has no such login.
    #[error("there is no login {0} of yours")]
    NotFound(SessionId),
    /// A login of before devices were known cannot trust its own.
    #[error("this login began before its device could be known: sign in again, and trust the device then")]
    NoDevice,
    /// Nobody can use a passkey here. Says why.
    #[error("{0}")]
    PasskeysUnavailable(&'static str),
    /// The user has no such passkey.
    #[error("there is no passkey {0} of yours")]
    PasskeyNotFound(PasskeyId),
    /// It was added before. Says not by whom.
    #[error("this passkey was added before: use it, or make another one")]
    PasskeyKnown,
    /// The user has all the passkeys that anybody may have.
    #[error("you have {0} passkeys already: remove one that you do not need")]
    PasskeyLimit(u64),
    /// What came of a passkey is not what was asked for.
    #[error("the passkey was refused: {0}")]
    PasskeyRefused(String),
    /// The challenge is unknown, or was used, or its time is over.
    #[error("the challenge was used before, or is older than five minutes: ask for a new one and try again")]
    ChallengeGone,
    /// The login began with a passkey, or one was shown in it, and there is no authenticator app.
    #[error(
        "this login knows a passkey as your second factor: show one again at `/api/auth/passkeys/step-up`"
    )]
    PasskeyWanted,
    /// A member cannot be read.
    #[error("`{field}` cannot be read: send it as the browser gave it")]
    Unreadable {
        /// The member of the request.
        field: &'static str,
    },
    /// Nobody is sent to another server after signing in.
    #[error(
        "`returnTo` must be a path of LexiFlow's own, such as /cases, of at most 512 bytes and without a fragment"
    )]
    NotOwnPlace,
    /// Somebody could not be signed in by the provider.
    #[error(transparent)]
    Provider(#[from] ProviderRefusal),
    /// A token could not be signed.
    #[error("the access token could not be made")]
    Sign(#[source] crypto::jws::Error),
    /// The secret of a second factor could not be sealed or opened.
    #[error("the second factor could not be read")]
    Sealed(#[from] crypto::sealed::Error),
    /// The user could not be read, or the password not be changed.
    #[error(transparent)]
    Accounts(#[from] accounts::Error),
    /// The context could not be used.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The caller may not do this.
    #[error(transparent)]
    Refused(#[from] access::Refusal),
    /// The audit record could not be written.
    #[error("the change could not be recorded")]
    Audit(#[from] audit::Error),
    /// A fact could not be published.
    #[error("the event could not be stored")]
    Outbox(#[from] queue::Error),
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
            Self::SecondFactorWanted => MFA_REQUIRED,
            Self::SecondFactorRefused => MFA_CODE_INVALID,
            Self::WrongCode => MFA_CODE_WRONG,
            Self::ProofMissing { .. } | Self::Unreadable { .. } => codes::VALIDATION_FAILED,
            Self::NotOwnPlace => codes::MALFORMED_QUERY,
            Self::SecondFactorPresent => MFA_ALREADY_ENABLED,
            Self::SecondFactorAbsent => MFA_NOT_ENABLED,
            Self::NotFound(_) => SESSION_NOT_FOUND,
            Self::NoDevice => SESSION_WITHOUT_DEVICE,
            Self::PasskeysUnavailable(_) => PASSKEYS_UNAVAILABLE,
            Self::PasskeyNotFound(_) => PASSKEY_NOT_FOUND,
            Self::PasskeyKnown => PASSKEY_KNOWN,
            Self::PasskeyLimit(_) => PASSKEY_LIMIT,
            Self::PasskeyRefused(_) => PASSKEY_REFUSED,
            Self::ChallengeGone => PASSKEY_CHALLENGE_GONE,
            Self::PasskeyWanted => PASSKEY_WANTED,
            Self::Provider(refusal) => refusal.code(),
            Self::Accounts(error) => error.code(),
            Self::Access(error) => error.code(),
            Self::Refused(refusal) => access::refusal_code(refusal),
            Self::Audit(error) => error.code(),
            Self::Outbox(queue::Error::Database(error)) | Self::Database(error) => {
                access::database_code(error)
            }
            Self::Sign(_) | Self::Sealed(_) | Self::Outbox(_) => codes::INTERNAL,
        }
    }

    fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Accounts(error) => error.faults(),
            Self::ProofMissing { field } => vec![Fault::new(*field, "missing", "is required")],
            Self::Unreadable { field } => {
                vec![Fault::new(*field, "malformed", "must be base64url as the browser gave it")]
            }
            Self::NotOwnPlace => vec![Fault::new("returnTo", "invalid", "must be a path such as /cases")],
            _ => Vec::new(),
        }
    }

    fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::TooManyAttempts { retry_after_seconds } => {
                Some(u32::try_from(*retry_after_seconds).unwrap_or(u32::MAX))
            }
            Self::Provider(ProviderRefusal::Unreachable(_)) => Some(provider::RETRY_SECONDS),
            Self::Accounts(error) => error.retry_after_seconds(),
            Self::Access(error) => error.retry_after_seconds(),
            _ => None,
        }
    }
}
