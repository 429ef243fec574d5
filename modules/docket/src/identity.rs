//! Which incoming line of a docket is which line that is known already.
//!
//! All functions are pure and linear: they look at keys, never at order alone, and match each known line at most once,
//! so that importing the same docket again finds every line and adds none, in whatever order it comes.

mod key;
mod merge;
mod pairing;

pub use merge::{merge_text, merge_value};

use crate::juriscraper::EntryRecord;
use chrono::NaiveDate;
use key::{line_key, text_key};
use pairing::Pairing;

/// What an incoming line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// The known line with this index.
    Existing(usize),
    /// A line that nobody knows yet.
    New,
}

/// The marks of a docket entry that is known already.
#[derive(Debug, Clone, Copy)]
pub struct ExistingEntry<'a> {
    /// PACER's sequence number.
    pub seq: Option<&'a str>,
    /// The document number.
    pub number: Option<&'a str>,
    /// When it was filed.
    pub date_filed: NaiveDate,
    /// The text.
    pub text: &'a str,
}

impl<'a> From<&'a EntryRecord> for ExistingEntry<'a> {
    fn from(entry: &'a EntryRecord) -> Self {
        Self {
            seq: entry.pacer_seq_no.as_deref(),
            number: entry.document_number.as_deref(),
            date_filed: entry.date_filed,
            text: &entry.description,
        }
    }
}

/// Matches the entries of one docket; the answer has one place for each of `incoming`.
///
/// In this order, each round over what the earlier ones left:
/// 1. the same sequence number;
/// 2. the same document number, date and text, then the same document number and date, then the same document number;
/// 3. neither numbered, the same date and text;
/// 4. one of the two numbered, the same date and text: a notice of filing has no number yet, the docket gives it later.
///
/// Two entries that both have sequence numbers are the same only in round 1. Entries alike in all marks are
/// counted: two known and three incoming make one new.
pub fn plan(existing: &[ExistingEntry<'_>], incoming: &[EntryRecord]) -> Vec<Match> {
    let known: Vec<Marks> = existing.iter().map(Marks::new).collect();
    let coming: Vec<Marks> = incoming.iter().map(|entry| Marks::new(&entry.into())).collect();
    let mut pairing = Pairing::new(known.len(), coming.len());
    pairing.round(&known, &coming, |marks| marks.seq.map(|seq| (seq, 0)));
    pairing.round(&known, &coming, |marks| {
        marks.number.map(|number| ((number, marks.date, marks.text), marks.seq_bar()))
    });
    pairing
        .round(&known, &coming, |marks| marks.number.map(|number| ((number, marks.date), marks.seq_bar())));
    pairing.round(&known, &coming, |marks| marks.number.map(|number| (number, marks.seq_bar())));
    pairing.round(&known, &coming, |marks| {
        marks.number.is_none().then(|| ((marks.date, marks.text), marks.seq_bar()))
    });
    pairing.round(&known, &coming, |marks| {
        Some(((marks.date, marks.text), marks.seq_bar() | if marks.number.is_some() { NUMBERED } else { 0 }))
    });
    pairing.into_matches()
}

const WITH_SEQ: u8 = 1;
const NUMBERED: u8 = 2;

/// An entry's marks; texts as digests, so that a docket's text is not held twice.
struct Marks {
    seq: Option<u128>,
    number: Option<u128>,
    date: NaiveDate,
    text: u128,
}

impl Marks {
    fn new(entry: &ExistingEntry<'_>) -> Self {
        Self {
            seq: entry.seq.map(line_key),
            number: entry.number.map(line_key),
            date: entry.date_filed,
            text: text_key(entry.text),
        }
    }

    fn seq_bar(&self) -> u8 {
        if self.seq.is_some() { WITH_SEQ } else { 0 }
    }
}
