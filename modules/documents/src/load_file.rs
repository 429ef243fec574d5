//! Reads the load file of an e-discovery production: one row for each document, as Concordance and its kin write it.
//!
//! Nobody keeps to one form, so the reader looks before it reads: the encoding (UTF-8, UTF-16, Windows-1252, with or
//! without a byte order mark) and the delimiters (from the header line) are found in the first 64 KiB, or told.
//! Rows come one at a time; a bad row is a fault with its row and line number and never stops the others. What is
//! held is the sample, one row (at most 4 MiB of text) and the header.

mod bates;
mod check;
mod dates;
mod decode;
mod fault;
mod field;
mod format;
mod parse;
mod path;
mod row;

pub use bates::{Bates, BatesFault};
pub use check::{Checker, Finding, FindingCode};
pub use dates::{DateFault, When, parse_when};
pub use fault::{LoadFileFault, RowCode, RowFault};
pub use field::{Field, Header};
pub use format::{Delimiters, Encoding, Format};
pub use path::{PathFault, resolve};
pub use row::LoadRow;

use format::Sampled;
use parse::Rows;
use std::{io::Read, sync::Arc};

/// The most columns of a load file.
pub const MAX_COLUMNS: usize = 1_000;
/// The most text of one row, in bytes of UTF-8.
pub const MAX_ROW_BYTES: usize = 4 << 20;

/// What is told instead of found out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// The encoding.
    pub encoding: Option<Encoding>,
    /// The delimiters.
    pub delimiters: Option<Delimiters>,
}

/// An open load file: an iterator over its rows.
pub struct LoadFile<R> {
    rows: Rows<Sampled<R>>,
    header: Arc<Header>,
    format: Format,
}

impl<R: Read> LoadFile<R> {
    /// Finds out the format and reads the header.
    pub fn open(source: R, told: &Told) -> Result<Self, LoadFileFault> {
        let (source, format) = format::detect(source, told)?;
        let mut rows = Rows::new(source, format.delimiters);
        let names = rows.header()?;
        let header = Arc::new(Header::new(names)?);
        rows.set_columns(header.names().len());
        Ok(Self { rows, header, format })
    }

    /// The columns.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What the file was found to be.
    pub fn format(&self) -> Format {
        self.format
    }
}

impl<R: Read> Iterator for LoadFile<R> {
    type Item = Result<LoadRow, RowFault>;

    /// The next row, or why it cannot be read. After [`RowCode::Unreadable`] there are no more.
    fn next(&mut self) -> Option<Self::Item> {
        let parsed = self.rows.next_row()?;
        Some(parsed.map(|parsed| LoadRow::new(Arc::clone(&self.header), parsed)))
    }
}
