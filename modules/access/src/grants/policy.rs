use super::{Approval, Conditions, Effect, Grant, Lent, Moment, Obligation, OnCase};
use crate::{Action, Principal, Refusal, Role, SecondFactor};
use ids::{CustomRoleId, DelegationId, GrantId, TeamId};

/// What may count for one user beside the role: grants to the user, the role and the user's teams, what others have
/// approved, what they have lent, and the roles that the user has on the teams of cases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    grants: Vec<Grant>,
    custom_role: Option<CustomRoleId>,
    teams: Vec<TeamId>,
    lent: Vec<Lent>,
    approvals: Vec<Approval>,
    case_roles: Vec<Role>,
}

/// What decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Nothing allows it.
    Default,
    /// The role.
    Role(Role),
    /// A grant.
    Grant(GrantId),
    /// What another user has lent.
    Delegation(DelegationId),
    /// The role on the team of the case.
    CaseTeam(Role),
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is allowed.
    pub allowed: bool,
    /// What decided.
    pub reason: Reason,
    /// What a grant that would allow it asks for first.
    pub owes: Option<Obligation>,
}

impl Decision {
    /// Refused, because nothing allows it.
    pub const REFUSED: Self = Self { allowed: false, reason: Reason::Default, owes: None };

    fn because(allowed: bool, reason: Reason) -> Self {
        Self { allowed, reason, owes: None }
    }
}

impl Policy {
    /// Of these grants.
    pub fn new(grants: Vec<Grant>) -> Self {
        Self { grants, ..Self::default() }
    }

    /// The same for somebody who has this role of the firm's own.
    #[must_use]
    pub fn with_custom_role(self, custom_role: Option<CustomRoleId>) -> Self {
        Self { custom_role, ..self }
    }

    /// The same for somebody who is in these teams.
    #[must_use]
    pub fn in_teams(self, teams: Vec<TeamId>) -> Self {
        Self { teams, ..self }
    }

    /// The same for somebody to whom this was lent.
    #[must_use]
    pub fn with_lent(self, lent: Vec<Lent>) -> Self {
        Self { lent, ..self }
    }

    /// The same for somebody to whom this was approved.
    #[must_use]
    pub fn with_approvals(self, approvals: Vec<Approval>) -> Self {
        Self { approvals, ..self }
    }

    /// The same for somebody who has each of these roles on the team of some case.
    #[must_use]
    pub fn on_cases(self, case_roles: Vec<Role>) -> Self {
        Self { case_roles, ..self }
    }

    /// The grants.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// What was lent.
    pub fn lent(&self) -> &[Lent] {
        &self.lent
    }

    /// What was approved.
    pub fn approvals(&self) -> &[Approval] {
        &self.approvals
    }

    /// Whether a grant is for the principal and counts at this moment, but for what it may ask for first.
    pub fn counts(&self, grant: &Grant, principal: &Principal, moment: Moment) -> bool {
        grant.is_for(principal, self.custom_role, &self.teams) && grant.counts(moment)
    }

    /// What a grant asks of the principal that is not done yet.
    pub fn owed(&self, grant: &Grant, principal: &Principal, moment: Moment) -> Option<Obligation> {
        let is_approved = || self.approvals.iter().any(|one| one.is_in_force(grant.id, moment.now));
        match grant.conditions.approval_by {
            Some(role) if !is_approved() => Some(Obligation::Approval(role)),
            _ if grant.conditions.step_up && !principal.proof.was_shown(moment.now) => {
                Some(Obligation::StepUp)
            }
            _ => None,
        }
    }

