use crate::Refusal;
use crate::grants::Obligation;
use web::codes;
use web::problem::{Code, Failure};

/// The role asks for a second factor, and the caller has none.
pub(crate) const MFA_ENROLMENT_REQUIRED: Code =
    Code::new("mfa_enrolment_required", 403, "A second factor has to be set up first");
/// The caller's second factor was shown too long ago.
pub(crate) const STEP_UP_REQUIRED: Code =
    Code::new("step_up_required", 403, "The second factor has to be shown again");

/// Somebody else has to approve.
pub(crate) const APPROVAL_REQUIRED: Code =
    Code::new("approval_required", 403, "Somebody has to approve this first");

/// A field that is denied to the caller would be changed.
pub(crate) const FIELD_DENIED: Code = Code::new("field_denied", 403, "You may not see or change this field");
/// More of a list than the caller may see.
pub(crate) const RECORDS_DENIED: Code =
    Code::new("records_denied", 403, "You may not see so many records of this list");

/// Every code of this module.
pub const CODES: &[Code] =
    &[MFA_ENROLMENT_REQUIRED, STEP_UP_REQUIRED, APPROVAL_REQUIRED, FIELD_DENIED, RECORDS_DENIED];

/// Why a caller is turned away.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No credentials, or credentials that nobody known has.
    #[error("{0}")]
    NotAuthenticated(&'static str),
    /// The caller is known and may see the thing, but not do this.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The caller's role asks for a second factor, and there is none.
    #[error("your role `{0}` asks for a second factor: set one up at `/api/auth/mfa/totp`")]
    SecondFactorOwed(crate::Role),
    /// What was asked needs a second factor that was shown a moment ago.
    #[error("show your second factor again at `/api/auth/step-up`, and repeat the request")]
    StepUp,
    /// A field that is denied to the caller would be changed.
    #[error("the field `{0}` is denied to you: leave it out, or ask an administrator")]
    FieldDenied(&'static str),
    /// A page that goes on behind what the caller may see of a list.
    #[error(
        "your permission `{}` shows the first {most} of a list: ask for a `page` and a `limit` within them, or narrow the \
         list",
        .action.code()
    )]
    RecordsDenied {
        /// What shows the list.
        action: crate::Action,
        /// How many may be seen.
        most: u32,
    },
    /// An API key came where only somebody who is signed in may.
    #[error("an API key may not do this: sign in and send the access token")]
    NeedsPerson,
    /// A route was reached that says nothing about who may call it.
    #[error("the route declares no gate")]
    Ungated,
    /// The operation of this idempotency key was done, but the server stopped before it could keep the answer.
    #[error(
        "this operation was done before, but its answer was lost: look the result up instead of repeating it"
    )]
    AnswerLost,
    /// The database could not be used.
    #[error("the database could not be used")]
    Database(#[from] db::Error),
    /// A fact could not be published.
    #[error("the event could not be stored")]
    Outbox(#[from] queue::Error),
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::NotAuthenticated(_) => codes::UNAUTHENTICATED,
            Self::SecondFactorOwed(_) => MFA_ENROLMENT_REQUIRED,
            Self::StepUp => STEP_UP_REQUIRED,
            Self::Refused(refusal) => refusal_code(refusal),
            Self::FieldDenied(_) => FIELD_DENIED,
            Self::RecordsDenied { .. } => RECORDS_DENIED,
            Self::NeedsPerson => codes::FORBIDDEN,
            Self::AnswerLost => codes::CONFLICT,
            Self::Database(error) | Self::Outbox(queue::Error::Database(error)) => {
                crate::database_code(error)
            }
            Self::Ungated | Self::Outbox(_) => codes::INTERNAL,
        }
    }
}

/// The code of a refusal, for every module's errors.
pub fn refusal_code(refusal: &Refusal) -> Code {
    match refusal.owes {
        Some(Obligation::StepUp) => STEP_UP_REQUIRED,
        Some(Obligation::Approval(_)) => APPROVAL_REQUIRED,
        None => codes::FORBIDDEN,
    }
}

/// The code of a database error, for every module's errors.
pub fn database_code(error: &db::Error) -> Code {
    match error {
        db::Error::DiskFull => codes::STORAGE_FULL,
        db::Error::ReadOnly(_) => codes::STORAGE_READ_ONLY,
        db::Error::Io(_) => codes::STORAGE_FAILED,
        db::Error::Memory { .. } => codes::MEMORY_EXHAUSTED,
        db::Error::Busy(_) | db::Error::Closed | db::Error::Corrupt { .. } => codes::UNAVAILABLE,
        _ => codes::INTERNAL,
    }
}
