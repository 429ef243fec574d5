use crate::InvalidEmail;
use access::{Refusal, Role};
use crypto::strength::Weakness;
use ids::UserId;
use web::codes;
use web::problem::{Code, Failure, Fault};

/// No such user in the caller's firm.
const USER_NOT_FOUND: Code = Code::new("user_not_found", 404, "The user was not found");
/// No such firm, or not the caller's.
const ORGANIZATION_NOT_FOUND: Code =
    Code::new("organization_not_found", 404, "The organization was not found");
/// The address belongs to somebody.
const EMAIL_TAKEN: Code = Code::new("email_taken", 409, "The e-mail address is in use");
/// The firm's short name belongs to another firm.
const FIRM_EXISTS: Code = Code::new("firm_exists", 409, "The firm exists already");
/// The address cannot be one.
const INVALID_EMAIL: Code = Code::new("invalid_email", 422, "The e-mail address is not valid");
/// A name is missing.
const NAME_MISSING: Code = Code::new("name_missing", 422, "A name is missing");
/// The password would be guessed.
const WEAK_PASSWORD: Code = Code::new("weak_password", 422, "The password is too weak");
/// The old password is not this one.
const WRONG_PASSWORD: Code = Code::new("wrong_password", 422, "The current password is wrong");
/// The caller may not give this role, or manage a user who has it.
const ROLE_NOT_ASSIGNABLE: Code =
    Code::new("role_not_assignable", 403, "The role is beyond what you may assign");
/// Nobody takes away their own access.
const OWN_ACCESS: Code = Code::new("own_access", 422, "You cannot take away your own access");
/// A firm keeps an administrator.
const LAST_ADMINISTRATOR: Code =
    Code::new("last_administrator", 422, "The firm would lose its last administrator");

/// Every code of this module.
pub const CODES: &[Code] = &[
    USER_NOT_FOUND,
    ORGANIZATION_NOT_FOUND,
    EMAIL_TAKEN,
    FIRM_EXISTS,
    INVALID_EMAIL,
    NAME_MISSING,
    WEAK_PASSWORD,
    WRONG_PASSWORD,
    ROLE_NOT_ASSIGNABLE,
    OWN_ACCESS,
    LAST_ADMINISTRATOR,
];

/// What can go wrong with users.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user does not exist in the caller's firm.
    #[error("there is no user {0} in your firm")]
    NotFound(UserId),
    /// The firm does not exist for the caller.
    #[error("there is no such organization; you see your own only")]
    FirmNotFound,
    /// Somebody else read the user and changed it since.
    #[error("the user was changed by somebody else: read it again and repeat the change")]
    Stale,
    /// Another user has the address.
    #[error("another user has this e-mail address: use another one, or activate that user again")]
    EmailTaken,
    /// Another firm has the short name.
    #[error("a firm with this short name exists: choose another name")]
    FirmExists,
    /// The address is none.
    #[error("the e-mail address {0}")]
    Email(#[from] InvalidEmail),
    /// A name is empty.
    #[error("`{field}` is empty: give a name")]
    NameMissing {
        /// The member of the request.
        field: &'static str,
    },
    /// The password would be guessed.
    #[error("the password {source}")]
    Weak {
        /// The member of the request.
        field: &'static str,
        /// What is wrong with it.
        source: Weakness,
    },
    /// The old password was not the one that is stored.
    #[error("the current password is wrong: type the one that you sign in with")]
    WrongPassword,
    /// The caller's role may not give, or manage a user of, this role.
    #[error(
        "a user of the role `{actor}` cannot assign or manage the role `{role}`; ask an administrator of your firm"
    )]
    RoleNotAssignable {
        /// The caller's role.
        actor: Role,
        /// The role in question.
        role: Role,
    },
    /// The caller's own role or activity.
    #[error("you cannot change your own role or deactivate yourself: ask another administrator")]
    OwnAccess,
    /// Nobody would be left to manage the firm.
    #[error("this is the firm's last active administrator: make somebody else one first")]
    LastAdministrator,
    /// The caller may not do this.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The context could not be used.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The password could not be hashed.
    #[error("the password could not be processed")]
    Hash(#[from] crypto::password::Error),
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
            Self::NotFound(_) => USER_NOT_FOUND,
            Self::FirmNotFound => ORGANIZATION_NOT_FOUND,
            Self::Stale => codes::STALE_VERSION,
            Self::EmailTaken => EMAIL_TAKEN,
            Self::FirmExists => FIRM_EXISTS,
            Self::Email(_) => INVALID_EMAIL,
            Self::NameMissing { .. } => NAME_MISSING,
            Self::Weak { .. } => WEAK_PASSWORD,
            Self::WrongPassword => WRONG_PASSWORD,
            Self::RoleNotAssignable { .. } => ROLE_NOT_ASSIGNABLE,
            Self::OwnAccess => OWN_ACCESS,
            Self::LastAdministrator => LAST_ADMINISTRATOR,
            Self::Refused(_) => codes::FORBIDDEN,
            Self::Access(error) => error.code(),
            Self::Hash(crypto::password::Error::Stopping) => codes::DRAINING,
            Self::Hash(crypto::password::Error::NoMemory(_)) => codes::MEMORY_EXHAUSTED,
            Self::Hash(_) => codes::INTERNAL,
            Self::Audit(error) => error.code(),
            Self::Database(error) => access::database_code(error),
        }
    }

    fn faults(&self) -> Vec<Fault> {
        let (field, code, message) = match self {
            Self::EmailTaken => ("email", "taken", "belongs to another user".to_owned()),
            Self::Email(error) => ("email", "invalid", error.to_string()),
            Self::NameMissing { field } => (*field, "missing", "must not be empty".to_owned()),
            Self::Weak { field, source } => (*field, "weak", source.to_string()),
            Self::WrongPassword => ("currentPassword", "wrong", "is not the present password".to_owned()),
            _ => return Vec::new(),
        };
        vec![Fault::new(field, code, message)]
    }
}
