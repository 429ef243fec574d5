//! Firms, their users, and the users' credentials.
//!
//! - An e-mail address names one user on the whole server, whatever its case; it is kept in lower case.
//! - A password is kept as an Argon2id hash only, in a table of its own, and is never read back out.
//! - Nobody hands out a role that they may not assign, manages a user of such a role, or takes away their own role;
//!   a firm never loses its last active administrator.
//! - A user is never deleted, only deactivated: what they did stays theirs.
//! - [`check_password`] takes the same time for a user who does not exist. Names and addresses are never logged.

mod error;
mod migration;
mod model;
mod routes;
mod service;
mod store;

pub use error::{CODES, Error};
pub use migration::migrations;
pub use model::{
    Change, Checked, Direction, Email, Filter, Firm, InvalidEmail, NewFirm, NewUser, Sort, User, UserWatch,
    Verdict,
};
pub use routes::{OrganizationView, RoleView, UserView, routes};
pub use service::{
    NewPassword, add_user, change_user, check_first_password, check_manageable, check_password,
    create_firm_with_admin, deactivate_user, edit_user, find_first_firm, find_in, find_self, find_user,
    first_administrator, is_own_password, keep_password, list_users, note_sign_in, own_firm,
    prepare_password, set_password, set_second_factor,
};
