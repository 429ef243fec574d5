//! Who may do what: principals, roles, actions, and the operation context that every verb takes first.
//!
//! - A [`Principal`] is a signed-in user of one firm; a [`Role`] names the [`Action`]s it may do. Default is no.
//! - [`Ctx`] carries who, which firm, the clock, randomness, the database and the request's correlation id. A verb
//!   begins with it, asks [`Ctx::require`], and everything it stores belongs to [`Ctx::firm`].
//! - [`Routes`] registers handlers; none can be registered without saying who may call it ([`Gate`]).
//! - [`Fresh`] is the context of what may be done only by who has just shown a second factor, where there is one.
//! - [`Authenticator`] is what the sessions module implements; nothing here knows how a token looks.

mod context;
mod error;
mod idempotency;
mod migration;
mod model;
mod rates;
mod role;
mod routes;
mod store;

pub use context::{App, Ctx, Request};
pub use error::{CODES, Error, database_code};
pub use idempotency::IdempotencyKeys;
pub use migration::migrations;
pub use model::{Action, Authenticator, Credentials, Principal, Proof, Refusal, SecondFactor};
pub use rates::SharedRates;
pub use role::Role;
pub use routes::{Declared, Fresh, Gate, Public, Routes, bearer};
