use super::misfit::How;
use serde_json::{Value, json};

/// Texts that the usual types made from text accept: dates, times, ids, amounts, addresses.
const TEXTS: &[&str] = &[
    "2000-01-01",
    "2000-01-01T00:00:00Z",
    "00000000-0000-7000-8000-000000000000",
    "0.00",
    "1",
    "x",
    "x@example.org",
    "00:00:00",
];

/// What a stand-in is chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// The kind of value that is wanted.
    Kind,
    /// A number within a range.
    Number,
    /// The first name of a list.
    Name,
    /// A text with a form of its own, found by trying.
    Text,
}

impl Family {
    pub(crate) fn of(how: &How) -> Self {
        match how {
            How::Kind { .. } => Self::Kind,
            How::NotListed { .. } => Self::Name,
            How::Value { expected } if is_number(expected) => Self::Number,
            _ => Self::Text,
        }
    }
}

/// A value that may fit where another did not, for the given attempt (from 0); `None` when out of ideas.
pub(crate) fn stand_in(how: &How, family: Family, attempt: usize) -> Option<Value> {
    match (family, how) {
        (Family::Kind, How::Kind { expected }) if attempt < 3 => Some(of_kind(expected)),
        (Family::Name, How::NotListed { listed }) => listed.get(attempt).map(|name| json!(name)),
        (Family::Number, _) if attempt < 2 => Some(json!(attempt)),
        (Family::Text, _) => TEXTS.get(attempt).map(|text| json!(text)),
        _ => None,
    }
}

fn of_kind(expected: &str) -> Value {
    let has = |word: &str| expected.contains(word);
    if has("bool") {
        json!(false)
    } else if expected == "string or map" {
        json!("")
    } else if has("sequence") || has("array") || has("tuple") || has("list") || has("bytes") {
        json!([])
    } else if has("map") || has("struct") || has("object") {
        json!({})
    } else if is_number(expected) {
        json!(0)
    } else if has("unit") || has("null") {
        Value::Null
    } else {
        json!("")
    }
}

fn is_number(expected: &str) -> bool {
    let names = ["integer", "number", "float", "usize", "isize"];
    let sized = |word: &str| {
        matches!(word.as_bytes(), [b'u' | b'i' | b'f', digits @ ..]
        if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
    };
    names.iter().any(|name| expected.contains(name)) || expected.split_whitespace().any(sized)
}
