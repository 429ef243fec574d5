use std::fmt::Write as _;
use std::str::FromStr;

/// How a firm numbers its cases: `{YYYY}-{practice}-{seq:5}` gives `2026-LIT-00042`.
///
/// `{seq}` or `{seq:n}` (padded to `n` digits) must stand in it once: it runs through the firm's life and never starts
/// again, so that numbers stay apart whatever else the template says. `{YYYY}` is the year of opening, `{practice}`
/// the first letters of the practice area. Everything else stands for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberTemplate {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Year,
    Practice,
    Sequence(usize),
}

/// Why a template gives no numbers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// It is longer than [`NumberTemplate::MAX_CHARS`], or holds control characters.
    #[error("write a template of at most 60 printable characters")]
    Text,
    /// A brace is not closed, or holds what is not known.
    #[error("`{{{0}}}` is not known in a template: use {{YYYY}}, {{practice}}, {{seq}} or {{seq:5}}")]
    Field(String),
    /// There is not exactly one running number.
    #[error("write {{seq}} or {{seq:5}} exactly once: without it two cases would share a number")]
    Sequence,
}

impl NumberTemplate {
    /// What a firm uses until it chooses otherwise.
    pub const DEFAULT: &'static str = "{YYYY}-{seq:5}";
    /// The longest template, in characters.
    pub const MAX_CHARS: usize = 60;
    /// The longest practice code in a number, in characters.
    pub const PRACTICE_CHARS: usize = 4;

    /// The text as the firm wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The number of the case that is the firm's `seq`th, opened in `year`.
    pub fn number(&self, year: i32, practice: Option<&str>, seq: i64) -> String {
        let mut number = String::with_capacity(16);
        for part in &self.parts {
            // Writing to a String cannot fail.
            let _written = match part {
                Part::Text(text) => number.write_str(text),
                Part::Year => write!(number, "{year:04}"),
                Part::Practice => number.write_str(&practice_code(practice)),
                Part::Sequence(width) => write!(number, "{seq:0width$}"),
            };
        }
        number
    }
}

/// The first letters and digits of a practice area in capitals; `GEN` where there is none.
fn practice_code(practice: Option<&str>) -> String {
    let letters = practice.unwrap_or_default().chars().filter(|c| c.is_alphanumeric());
    let code: String = letters.flat_map(char::to_uppercase).take(NumberTemplate::PRACTICE_CHARS).collect();
    if code.is_empty() { "GEN".to_owned() } else { code }
}

impl FromStr for NumberTemplate {
    type Err = TemplateFault;

    fn from_str(text: &str) -> Result<Self, TemplateFault> {
        let text = text.trim();
        if text.chars().count() > Self::MAX_CHARS || text.chars().any(char::is_control) {
            return Err(TemplateFault::Text);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (field, after) =
                after.split_once('}').ok_or_else(|| TemplateFault::Field(after.to_owned()))?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(field.parse()?);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let sequences = parts.iter().filter(|part| matches!(part, Part::Sequence(_))).count();
        if sequences == 1 { Ok(Self { text: text.to_owned(), parts }) } else { Err(TemplateFault::Sequence) }
    }
}

impl FromStr for Part {
    type Err = TemplateFault;

    fn from_str(field: &str) -> Result<Self, TemplateFault> {
        match field.split_once(':') {
            None if field == "YYYY" => Ok(Self::Year),
            None if field == "practice" => Ok(Self::Practice),
            None if field == "seq" => Ok(Self::Sequence(1)),
            Some(("seq", width)) => match width.parse() {
                Ok(width @ 1..=12) => Ok(Self::Sequence(width)),
                _ => Err(TemplateFault::Field(field.to_owned())),
            },
            _ => Err(TemplateFault::Field(field.to_owned())),
        }
    }
}
