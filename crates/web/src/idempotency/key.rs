use crate::codes;
use crate::problem::{Code, Failure};
use std::str::FromStr;

/// The client's name for one intended operation: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Box<str>);

impl IdempotencyKey {
    /// The longest key, in characters.
    pub const MAX_LENGTH: usize = 255;

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Idempotency-Key must have 1 to 255 visible ASCII characters: send a UUID, for example")]
pub struct MalformedKey;

impl Failure for MalformedKey {
    fn code(&self) -> Code {
        codes::MALFORMED_IDEMPOTENCY_KEY
    }
}

impl FromStr for IdempotencyKey {
    type Err = MalformedKey;

    fn from_str(text: &str) -> Result<Self, MalformedKey> {
        let fits = (1..=Self::MAX_LENGTH).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.into()))
        } else {
            Err(MalformedKey)
        }
    }
}
