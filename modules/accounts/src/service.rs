//! The verbs: firms, users, passwords, links, invitations and API keys.

pub(crate) mod api_keys;
pub(crate) mod cleanup;
pub(crate) mod custom_roles;
mod deactivation;
mod entrance;
mod firms;
pub(crate) mod invitations;
mod key_authentication;
mod letters;
pub(crate) mod password_reset;
mod passwords;
mod throttle;
mod users;

pub use deactivation::{Caseload, CaseloadError, Deactivated, activate_user, deactivate_and_hand_over};
pub use entrance::{Entrance, EntranceSettings};
pub use firms::{
    administrator_beside, create_firm_with_admin, find_firm, find_first_firm, first_administrator,
    list_firms, own_firm, rename_firm,
};
pub use key_authentication::ApiKeys;
pub use passwords::{
    NewPassword, check_first_password, check_manageable, check_password, is_own_password, keep_password,
    note_proven_sign_in, note_sign_in, prepare_password, set_password, set_second_factor,
};
pub use users::{
    active_in_roles, add_user, change_user, deactivate_user, edit_user, find_by_address, find_in, find_self,
    find_user, hold, hold_two, list_users,
};
