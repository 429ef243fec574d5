use super::settings::{Gap, Settings};

/// Limits, in bytes, of request bodies that are read whole.
#[derive(Debug, Clone)]
pub struct Payload {
    /// JSON.
    pub json_limit: usize,
    /// Forms.
    pub urlencoded_limit: usize,
    /// Plain text.
    pub text_limit: usize,
    /// Anything else that is not a file.
    pub raw_limit: usize,
}

impl Payload {
    pub(super) fn read(s: &Settings) -> Result<Self, Gap> {
        Ok(Self {
            json_limit: s.number("payload.json_limit")?,
            urlencoded_limit: s.number("payload.urlencoded_limit")?,
            text_limit: s.number("payload.text_limit")?,
            raw_limit: s.number("payload.raw_limit")?,
        })
    }
}
