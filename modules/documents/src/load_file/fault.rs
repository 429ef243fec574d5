/// Why a load file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadFileFault {
    /// No header.
    #[error("the load file is empty: its first row must name the columns")]
    Empty,
    /// More columns than are read.
    #[error("the header names more than {limit} columns: check the delimiters, or split the file")]
    TooManyColumns {
        /// The most.
        limit: usize,
    },
    /// The header is not a row.
    #[error("the header cannot be read ({code}): tell the encoding and the delimiters")]
    Header {
        /// Why.
        code: RowCode,
    },
    /// Field and quote are the same, or a line end.
    #[error("field and quote must be two different characters, and no line ends")]
    Delimiters,
    /// The file could not be read.
    #[error("the load file could not be read: check the disk and the file's permissions")]
    Io(#[source] std::io::Error),
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowCode {
    /// More or fewer fields than the header names.
    WrongColumnCount,
    /// A quoted field that never ends, or goes on behind its closing quote.
    UnterminatedQuote,
    /// Bytes that the encoding does not have.
    InvalidEncoding,
    /// A row without a value.
    EmptyRow,
    /// More text than [`super::MAX_ROW_BYTES`].
    RowTooLong,
    /// The disk or the connection failed; no rows follow.
    Unreadable,
}

impl RowCode {
    /// The name in reports, which stays the same.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WrongColumnCount => "wrong_column_count",
            Self::UnterminatedQuote => "unterminated_quote",
            Self::InvalidEncoding => "invalid_encoding",
            Self::EmptyRow => "empty_row",
            Self::RowTooLong => "row_too_long",
            Self::Unreadable => "unreadable",
        }
    }
}

impl std::fmt::Display for RowCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {row} (line {line}): {}", self.advice())]
pub struct RowFault {
    /// Counted from 1 behind the header; blank lines between rows count.
    pub row: u64,
    /// The line of the file where the row begins, counted from 1.
    pub line: u64,
    /// What is wrong.
    pub code: RowCode,
    /// The fields that were found.
    pub found: usize,
    /// The fields that the header names.
    pub expected: usize,
}

impl RowFault {
    fn advice(&self) -> String {
        match self.code {
            RowCode::WrongColumnCount => {
                format!(
                    "{} fields where the header names {}: check the delimiters",
                    self.found, self.expected
                )
            }
            RowCode::UnterminatedQuote => "a quoted field does not end: add the closing quote".to_owned(),
            RowCode::InvalidEncoding => {
                "bytes that the file's encoding does not have: save it as UTF-8".to_owned()
            }
            RowCode::EmptyRow => "no value in the row: remove it".to_owned(),
            RowCode::RowTooLong => {
                format!("more than {} bytes: put the text in a file", super::MAX_ROW_BYTES)
            }
            RowCode::Unreadable => "the file could not be read further: check the disk".to_owned(),
        }
    }
}
