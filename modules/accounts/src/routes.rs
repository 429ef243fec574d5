mod api_keys;
mod deactivation;
mod invitations;
mod links;
mod organizations;
mod roles;
mod users;
mod views;

pub use views::{OrganizationView, RoleView, UserView};

use crate::{Caseload, Entrance, UserWatch};
use access::{Action, Gate, Routes};
use crypto::password::Hasher;
use std::sync::Arc;
use utoipa_axum::routes;

/// Who is told after a change, as the handlers take it.
type Watch = Arc<dyn UserWatch>;

/// This module's routes. `hasher` hashes the passwords of new users; `watch` hears whose standing changed.
pub fn routes(hasher: Hasher, watch: Arc<dyn UserWatch>) -> Routes {
    let read = Gate::May(Action::ReadUsers);
    let manage = Gate::May(Action::ManageUsers);
    Routes::new()
        .route(routes!(users::list_users), read)
        .route(routes!(users::add_user), manage)
        .route(routes!(users::show_user), read)
        // Everybody may change their own names; the verb decides the rest.
        .route(routes!(users::patch_user), Gate::SignedIn)
        .route(routes!(users::put_user), Gate::SignedIn)
        .route(routes!(users::deactivate_user), manage)
        .route(routes!(roles::list_roles), Gate::SignedIn)
        .route(routes!(roles::list_permissions_of), Gate::SignedIn)
        .route(routes!(roles::list_roles_of), Gate::SignedIn)
        .route(routes!(roles::give_role), manage)
        .route(routes!(organizations::list_organizations), Gate::SignedIn)
        .route(routes!(organizations::show_organization), Gate::SignedIn)
        .with(hasher)
        .with(watch)
}

/// This module's routes that let people and programs in, and out again: links, invitations, API keys, deactivation.
/// `caseload` takes over what a deactivated user leaves behind.
pub fn entrance_routes(
    entrance: Entrance,
    hasher: Hasher,
    watch: Arc<dyn UserWatch>,
    caseload: Arc<dyn Caseload>,
) -> Routes {
    let manage = Gate::May(Action::ManageUsers);
    Routes::new()
        .route(routes!(links::forgot_password), Gate::Public)
        .route(routes!(links::reset_password), Gate::Public)
        .route(routes!(links::accept_invitation), Gate::Public)
        .route(routes!(links::register), Gate::Public)
        .route(routes!(invitations::list_invitations), manage)
        .route(routes!(invitations::invite), manage)
        .route(routes!(invitations::revoke_invitation), manage)
        .route(routes!(invitations::resend_invitation), manage)
        .route(routes!(api_keys::list_api_keys), Gate::SignedIn)
        .route(routes!(api_keys::create_api_key), Gate::SignedIn)
        .route(routes!(api_keys::show_api_key), Gate::SignedIn)
        .route(routes!(api_keys::revoke_api_key), Gate::SignedIn)
        .route(routes!(api_keys::rotate_api_key), Gate::SignedIn)
        .route(routes!(deactivation::deactivate), manage)
        .route(routes!(deactivation::activate), manage)
        .with(entrance)
        .with(hasher)
        .with(watch)
        .with(caseload)
}
