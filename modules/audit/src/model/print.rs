//! The log on paper: a PDF whose pages are written as they fill, so that of a long one only the places of its objects are
//! kept.

mod letters;
mod pdf;
mod sheet;

use super::export::EntryLine;
use super::{EndLine, Filter};
use chrono::SecondsFormat;
use clock::Timestamp;
use ids::{FirmId, UserId};
use pdf::Pdf;
use sheet::{COLUMNS, LINES, Line, Rule};
use uuid::Uuid;

/// Entries that are printed at most: some thousand pages.
pub const MOST_PRINTED: u64 = 10_000;

/// Lines that one value takes at most. The other forms have it whole.
const VALUE_LINES: usize = 12;
/// How far the lines below an entry's first stand to the right, in letters.
const INDENT: usize = 11;

/// Names what the last page signs, and its version.
const END: &[u8] = b"lexiflow-audit-print-1";

/// What the last page signs: SHA-256 over the entries' lines as NDJSON has them, and SHA-256 over what it says of itself.
pub(crate) fn print_message(firm: FirmId, entries: u64, sha256: &[u8; 32], manifest: &str) -> Vec<u8> {
    let mut message = END.to_vec();
    message.extend_from_slice(Uuid::from(firm).as_bytes());
    message.extend_from_slice(&entries.to_be_bytes());
    message.extend_from_slice(sha256);
    message.extend_from_slice(&crypto::digest::sha256(manifest.as_bytes()));
    message
}

/// What stands over every page.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    pub(crate) firm: FirmId,
    pub(crate) user: UserId,
    pub(crate) made_at: Timestamp,
    pub(crate) filter: &'a Filter,
}

/// A print under way.
#[derive(Debug)]
pub(crate) struct Print {
    pdf: Pdf,
    title: String,
    /// Over the entries of every page: what they are of, and the names of the columns.
    head: Vec<Line>,
    page: Vec<Line>,
}

impl Print {
    pub(crate) fn begin(head: &Head<'_>) -> Self {
        let title = format!("Audit log of firm {}", head.firm);
        let mut lines = Vec::new();
        let made = format!("printed at {} for user {}", moment(head.made_at), head.user);
        for text in [format!("{}; {made}", period(head.filter)), asked(head.filter)] {
            lines.extend(letters::wrapped(&text, COLUMNS, 2).into_iter().map(Line::plain));
        }
        let columns = columns([
            "seq",
            "at",
            "action",
            "outcome",
            "status",
            "to what",
            "by which user; below: details, hash",
        ]);
        lines.extend(letters::wrapped(&columns, COLUMNS, 1).into_iter().map(|text| Line {
            is_bold: true,
            rule: Rule::Heavy,
            ..Line::plain(text)
        }));
        Self { pdf: Pdf::begin(&title, head.made_at), title, head: lines, page: Vec::new() }
    }

    /// Adds the row of an entry.
    pub(crate) fn entry(&mut self, entry: &EntryLine<'_>) {
        let lines = entry_lines(entry);
        let room = LINES - 1 - self.head.len();
        // An entry that fits on one page is not torn apart.
        if self.page.len() + lines.len() > room && lines.len() <= room {
            self.finish_page();
        }
        for line in lines {
            if self.page.len() >= room {
                self.finish_page();
            }
            self.page.push(line);
        }
    }

    /// Ends with a page that says what was printed, signed.
    pub(crate) fn end(&mut self, manifest: &str, complete: bool, end: &EndLine) {
        if !self.page.is_empty() {
            self.finish_page();
        }
        self.head.clear();
        let extent = if complete {
            "all entries of the period are here"
        } else {
            "a part of the entries was asked for, or is hidden from who asked: gaps are no fault"
        };
        let hash = |hash: &Option<String>| hash.clone().unwrap_or_else(|| "none".to_owned());
        let rows = [
            ("entries", end.entries.to_string()),
            ("extent", extent.to_owned()),
            ("manifest", manifest.to_owned()),
            (
                "",
                format!("its SHA-256 {}", crypto::digest::hex(&crypto::digest::sha256(manifest.as_bytes()))),
            ),
            ("first hash", hash(&end.first_hash)),
            ("last hash", hash(&end.last_hash)),
            ("SHA-256", end.sha256.clone()),
            ("", "over the entries as their lines in the form NDJSON, each with its line end".to_owned()),
            ("key", end.key.clone()),
            ("signature", end.signature.clone()),
            ("", "Ed25519, over firm, number of entries and both SHA-256: see the documentation".to_owned()),
        ];
        self.page.push(Line { is_bold: true, rule: Rule::Heavy, ..Line::plain(b"Manifest".to_vec()) });
        for (name, value) in rows {
            self.page.extend(value_lines(&format!("{name:<10}"), &value));
        }
        self.finish_page();
        self.pdf.end();
    }

