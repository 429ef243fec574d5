//! Logins: access tokens, rotating refresh tokens, revocation.
//!
//! - Each login is a row. An access token is a signed statement of a few minutes that names its login; on every request
//!   the login is looked up (through a small cache), and role and activity come from the user's row, never from the
//!   token. What is revoked here is refused on the next request.
//! - A refresh token is good for one use. A second use means that somebody has a copy: the whole login ends.
//! - Only SHA-256 hashes of refresh tokens are stored. No token, password or address is logged.
//! - Wrong password, unknown address and inactive user are told and timed alike; attempts are counted per account and
//!   per address in real time.

mod error;
mod jobs;
mod migration;
mod model;
mod routes;
mod service;
mod store;

pub use error::{CODES, Error};
pub use jobs::cleanup_schedule;
pub use migration::migrations;
pub use model::{Login, Settings};
pub use routes::routes;
pub use service::{Sessions, change_password, refresh, remove_expired, sign_in, sign_out};
