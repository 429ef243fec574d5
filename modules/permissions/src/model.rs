use access::custom_roles::CustomRole;
use access::grants::{Conditions, Delegation, Effect, Grant, Reason};
use access::teams::Team;
use access::{Action, Role};
use clock::Timestamp;
use ids::{CaseId, UserId};
use serde::{Deserialize, Serialize};

/// A grant to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGrant {
    /// The permission's code.
    pub permission: String,
    /// What it does.
    pub effect: Effect,
    /// When and from where.
    pub conditions: Conditions,
    /// Why.
    pub reason: String,
}

/// What is asked of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Of whom; nothing for the caller.
    pub user: Option<UserId>,
    /// The permission's code.
    pub permission: String,
    /// Of which case; nothing for none in particular.
    pub case: Option<CaseId>,
}

/// A row that took part in a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A wall hides the case from the user, whatever allows.
    Wall,
    /// The role and whether it allows the action.
    Role {
        /// The role.
        role: Role,
        /// Whether it allows the action.
        allows: bool,
    },
    /// A grant for the user or their role and whether it counts at this moment.
    Grant {
        /// The grant.
        grant: Box<Grant>,
        /// Whether it counts now.
        counts: bool,
    },
    /// The user's role on the team of the case.
    CaseTeam {
        /// The role.
        role: Role,
        /// Whether it allows the action.
        allows: bool,
    },
    /// What another user has lent and whether it allows the action at this moment.
    Delegation {
        /// The delegation.
        delegation: Box<Delegation>,
        /// Whether it counts now: the lender may do it too.
        counts: bool,
    },
}

/// What somebody answers who was asked to approve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The grant counts.
    Approve {
        /// Until when; nothing for a day.
        until: Option<Timestamp>,
        /// Why, if there is something to say.
        reason: Option<String>,
    },
    /// It does not.
    Decline {
        /// Why.
        reason: String,
    },
}

/// A delegation to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelegation {
    /// Who lends; nothing for the caller.
    pub lender: Option<UserId>,
    /// Who shall act.
    pub delegate: UserId,
    /// The permissions' codes.
    pub permissions: Vec<String>,
    /// From when on; nothing for now.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// A team with who is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamWithMembers {
    /// The team.
    pub team: Team,
    /// Who is in it.
    pub members: Vec<UserId>,
}

/// What a client gives of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, garde::Validate, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "Litigation", "description": "Whoever appears in court"}))]
pub struct TeamFields {
    /// Its name, of which the firm has one: upper and lower case are alike.
    #[garde(length(chars, max = 100), custom(web::says_something), custom(web::legible))]
    #[schema(example = "Litigation")]
    pub name: String,
    /// What it is for.
    #[garde(inner(length(chars, max = 2000)))]
    #[serde(default)]
    #[schema(example = "Whoever appears in court")]
    pub description: Option<String>,
}

/// A role of the firm's own to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRole {
    /// Its name and description.
    pub fields: RoleFields,
    /// The built-in role whose permissions it begins with.
    pub base: Role,
}

/// A role of the firm's own with who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleWithHolders {
    /// The role.
    pub role: CustomRole,
    /// Who has it: at most 500.
    pub holders: Vec<UserId>,
}

/// What can be changed of a role of the firm's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, garde::Validate, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"name": "wall_keeper", "description": "Keeps the ethical walls"}))]
pub struct RoleFields {
    /// Its name: small letters, digits and underscores.
    #[garde(length(chars, max = 50))]
    #[schema(example = "wall_keeper")]
    pub name: String,
    /// What it is for.
    #[garde(inner(length(chars, max = 500)))]
    #[serde(default)]
    #[schema(example = "Keeps the ethical walls")]
    pub description: Option<String>,
}

/// How a decision came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Who was asked about.
    pub user: UserId,
    /// What.
    pub action: Action,
    /// Whether it is allowed.
    pub allowed: bool,
    /// Whether a wall decided, before everything else.
    pub by_wall: bool,
    /// What decided otherwise.
    pub reason: Reason,
    /// The rows, in the order in which they count.
    pub steps: Vec<Step>,
}
