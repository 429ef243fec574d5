//! What a newer copy of a docket changes: it adds and corrects, and its silence erases nothing.

/// The text to store instead of the existing one; `None` when it stays. An absent or empty incoming text never
/// replaces anything.
pub fn merge_text<'a>(existing: Option<&str>, incoming: Option<&'a str>) -> Option<&'a str> {
    incoming.filter(|text| !text.trim().is_empty() && existing != Some(*text))
}

/// As [`merge_text`], for dates and numbers.
pub fn merge_value<T: PartialEq>(existing: Option<&T>, incoming: Option<T>) -> Option<T> {
    incoming.filter(|value| existing != Some(value))
}
