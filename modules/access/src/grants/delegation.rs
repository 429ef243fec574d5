use super::{Moment, Policy, Reach};
use crate::{Action, Principal, Role};
use clock::Timestamp;
use ids::{DelegationId, FirmId, UserId};
use serde::Serialize;

/// What one user lends to another for a time: some of what the lender may do, as long as the lender may do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delegation {
    /// The delegation.
    pub id: DelegationId,
    /// Who lends.
    pub lender: UserId,
    /// The lender's role. A delegation ends when it changes.
    pub lender_role: Role,
    /// Who acts.
    pub delegate: UserId,
    /// What is lent.
    pub actions: Vec<Action>,
    /// From when on.
    pub from: Timestamp,
    /// Until when; this moment is not a part of it.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Who made it: the lender, or an administrator in the lender's place.
    pub made_by: UserId,
    /// When.
    pub made_at: Timestamp,
}

impl Delegation {
    /// Whether it covers `action` at a moment.
    pub fn covers(&self, action: Action, now: Timestamp) -> bool {
        self.from <= now && now < self.until && self.actions.contains(&action)
    }
}

/// A delegation with what its lender may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lent {
    /// The delegation.
    pub delegation: Delegation,
    /// What counts for the lender: nothing that was lent to them, so that nothing is lent on.
    pub powers: Policy,
}

impl Lent {
    /// Where it allows `action` now. What asks for the lender's second factor cannot be lent, and nothing is lent on cases on
    /// which it is denied to the lender.
    pub fn reach(&self, firm: FirmId, action: Action, moment: Moment) -> Reach {
        if !self.delegation.covers(action, moment.now) {
            return Reach::NOWHERE;
        }
        let lender = Principal::of(self.delegation.lender, firm, self.delegation.lender_role);
        self.powers.lends(&lender, action, moment)
    }

    /// Whether it allows `action` now in the whole firm.
    pub fn allows(&self, firm: FirmId, action: Action, moment: Moment) -> bool {
        self.reach(firm, action, moment).covers(None)
    }
}
