use crate::{Action, Role};
use clock::Timestamp;
use ids::{ApprovalId, GrantId, UserId};
use serde::Serialize;

/// What a grant asks of whoever uses it, beside being for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obligation {
    /// A second factor that was shown a moment ago.
    StepUp,
    /// An approval of somebody of this role.
    Approval(Role),
}

/// What a user asked somebody else to approve: that a grant counts for them, for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// The approval.
    pub id: ApprovalId,
    /// Who asked.
    pub user: UserId,
    /// For which grant.
    pub grant: GrantId,
    /// What the grant allows.
    pub action: Action,
    /// Whose word it takes.
    pub approver_role: Role,
    /// Why it is asked.
    pub reason: String,
    /// When.
    pub asked_at: Timestamp,
    /// When it is over: until then it may be answered or, once it is approved, counts.
    pub over_at: Timestamp,
    /// What was answered; nothing while nobody has.
    pub ruling: Option<Ruling>,
}

/// An answer to who asked for an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ruling {
    /// Who ruled.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// Whether it is approved.
    pub approved: bool,
    /// Why.
    pub reason: Option<String>,
}

impl Approval {
    /// Whether it makes the grant count at this moment.
    pub fn is_in_force(&self, grant: GrantId, now: Timestamp) -> bool {
        self.grant == grant
            && now < self.over_at
            && self.ruling.as_ref().is_some_and(|ruling| ruling.approved)
    }
}
