//! Which words of a text match a query. Neither database can say it: both know folded words only, and what is shown is the
//! text as it was written. Words are cut and folded as the index has them.

use crate::model::{MARK_END, MARK_START};
use crate::query::Query;
use folding::{fold_word, places};
use std::collections::{HashMap, VecDeque};
use std::ops::Range;

/// The words of a passage.
const PASSAGE_WORDS: usize = 32;
/// The most matches that are looked at; a text with more has enough to show.
const MATCHES: usize = 1000;

/// The terms of a query, by their last words: a text is gone through once, whatever the number of terms.
pub(crate) struct Terms {
    /// Every word of the query but beginnings, with its number.
    // bounded: the words of one query, whose length is limited.
    numbers: HashMap<String, usize>,
    wanted: Vec<Wanted>,
    /// The terms that end with a whole word, by its number.
    by_last: Vec<Vec<usize>>,
    /// The terms that end with a beginning.
    prefixes: Vec<(String, usize)>,
    /// The words of the longest term.
    longest: usize,
}

/// The words of a term but its last, by their numbers.
struct Wanted {
    before: Vec<usize>,
}

impl Terms {
    pub(crate) fn of(query: &Query) -> Self {
        let mut all = Self {
            numbers: HashMap::new(),
            wanted: Vec::new(),
            by_last: Vec::new(),
            prefixes: Vec::new(),
            longest: 0,
        };
        for term in query.wanted() {
            let Some((last, before)) = term.words.split_last() else { continue };
            let index = all.wanted.len();
            let before = before.iter().map(|word| all.number(word)).collect();
            if term.prefix {
                all.prefixes.push((last.clone(), index));
            } else {
                let last = all.number(last);
                if let Some(ending) = all.by_last.get_mut(last) {
                    ending.push(index);
                }
            }
            all.wanted.push(Wanted { before });
            all.longest = all.longest.max(term.words.len());
        }
        all
    }

    fn number(&mut self, word: &str) -> usize {
        let next = self.by_last.len();
        let number = *self.numbers.entry(word.to_owned()).or_insert(next);
        if number == next {
            self.by_last.push(Vec::new());
        }
        number
    }

    /// The whole text with its matches between marks.
    pub(crate) fn whole(&self, text: &str) -> String {
        with_marks(text, 0..text.len(), &self.matches(text))
    }

    /// The passage with the most of the query in it, with its matches between marks; nothing when nothing matches.
    pub(crate) fn best(&self, text: &str) -> String {
        let found = self.matches(text);
        let Some(words) = densest(&found) else { return String::new() };
        let shown = bytes_of(text, words);
        let (before, after) = (shown.start > 0, shown.end < text.len());
        let passage = with_marks(text, shown, &found);
        format!("{}{passage}{}", if before { "…" } else { "" }, if after { "…" } else { "" })
    }

    /// In the order of the text.
    fn matches(&self, text: &str) -> Vec<Match> {
        let mut found = Vec::new();
        // The words up to this one, as far back as a term can reach: their numbers and where they begin.
        let mut recent: VecDeque<(Option<usize>, usize)> = VecDeque::with_capacity(self.longest + 1);
        let mut word = String::new();
        for (at, place) in places(text).enumerate() {
            if found.len() >= MATCHES {
                break;
            }
            word.clear();
            fold_word(text.get(place.clone()).unwrap_or_default(), &mut word);
            let number = self.numbers.get(word.as_str()).copied();
            recent.push_back((number, place.start));
            if recent.len() > self.longest {
                recent.pop_front();
            }
            let whole = number.and_then(|number| self.by_last.get(number)).into_iter().flatten();
            let begun = self.prefixes.iter().filter(|(prefix, _)| word.starts_with(prefix.as_str()));
            for term in whole.chain(begun.map(|(_, term)| term)).copied() {
                if let Some((words, start)) = self.wanted.get(term).and_then(|wanted| wanted.ends(&recent)) {
                    found.push(Match { words: at + 1 - words..at + 1, bytes: start..place.end, term });
                }
            }
        }
        found.sort_by_key(|one| (one.words.start, one.term));
        found
    }
}

impl Wanted {
    /// How many words this term has and where it begins, if the words before the last are its own.
    fn ends(&self, recent: &VecDeque<(Option<usize>, usize)>) -> Option<(usize, usize)> {
        let words = self.before.len() + 1;
        let first = recent.len().checked_sub(words)?;
        let mut all = self.before.iter().rev().zip(recent.iter().rev().skip(1));
        let start = recent.get(first)?.1;
        all.all(|(wanted, (here, _))| Some(*wanted) == *here).then_some((words, start))
    }
}

/// One place where a term of the query stands.
struct Match {
    /// Its words, counted from the beginning of the text.
    words: Range<usize>,
    bytes: Range<usize>,
    /// Which term.
    term: usize,
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
    let mut places = places(text).skip(words.start);
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
