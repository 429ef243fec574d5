/// Whether nobody sees this character: it has no width or leaves its place blank, or it only turns the direction of what
/// stands round it. With one of these two names look alike that are not, or a name reads in another order than it is
/// stored.
///
/// Not among them is what names are spelt with: U+200C and U+200D, which join letters or keep them apart in Persian and
/// Indic names, and the variation selectors, which choose the form of a Japanese name's character. The tags U+E0000 to
/// U+E007F are among them, although the flags of England, Scotland and Wales end in some: they carry any text unseen, and
/// no record of a court spells a name with a flag.
pub fn is_unseen(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'                        // soft hyphen
            | '\u{34f}'                 // combining grapheme joiner
            | '\u{61c}'                 // Arabic letter mark
            | '\u{115f}'..='\u{1160}'   // Hangul fillers, as are U+3164 and U+FFA0
            | '\u{17b4}'..='\u{17b5}'   // Khmer vowels that are not written
            | '\u{180e}'                // Mongolian vowel separator
            | '\u{200b}'                // zero width space
            | '\u{200e}'..='\u{200f}'   // direction marks
            | '\u{202a}'..='\u{202e}'   // direction embeddings and overrides
            | '\u{2060}'..='\u{206f}'   // joiners, invisible operators, isolates, deprecated controls
            | '\u{3164}'
            | '\u{feff}'                // byte order mark
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'   // interlinear annotation
            | '\u{e0000}'..='\u{e007f}' // tags
    )
}

/// Refuses a name or a title with a character that [`is_unseen`], or with one that breaks its line or controls a terminal.
/// For `#[garde(custom(web::legible))]`; long texts may have them, where they belong to the writing.
pub fn legible<T: AsRef<str> + ?Sized, C>(text: &T, _context: &C) -> garde::Result {
    let breaks = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    let found = text.as_ref().chars().find(|letter| breaks(*letter) || is_unseen(*letter));
    match found {
        None => Ok(()),
        Some(letter) => Err(garde::Error::new(format!(
            "has the character U+{:04X}, which nobody sees: leave it out",
            u32::from(letter)
        ))),
    }
}

/// Refuses a text of nothing but blanks. For `#[garde(custom(web::says_something))]`: where somebody has to say why.
pub fn says_something<T: AsRef<str> + ?Sized, C>(text: &T, _context: &C) -> garde::Result {
    if text.as_ref().trim().is_empty() { Err(garde::Error::new("must say something")) } else { Ok(()) }
}
