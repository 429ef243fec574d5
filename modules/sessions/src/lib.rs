//! Logins: access tokens, rotating refresh tokens, second factors, devices, sign-in by a provider, revocation.
//!
//! - Each login is a row. An access token is a signed statement of a few minutes that names its login; on every request
//!   the login is looked up (through a small cache), and role and activity come from the user's row, never from the
//!   token. What is revoked here is refused on the next request, and by every other process within a second: each firm has
//!   a number that the database moves on with every change, and no process believes its cache without having read that
//!   number a moment ago.
//! - A refresh token is good for one use. A second use means that somebody has a copy: the whole login ends.
//! - Only SHA-256 hashes of refresh tokens and recovery codes are stored; the secret of an authenticator app is sealed. No
//!   token, password, code or address is logged.
//! - Of a passkey the public key is kept. Shown with a verified user it stands for both factors, for its login alone.
//! - A user may also be signed in by an OpenID Connect provider ([`SingleSignOn`]). An identity of the provider is bound to a
//!   user by issuer and subject; nobody is made by signing in. What it proves stands in the place of the password: devices,
//!   second factor, counts and records are the same.
//! - Wrong password, unknown address and inactive user are told and timed alike; attempts are counted per account and
//!   per address in real time, and a wrong code of a second factor is an attempt.

mod error;
mod jobs;
mod migration;
mod model;
mod routes;
mod service;
mod store;

pub use error::{CODES, Error, ProviderRefusal};
pub use jobs::{cleanup_schedule, expiry_schedule};
pub use migration::migrations;
pub use model::{DeviceKind, Login, Settings, SignOnRules, SingleSignOn};
#[cfg(feature = "passkeys")]
pub use passkey::{RelyingParty, Unfit};
pub use routes::routes;
pub use service::{
    Enrolment, Keys, Sessions, Shown, change_password, confirm_second_factor, disable_second_factor,
    end_login, end_logins_of_firm, end_logins_of_user, end_other_logins, enrol_second_factor, mark_ended,
    refresh, remove_expired, renew_recovery_codes, reset_second_factor, sign_in, sign_out, step_up,
    trust_device,
};
