use access::grants::{Conditions, Effect, Grant, Reason};
use access::{Action, Role};
use ids::{CaseId, UserId};

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
