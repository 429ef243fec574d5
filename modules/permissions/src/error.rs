use ids::{ApprovalId, DelegationId, GrantId, TeamId};
use web::codes;
use web::problem::{Code, Failure, Fault};

/// No such grant in the firm, or it was ended.
const GRANT_NOT_FOUND: Code = Code::new("grant_not_found", 404, "The grant was not found");
/// No such role.
const ROLE_NOT_FOUND: Code = Code::new("role_not_found", 404, "The role was not found");
/// Another role has the name.
const ROLE_NAME_TAKEN: Code = Code::new("role_name_taken", 409, "Another role has this name");
/// What is built in is not changed.
const ROLE_BUILT_IN: Code = Code::new("role_built_in", 409, "The role is built in");
/// The role cannot go while somebody has it, or something is granted or denied to it.
const ROLE_IN_USE: Code = Code::new("role_in_use", 409, "The role is in use");
/// As many roles as there may be.
const ROLE_LIMIT: Code = Code::new("role_limit", 422, "There are too many roles");
/// More than the caller may hand out.
const GRANT_BEYOND_OWN: Code =
    Code::new("grant_beyond_own", 403, "Nobody grants what they may not do themselves");
/// Who sets a firm right is not locked out.
const GRANT_LOCKS_OUT: Code =
    Code::new("grant_locks_out", 422, "Super administrators cannot be denied anything");
/// The subject has as many grants as it may have.
const GRANT_LIMIT: Code = Code::new("grant_limit", 422, "There are too many grants");

/// No such team in the firm.
const TEAM_NOT_FOUND: Code = Code::new("team_not_found", 404, "The team was not found");
/// Another team has the name.
const TEAM_NAME_TAKEN: Code = Code::new("team_name_taken", 409, "Another team has this name");
/// The team cannot go while something is granted or denied to it.
const TEAM_HAS_GRANTS: Code = Code::new("team_has_grants", 409, "Something is granted or denied to the team");
/// As many teams, members or teams of a user as there may be.
const TEAM_LIMIT: Code = Code::new("team_limit", 422, "There are too many teams or members");
/// No such delegation, or it is over.
const DELEGATION_NOT_FOUND: Code = Code::new("delegation_not_found", 404, "The delegation was not found");
/// What cannot be lent, or not to this user.
const DELEGATION_REFUSED: Code = Code::new("delegation_refused", 422, "This cannot be delegated");

/// No such approval, or it is over.
const APPROVAL_NOT_FOUND: Code = Code::new("approval_not_found", 404, "The approval was not found");
/// What cannot be asked for, or not be answered by this user.
const APPROVAL_REFUSED: Code = Code::new("approval_refused", 422, "This cannot be approved");

/// This module's codes.
pub const CODES: &[Code] = &[
    GRANT_NOT_FOUND,
    ROLE_NOT_FOUND,
    ROLE_NAME_TAKEN,
    ROLE_BUILT_IN,
    ROLE_IN_USE,
    ROLE_LIMIT,
    GRANT_BEYOND_OWN,
    GRANT_LOCKS_OUT,
    GRANT_LIMIT,
    TEAM_NOT_FOUND,
    TEAM_NAME_TAKEN,
    TEAM_HAS_GRANTS,
    TEAM_LIMIT,
    DELEGATION_NOT_FOUND,
    DELEGATION_REFUSED,
    APPROVAL_NOT_FOUND,
    APPROVAL_REFUSED,
];

