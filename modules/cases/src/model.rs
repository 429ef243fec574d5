//! What a case and a party are, and the rules about them. No database, no network, no clock.

pub(crate) mod alias;
pub(crate) mod case;
pub(crate) mod docket_number;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod numbering;
pub(crate) mod pairing;
pub(crate) mod party;
pub(crate) mod status;

/// A text on its way in: trimmed, and absent when nothing is left.
pub(crate) fn present(text: Option<String>) -> Option<String> {
    match text {
        Some(text) if text.trim().is_empty() => None,
        Some(text) if text.trim().len() == text.len() => Some(text),
        Some(text) => Some(text.trim().to_owned()),
        None => None,
    }
}
