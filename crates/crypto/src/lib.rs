//! Password hashes, signed tokens, signatures, sealed secrets, one-time passwords, message digests and constant-time
//! comparison.
//!
//! Randomness always comes in as [`clock::Random`]; this crate holds no state of its own.

pub mod digest;
pub mod ed25519;
pub mod jws;
pub mod password;
pub mod sealed;
pub mod strength;
pub mod token;
pub mod totp;

mod secret;

pub use secret::Secret;

use subtle::ConstantTimeEq as _;

/// Whether two byte strings are equal, in time that depends on their lengths only.
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