/// Why a grant could not be given, ended or explained.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such grant, it was ended, or it is another firm's.
    #[error("there is no grant {0}, or it was ended before")]
    NotFound(GrantId),
    /// There is no such role.
    #[error("there is no role `{0}`; `GET /api/roles` lists them")]
    RoleNotFound(String),
    /// A name that no role can have.
    #[error(
        "must be 2 to 50 small letters, digits and underscores, begin with a letter, and be no built-in role's name"
    )]
    RoleName,
    /// A role that nothing builds on.
    #[error("must not be `super_admin`: nothing can be denied to it, and it may do everything")]
    RoleBase,
    /// Another role of the firm has the name.
    #[error("another role of the firm has this name: choose another one")]
    RoleNameTaken,
    /// The role is not the firm's own.
    #[error("`{0}` is built in and stays as it is: make a role that builds on it, with `POST /api/roles`")]
    RoleBuiltIn(access::Role),
    /// Somebody has the role.
    #[error("somebody has the role: give them another one first, with `POST /api/users/{{id}}/roles`")]
    RoleIsHeld,
    /// Something is granted or denied to the role.
    #[error("something is granted or denied to the role: end it first, at `/api/roles/{{role}}/permissions`")]
    RoleHasGrants,
    /// As many roles as there may be.
    #[error("the firm has 100 roles of its own, which is the most: remove some first")]
    TooManyRoles,
    /// No such permission.
    #[error("`{0}` is no permission; `GET /api/permissions` lists them")]
    UnknownPermission(String),
    /// A condition that cannot be.
    #[error("{message}")]
    Condition {
        /// The member.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// A part that cannot be granted or denied.
    #[error(transparent)]
    Part(#[from] access::grants::PartFault),
    /// The caller may not do it themselves.
    #[error(
        "you do not have the permission `{0}` yourself, or not for good: ask somebody who has it to grant it"
    )]
    BeyondOwn(&'static str),
    /// A super administrator would be denied something.
    #[error("nothing can be denied to super administrators: give the user another role first")]
    LocksOut,
    /// As many as there may be.
    #[error("the role, user or team has 200 grants, which is the most: end some first")]
    TooMany,
    /// There is no such team, or it is another firm's.
    #[error("there is no team {0}")]
    TeamNotFound(TeamId),
    /// Another team has the name.
    #[error("another team of the firm has this name: choose another one")]
    TeamNameTaken,
    /// Something is granted or denied to the team.
    #[error("something is granted or denied to the team: end it first, at `/api/teams/{{id}}/permissions`")]
    TeamHasGrants,
    /// As many teams as there may be.
    #[error("the firm has 200 teams, which is the most: remove some first")]
    TooManyTeams,
    /// As many members, or teams of the user, as there may be.
    #[error("a team has at most 500 users, and a user is in at most 20 teams")]
    TeamFull,
    /// The user is not in the team.
    #[error("the user is not in the team")]
    NotInTeam,
    /// The team or the role was changed since it was read.
    #[error("it was changed since you read it: read it again, and repeat the change")]
    Stale,
    /// There is no such delegation, or it is over, or it is somebody else's.
    #[error("there is no delegation {0} of yours, or it is over")]
    DelegationNotFound(DelegationId),
    /// What nobody can lend.
    #[error("`{0}` cannot be delegated: ask an administrator to grant it")]
    NotDelegable(&'static str),
    /// Who cannot act for the lender.
    #[error("lender and delegate must be two active users, and the delegate no client")]
    DelegateUnfit,
    /// As many as there may be.
    #[error("a user lends, and is lent, at most 20 times at once: end some first")]
    TooManyDelegations,
    /// There is no such approval, or it is over, or it is none of the caller's business.
    #[error("there is no approval {0} that you asked for or may answer, or it is over")]
    ApprovalNotFound(ApprovalId),
    /// There is nothing to ask for.
    #[error("you have the permission `{0}` at this moment: repeat what was refused")]
    AllowedAlready(&'static str),
    /// No grant of the caller's asks for it.
    #[error(
        "nothing that is granted to you waits for an approval of `{0}` alone: ask an administrator to grant it"
    )]
    NothingToApprove(&'static str),
    /// It waits for an answer, or was given.
    #[error("you have asked for this already: `GET /api/approvals` shows it")]
    AskedBefore,
    /// Who asks does not answer.
    #[error("nobody approves what they asked for themselves")]
    OwnApproval,
    /// It was answered before.
    #[error("this was answered before: end it, and have it asked for again")]
    AnsweredBefore,
    /// The grant was ended.
    #[error("the grant was ended since: there is nothing left to approve")]
    GrantEnded,
    /// As many as there may be.
    #[error("a user has at most 20 approvals at once, and at most 200 wait in a firm: end some first")]
    TooManyApprovals,
    /// The caller may not do it.
    #[error(transparent)]
    Refused(#[from] access::Refusal),
    /// The operation could not be begun.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The case could not be used.
    #[error(transparent)]
    Case(#[from] cases::Error),
    /// The user could not be looked up.
    #[error(transparent)]
    User(#[from] accounts::Error),
    /// The record of it could not be written.
    #[error(transparent)]
    Audit(#[from] audit::Error),
    /// The database could not be used.
    #[error("the database could not be used")]
    Database(#[from] db::Error),
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::NotFound(_) => GRANT_NOT_FOUND,
            Self::RoleNotFound(_) => ROLE_NOT_FOUND,
            Self::RoleNameTaken => ROLE_NAME_TAKEN,
            Self::RoleBuiltIn(_) => ROLE_BUILT_IN,
            Self::RoleIsHeld | Self::RoleHasGrants => ROLE_IN_USE,
            Self::TooManyRoles => ROLE_LIMIT,
            Self::UnknownPermission(_)
            | Self::Condition { .. }
            | Self::Part(_)
            | Self::RoleName
            | Self::RoleBase => codes::VALIDATION_FAILED,
            Self::BeyondOwn(_) => GRANT_BEYOND_OWN,
            Self::LocksOut => GRANT_LOCKS_OUT,
            Self::TooMany => GRANT_LIMIT,
            Self::TeamNotFound(_) | Self::NotInTeam => TEAM_NOT_FOUND,
            Self::TeamNameTaken => TEAM_NAME_TAKEN,
            Self::TeamHasGrants => TEAM_HAS_GRANTS,
            Self::TooManyTeams | Self::TeamFull => TEAM_LIMIT,
            Self::Stale => codes::STALE_VERSION,
            Self::DelegationNotFound(_) => DELEGATION_NOT_FOUND,
            Self::NotDelegable(_) | Self::DelegateUnfit | Self::TooManyDelegations => DELEGATION_REFUSED,
            Self::ApprovalNotFound(_) => APPROVAL_NOT_FOUND,
            Self::AllowedAlready(_)
            | Self::NothingToApprove(_)
            | Self::AskedBefore
            | Self::OwnApproval
            | Self::AnsweredBefore
            | Self::GrantEnded
            | Self::TooManyApprovals => APPROVAL_REFUSED,
            Self::Refused(refusal) => access::refusal_code(refusal),
            Self::Access(error) => error.code(),
            Self::Case(error) => error.code(),
            Self::User(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Database(error) => access::database_code(error),
        }
    }

    fn faults(&self) -> Vec<Fault> {
        match self {
            Self::UnknownPermission(_) => vec![Fault::new("permission", "unknown", self.to_string())],
            Self::RoleName => vec![Fault::new("name", "invalid", self.to_string())],
            Self::RoleBase => vec![Fault::new("base", "invalid", self.to_string())],
            Self::Part(fault) => vec![Fault::new(fault.field, "invalid", fault.to_string())],
            Self::Condition { field, .. } => vec![Fault::new(*field, "invalid", self.to_string())],
            Self::Case(error) => error.faults(),
            _ => Vec::new(),
        }
    }

    fn missed(&self) -> Option<web::problem::Missed> {
        match self {
            Self::Case(error) => error.missed(),
            _ => None,
        }
    }
}
