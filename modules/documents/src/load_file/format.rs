use super::{LoadFileFault, Told, decode::Decoded};
use std::io::{Cursor, Read};

const SAMPLE_BYTES: u64 = 64 * 1024;

/// How the file's bytes are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Windows-1252, a byte for each character.
    Windows1252,
}

/// What parts the fields of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiters {
    /// Between two fields.
    pub field: char,
    /// Round a field.
    pub quote: char,
    /// Stands for a line end within a field.
    pub newline: Option<char>,
}

impl Delimiters {
    /// Concordance: field 0x14, quote `þ` (0xFE), newline `®` (0xAE).
    pub const CONCORDANCE: Self = Self { field: '\u{14}', quote: 'þ', newline: Some('®') };
    /// Comma-separated values (RFC 4180).
    pub const CSV: Self = Self { field: ',', quote: '"', newline: None };

    /// Whether a quoted field may go on over a line end (RFC 4180, 2.6) and doubles a quote within (2.7).
    pub(super) fn is_csv(self) -> bool {
        self.quote == '"'
    }

    fn with_marks(field: char, quote: char) -> Self {
        Self { field, quote, newline: (quote != '"').then_some('®') }
    }
}

/// What a load file was found, or told, to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// The encoding.
    pub encoding: Encoding,
    /// The delimiters.
    pub delimiters: Delimiters,
}

/// A source with its first bytes put back.
pub(super) type Sampled<R> = std::io::Chain<Cursor<Vec<u8>>, R>;

/// Looks at the first 64 KiB; what comes back reads the file from its start, without its byte order mark.
pub(super) fn detect<R: Read>(
    mut source: R,
    told: &Told,
) -> Result<(Decoded<Sampled<R>>, Format), LoadFileFault> {
    let mut sample = Vec::new();
    source.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(LoadFileFault::Io)?;
    let (marked, mark_bytes) = byte_order_mark(&sample);
    let encoding = told.encoding.or(marked).unwrap_or_else(|| guess_encoding(&sample));
    if marked == Some(encoding) {
        sample.drain(..mark_bytes);
    }
    let delimiters = match told.delimiters {
        Some(told) => told,
        None => guess_delimiters(&first_line(&sample, encoding)?),
    };
    let is_line_end = |c: char| c == '\n' || c == '\r';
    if delimiters.field == delimiters.quote || is_line_end(delimiters.field) || is_line_end(delimiters.quote)
    {
        return Err(LoadFileFault::Delimiters);
    }
    Ok((Decoded::new(Cursor::new(sample).chain(source), encoding), Format { encoding, delimiters }))
}

fn byte_order_mark(sample: &[u8]) -> (Option<Encoding>, usize) {
    match sample {
        [0xEF, 0xBB, 0xBF, ..] => (Some(Encoding::Utf8), 3),
        [0xFF, 0xFE, ..] => (Some(Encoding::Utf16Le), 2),
        [0xFE, 0xFF, ..] => (Some(Encoding::Utf16Be), 2),
        _ => (None, 0),
    }
}

/// UTF-16 of western text has a zero in every other byte, and no other encoding has any.
fn guess_encoding(sample: &[u8]) -> Encoding {
    let zeros = |start: usize| sample.iter().skip(start).step_by(2).filter(|&&byte| byte == 0).count();
    let (high_first, low_first) = (zeros(0), zeros(1));
    if low_first > high_first && low_first * 5 > sample.len() {
        return Encoding::Utf16Le;
    }
    if high_first > low_first && high_first * 5 > sample.len() {
        return Encoding::Utf16Be;
    }
    match std::str::from_utf8(sample) {
        Err(error) if error.error_len().is_some() => Encoding::Windows1252,
        // A character cut off by the sample's end is no fault, by the file's end it is.
        Err(_) if (sample.len() as u64) < SAMPLE_BYTES => Encoding::Windows1252,
        _ => Encoding::Utf8,
    }
}

fn first_line(sample: &[u8], encoding: Encoding) -> Result<String, LoadFileFault> {
    let mut decoded = Decoded::new(sample, encoding);
    let mut line = String::new();
    while let Some(unit) = decoded.next_unit().map_err(LoadFileFault::Io)? {
        match unit {
            Some('\n') if line.is_empty() => {}
            Some('\n') => break,
            unit => line.push(unit.unwrap_or(char::REPLACEMENT_CHARACTER)),
        }
    }
    Ok(line)
}

/// The header begins with the quote, if there is one, and what follows the next quote is the field delimiter. Without
/// quotes, the delimiter is the one that stands in the header most often.
fn guess_delimiters(line: &str) -> Delimiters {
    let mut characters = line.chars();
    if let Some(quote) = characters.next().filter(|c| ['þ', 'ÿ', '"', '^', '~', '|', '\''].contains(c)) {
        let behind = characters.as_str().split_once(quote).and_then(|(_, rest)| rest.chars().next());
        let usual = if quote == '"' { ',' } else { '\u{14}' };
        let field =
            behind.filter(|&c| c != quote && !c.is_alphanumeric() || c == 'þ' || c == 'ÿ').unwrap_or(usual);
        return Delimiters::with_marks(if field == quote { usual } else { field }, quote);
    }
    let count = |delimiter: char| line.chars().filter(|&c| c == delimiter).count();
    let quote_of = [('\u{14}', 'þ'), ('þ', 'ÿ'), ('|', '^'), ('^', '|'), ('\t', '"'), (';', '"'), (',', '"')];
    let best =
        quote_of.into_iter().max_by_key(|&(field, _)| count(field)).filter(|&(field, _)| count(field) > 0);
    best.map_or(Delimiters::CSV, |(field, quote)| Delimiters::with_marks(field, quote))
}
