//! `Content-Disposition` of answers (RFC 6266).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 8187 does not let stand as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Whether a browser shows the file or saves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It saves it.
    Attachment,
    /// It shows it.
    Inline,
}

impl Disposition {
    /// The header's value, visible ASCII only: a plain name for old clients and, where that is not the whole name, the
    /// name in UTF-8 (RFC 6266, 4.3 and appendix D).
    pub fn header(self, file_name: &str) -> String {
        let kind = match self {
            Self::Attachment => "attachment",
            Self::Inline => "inline",
        };
        let plain: String = file_name.chars().map(plain).collect();
        if plain == file_name {
            return format!("{kind}; filename=\"{plain}\"");
        }
        let whole = utf8_percent_encode(file_name, ESCAPED);
        format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{whole}")
    }
}

/// Quotes and back slashes would need escapes that some clients do not read; `%` is decoded by some that should not.
fn plain(c: char) -> char {
    match c {
        '"' | '\\' | '%' => '_',
        ' '..='~' => c,
        _ => '_',
    }
}
