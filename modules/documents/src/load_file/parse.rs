mod draft;

use super::{
    Delimiters, LoadFileFault, MAX_COLUMNS, RowCode, RowFault,
    decode::{Decoded, Unit},
};
use draft::Draft;
use std::io::{self, Read};

/// A row that could be read.
pub(super) struct ParsedRow {
    pub(super) row: u64,
    pub(super) line: u64,
    pub(super) values: Vec<String>,
}

/// Parts the characters into rows.
pub(super) struct Rows<R> {
    source: Decoded<R>,
    delimiters: Delimiters,
    columns: Option<usize>,
    row: u64,
    line: u64,
    /// Blank lines that are faults only when another row follows.
    blanks: u64,
    waiting: Option<Result<ParsedRow, RowFault>>,
    ended: bool,
}

/// Where in a row the next character stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quote that may be the closing one.
    QuoteSeen,
}

impl<R: Read> Rows<R> {
    pub(super) fn new(source: Decoded<R>, delimiters: Delimiters) -> Self {
        Self { source, delimiters, columns: None, row: 0, line: 1, blanks: 0, waiting: None, ended: false }
    }

    pub(super) fn set_columns(&mut self, columns: usize) {
        self.columns = Some(columns);
    }

    /// The first row that is not blank.
    pub(super) fn header(&mut self) -> Result<Vec<String>, LoadFileFault> {
        loop {
            let draft = self.read_draft().map_err(LoadFileFault::Io)?;
            if draft.is_blank() && !draft.at_end {
                continue;
            }
            if draft.fields > MAX_COLUMNS {
                return Err(LoadFileFault::TooManyColumns { limit: MAX_COLUMNS });
            }
            return match draft.code(None) {
                Some(RowCode::EmptyRow) => Err(LoadFileFault::Empty),
                Some(code) => Err(LoadFileFault::Header { code }),
                None => Ok(draft.values),
            };
        }
    }

    /// The next row or fault; `None` at the file's end.
    pub(super) fn next_row(&mut self) -> Option<Result<ParsedRow, RowFault>> {
        if self.waiting.is_none() && !self.ended {
            self.waiting = self.read_row();
        }
        if self.waiting.is_some() && self.blanks > 0 {
            let line = self.waiting_line().saturating_sub(self.blanks);
            self.blanks -= 1;
            self.row += 1;
            return Some(Err(self.fault(self.row, line, RowCode::EmptyRow, 0)));
        }
        let row = self.row + 1;
        let next = self.waiting.take()?;
        self.row = row;
        Some(match next {
            Ok(parsed) => Ok(ParsedRow { row, ..parsed }),
            Err(fault) => Err(RowFault { row, ..fault }),
        })
    }

    fn waiting_line(&self) -> u64 {
        match &self.waiting {
            Some(Ok(parsed)) => parsed.line,
            Some(Err(fault)) => fault.line,
            None => self.line,
        }
    }

    fn fault(&self, row: u64, line: u64, code: RowCode, found: usize) -> RowFault {
        RowFault { row, line, code, found, expected: self.columns.unwrap_or_default() }
    }

    fn read_row(&mut self) -> Option<Result<ParsedRow, RowFault>> {
        loop {
            let line = self.line;
            let Ok(draft) = self.read_draft() else {
                self.ended = true;
                return Some(Err(self.fault(0, line, RowCode::Unreadable, 0)));
            };
            self.ended = draft.at_end;
            if draft.is_blank() {
                if draft.at_end {
                    return None;
                }
                self.blanks += 1;
                continue;
            }
            return Some(match draft.code(self.columns) {
                Some(code) => Err(self.fault(0, line, code, draft.fields)),
                None => Ok(ParsedRow { row: 0, line, values: draft.values }),
            });
        }
    }

    fn take(&mut self) -> io::Result<Option<Unit>> {
        let unit = self.source.next_unit()?;
        self.line += u64::from(unit == Some(Some('\n')));
        Ok(unit)
    }

    fn read_draft(&mut self) -> io::Result<Draft> {
        let mut draft = Draft::new(self.columns.unwrap_or(MAX_COLUMNS));
        let mut place = Place::FieldStart;
        loop {
            let Some(unit) = self.take()? else {
                draft.at_end = true;
                if place == Place::Quoted {
                    draft.mark_unterminated();
                }
                break;
            };
            draft.remember(unit);
            match self.step(place, unit.unwrap_or(char::REPLACEMENT_CHARACTER), &mut draft) {
                Some(next) => place = next,
                None => break,
            }
            if draft.is_given_up() {
                break;
            }
        }
        draft.end_field();
        draft.put_newlines(self.delimiters.newline);
        if draft.is_to_be_split() {
            let behind = draft.split();
            self.line =
                self.line.saturating_sub(behind.iter().filter(|unit| **unit == Some('\n')).count() as u64);
            self.source.give_back(behind);
        }
        Ok(draft)
    }

    /// One character further; `None` at the row's end.
    fn step(&self, place: Place, c: char, draft: &mut Draft) -> Option<Place> {
        let Delimiters { field, quote, .. } = self.delimiters;
        match (place, c) {
            (Place::Quoted, '\n') => {
                if !self.may_go_on(draft) {
                    draft.mark_unterminated();
                    return None;
                }
                draft.push(c);
                draft.begin_lines_behind();
                Some(Place::Quoted)
            }
            (_, '\n') => None,
            (Place::Quoted, c) if c == quote => Some(Place::QuoteSeen),
            (Place::Quoted, c) => {
                draft.push(c);
                Some(Place::Quoted)
            }
            (_, c) if c == field => {
                draft.end_field();
                Some(Place::FieldStart)
            }
            (Place::FieldStart, c) if c == quote => Some(Place::Quoted),
            (Place::FieldStart | Place::Plain, c) => {
                draft.push(c);
                Some(Place::Plain)
            }
            (Place::QuoteSeen, c) => Some(self.behind_quote(c, draft)),
        }
    }

    /// A quote within a quoted field that is followed neither by a delimiter nor by a line end.
    fn behind_quote(&self, c: char, draft: &mut Draft) -> Place {
        let quote = self.delimiters.quote;
        if self.delimiters.is_csv() {
            if c != quote {
                draft.mark_unterminated();
            }
            draft.push(c);
            return Place::Quoted;
        }
        // Concordance has no doubling: the quote's character (þ is a letter too) is text unless it closes the field.
        draft.push(quote);
        if c == quote {
            return Place::QuoteSeen;
        }
        draft.push(c);
        Place::Quoted
    }

    /// Whether a line end belongs to the quoted field: in CSV, unless these lines were read once already, so that no
    /// character is read more than twice.
    fn may_go_on(&self, draft: &Draft) -> bool {
        self.delimiters.is_csv() && !self.source.is_second_reading() && !draft.is_malformed()
    }
}
