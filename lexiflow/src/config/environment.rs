//! The process environment and `.env` files as lists of names and values.

use std::fmt;

/// Names and values of an environment, injected so that tests need no process globals.
#[derive(Clone, Default)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// The environment of this process: the one place of the server that asks for it. Names and values that are
    /// not UTF-8 are read with replacement characters, and so refused where they are used.
    pub fn from_process() -> Self {
        std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect()
    }

    /// The value of one name, for what is no setting.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// All pairs in their order.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

/// Values may be secrets: only the number of names is shown.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} names)", self.0.len())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Why a line of a `.env` file cannot be read. The line's text is left out: it may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum LineFault {
    #[error("line {0} has no `=` between a name and a value")]
    NoAssignment(usize),
    #[error("line {0} begins with something that is not a name of letters, digits and `_`")]
    BadName(usize),
    #[error("line {0} opens a quote and does not close it")]
    OpenQuote(usize),
    #[error("line {0} has text behind its closing quote")]
    AfterQuote(usize),
}

/// What a `.env` file says: the pairs in order of first appearance, the names given twice, and the bad lines.
#[derive(Debug, Default)]
pub(super) struct DotEnv {
    pub(super) pairs: Vec<(String, String)>,
    pub(super) repeated: Vec<String>,
    pub(super) faults: Vec<LineFault>,
}

/// Reads a `.env` file: `NAME=value`, with `export `, blanks, `#` comments, single and double quotes, CRLF and a
/// byte-order mark. Nothing is expanded. The last of two lines for one name counts, as in a shell.
pub(super) fn read_dotenv(text: &str) -> DotEnv {
    let mut file = DotEnv::default();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        match read_line(line, index + 1) {
            Ok(None) => {}
            Ok(Some((name, value))) => match file.pairs.iter_mut().find(|(known, _)| *known == name) {
                None => file.pairs.push((name, value)),
                Some(pair) => {
                    pair.1 = value;
                    file.repeated.push(name);
                }
            },
            Err(fault) => file.faults.push(fault),
        }
    }
    file
}

fn read_line(line: &str, number: usize) -> Result<Option<(String, String)>, LineFault> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let (name, value) = line.split_once('=').ok_or(LineFault::NoAssignment(number))?;
    let name = name.trim_end();
    let sane = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
    if !sane {
        return Err(LineFault::BadName(number));
    }
    Ok(Some((name.to_owned(), read_value(value.trim_start(), number)?)))
}

fn read_value(text: &str, number: usize) -> Result<String, LineFault> {
    let Some(quote @ ('"' | '\'')) = text.chars().next() else {
        return Ok(unquoted(text).to_owned());
    };
    let mut value = String::new();
    let mut rest = text[1..].chars();
    loop {
        match rest.next() {
            None => return Err(LineFault::OpenQuote(number)),
            Some(c) if c == quote => break,
            Some('\\') if quote == '"' => match rest.next() {
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some('t') => value.push('\t'),
                Some(c @ ('"' | '\\' | '$')) => value.push(c),
                Some(c) => value.extend(['\\', c]),
                None => return Err(LineFault::OpenQuote(number)),
            },
            Some(c) => value.push(c),
        }
    }
    match rest.as_str().trim_start() {
        "" => Ok(value),
        comment if comment.starts_with('#') => Ok(value),
        _ => Err(LineFault::AfterQuote(number)),
    }
}

/// A bare value ends at a `#` that stands at its start or behind a blank; a `#` inside a word belongs to it.
fn unquoted(text: &str) -> &str {
    let comment = text.char_indices().find(|&(at, c)| {
        c == '#' && (at == 0 || text[..at].ends_with(|before: char| before.is_whitespace()))
    });
    comment.map_or(text, |(at, _)| &text[..at]).trim_end()
}
