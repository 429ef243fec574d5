//! The verbs: firms, users and passwords.

mod firms;
mod passwords;
mod users;

pub use firms::{create_firm_with_admin, find_first_firm, first_administrator, own_firm};
pub use passwords::{
    NewPassword, check_first_password, check_manageable, check_password, is_own_password, keep_password,
    note_sign_in, prepare_password, set_password, set_second_factor,
};
pub use users::{
    add_user, change_user, deactivate_user, edit_user, find_in, find_self, find_user, list_users,
};
