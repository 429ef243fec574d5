//! Grants about a part of what an action does: some cases, some fields, so many records of a list.

use super::{Conditions, Effect, Moment, Policy};
use crate::{Action, Principal};

/// A part that cannot be granted or denied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PartFault {
    /// The member of the grant.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl Conditions {
    /// Whether the grant is about a part only.
    pub fn is_partial(&self) -> bool {
        !self.case_statuses.is_empty() || !self.fields.is_empty() || self.most_records.is_some()
    }

    /// Checks that `action` has the part that the grant is about.
    pub fn check_part(&self, effect: Effect, action: Action) -> Result<(), PartFault> {
        let fault = |field, message: &str| Err(PartFault { field, message: message.to_owned() });
        let parts = [
            ("caseStatuses", !self.case_statuses.is_empty()),
            ("fields", !self.fields.is_empty()),
            ("mostRecords", self.most_records.is_some()),
        ];
        let mut set = parts.into_iter().filter(|(_, is_set)| *is_set).map(|(field, _)| field);
        let (Some(part), second) = (set.next(), set.next()) else { return Ok(()) };
        if let Some(second) = second {
            return fault(second, &format!("must not be set beside `{part}`: give a grant for each"));
        }
        match part {
            // Its route is for who may do it in the whole firm.
            "caseStatuses" if effect == Effect::Allow && !action.is_of_case() => {
                let of_case = codes(Action::is_of_case);
                fault(
                    part,
                    &format!("must be left out of what is not allowed on single cases; these are: {of_case}"),
                )
            }
            "caseStatuses" if !action.is_bound_to_cases() => {
                let of_case = codes(Action::is_bound_to_cases);
                fault(part, &format!("must be left out of what is not done to a case; these are: {of_case}"))
            }
            "caseStatuses" => Ok(()),
            _ if effect == Effect::Allow => {
                fault(part, "must be set of what denies only: allow the whole, and deny this beside it")
            }
            "mostRecords" if !action.is_listed() => {
                let listed = codes(Action::is_listed);
                fault(part, &format!("must be left out of what has no list; these have one: {listed}"))
            }
            "mostRecords" => Ok(()),
            _ => {
                let known = action.maskable();
                match self.fields.iter().find(|field| !known.contains(&field.as_str())) {
                    None => Ok(()),
                    Some(_) if known.is_empty() => {
                        let masked = codes(|action| !action.maskable().is_empty());
                        fault(
                            part,
                            &format!("must be left out of what has no such fields; these have: {masked}"),
                        )
                    }
                    Some(_) => fault(part, &format!("must be among: {}", known.join(", "))),
                }
            }
        }
    }
}

fn codes(are: impl Fn(Action) -> bool) -> String {
    let codes: Vec<_> = Action::ALL.into_iter().filter(|action| are(*action)).map(Action::code).collect();
    codes.join(", ")
}

impl Policy {
    /// The fields of what `action` shows that are denied to the principal.
    pub fn masked(&self, principal: &Principal, action: Action, moment: Moment) -> Vec<&'static str> {
        let is_denied = |field: &str| {
            let mut denials = self.counting(Effect::Deny, principal, action, moment);
            denials.any(|grant| grant.conditions.fields.iter().any(|denied| denied == field))
        };
        action.maskable().iter().copied().filter(|field| is_denied(field)).collect()
    }

    /// The most of a list of what `action` shows that the principal may see, where there is a most.
    pub fn most_records(&self, principal: &Principal, action: Action, moment: Moment) -> Option<u32> {
        let denials = self.counting(Effect::Deny, principal, action, moment);
        denials.filter_map(|grant| grant.conditions.most_records).min()
    }
}
