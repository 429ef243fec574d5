//! Which words of a text match a query, for the database whose own passages pass over what looks like markup, an address
//! or a path. Words are split and folded as the index does it.

use crate::model::{MARK_END, MARK_START};
use crate::query::{Query, Term, folded_letters};
use std::ops::Range;

/// The words of a passage.
const PASSAGE_WORDS: usize = 32;
/// The most matches that are looked at; a text with more has enough to show.
const MATCHES: usize = 1000;

/// The whole text with its matches between marks.
pub(crate) fn whole(text: &str, query: &Query) -> String {
    with_marks(text, 0..text.len(), &matches(text, query))
}

/// The passage with the most of the query in it, with its matches between marks; nothing when nothing matches.
pub(crate) fn best(text: &str, query: &Query) -> String {
    let found = matches(text, query);
    let Some(words) = densest(&found) else { return String::new() };
    let shown = bytes_of(text, words);
    let (before, after) = (shown.start > 0, shown.end < text.len());
    let passage = with_marks(text, shown, &found);
    format!("{}{passage}{}", if before { "…" } else { "" }, if after { "…" } else { "" })
}

/// One place where a term of the query stands.
struct Match {
    /// Its words, counted from the beginning of the text.
    words: Range<usize>,
    bytes: Range<usize>,
    /// Which term.
    term: usize,
}

/// In the order of the text.
fn matches(text: &str, query: &Query) -> Vec<Match> {
    let terms: Vec<&Term> = query.wanted().collect();
    let mut found = Vec::new();
    let mut words = Words { text, from: 0 };
    let mut number = 0;
    loop {
        let here = words.clone();
        if found.len() >= MATCHES || words.next().is_none() {
            return found;
        }
        for (term, wanted) in terms.iter().enumerate() {
            if let Some(bytes) = wanted.stands_at(here.clone()) {
                found.push(Match { words: number..number + wanted.words.len(), bytes, term });
            }
        }
        number += 1;
    }
}

impl Term {
    /// The bytes of this term, if the next words are it.
    fn stands_at(&self, mut words: Words<'_>) -> Option<Range<usize>> {
        let text = words.text;
        let last = self.words.len().checked_sub(1)?;
        let mut bytes: Option<Range<usize>> = None;
        for (number, wanted) in self.words.iter().enumerate() {
            let place = words.next()?;
            let mut letters = folded_letters(text.get(place.clone())?);
            let begins = wanted.chars().all(|letter| letters.next() == Some(letter));
            let is_prefix = self.prefix && number == last;
            if !begins || !(is_prefix || letters.next().is_none()) {
                return None;
            }
            bytes = Some(bytes.map_or(place.start, |known| known.start)..place.end);
        }
        bytes
    }
}

/// The words to show: those round the match from which on a passage holds the most terms, and of these the most matches.
fn densest(found: &[Match]) -> Option<Range<usize>> {
    let mut best: Option<((usize, usize), Range<usize>)> = None;
    for (index, first) in found.iter().enumerate() {
        let end = first.words.start + PASSAGE_WORDS;
        let inside = found.iter().skip(index).take_while(|next| next.words.end <= end);
        let mut terms: Vec<usize> = inside.clone().map(|next| next.term).collect();
        let (count, last) = (terms.len(), inside.map(|next| next.words.end).max());
        terms.sort_unstable();
        terms.dedup();
        let score = (terms.len(), count);
        if best.as_ref().is_none_or(|(known, _)| score > *known) {
            best = Some((score, first.words.start..last.unwrap_or(first.words.end)));
        }
    }
    let (_, words) = best?;
    let start = words.start.saturating_sub(PASSAGE_WORDS.saturating_sub(words.len()) / 2);
    Some(start..start + PASSAGE_WORDS.max(words.len()))
}

/// The bytes of some words; at its ends a text is shown with what stands round its words.
fn bytes_of(text: &str, words: Range<usize>) -> Range<usize> {
    let mut places = Words { text, from: 0 }.skip(words.start);
    let start = places.next().map_or(text.len(), |first| first.start);
    let mut rest = places.skip(words.len().saturating_sub(2));
    let end = rest.next().filter(|_| rest.next().is_some()).map_or(text.len(), |last| last.end);
    (if words.start == 0 { 0 } else { start })..end
}

fn with_marks(text: &str, shown: Range<usize>, found: &[Match]) -> String {
    let mut marked = String::with_capacity(shown.len() + 16);
    let mut at = shown.start;
    // A mark that the text holds itself would be taken for one of these.
    let plain = |piece: &str| piece.replace([MARK_START, MARK_END], "");
    for place in found.iter().map(|one| &one.bytes) {
        if place.start < at || place.end > shown.end {
            continue;
        }
        marked.push_str(&plain(text.get(at..place.start).unwrap_or_default()));
        marked.push(MARK_START);
        marked.push_str(text.get(place.clone()).unwrap_or_default());
        marked.push(MARK_END);
        at = place.end;
    }
    marked.push_str(&plain(text.get(at..shown.end).unwrap_or_default()));
    marked
}

/// The places of a text's words: letters and digits in a row.
#[derive(Clone)]
struct Words<'a> {
    text: &'a str,
    from: usize,
}

impl Iterator for Words<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.text.get(self.from..)?;
        let start = self.from + rest.find(char::is_alphanumeric)?;
        let word = self.text.get(start..)?;
        let length = word.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(word.len());
        self.from = start + length;
        Some(start..self.from)
    }
}