    /// Grants that would allow `action` now, on some cases at least, were what they ask for done.
    pub fn allowing<'a>(
        &'a self,
        principal: &'a Principal,
        action: Action,
        moment: Moment,
    ) -> impl Iterator<Item = &'a Grant> {
        self.counting(Effect::Allow, principal, action, moment)
    }

    /// Whether the principal may do `action` for good: by their role, or by a grant without conditions. What they may do for
    /// a time, from a place or with somebody else's word they do not hand on.
    pub fn allows_for_good(&self, principal: &Principal, action: Action, moment: Moment) -> bool {
        let is_plain = |grant: &Grant| grant.conditions == Conditions::default();
        // Nobody hands on what is denied to themselves in part, and nobody ends what denies it.
        !self.denies(principal, action, moment)
            && self.barred(principal, action, moment).is_none()
            && (principal.allows(action) || self.allowing(principal, action, moment).any(is_plain))
    }

    /// Whether a grant denies `action` to the principal at this moment, also if it is in part only.
    pub fn denies(&self, principal: &Principal, action: Action, moment: Moment) -> bool {
        self.counting(Effect::Deny, principal, action, moment).next().is_some()
    }

    /// Asks whether the principal may do `action`, with the words for whoever may not. Who owes a second factor may do
    /// nothing but set one up, for which nobody asks here.
    pub fn require(&self, principal: &Principal, action: Action, moment: Moment) -> Result<(), Refusal> {
        let decision = self.decide(principal, action, moment);
        if decision.allowed && principal.proof.second_factor != SecondFactor::Owed {
            return Ok(());
        }
        let is_key = principal.key.is_some_and(|key| !key.scopes.contains(action));
        Err(Refusal { action, role: principal.role, is_key, owes: decision.owes })
    }

    /// The roles on the teams of cases, each once.
    pub fn case_roles(&self) -> &[Role] {
        &self.case_roles
    }

    /// Whether the principal may do `action` in the whole firm at this moment: a grant that denies comes before all that
    /// allows, then what the principal is allowed by itself, then a grant that allows, then what was lent. What nothing allows
    /// is refused. Grants that are about some cases, fields or records only decide nothing here.
    pub fn decide(&self, principal: &Principal, action: Action, moment: Moment) -> Decision {
        if let Some(barred) = self.barred(principal, action, moment) {
            return barred;
        }
        if principal.allows(action) {
            return Decision::because(true, Reason::Role(principal.role));
        }
        let mut owes = None;
        for grant in self.allowing(principal, action, moment) {
            match self.owed(grant, principal, moment) {
                None if grant.conditions.is_partial() => {}
                None => return Decision::because(true, Reason::Grant(grant.id)),
                // What the caller can do alone comes first.
                Some(owed) if owes.is_none() || owed == Obligation::StepUp => owes = Some(owed),
                Some(_) => {}
            }
        }
        if let Some(lent) = self.lent.iter().find(|lent| lent.allows(principal.firm, action, moment)) {
            return Decision::because(true, Reason::Delegation(lent.delegation.id));
        }
        Decision { owes, ..Decision::REFUSED }
    }

    /// As [`Self::decide`], on one case. What is denied in the firm is denied there too, and an API key may do no more than
    /// its scopes.
    pub fn decide_on_case(
        &self,
        principal: &Principal,
        case: OnCase,
        action: Action,
        moment: Moment,
    ) -> Decision {
        let here = |grant: &&Grant| {
            let statuses = grant.conditions.case_statuses;
            !statuses.is_empty() && statuses.contains(case.status)
        };
        if let Some(barred) = self.barred(principal, action, moment) {
            return barred;
        }
        if let Some(denial) = self.denials_by_status(principal, action, moment).find(here) {
            return Decision::because(false, Reason::Grant(denial.id));
        }
        let decision = self.decide(principal, action, moment);
        if decision.allowed {
            return decision;
        }
        let is_done = |grant: &&Grant| self.owed(grant, principal, moment).is_none();
        if let Some(grant) = self.allowing(principal, action, moment).filter(here).find(is_done) {
            return Decision::because(true, Reason::Grant(grant.id));
        }
        let lends = |lent: &&Lent| lent.reach(principal.firm, action, moment).covers(Some(case));
        if let Some(lent) = self.lent.iter().find(lends) {
            return Decision::because(true, Reason::Delegation(lent.delegation.id));
        }
        match case.role {
            Some(role) if role.allows_on_case(action) => Decision::because(true, Reason::CaseTeam(role)),
            _ => decision,
        }
    }

    /// The decision against the principal that nothing which allows can turn.
    pub(super) fn barred(&self, principal: &Principal, action: Action, moment: Moment) -> Option<Decision> {
        // A grant to its owner does not widen what an API key may do.
        if principal.key.is_some_and(|key| !key.scopes.contains(action)) {
            return Some(Decision::REFUSED);
        }
        let mut denials = self.counting(Effect::Deny, principal, action, moment);
        let denial = denials.find(|grant| !grant.conditions.is_partial())?;
        Some(Decision::because(false, Reason::Grant(denial.id)))
    }

    /// Grants of this effect for the principal that count now, also those that are about a part of it only.
    pub(super) fn counting<'a>(
        &'a self,
        effect: Effect,
        principal: &'a Principal,
        action: Action,
        moment: Moment,
    ) -> impl Iterator<Item = &'a Grant> {
        let grants = self.grants.iter().filter(move |grant| grant.effect == effect && grant.action == action);
        grants.filter(move |grant| self.counts(grant, principal, moment))
    }
}
