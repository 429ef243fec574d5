use crate::letters::Part;
use std::ops::Range;

/// Where the words of a text stand, in bytes.
pub fn places(text: &str) -> Places<'_> {
    Places { text, from: 0 }
}

/// Goes through the words of a text.
#[derive(Debug, Clone)]
pub struct Places<'a> {
    text: &'a str,
    from: usize,
}

impl Iterator for Places<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.text.get(self.from..)?;
        let start = self.from + rest.find(|character| Part::of(character) == Part::Letter)?;
        let word = self.text.get(start..)?;
        let length = word.find(|character| Part::of(character) == Part::Separator).unwrap_or(word.len());
        self.from = start + length;
        Some(start..self.from)
    }
}
