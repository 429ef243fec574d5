mod approvals;
mod decisions;
mod delegations;
mod grants;
mod roles;
mod teams;

use access::Routes;

/// This module's routes.
pub fn routes() -> Routes {
    grants::routes()
        .merge(decisions::routes())
        .merge(roles::routes())
        .merge(teams::routes())
        .merge(delegations::routes())
        .merge(approvals::routes())
}
