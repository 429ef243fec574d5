use super::misfit::How;

/// The stable name of a kind of fault.
pub(crate) fn code(how: &How) -> &'static str {
    match how {
        How::Missing(_) => "missing",
        How::Unknown { .. } => "unknown",
        How::Kind { .. } => "wrong_type",
        How::Value { .. } => "out_of_range",
        How::NotListed { .. } => "not_listed",
        How::Other(_) => "invalid",
    }
}

/// What the caller should do. Never repeats the value that came, which may be a secret.
pub(crate) fn message(how: &How) -> String {
    match how {
        How::Missing(_) => "is required".to_owned(),
        How::Unknown { known: [], .. } => "is not known here: leave it out".to_owned(),
        How::Unknown { known, .. } => {
            format!("is not known here: leave it out (known are {})", known.join(", "))
        }
        How::Kind { expected } => format!("must be {}", plainly(expected)),
        How::Value { expected } => format!("has a value that is not allowed: must be {}", plainly(expected)),
        How::NotListed { listed } => format!("must be one of {}", listed.join(", ")),
        How::Other(message) => message.clone(),
    }
}

/// Serde's name of what it wants, in words that need no Rust.
fn plainly(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "a string" | "a borrowed string" | "string or map" => "a text",
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
}
