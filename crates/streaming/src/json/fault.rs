use headroom::Refusal;

/// Why a JSON text gives no further items. Offsets are in bytes from the beginning: so many were read when it was found.
/// Messages quote nothing of the text but short pieces of its syntax.
#[derive(Debug, thiserror::Error)]
pub enum JsonFault {
    /// The pointer is not one (RFC 6901).
    #[error("`{0}` is no JSON pointer: begin each part with a slash")]
    Pointer(String),
    /// Nothing stands where the pointer leads.
    #[error("the text has no `{0}`")]
    Missing(String),
    /// Not JSON.
    #[error("not valid JSON at byte {offset} ({reason})")]
    NotJson {
        /// Where.
        offset: u64,
        /// The parser's words.
        reason: String,
    },
    /// The text ends in the middle.
    #[error("the text is cut off at byte {offset}")]
    Truncated {
        /// Where.
        offset: u64,
    },
    /// JSON, but of another form than the items have.
    #[error("the value at byte {offset} has another form ({reason})")]
    Shape {
        /// Where.
        offset: u64,
        /// What was found and what is expected.
        reason: String,
    },
    /// An item that is too large.
    #[error("the item at byte {offset} is larger than {limit} bytes: split it")]
    ItemTooLarge {
        /// Where it begins.
        offset: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The text is too large.
    #[error("the text is larger than {limit} bytes: split it")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Lists and objects inside one another, too many.
    #[error("lists and objects are nested deeper than {limit} at byte {offset}")]
    TooDeep {
        /// Where.
        offset: u64,
        /// Levels.
        limit: u32,
    },
    /// There is no memory for the item now.
    #[error("there is no memory for the item at byte {offset}")]
    Memory {
        /// Where it begins.
        offset: u64,
        /// Which pool refused.
        #[source]
        refusal: Refusal,
    },
    /// The text could not be read.
    #[error("the text could not be read at byte {offset}")]
    Io {
        /// Where.
        offset: u64,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
}

impl JsonFault {
    pub(super) fn from_parser(error: serde_json::Error, offset: u64) -> Self {
        use serde_json::error::Category;
        match error.classify() {
            Category::Eof => Self::Truncated { offset },
            Category::Syntax => Self::NotJson { offset, reason: without_place(&error) },
            Category::Data => Self::Shape { offset, reason: without_place(&error) },
            Category::Io => Self::Io { offset, source: error.into() },
        }
    }
}

/// The parser's words without its own line and column, and without a long quotation.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    text.chars().take(160).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
