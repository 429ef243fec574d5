use super::{CourtIdFault, guard::Trip};

/// Why a file gives no docket. Messages never quote a person's data beyond the faulty value itself.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    /// The file is blank, or an object without any member of a docket.
    #[error("the file holds no docket: fetch the docket again and import the new file")]
    Empty,
    /// Not JSON at all, from this place on.
    #[error("not valid JSON at line {line}, column {column} ({reason}): export the docket again")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// The parser's words.
        reason: String,
    },
    /// The text ends before its object does.
    #[error("the file is cut off at line {line}, column {column}: copy or export it again")]
    Truncated {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// A known member has another type than it should, or stands twice.
    #[error("`{path}` does not fit ({reason}): correct the file or export the docket again")]
    Shape {
        /// Where, such as `docket_entries[3].description`.
        path: String,
        /// What was found and what is expected.
        reason: String,
    },
    /// A member that every docket, party or entry has is absent or empty.
    #[error("`{path}` is missing: {}", why_needed(path))]
    Missing {
        /// Which.
        path: String,
    },
    /// The court's id is not written as court ids are.
    #[error("`court_id` {0}")]
    Court(#[source] CourtIdFault),
    /// A date that is not one.
    #[error("`{path}` {fault}")]
    Date {
        /// Where.
        path: String,
        /// Why.
        #[source]
        fault: DateFault,
    },
    /// More bytes than are read.
    #[error("the file is larger than {limit} bytes: split the docket into smaller exports")]
    TooLarge {
        /// Bytes.
        limit: u64,
    },
    /// Lists and objects inside one another, deeper than any docket.
    #[error("lists and objects are nested deeper than {limit}: this is no docket")]
    TooDeep {
        /// Levels.
        limit: u32,
    },
    /// Too many of something.
    #[error("the file holds more than {limit} {what}: split the docket into smaller exports")]
    TooMany {
        /// In the plural.
        what: &'static str,
        /// The largest number that is read.
        limit: u64,
    },
    /// One text is too long.
    #[error("`{path}` is longer than {limit} bytes: shorten it in the file")]
    TextTooLong {
        /// Where.
        path: String,
        /// Bytes.
        limit: usize,
    },
    /// A file of many dockets goes on no further.
    #[error("{0}; the dockets before this place were read")]
    Series(#[source] streaming::JsonFault),
    /// The file could not be read.
    #[error("the file could not be read: check the disk and the file's permissions")]
    Io(#[source] std::io::Error),
}

fn why_needed(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        None => "a docket is known by its court and its number",
        Some((_, "name")) => {
            "a party is known by its name; export the docket again, or remove the party from the file"
        }
        Some((_, "date_filed")) => {
            "an entry stands on the docket by its date; export the docket again, or remove the entry from the file"
        }
        Some(_) => "export the docket again",
    }
}

/// A text that is not a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a date of the calendar: `{given}`; write it as YYYY-MM-DD")]
pub struct DateFault {
    /// The text, at most 40 characters of it.
    pub given: String,
}

impl ReadFault {
    /// A short name that stays the same, for reports and counters.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "docket_empty",
            Self::NotJson { .. } => "docket_not_json",
            Self::Truncated { .. } => "docket_truncated",
            Self::Shape { .. } => "docket_wrong_type",
            Self::Missing { .. } => "docket_member_missing",
            Self::Court(_) => "docket_court_invalid",
            Self::Date { .. } => "docket_date_invalid",
            Self::TooLarge { .. } => "docket_too_large",
            Self::TooDeep { .. } => "docket_too_deep",
            Self::TooMany { .. } => "docket_too_many",
            Self::TextTooLong { .. } => "docket_text_too_long",
            Self::Series(_) => "docket_series_broken",
            Self::Io(_) => "docket_unreadable",
        }
    }

    pub(super) fn from_parser(path: &str, error: serde_json::Error) -> Self {
        use serde_json::error::Category;
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Eof => Self::Truncated { line, column },
            Category::Syntax => Self::NotJson { line, column, reason: without_place(&error) },
            Category::Data => Self::Shape { path: path.to_owned(), reason: without_place(&error) },
            Category::Io => Self::from_io(error.into()),
        }
    }

    fn from_io(error: std::io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Trip>()) {
            Some(&Trip::Bytes(limit)) => Self::TooLarge { limit },
            Some(&Trip::Depth(limit)) => Self::TooDeep { limit },
            Some(&Trip::Objects(limit)) => Self::TooMany { what: "objects", limit },
            Some(&Trip::Values(limit)) => Self::TooMany { what: "values", limit },
            None => Self::Io(error),
        }
    }
}

/// The parser's words without its own line and column, and without a long quotation from the file.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let short: String = text.chars().take(160).collect();
    short.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
