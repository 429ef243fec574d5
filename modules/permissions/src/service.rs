mod approvals;
mod delegations;
mod grants;
mod roles;
mod teams;

use crate::Error;
use access::Ctx;
use db::Tx;

pub use approvals::{ask_approval, end_approval, list_approvals, rule_on_approval};
pub use delegations::{end_delegation, list_delegations, make_delegation};
pub use grants::{end_grant, explain, give_grant, list_grants};
pub use roles::{add_role, change_role, find_role, remove_role, subject_of_role};
pub use teams::{add_team, change_team, find_team, join_team, leave_team, list_teams, remove_team};

/// Ends a transaction that changed what is granted. It counts here from now on.
async fn commit(ctx: &Ctx, tx: Tx) -> Result<(), Error> {
    tx.commit().await?;
    ctx.app().policies().forget(ctx.firm());
    Ok(())
}

/// A text that says something, or none.
fn tidy(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
