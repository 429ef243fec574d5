//! Sign-in by an OpenID Connect provider: the authorization code flow (OpenID Connect Core 1.0, 3.1) with PKCE (RFC 7636).
//!
//! - A [`Provider`] is found by its issuer (OpenID Connect Discovery 1.0, 4). What it says of itself and its keys are kept
//!   for an hour in a bounded store; a key that is not known is looked for once a minute at most, so that a provider may
//!   change its keys at any time.
//! - An [`Attempt`] is one person's way to the provider and back: `state`, `nonce` and the PKCE verifier. Whoever begins it
//!   keeps it, sealed, where only the same browser brings it back from.
//! - An [`Identity`] is what an ID token says, after every check of OpenID Connect Core 3.1.3.7: a signature by RS256, PS256,
//!   ES256 or EdDSA with one of the provider's keys, issuer, audience, times by the server's clock, nonce, `at_hash`.
//!   Nothing unsigned is accepted, nor anything signed with a shared secret.
//! - No token, code, verifier or secret is ever part of an error or a log line.

mod attempt;
mod claims;
mod discovery;
mod error;
mod identity;
mod keys;
mod known;
mod provider;
mod settings;
mod signature;
mod token_answer;

pub use attempt::Attempt;
pub use error::{Error, TokenFault};
pub use identity::Identity;
pub use known::CACHE_BYTES;
pub use provider::Provider;
pub use settings::Settings;
