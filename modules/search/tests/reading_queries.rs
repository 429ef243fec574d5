//! How a text becomes a query.

use proptest::prelude::*;
use search::Query;

fn words(query: &str) -> String {
    format!("{:?}", Query::parse(query))
}

#[test]
fn words_phrases_beginnings_and_exclusions_are_told_apart() {
    let query = words("motion \"to compel\" prod* -denied");
    for part in [
        "[\"motion\"]",
        "[\"to\", \"compel\"]",
        "words: [\"prod\"], prefix: true",
        "excluded: [Term { words: [\"denied\"]",
    ] {
        assert!(query.contains(part), "{part} in {query}");
    }
}

#[test]
fn what_only_takes_away_is_no_query() {
    for text in ["", "   ", "-word", "--", "\"\"", "***", "OR"] {
        assert_eq!(Query::parse(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,200}") {
        let _ = Query::parse(&text);
    }

    #[test]
    fn every_word_that_is_kept_is_letters_and_digits(text in "[ a-zA-Z0-9\"*:;()&|!<>'%_.-]{0,80}") {
        let query = format!("{:?}", Query::parse(&text));
        for word in query.split("words: [").skip(1).flat_map(|rest| rest.split(']').next().unwrap_or("").split(", ")) {
            let word = word.trim_matches('"');
            prop_assert!(word.chars().all(char::is_alphanumeric), "{word:?}");
        }
    }
}
