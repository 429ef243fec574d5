//! The text of files that are text: decoded, without markup, in pieces that fit a row and an event.

mod markup;

use crate::media;
use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use markup::{Mail, Markup};

/// The most text of one piece, in bytes of UTF-8.
pub const PIECE_BYTES: usize = 256 << 10;
/// The most text of one version, in bytes of UTF-8; what follows is not searchable.
pub const TOTAL_BYTES: usize = 16 << 20;
/// How far back from a piece's end a blank is looked for, so that no word is cut.
const BLANK_WITHIN: usize = 4 << 10;
/// How many bytes the encoding is guessed from.
const SAMPLE_BYTES: usize = 16 << 10;

/// How the text is taken out of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// All of it is text.
    Plain,
    /// HTML: text between tags.
    Html,
    /// A message of electronic mail: headers and text, without what attachments are encoded in.
    Mail,
}

impl Form {
    /// The form of a media type; nothing when there is no reader for it.
    pub fn of(content_type: &str) -> Option<Self> {
        match media::essence(content_type) {
            "text/html" | "application/xhtml+xml" => Some(Self::Html),
            "message/rfc822" => Some(Self::Mail),
            "application/json" | "application/xml" | "application/x-ndjson" => Some(Self::Plain),
            kind if kind.starts_with("text/") => Some(Self::Plain),
            _ => None,
        }
    }
}

/// A text being read: bytes go in, pieces come out.
pub struct TextReader {
    told: Option<&'static Encoding>,
    decoder: Option<Decoder>,
    /// Bytes that wait until the encoding is known.
    sample: Vec<u8>,
    filter: Filter,
    text: String,
    total: usize,
    full: bool,
}

#[derive(Debug)]
enum Filter {
    Plain,
    Html(Markup),
    Mail(Mail),
}

impl std::fmt::Debug for TextReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextReader")
            .field("total", &self.total)
            .field("full", &self.full)
            .finish_non_exhaustive()
    }
}

impl TextReader {
    /// A reader of a file of this form. The encoding is that of a byte order mark, else the one told, else guessed:
    /// UTF-8 or UTF-16 if the bytes are such, else Windows-1252.
    pub fn new(form: Form, told: Option<&'static Encoding>) -> Self {
        let filter = match form {
            Form::Plain => Filter::Plain,
            Form::Html => Filter::Html(Markup::default()),
            Form::Mail => Filter::Mail(Mail::default()),
        };
        Self { told, decoder: None, sample: Vec::new(), filter, text: String::new(), total: 0, full: false }
    }

    /// Whether there was more text than is kept; no more need be put in.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Puts in the next bytes, at most 1 MiB at a time, and takes out pieces until there is none.
    pub fn put(&mut self, bytes: &[u8]) {
        if self.full {
            return;
        }
        if self.decoder.is_some() {
            return self.decode(bytes, false);
        }
        self.sample.extend_from_slice(bytes);
        if self.sample.len() >= SAMPLE_BYTES {
            self.start(false);
        }
    }

    /// The next whole piece.
    pub fn piece(&mut self) -> Option<String> {
        (self.text.len() > PIECE_BYTES).then(|| self.cut())
    }

    /// Says that no bytes follow. Take out whole pieces first; what comes back is the rest, and then nothing.
    pub fn finish(&mut self) -> Option<String> {
        if self.decoder.is_none() && !self.sample.is_empty() {
            self.start(false);
        }
        if self.decoder.is_some() {
            self.decode(&[], true);
            self.decoder = None;
            if let Filter::Mail(mail) = &mut self.filter {
                mail.finish(&mut self.text);
            }
        }
        match self.text.len() {
            0 => None,
            length if length > PIECE_BYTES => Some(self.cut()),
            _ => Some(std::mem::take(&mut self.text)),
        }
    }

    fn start(&mut self, last: bool) {
        let sample = std::mem::take(&mut self.sample);
        let encoding = match Encoding::for_bom(&sample) {
            Some((marked, _)) => marked,
            None => self.told.unwrap_or_else(|| guess(&sample)),
        };
        self.decoder = Some(encoding.new_decoder_with_bom_removal());
        self.decode(&sample, last);
    }

    fn decode(&mut self, bytes: &[u8], last: bool) {
        let mut rest = bytes;
        let mut decoded = String::with_capacity(SAMPLE_BYTES * 3);
        loop {
            let Some(decoder) = &mut self.decoder else { return };
            let (result, read, _) = decoder.decode_to_string(rest, &mut decoded, last);
            rest = rest.get(read..).unwrap_or_default();
            self.keep(&decoded);
            decoded.clear();
            if result == encoding_rs::CoderResult::InputEmpty || self.full {
                return;
            }
        }
    }

    fn keep(&mut self, decoded: &str) {
        let before = self.text.len();
        match &mut self.filter {
            Filter::Plain => self.text.extend(decoded.chars().map(printable)),
            Filter::Html(markup) => markup.read(decoded, &mut self.text),
            Filter::Mail(mail) => mail.read(decoded, &mut self.text),
        }
        self.total += self.text.len() - before;
        if self.total > TOTAL_BYTES {
            let surplus = self.total - TOTAL_BYTES;
            let kept = self.text.len().saturating_sub(surplus);
            self.text.truncate(self.text.floor_char_boundary(kept));
            self.total = TOTAL_BYTES;
            self.full = true;
        }
    }

    /// Cuts a piece off the front, behind a blank if there is one near.
    fn cut(&mut self) -> String {
        let end = self.text.floor_char_boundary(PIECE_BYTES);
        let from = self.text.floor_char_boundary(end.saturating_sub(BLANK_WITHIN));
        let blank = self.text.get(from..end).and_then(|tail| tail.rfind([' ', '\n', '\t']));
        let rest = self.text.split_off(blank.map_or(end, |at| from + at + 1));
        std::mem::replace(&mut self.text, rest)
    }
}

/// Control characters mean nothing in a search, and PostgreSQL takes no NUL.
fn printable(c: char) -> char {
    if c.is_control() && !matches!(c, '\n' | '\t') { ' ' } else { c }
}

/// UTF-16 of western text has a zero in every other byte, and no other encoding has any.
fn guess(sample: &[u8]) -> &'static Encoding {
    let zeros = |start: usize| sample.iter().skip(start).step_by(2).filter(|&&byte| byte == 0).count();
    let (high_first, low_first) = (zeros(0), zeros(1));
    if low_first > high_first && low_first * 5 > sample.len() {
        return UTF_16LE;
    }
    if high_first > low_first && high_first * 5 > sample.len() {
        return UTF_16BE;
    }
    match std::str::from_utf8(sample) {
        Err(error) if error.error_len().is_some() => WINDOWS_1252,
        _ => UTF_8,
    }
}
