use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Method};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest of what makes two requests the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Of a request whose body is known as a whole.
    pub fn of_body(method: &Method, path_and_query: &str, body: &[u8]) -> Self {
        Self::of(&[method.as_str().as_bytes(), path_and_query.as_bytes(), body])
    }

    /// Of a request whose body is streamed: its declared length and type stand for it. The boundary of a multipart
    /// body is left out, because clients make a new one for each attempt.
    pub fn of_stream(method: &Method, path_and_query: &str, headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).map(http::HeaderValue::as_bytes).unwrap_or_default();
        let kind = text(CONTENT_TYPE);
        let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default();
        Self::of(&[method.as_str().as_bytes(), path_and_query.as_bytes(), text(CONTENT_LENGTH), essence])
    }

    fn of(pieces: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for piece in pieces {
            digest.update((piece.len() as u64).to_be_bytes());
            digest.update(piece);
        }
        Self(digest.finalize().into())
    }

    /// The digest in hexadecimal.
    pub fn to_hex(self) -> String {
        use std::fmt::Write as _;
        self.0.iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a text cannot fail.
            write!(text, "{byte:02x}").unwrap_or_default();
            text
        })
    }
}

/// The digest of the credential that came with a request; `None` without one.
pub(super) fn credential_digest(parts: &Parts) -> Option<String> {
    let credential = parts.headers.get(AUTHORIZATION).or_else(|| parts.headers.get("x-api-key"))?;
    Some(Fingerprint::of(&[credential.as_bytes()]).to_hex())
}
