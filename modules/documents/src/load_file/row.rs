use super::{DateFault, Field, Header, When, parse::ParsedRow, parse_when};
use std::sync::Arc;

/// One row: the description of one document.
#[derive(Debug, Clone)]
pub struct LoadRow {
    header: Arc<Header>,
    row: u64,
    line: u64,
    values: Vec<String>,
}

impl LoadRow {
    pub(super) fn new(header: Arc<Header>, parsed: ParsedRow) -> Self {
        Self { header, row: parsed.row, line: parsed.line, values: parsed.values }
    }

    /// Counted from 1 behind the header.
    pub fn row(&self) -> u64 {
        self.row
    }

    /// The line of the file where the row begins, counted from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// A field's value; `None` when the file has no such column or the value is empty.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.value(self.header.column(field)?)
    }

    /// The values of a field that may have several (`;` between them).
    pub fn list(&self, field: Field) -> impl Iterator<Item = &str> {
        self.get(field).unwrap_or_default().split(';').map(str::trim).filter(|value| !value.is_empty())
    }

    /// A whole number, such as a size; thousands may be parted by commas.
    pub fn number(&self, field: Field) -> Result<Option<u64>, std::num::ParseIntError> {
        self.get(field).map(|value| value.replace(',', "").parse()).transpose()
    }

    /// A date with or without its time.
    pub fn when(&self, field: Field) -> Result<Option<When>, DateFault> {
        self.get(field).map(parse_when).transpose()
    }

    /// Names and values of all other columns that have a value, in the file's order.
    pub fn extra(&self) -> impl Iterator<Item = (&str, &str)> {
        self.header.extra().filter_map(|(at, name)| self.value(at).map(|value| (name, value)))
    }

    fn value(&self, at: usize) -> Option<&str> {
        self.values.get(at).map(String::as_str).filter(|value| !value.is_empty())
    }
}
