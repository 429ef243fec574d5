//! Grants beside the roles: who is allowed or denied what, by whom and why, and how every decision came about.
//!
//! - A grant allows or denies one action to a role, a user or a team, in a period, at hours of the day, from networks or
//!   countries, while a second factor was just shown, or while somebody else has approved. A grant that denies comes before all that allows; what nothing allows is
//!   refused. The rules are `access::grants`.
//! - A role of a firm's own begins with what a built-in one allows, and has grants and denials beside it.
//! - A delegation lends some of what a user may do to another one for a time, and never more than the lender may do at the
//!   moment. It ends with the lender's role, and with the access of either. Nothing is lent on.
//! - A grant may ask for an approval: then it counts for a user while somebody of the role that it names has approved. Nobody
//!   approves what they asked for, or may not do themselves.
//! - Nobody grants what they may not do themselves. Nothing is denied to super administrators, so that a firm can always
//!   be set right again.
//! - Giving and ending need a reason and are audited. A grant is never changed: it is ended, and another one given.
//! - A change counts from the next request on, on other servers within half a second.

mod error;
mod model;
mod routes;
mod service;

pub use error::{CODES, Error};
pub use model::{
    Answer, Asked, Explained, NewDelegation, NewGrant, NewRole, RoleFields, RoleWithHolders, Step,
    TeamFields, TeamWithMembers,
};
pub use routes::routes;
pub use service::{
    add_role, add_team, ask_approval, change_role, change_team, end_approval, end_delegation, end_grant,
    explain, find_role, find_team, give_grant, join_team, leave_team, list_approvals, list_delegations,
    list_grants, list_teams, make_delegation, remove_role, remove_team, rule_on_approval, subject_of_role,
};
