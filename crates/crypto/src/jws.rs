//! Signed tokens: compact JWS (RFC 7515) carrying JSON claims (RFC 7519), HMAC-SHA-256 only.
//!
//! One algorithm, chosen here and never by the token, leaves no algorithm to confuse. The signature is checked
//! before a byte of the token is parsed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;
use std::time::Duration;

/// The longest token that is made or read, in bytes.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// The shortest key: as long as the hash, RFC 7518 section 3.2.
pub const MIN_KEY_BYTES: usize = 32;

const MAC_BYTES: usize = 32;

/// base64url of `{"alg":"HS256","typ":"JWT"}`.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// Why a token could not be made or is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The key has fewer than [`MIN_KEY_BYTES`].
    #[error("the signing key has {given_bytes} bytes: use at least {MIN_KEY_BYTES} random bytes")]
    WeakKey {
        /// The length of the key in bytes.
        given_bytes: usize,
    },
    /// The token is, or would be, over [`MAX_TOKEN_BYTES`].
    #[error("the token has {size_bytes} bytes: at most {MAX_TOKEN_BYTES} are accepted")]
    TooLong {
        /// The length of the token in bytes.
        size_bytes: usize,
    },
    /// Not three base64url segments with points between.
    #[error("is not a signed token: send it exactly as it was issued")]
    Malformed,
    /// Made with another key, or altered.
    #[error("the token's signature is not valid: sign in again")]
    Signature,
    /// The header names anything but HS256, or asks for extensions.
    #[error("the token's header is not accepted: only HS256 without extensions is")]
    Header,
    /// The signed payload is not the expected claims.
    #[error("the token's claims cannot be read: sign in again")]
    Claims(#[source] serde_json::Error),
    /// The claims cannot be written as JSON.
    #[error("the claims cannot be written as JSON")]
    Unwritable(#[source] serde_json::Error),
    /// The token's time is over.
    #[error("the token has expired: refresh it or sign in again")]
    Expired,
}

/// The only header members that are accepted; `crit` and all others are refused (RFC 7515 section 4.1.11).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: Option<String>,
}

/// A secret key that signs and verifies tokens.
#[derive(Clone)]
pub struct SigningKey {
    /// Already keyed: each use clones the state and saves the two blocks that keying costs.
    keyed: Hmac<Sha256>,
}

impl SigningKey {
    /// A key of at least [`MIN_KEY_BYTES`] bytes.
    ///
    /// # Errors
    /// [`Error::WeakKey`] when there are fewer.
    pub fn new(key: &[u8]) -> Result<Self, Error> {
        let weak = Error::WeakKey { given_bytes: key.len() };
        if key.len() < MIN_KEY_BYTES {
            return Err(weak);
        }
        let keyed = Hmac::new_from_slice(key).map_err(|_| weak)?;
        Ok(Self { keyed })
    }

    /// Signs `claims`.
    ///
    /// # Errors
    /// [`Error::Unwritable`] when they do not serialise; [`Error::TooLong`] when the token would not be accepted back.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, Error> {
        let payload = serde_json::to_vec(claims).map_err(Error::Unwritable)?;
        let mut token = String::with_capacity(HEADER.len() + payload.len() * 4 / 3 + 52);
        token.push_str(HEADER);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&payload, &mut token);
        let mac = self.mac_of(&token).finalize().into_bytes();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(mac, &mut token);
        check_length(&token)?;
        Ok(token)
    }

    /// Checks the signature, then reads the claims. Expiry is the caller's: [`check_expiry`].
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::Malformed`], [`Error::Signature`], [`Error::Header`] or [`Error::Claims`].
    pub fn verify<T: DeserializeOwned>(&self, token: &str) -> Result<T, Error> {
        check_length(token)?;
        let (signed, signature) = token.rsplit_once('.').ok_or(Error::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Error::Malformed)?;
        if payload.contains('.') {
            return Err(Error::Malformed);
        }
        let mut given = [0; MAC_BYTES];
        match URL_SAFE_NO_PAD.decode_slice(signature, &mut given) {
            Ok(MAC_BYTES) => {}
            Ok(_) | Err(_) => return Err(Error::Signature),
        }
        self.mac_of(signed).verify_slice(&given).map_err(|_| Error::Signature)?;
        check_header(header)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| Error::Malformed)?;
        serde_json::from_slice(&payload).map_err(Error::Claims)
    }

    fn mac_of(&self, signed: &str) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        mac.update(signed.as_bytes());
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(***)")
    }
}

/// Whether a token whose `exp` claim is `expires_at` (seconds since 1970) still holds at `now`, RFC 7519 section
/// 4.1.4; `leeway` forgives clocks that differ.
///
/// # Errors
/// [`Error::Expired`] from the moment `expires_at + leeway` on.
pub fn check_expiry(expires_at: i64, now: Timestamp, leeway: Duration) -> Result<(), Error> {
    let expires_micros = i128::from(expires_at) * 1_000_000;
    let leeway_micros = i128::try_from(leeway.as_micros()).unwrap_or(i128::from(i64::MAX));
    if i128::from(now.timestamp_micros()) < expires_micros.saturating_add(leeway_micros) {
        Ok(())
    } else {
        Err(Error::Expired)
    }
}

fn check_length(token: &str) -> Result<(), Error> {
    if token.len() > MAX_TOKEN_BYTES { Err(Error::TooLong { size_bytes: token.len() }) } else { Ok(()) }
}

/// Our own header is compared as text; another writer's is parsed and must say the same.
fn check_header(segment: &str) -> Result<(), Error> {
    if segment == HEADER {
        return Ok(());
    }
    let json = URL_SAFE_NO_PAD.decode(segment).map_err(|_| Error::Malformed)?;
    let header: Header = serde_json::from_slice(&json).map_err(|_| Error::Header)?;
    let is_jwt = header.typ.is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
    if header.alg == "HS256" && is_jwt { Ok(()) } else { Err(Error::Header) }
}
