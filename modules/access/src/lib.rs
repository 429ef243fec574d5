//! Who may do what: principals, roles, actions, and the operation context that every verb takes first.
//!
//! - A [`Principal`] is a signed-in user of one firm, or an API key in the user's place; a [`Role`] names the [`Action`]s
//!   it may do, and a key no more than its [`Scopes`] of them. Default is no; [`Principal::allows`] decides.
//! - [`Ctx`] carries who, which firm, the clock, randomness, the database and the request's correlation id. A verb
//!   begins with it, asks [`Ctx::require`] (the role, and the firm's [`grants`]), and everything it stores belongs to [`Ctx::firm`].
//! - A [`Sight`] is what a user sees of the firm: every read of a case, and of what hangs on one, begins with it. It comes
//!   from [`Ctx::sight_to`], which asks for the permission too: a user may have one on the cases of their [`case_teams`] only.
//! - [`Routes`] registers handlers; none can be registered without saying who may call it ([`Gate`]).
//! - [`Fresh`] is the context of what may be done only by who has just shown a second factor, where there is one.
//! - [`Authenticator`] is what the sessions module implements; nothing here knows how a token looks.

pub mod approvals;
pub mod case_teams;
mod context;
pub mod custom_roles;
pub mod delegations;
mod error;
pub mod grants;
mod idempotency;
mod migration;
mod model;
mod policies;
mod rates;
mod role;
mod routes;
mod scopes;
mod store;
pub mod teams;

pub use context::{App, Ctx, Request};
pub use error::{CODES, Error, database_code, refusal_code};
pub use idempotency::IdempotencyKeys;
pub use migration::migrations;
pub use model::{
    API_KEY_PREFIX, Action, Authenticator, Credentials, KeyGrant, Principal, Proof, Refusal, SecondFactor,
};
pub use policies::{
    POLICY_BYTES, Policies, actions_of_team, add_grant, end_grant, find_grant, grants_of, hold_grants,
    look_up, note_departure, own_powers,
};
pub use rates::SharedRates;
pub use role::{Role, UnknownRole};
pub use routes::{Declared, Fresh, Gate, MissWatch, Public, RefusalWatch, Refused, Routes, credentials};
pub use scopes::Scopes;
pub use store::sight::{
    Screen, Sight, clear_screen, hold_walls, is_closed, is_hidden, set_screen, wall_changes, wall_members,
};
