//! Words as a search compares them: the same on every database, for what is stored and for what is asked.
//!
//! A word is letters and digits in a row, with the accents, soft hyphens and joiners that stand between them; all else
//! separates, also private-use characters, which text from Word and PDF has for bullets. Two texts that Unicode calls
//! canonically equivalent (composed or decomposed accents) have the same words. A word is folded: lower case, no
//! accents, ligatures and full-width letters as the plain ones, and the letters of European names that have no
//! decomposition as they are typed without them (`ł` as `l`, `ß` as `ss`, `æ` as `ae`).

mod letters;
mod places;

pub use places::{Places, places};

use letters::fold;

/// How much of a word is compared, in characters: an index takes no words without end.
const WORD_CHARACTERS: usize = 64;

/// The words of a text, folded. `1:24-cv-01442` is `1`, `24`, `cv`, `01442`.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    places(text).map(|place| {
        let mut word = String::new();
        fold_word(text.get(place).unwrap_or_default(), &mut word);
        word
    })
}

/// Appends one word, as [`places()`] finds it, folded. Of a word beyond 64 characters the rest is left out.
pub fn fold_word(word: &str, folded: &mut String) {
    let mut left = WORD_CHARACTERS;
    for character in word.chars() {
        fold(character, &mut |letter| {
            if left > 0 {
                folded.push(letter);
                left -= 1;
            }
        });
        if left == 0 {
            break;
        }
    }
}

/// The whole text with its letters folded and everything else kept, for a search of parts of words.
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars() {
        fold(character, &mut |letter| folded.push(letter));
    }
    folded
}
