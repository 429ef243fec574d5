use super::{Effect, Grant, Policy, Statuses};
use crate::{Action, Principal};

/// Where a user may do something: what a [`crate::Sight`] is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// In the whole firm, also on what belongs to no case.
    pub everywhere: bool,
    /// On the cases on whose team the user's role allows it.
    pub on_teams: bool,
    /// On cases of these statuses.
    pub statuses: Statuses,
    /// Not on cases of these, whatever allows it.
    pub barred: Statuses,
}

impl Reach {
    /// On every case and on what belongs to none.
    pub const WHOLE: Self =
        Self { everywhere: true, on_teams: false, statuses: Statuses::NONE, barred: Statuses::NONE };
    /// Nowhere.
    pub const NOWHERE: Self = Self { everywhere: false, ..Self::WHOLE };

    /// Whether there is nothing on which it may be done.
    pub fn is_nowhere(&self) -> bool {
        !self.everywhere && !self.on_teams && self.statuses.is_empty()
    }

    /// Whether what is done everywhere within it may be done on this case; without one, in the whole firm.
    pub fn covers(&self, case: Option<OnCase>) -> bool {
        let is_barred = |case: OnCase| self.barred.contains(case.status);
        self.everywhere && case.map_or(self.barred.is_empty(), |case| !is_barred(case))
    }
}

/// What is asked of one case: where the case stands, and what the user is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnCase {
    /// The user's role on the team of the case, if they are on it.
    pub role: Option<crate::Role>,
    /// Its status, alone.
    pub status: Statuses,
}

impl Policy {
    /// Where the principal may do `action` at this moment.
    pub fn reach(&self, principal: &Principal, action: Action, moment: super::Moment) -> Reach {
        if self.barred(principal, action, moment).is_some() {
            return Reach::NOWHERE;
        }
        let barred = self.barred_statuses(principal, action, moment);
        if self.decide(principal, action, moment).allowed {
            return Reach { barred, ..Reach::WHOLE };
        }
        let granted = self.allowing(principal, action, moment);
        let granted = granted.filter(|grant| self.owed(grant, principal, moment).is_none());
        let granted = granted.map(|grant| grant.conditions.case_statuses);
        let lent = self.lent().iter().map(|lent| lent.reach(principal.firm, action, moment));
        let lent = lent.filter(|reach| reach.everywhere).map(|reach| !reach.barred);
        let on_teams = self.case_roles().iter().any(|role| role.allows_on_case(action));
        let statuses = granted.chain(lent).fold(Statuses::NONE, |all, some| all | some);
        Reach { everywhere: false, on_teams, statuses, barred }
    }

    /// Where the principal may lend `action`: where they may do it in the whole firm, but for cases on which it is denied to
    /// them. Nothing is lent of which fields or records are denied to the lender: the borrower would see them.
    pub fn lends(&self, principal: &Principal, action: Action, moment: super::Moment) -> Reach {
        let is_cut = self.most_records(principal, action, moment).is_some()
            || !self.masked(principal, action, moment).is_empty();
        let reach = self.reach(principal, action, moment);
        if is_cut || !reach.everywhere { Reach::NOWHERE } else { reach }
    }

    /// On cases of which statuses something is denied that may be allowed elsewhere.
    fn barred_statuses(&self, principal: &Principal, action: Action, moment: super::Moment) -> Statuses {
        let denials = self.denials_by_status(principal, action, moment);
        denials.map(|grant| grant.conditions.case_statuses).fold(Statuses::NONE, |all, some| all | some)
    }

    /// What denies something on cases of some statuses. Who may not see a case, or what hangs on it, does not change it either:
    /// the answer would show it.
    pub(super) fn denials_by_status<'a>(
        &'a self,
        principal: &'a Principal,
        action: Action,
        moment: super::Moment,
    ) -> impl Iterator<Item = &'a Grant> {
        let of = move |action| self.counting(Effect::Deny, principal, action, moment);
        let of_seeing = action.seen_by().into_iter().flat_map(of);
        of(action).chain(of_seeing).filter(|grant| !grant.conditions.case_statuses.is_empty())
    }

    /// Whether there may be a case on which the principal may do `action`.
    pub fn allows_on_some_case(&self, principal: &Principal, action: Action, moment: super::Moment) -> bool {
        !self.reach(principal, action, moment).is_nowhere()
    }
}
