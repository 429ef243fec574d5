use crate::codes;
use crate::problem::Problem;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A place in a list, as an opaque text: the sort keys of the last item seen. It is not secret and not signed; the
/// store checks the keys like any other input.
#[derive(Debug, Clone, Copy)]
pub struct Cursor;

impl Cursor {
    /// The longest text that is looked at, in bytes.
    pub const MAX_BYTES: usize = 2048;

    /// The text for the keys; `None` for keys that are no JSON.
    pub fn encode(keys: &impl Serialize) -> Option<String> {
        serde_json::to_vec(keys).ok().map(|json| URL_SAFE_NO_PAD.encode(json))
    }

    /// The keys of a text; 400 `malformed_cursor` for a text that is not one of ours.
    pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
        let bytes = (text.len() <= Self::MAX_BYTES).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten();
        bytes.and_then(|json| serde_json::from_slice(&json).ok()).ok_or_else(|| {
            Problem::new(codes::MALFORMED_CURSOR)
                .with_detail("the cursor is not one that this list gave: start again without it")
        })
    }
}
