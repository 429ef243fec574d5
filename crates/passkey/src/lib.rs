//! WebAuthn (W3C Web Authentication, Level 3) on the server's side: what a browser sends for a new passkey and for a
//! sign-in is read and verified.
//!
//! - Everything comes in as arguments: no HTTP, no database, no clock, no randomness. Who calls makes the challenge, keeps
//!   its SHA-256 for some minutes, and takes it away when it is answered.
//! - A user must have been present and verified: a passkey stands for both factors.
//! - ES256, EdDSA (Ed25519) and RS256. Attestation is not asked for; what comes of it is neither verified nor kept.
//! - What is not understood is refused: bytes left over, an origin that is not listed, a frame of another site.

mod attestation;
mod authenticator_data;
mod ceremony;
mod client_data;
mod fault;
mod public_key;
mod relying_party;

pub use ceremony::{Asserted, Known, NewPasskey, Response, register, verify, went_back};
pub use client_data::ClientData;
pub use fault::Fault;
pub use public_key::{ALGORITHMS, PublicKey};
pub use relying_party::{RelyingParty, Unfit};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The length of a challenge in bytes: twice what the standard asks for (13.4.3).
pub const CHALLENGE_BYTES: usize = 32;

/// The longest id of a passkey in bytes (4, "Credential ID").
pub const LONGEST_ID: usize = 1023;

/// The length of a SHA-256 digest in bytes.
const DIGEST_BYTES: usize = 32;

/// Base64url without padding (RFC 4648, 5), as browsers write bytes in JSON.
pub fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url without padding; nothing for any other text.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// SHA-256: what is kept of a challenge.
pub fn digest(bytes: &[u8]) -> [u8; DIGEST_BYTES] {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let mut whole = [0; DIGEST_BYTES];
    whole.copy_from_slice(digest.as_ref());
    whole
}
