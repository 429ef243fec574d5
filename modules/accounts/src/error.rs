use crate::{CaseloadError, InvalidEmail, LinkFault};
use access::{Refusal, Role};
use crypto::strength::Weakness;
use ids::{ApiKeyId, InvitationId, UserId};
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
/// A link that was sent lets nobody in.
const LINK_NOT_VALID: Code = Code::new("link_not_valid", 422, "The link is not valid any more");
/// No such invitation in the caller's firm, or it is not open.
const INVITATION_NOT_FOUND: Code = Code::new("invitation_not_found", 404, "The invitation was not found");
/// The address was invited before.
const INVITATION_OPEN: Code = Code::new("invitation_open", 409, "The address is invited already");
/// Nobody may register.
const REGISTRATION_CLOSED: Code = Code::new("registration_closed", 403, "Registration is closed");
/// No such key of the caller's.
const API_KEY_NOT_FOUND: Code = Code::new("api_key_not_found", 404, "The API key was not found");
/// A scope that the caller cannot give.
const API_KEY_SCOPE: Code = Code::new("api_key_scope", 422, "The scope cannot be given to an API key");
/// The caller has as many keys as may be.
const API_KEY_LIMIT: Code = Code::new("api_key_limit", 422, "There are too many API keys");
/// The successor cannot take the cases over.
const SUCCESSOR_UNFIT: Code = Code::new("successor_unfit", 422, "The successor cannot take the cases over");
/// More cases than go in one step.
const TOO_MANY_CASES: Code =
    Code::new("too_many_cases", 422, "There are too many cases to hand over at once");

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
    LINK_NOT_VALID,
    INVITATION_NOT_FOUND,
    INVITATION_OPEN,
    REGISTRATION_CLOSED,
    API_KEY_NOT_FOUND,
    API_KEY_SCOPE,
    API_KEY_LIMIT,
    SUCCESSOR_UNFIT,
    TOO_MANY_CASES,
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
    /// There is no such role.
    #[error("there is no role `{0}`; `GET /api/roles` lists them")]
    UnknownRole(String),
    /// What the user has, or would have or lose, is beyond what the caller may hand out.
    #[error(
        "the user is granted or denied `{0}`, or would be, which you may not do yourself, or not for good: ask somebody who may"
    )]
    RoleBeyondOwn(&'static str),
    /// The caller's own role or activity.
    #[error("you cannot change your own role or deactivate yourself: ask another administrator")]
    OwnAccess,
    /// Nobody would be left to manage the firm.
    #[error("this is the firm's last active administrator: make somebody else one first")]
    LastAdministrator,
    /// A link that was sent by mail.
    #[error("the link {0}")]
    Link(#[from] LinkFault),
    /// The invitation does not exist in the caller's firm, or was accepted or taken back.
    #[error("there is no open invitation {0} in your firm")]
    InvitationNotFound(InvitationId),
    /// The address was invited and has not answered.
    #[error("this address was invited already: send that invitation again, or take it back first")]
    InvitationOpen,
    /// Nobody may register by themselves.
    #[error("registration is closed: ask an administrator of the firm for an invitation")]
    RegistrationClosed,
    /// The caller or the address had its requests.
    #[error("too many requests: wait {retry_after_seconds} seconds and try again")]
    TooManyRequests {
        /// When the next one is looked at, in seconds from now.
        retry_after_seconds: u64,
    },
    /// The key does not exist for the caller, or has ended.
    #[error("there is no API key {0} of yours; it may have been revoked")]
    KeyNotFound(ApiKeyId),
    /// No permission, not one of the caller's, or one that needs a person.
    #[error(
        "`{0}` cannot be a scope of this key: use permissions that you have; `users:manage` is never given to a key"
    )]
    Scope(String),
    /// As many keys as one user may have.
    #[error("you have 50 API keys, which is the most: revoke one that is not used")]
    KeyLimit,
    /// A key that would end before it begins, or almost never.
    #[error("the key must end within the next ten years: choose another time, or none")]
    Lifetime,
    /// Not there, not active, or without the permission to work on cases; or the very user who leaves.
    #[error("the user {0} cannot take the cases over: choose another active user who may change cases")]
    Successor(UserId),
    /// The cases could not be handed over.
    #[error(transparent)]
    Caseload(#[from] CaseloadError),
    /// A mail could not be written.
    #[error("the mail could not be delivered")]
    Mail(#[from] mail::Error),
    /// A job could not be queued.
    #[error("the mail could not be queued")]
    Queue(#[from] queue::Error),
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
            Self::RoleNotAssignable { .. } | Self::RoleBeyondOwn(_) => ROLE_NOT_ASSIGNABLE,
            Self::UnknownRole(_) => codes::VALIDATION_FAILED,
            Self::OwnAccess => OWN_ACCESS,
            Self::LastAdministrator => LAST_ADMINISTRATOR,
            Self::Link(_) => LINK_NOT_VALID,
            Self::InvitationNotFound(_) => INVITATION_NOT_FOUND,
            Self::InvitationOpen => INVITATION_OPEN,
            Self::RegistrationClosed => REGISTRATION_CLOSED,
            Self::TooManyRequests { .. } => codes::RATE_LIMITED,
            Self::KeyNotFound(_) => API_KEY_NOT_FOUND,
            Self::Scope(_) => API_KEY_SCOPE,
            Self::KeyLimit => API_KEY_LIMIT,
            Self::Lifetime => codes::RULE_REFUSED,
            Self::Successor(_) => SUCCESSOR_UNFIT,
            Self::Caseload(CaseloadError::TooMany(_)) => TOO_MANY_CASES,
            Self::Refused(refusal) => access::refusal_code(refusal),
            Self::Access(error) => error.code(),
            Self::Hash(crypto::password::Error::Stopping) => codes::DRAINING,
            Self::Hash(crypto::password::Error::NoMemory(_)) => codes::MEMORY_EXHAUSTED,
            Self::Audit(error) => error.code(),
            Self::Queue(queue::Error::Database(error))
            | Self::Caseload(CaseloadError::Database(error))
            | Self::Database(error) => access::database_code(error),
            Self::Hash(_) | Self::Mail(_) | Self::Caseload(CaseloadError::Failed(_)) | Self::Queue(_) => {
                codes::INTERNAL
            }
        }
    }

    fn faults(&self) -> Vec<Fault> {
        let (field, code, message) = match self {
            Self::EmailTaken => ("email", "taken", "belongs to another user".to_owned()),
            Self::Email(error) => ("email", "invalid", error.to_string()),
            Self::NameMissing { field } => (*field, "missing", "must not be empty".to_owned()),
            Self::Weak { field, source } => (*field, "weak", source.to_string()),
            Self::WrongPassword => ("currentPassword", "wrong", "is not the present password".to_owned()),
            Self::UnknownRole(_) => ("role", "unknown", self.to_string()),
            Self::InvitationOpen => ("email", "invited", "was invited already".to_owned()),
            Self::Link(fault) => ("token", "not_valid", fault.to_string()),
            Self::Scope(code) => ("scopes", "refused", format!("`{code}` cannot be given")),
            Self::Lifetime => ("expiresAt", "out_of_range", "must lie within the next ten years".to_owned()),
            Self::Successor(_) => ("reassignTo", "unfit", "cannot take the cases over".to_owned()),
            _ => return Vec::new(),
        };
        vec![Fault::new(field, code, message)]
    }

    fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::TooManyRequests { retry_after_seconds } => {
                Some(u32::try_from(*retry_after_seconds).unwrap_or(u32::MAX))
            }
            Self::Access(error) => error.retry_after_seconds(),
            _ => None,
        }
    }
}
