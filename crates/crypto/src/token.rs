//! Opaque random tokens: the holder keeps the text, the database keeps only its hash.

use crate::{constant_time_eq, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::Random;
use std::fmt;
use zeroize::Zeroizing;

/// The entropy of a token in bytes.
pub const TOKEN_BYTES: usize = 32;

/// The length of a token's text: 32 bytes in base64url without padding (RFC 4648 section 5).
pub const TOKEN_CHARS: usize = 43;

/// The text is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a token: send the 43 characters exactly as they were issued")]
pub struct Malformed;

/// 256 random bits that stand for a right, such as refreshing a session.
#[derive(Clone)]
pub struct Token(Zeroizing<[u8; TOKEN_BYTES]>);

impl Token {
    /// A new token.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
        random.fill(bytes.as_mut_slice());
        Self(bytes)
    }

    /// Reads a token as issued: one text only stands for each token.
    ///
    /// # Errors
    /// [`Malformed`] for every other text.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() != TOKEN_CHARS {
            return Err(Malformed);
        }
        let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
        match URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut_slice()) {
            Ok(TOKEN_BYTES) => Ok(Self(bytes)),
            Ok(_) | Err(_) => Err(Malformed),
        }
    }

    /// The text for the holder. It is shown once and stored nowhere.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.as_slice())
    }

    /// What to store and to look the token up by. A plain hash is enough for 256 bits of entropy.
    pub fn hash(&self) -> TokenHash {
        TokenHash(digest::sha256(self.0.as_slice()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// SHA-256 of a token's bytes; useless to whoever reads the database. Compares in constant time.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; TOKEN_BYTES]);

impl TokenHash {
    /// A hash as stored.
    pub fn from_bytes(bytes: [u8; TOKEN_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8; TOKEN_BYTES] {
        &self.0
    }

    /// Whether this is the hash of `token`.
    pub fn matches(&self, token: &Token) -> bool {
        *self == token.hash()
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(&self.0, &other.0)
    }
}

impl Eq for TokenHash {}

impl fmt::Debug for TokenHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenHash(***)")
    }
}
