//! What a JSON text will take of memory and how deeply it is nested, found without taking any.

use streaming::json::{Scanner, Token};

/// The deepest nesting that is read; what `serde_json` reads of a value.
pub(super) const MOST_LEVELS: u32 = 127;

/// A value in a list, whose memory doubles as it grows and is there twice while it moves, in bytes.
const VALUE_BYTES: u64 = 3 * 32;
/// A list that is not empty begins with room for four values, in bytes.
const LIST_BYTES: u64 = 128;
/// An object begins with room for eleven members, in bytes.
const OBJECT_BYTES: u64 = 768;
/// A text, beside its own bytes.
const STRING_BYTES: u64 = 16;

/// A text's shape.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// Where the first bracket stands that opens more than [`MOST_LEVELS`]. Nothing behind it was looked at.
    pub(super) too_deep: Option<usize>,
    /// The most memory that the text's values take, in bytes. A few bytes of text can be hundreds in memory.
    pub(super) tree_bytes: u64,
}

/// Looks a text over. It need not be JSON.
pub(super) fn survey(text: &[u8]) -> Survey {
    let mut scanner = Scanner::new();
    let mut tree_bytes = VALUE_BYTES;
    for (at, byte) in text.iter().enumerate() {
        let token = scanner.step(*byte);
        if scanner.depth() > MOST_LEVELS {
            return Survey { too_deep: Some(at), tree_bytes };
        }
        tree_bytes += match token {
            Token::TextBegins => STRING_BYTES,
            // The reader gathers a text with escapes in a buffer of its own, which doubles as well.
            Token::Text => 3,
            Token::ListBegins => LIST_BYTES,
            Token::ObjectBegins => OBJECT_BYTES,
            Token::Comma => VALUE_BYTES,
            Token::Ends | Token::Other => 0,
        };
    }
    Survey { too_deep: None, tree_bytes }
}

/// Line and column of a place, both from 1, the column in bytes.
pub(super) fn line_and_column(text: &[u8], at: usize) -> (usize, usize) {
    let before = &text[..at.min(text.len())];
    let line = before.split(|byte| *byte == b'\n').count();
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    (line, before.len() - start + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use headroom::Meter;
    use proptest::prelude::*;
    use serde_json::Value;

    headroom::install_allocator!();

    const MOST: usize = MOST_LEVELS as usize;

    fn too_deep(text: &str) -> Option<usize> {
        survey(text.as_bytes()).too_deep
    }

    #[test]
    fn the_first_bracket_that_is_too_deep_is_found() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert_eq!(too_deep(&nested(MOST)), None);
        assert_eq!(too_deep(&nested(MOST + 1)), Some(MOST));
        assert_eq!(too_deep(&"[]".repeat(1000)), None);
        assert_eq!(too_deep(&format!(r#"{{"a\\\"[":"{}"}}"#, "[".repeat(500))), None);
        assert_eq!(too_deep(r#"["\"#), None);
        assert_eq!(line_and_column(b"[\n  [\n [", 7), (3, 2));
        assert_eq!(line_and_column(b"[", 0), (1, 1));
    }

    /// What reading a text as values really took at its highest.
    fn measured(text: &str) -> u64 {
        let meter = Meter::default();
        let value = meter.around(|| serde_json::from_str::<Value>(text).unwrap());
        let peak = meter.totals().peak_live;
        drop(value);
        peak
    }

    #[test]
    fn texts_that_swell_take_no_more_than_is_foreseen() {
        for (unit, count) in [
            ("0", 200_000),
            ("[0]", 50_000),
            (r#"{"":0}"#, 20_000),
            (r#"{"":{"":{"":[[0]]}}}"#, 5_000),
            (r#""""#, 100_000),
            (r#""aéb""#, 50_000),
            (r#"{"a":1,"b":[],"c":{},"d":"x","e":null,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0}"#, 3_000),
        ] {
            let text = format!("[{}]", vec![unit; count].join(","));
            let (took, foreseen) = (measured(&text), survey(text.as_bytes()).tree_bytes);
            assert!(took > 0, "nothing was measured");
            assert!(took <= foreseen, "{unit}: {took} bytes, {foreseen} were foreseen");
            assert!(foreseen <= took * 8, "{unit}: {took} bytes, {foreseen} were foreseen");
        }
    }

    proptest! {
        /// The reader of values has the same bound, so both must say the same of any nesting.
        #[test]
        fn it_agrees_with_the_reader(levels in 1_usize..300, objects in any::<u64>()) {
            let is_object = |level: usize| objects >> (level % 64) & 1 == 1;
            let mut text: String = (0..levels).map(|level| if is_object(level) { r#"{"[":"# } else { "[" }).collect();
            text.push('0');
            text.extend((0..levels).rev().map(|level| if is_object(level) { '}' } else { ']' }));
            let fits = serde_json::from_str::<Value>(&text).is_ok();
            prop_assert_eq!(too_deep(&text).is_none(), fits, "{} levels", levels);
        }
    }
}
