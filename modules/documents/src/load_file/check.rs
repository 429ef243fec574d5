use super::{Bates, Field, LoadRow};
use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
};

/// What a check found in a row that could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingCode {
    /// Another row has the same control number.
    DuplicateControlNumber,
    /// The first Bates number lies behind the last, or has another prefix.
    BatesReversed,
    /// Another row has some of the same Bates numbers.
    BatesOverlap,
    /// Not a Bates number.
    BatesUnreadable,
    /// The document's Bates range is not within its family's.
    OutsideFamily,
    /// A date that no calendar has.
    ImpossibleDate,
    /// A text that is no date.
    UnreadableDate,
    /// A size or a page count that is no whole number.
    BadNumber,
    /// A hash of the wrong length, or with other signs than hexadecimal digits.
    BadHash,
    /// More numbers than are kept; duplicates and overlaps of further rows are not looked for.
    CheckLimit,
}

impl FindingCode {
    /// The name in reports, which stays the same.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DuplicateControlNumber => "duplicate_control_number",
            Self::BatesReversed => "bates_reversed",
            Self::BatesOverlap => "bates_overlap",
            Self::BatesUnreadable => "bates_unreadable",
            Self::OutsideFamily => "outside_family",
            Self::ImpossibleDate => "impossible_date",
            Self::UnreadableDate => "unreadable_date",
            Self::BadNumber => "bad_number",
            Self::BadHash => "bad_hash",
            Self::CheckLimit => "check_limit",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The row, counted from 1 behind the header.
    pub row: u64,
    /// The field.
    pub field: Field,
    /// What is wrong.
    pub code: FindingCode,
}

/// Looks at the rows of one load file, one after the other, and remembers what it needs to tell duplicates.
///
/// Memory: 16 bytes of digest for each control number (1,000,000 at most, about 32 MiB) and two numbers for each stretch
/// of Bates numbers; adjacent ones grow together, so that a usual production is one stretch for each prefix
/// (100,000 stretches and 10,000 prefixes at most, about 16 MiB).
pub struct Checker {
    // bounded: 1,000,000 control numbers, while one load file is read.
    numbers: HashSet<u128>,
    // bounded: 100,000 stretches of 10,000 prefixes, while one load file is read.
    ranges: HashMap<String, BTreeMap<u64, u64>>,
    stretches: usize,
    limits: (usize, usize, usize),
    limit_told: bool,
}

impl Default for Checker {
    fn default() -> Self {
        Self::with_limits(1_000_000, 100_000, 10_000)
    }
}

impl Checker {
    /// A checker that keeps at most so many control numbers, stretches and prefixes.
    pub fn with_limits(numbers: usize, stretches: usize, prefixes: usize) -> Self {
        Self {
            numbers: HashSet::new(),
            ranges: HashMap::new(),
            stretches: 0,
            limits: (numbers, stretches, prefixes),
            limit_told: false,
        }
    }

    /// All findings of a row, in the order of the checks.
    pub fn check(&mut self, row: &LoadRow) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut find = |field, code| findings.push(Finding { row: row.row(), field, code });
        check_values(row, &mut find);
        let family = read_range(row, Field::BeginAttach, Field::EndAttach, &mut find);
        let range = read_range(row, Field::BeginBates, Field::EndBates, &mut find);
        if let (Some(family), Some(range)) = (&family, &range)
            && (family.prefix != range.prefix || range.first < family.first || range.last > family.last)
        {
            find(Field::BeginAttach, FindingCode::OutsideFamily);
        }
        if let Some(number) = row.get(Field::ControlNumber) {
            match self.is_known(number) {
                Some(true) => find(Field::ControlNumber, FindingCode::DuplicateControlNumber),
                Some(false) => {}
                None => self.tell_limit(Field::ControlNumber, &mut find),
            }
        }
        if let Some(range) = range {
            match self.overlaps(range) {
                Some(true) => find(Field::BeginBates, FindingCode::BatesOverlap),
                Some(false) => {}
                None => self.tell_limit(Field::BeginBates, &mut find),
            }
        }
        findings
    }

    fn tell_limit(&mut self, field: Field, find: &mut impl FnMut(Field, FindingCode)) {
        if !std::mem::replace(&mut self.limit_told, true) {
            find(field, FindingCode::CheckLimit);
        }
    }

    /// `None` when there is no room to remember the number.
    fn is_known(&mut self, number: &str) -> Option<bool> {
        let digest = digest(&number.to_lowercase());
        if self.numbers.contains(&digest) {
            return Some(true);
        }
        if self.numbers.len() >= self.limits.0 {
            return None;
        }
        self.numbers.insert(digest);
        Some(false)
    }

    /// Remembers a range; `None` when there is no room for it.
    fn overlaps(&mut self, Range { prefix, first, last }: Range) -> Option<bool> {
        let prefixes = self.ranges.len();
        let stretches = match self.ranges.entry(prefix) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if prefixes >= self.limits.2 => return None,
            Entry::Vacant(new) => new.insert(BTreeMap::new()),
        };
        let (mut grown, before, mut overlap) = ((first, last), stretches.len(), false);
        // Stretches neither touch nor overlap one another, so each step takes one that the range itself touches.
        while let Some((&start, &end)) = stretches.range(..=last.saturating_add(1)).next_back() {
            if end.saturating_add(1) < first {
                break;
            }
            overlap |= start <= last && first <= end;
            grown = (grown.0.min(start), grown.1.max(end));
            stretches.remove(&start);
        }
        let is_full = self.stretches >= self.limits.1 && stretches.len() >= before;
        if !is_full {
            stretches.insert(grown.0, grown.1);
        }
        self.stretches = (self.stretches + stretches.len()).saturating_sub(before);
        if is_full { None } else { Some(overlap) }
    }
}

/// Bates numbers from the first to the last.
struct Range {
    prefix: String,
    first: u64,
    last: u64,
}

fn digest(text: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, text).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    (half(0) << 64) | half(1)
}

/// A range without its last number is a single number.
fn read_range(
    row: &LoadRow,
    begin: Field,
    end: Field,
    find: &mut impl FnMut(Field, FindingCode),
) -> Option<Range> {
    let mut read = |field| {
        let number = row.get(field)?.parse::<Bates>();
        if number.is_err() {
            find(field, FindingCode::BatesUnreadable);
        }
        number.ok()
    };
    let first = read(begin)?;
    let last = if row.get(end).is_some() { read(end)? } else { first.clone() };
    if first.prefix != last.prefix || first.number > last.number {
        find(begin, FindingCode::BatesReversed);
        return None;
    }
    Some(Range { prefix: first.prefix, first: first.number, last: last.number })
}

fn check_values(row: &LoadRow, find: &mut impl FnMut(Field, FindingCode)) {
    for field in Field::DATES {
        match row.when(field) {
            Ok(_) => {}
            Err(super::DateFault::Impossible { .. }) => find(field, FindingCode::ImpossibleDate),
            Err(super::DateFault::Unreadable { .. }) => find(field, FindingCode::UnreadableDate),
        }
    }
    for field in [Field::FileSize, Field::PageCount] {
        if row.number(field).is_err() {
            find(field, FindingCode::BadNumber);
        }
    }
    for (field, length) in [(Field::Md5, 32), (Field::Sha1, 40), (Field::Sha256, 64)] {
        let fits = |hash: &str| hash.len() == length && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if row.get(field).is_some_and(|hash| !fits(hash)) {
            find(field, FindingCode::BadHash);
        }
    }
}
