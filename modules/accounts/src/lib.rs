//! Firms, their users, and the users' credentials.
//!
//! - An e-mail address names one user on the whole server, whatever its case; it is kept in lower case.
//! - A password is kept as an Argon2id hash only, in a table of its own, and is never read back out.
//! - Nobody hands out a role that they may not assign, manages a user of such a role, or takes away their own role;
//!   a firm never loses its last active administrator.
//! - A user is never deleted, only deactivated: what they did stays theirs.
//! - [`check_password`] takes the same time for a user who does not exist. Names and addresses are never logged.
//! - Who forgot a password and who is invited gets a link by mail: 256 random bits that are good once and for a while, of
//!   which the database keeps a hash. Whether an address is known, nobody learns by asking for one.
//! - An API key acts in its owner's place and may do no more than its scopes and its owner's role allow. Nothing about it
//!   is remembered between two requests: what was revoked is refused at once, on every server.

mod error;
mod jobs;
mod migration;
mod model;
mod routes;
mod service;
mod store;

pub use error::{CODES, Error};
pub use jobs::{JobDeps, Register, SendInvitation, SendReset, cleanup_schedule};
pub use migration::migrations;
pub use model::api_key::{ApiKey, InvalidNetwork, Networks, NewApiKey};
pub use model::invitation::{Invitation, InvitationStatus};
pub use model::link::LinkFault;
pub use model::{
    Change, Checked, CustomRoleChange, Direction, Email, Filter, Firm, InvalidEmail, NewFirm, NewUser, Sort,
    User, UserWatch, Verdict,
};
pub use routes::{OrganizationView, RoleView, UserView, entrance_routes, routes};
pub use service::api_keys::{create_api_key, find_api_key, list_api_keys, revoke_api_key, rotate_api_key};
pub use service::custom_roles::role_named;
pub use service::invitations::{
    accept_invitation, invite, list_invitations, register, resend_invitation, revoke_invitation,
};
pub use service::password_reset::{ask_for_reset, reset_password};
pub use service::{
    ApiKeys, Caseload, CaseloadError, Deactivated, Entrance, EntranceSettings, NewPassword, activate_user,
    active_in_roles, add_user, administrator_beside, change_user, check_first_password, check_manageable,
    check_password, create_firm_with_admin, deactivate_and_hand_over, deactivate_user, edit_user,
    find_by_address, find_firm, find_first_firm, find_in, find_self, find_user, first_administrator, hold,
    hold_two, is_own_password, keep_password, list_firms, list_users, note_proven_sign_in, note_sign_in,
    own_firm, prepare_password, rename_firm, set_password, set_second_factor,
};
