//! Grants beside the roles: who is allowed or denied what, by whom and why, and how every decision came about.
//!
//! - A grant allows or denies one action to a role or to a user, in a period, at hours of the day, from networks. A grant
//!   that denies comes before all that allows; what nothing allows is refused. The rules are `access::grants`.
//! - Nobody grants what they may not do themselves. Nothing is denied to super administrators, so that a firm can always
//!   be set right again.
//! - Giving and ending need a reason and are audited. A grant is never changed: it is ended, and another one given.
//! - A change counts from the next request on, on other servers within half a second.

mod error;
mod model;
mod routes;
mod service;

pub use error::{CODES, Error};
pub use model::{Asked, Explained, NewGrant, Step};
pub use routes::routes;
pub use service::{end_grant, explain, give_grant, list_grants};