    /// What was written since the last time.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.pdf.take()
    }

    fn finish_page(&mut self) {
        let number = format!("page {}", self.pdf.pages() + 1);
        let width = COLUMNS - number.len();
        let title = letters::wrapped(&format!("{:<width$}{number}", self.title), COLUMNS, 1);
        let mut lines: Vec<Line> =
            title.into_iter().map(|text| Line { is_bold: true, ..Line::plain(text) }).collect();
        lines.extend_from_slice(&self.head);
        lines.append(&mut self.page);
        self.pdf.page(&sheet::content(&lines));
    }
}

fn moment(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn period(filter: &Filter) -> String {
    let from = filter
        .span
        .from
        .map_or_else(|| "from the first entry".to_owned(), |at| format!("from {}", moment(at)));
    let to =
        filter.span.to.map_or_else(|| "to the last".to_owned(), |at| format!("to before {}", moment(at)));
    format!("{from} {to}")
}

/// What was asked for beside the period.
fn asked(filter: &Filter) -> String {
    let ids = [
        ("user", filter.user.map(Uuid::from)),
        ("entity id", filter.entity_id),
        ("case", filter.case.map(Uuid::from)),
    ];
    let texts = [
        ("action", &filter.action),
        ("entity", &filter.entity),
        ("outcome", &filter.outcome),
        ("address", &filter.address),
        ("request", &filter.correlation),
    ];
    let ids = ids.into_iter().filter_map(|(name, id)| id.map(|id| format!("{name} {id}")));
    let texts =
        texts.into_iter().filter_map(|(name, text)| text.as_ref().map(|text| format!("{name} {text}")));
    let asked: Vec<String> = ids.chain(texts).collect();
    if asked.is_empty() { "every entry".to_owned() } else { format!("only: {}", asked.join(", ")) }
}

fn columns(cells: [&str; 7]) -> String {
    let [seq, at, action, outcome, status, what, user] = cells;
    format!("{seq:>9}  {at:<27}  {action:<12}  {outcome:<8}  {status:<6}  {what:<55}  {user}")
}

fn entry_lines(line: &EntryLine<'_>) -> Vec<Line> {
    let entry = line.covered(FirmId::from(Uuid::nil()));
    let id = |id: Option<Uuid>| id.map_or_else(|| "-".to_owned(), |id| id.to_string());
    let (seq, at) = (entry.seq.to_string(), moment(entry.at));
    let status = entry.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    let (what, user) = (format!("{} {}", entry.entity, entry.entity_id), id(entry.user.map(Uuid::from)));
    let first = columns([&seq, &at, entry.action, entry.outcome, &status, &what, &user]);
    let mut lines: Vec<Line> =
        letters::wrapped(&first, COLUMNS, VALUE_LINES).into_iter().map(Line::plain).collect();
    if let Some(first) = lines.first_mut() {
        first.rule = Rule::Light;
    }
    let ran = entry.elapsed_microseconds.map(|micros| format!("{micros} \u{b5}s"));
    let details = [
        ("case", entry.case.map(|case| case.to_string())),
        ("session", entry.session.map(|session| session.to_string())),
        ("API key", entry.key.map(|key| key.to_string())),
        ("from", entry.address.map(str::to_owned)),
        ("by", entry.method.zip(entry.route).map(|(method, route)| format!("{method} {route}"))),
        ("after", ran),
        ("request", Some(entry.correlation.to_owned())),
    ];
    let details =
        details.into_iter().filter_map(|(name, value)| value.map(|value| format!("{name} {value}")));
    lines.extend(value_lines("", &details.collect::<Vec<_>>().join("  ")));
    for (name, value) in [("with", entry.user_agent), ("reason", entry.reason), ("changes", entry.changes)] {
        if let Some(value) = value {
            lines.extend(value_lines(&format!("{name:<8}"), value));
        }
    }
    let hash = crypto::digest::hex(&line.hash());
    lines.extend(value_lines("", &format!("id {}  form {}  hash {hash}", entry.id, i64::from(entry.form))));
    lines
}

/// A value behind its name, under the entry it belongs to.
fn value_lines(name: &str, value: &str) -> Vec<Line> {
    let indented = INDENT + name.len() + usize::from(!name.is_empty());
    let rows = letters::wrapped(value, COLUMNS - indented, VALUE_LINES);
    let row = |(number, text): (usize, Vec<u8>)| {
        let mut line = vec![b' '; indented];
        if number == 0 {
            line[INDENT..INDENT + name.len()].copy_from_slice(name.as_bytes());
        }
        line.extend(text);
        Line::plain(line)
    };
    rows.into_iter().enumerate().map(row).collect()
}
