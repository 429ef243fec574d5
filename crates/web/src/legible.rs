/// Whether nobody sees this character: it has no width, or it only turns the direction of what stands round it. With
/// one of these two names look alike that are not, or a name reads in another order than it is stored. U+200C and
/// U+200D, which join letters or keep them apart, are not among them: Persian and Indic names are misspelt without.
pub fn is_unseen(letter: char) -> bool {
    matches!(
        letter,
        '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}

/// Refuses a name or a title with a character that [`is_unseen`]. For `#[garde(custom(web::legible))]`; long texts may
/// have them, where they belong to the writing.
pub fn legible<T: AsRef<str> + ?Sized, C>(text: &T, _context: &C) -> garde::Result {
    match text.as_ref().chars().find(|letter| is_unseen(*letter)) {
        None => Ok(()),
        Some(letter) => Err(garde::Error::new(format!(
            "has the character U+{:04X}, which nobody sees: leave it out",
            u32::from(letter)
        ))),
    }
}
