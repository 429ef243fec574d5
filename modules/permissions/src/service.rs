mod approvals;
mod delegations;
mod grants;
mod teams;

pub use approvals::{ask_approval, end_approval, list_approvals, rule_on_approval};
pub use delegations::{end_delegation, list_delegations, make_delegation};
pub use grants::{end_grant, explain, give_grant, list_grants};
pub use teams::{add_team, change_team, find_team, join_team, leave_team, list_teams, remove_team};
