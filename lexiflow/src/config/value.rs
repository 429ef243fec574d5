//! What a setting may hold: kinds, their ranges and units, and the reading of text into values.

use std::fmt;
use std::time::Duration;

/// One kibibyte in bytes.
pub(super) const KIB: u64 = 1024;
/// One mebibyte in bytes.
pub(super) const MIB: u64 = 1024 * KIB;
/// One gibibyte in bytes.
pub(super) const GIB: u64 = 1024 * MIB;
const TIB: u64 = 1024 * GIB;

/// One second in milliseconds.
pub(super) const SECOND: u64 = 1000;
/// One minute in milliseconds.
pub(super) const MINUTE: u64 = 60 * SECOND;
/// One hour in milliseconds.
pub(super) const HOUR: u64 = 60 * MINUTE;
/// One day in milliseconds.
pub(super) const DAY: u64 = 24 * HOUR;

/// A part of a whole in basis points (1/10,000), so that thresholds need no floating point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// The share in basis points, 0 to 10,000.
    pub fn basis_points(self) -> u32 {
        self.0
    }

    /// This share of `bytes`, rounded down.
    pub fn of(self, bytes: u64) -> u64 {
        let part = u128::from(bytes) * u128::from(self.0) / 10_000;
        u64::try_from(part).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}%"),
            (whole, part) => write!(f, "{whole}.{part:02}%"),
        }
    }
}

/// A text that must not be shown: its `Debug` and `Display` print a mask.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// What stands in the place of a secret.
pub(super) const MASK: &str = "********";

impl Secret {
    /// Hides `text`.
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(********)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// The unit of a plain number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// 1,024 bytes.
    Kibibytes,
    /// 1,048,576 bytes.
    Mebibytes,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days of 24 hours.
    Days,
}

impl Unit {
    /// How many bytes or milliseconds one unit is.
    const fn factor(self) -> u64 {
        match self {
            Self::Bytes | Self::Milliseconds => 1,
            Self::Kibibytes => KIB,
            Self::Mebibytes => MIB,
            Self::Seconds => SECOND,
            Self::Minutes => MINUTE,
            Self::Hours => HOUR,
            Self::Days => DAY,
        }
    }

    /// The unit's name in the plural.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Kibibytes => "KiB",
            Self::Mebibytes => "MiB",
            Self::Milliseconds => "milliseconds",
            Self::Seconds => "seconds",
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
        }
    }
}

/// A check of text, with the words that tell what it accepts.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What is accepted, for people.
    pub accepted: &'static str,
    /// Whether the text is accepted.
    pub check: fn(&str) -> bool,
}

/// What a setting may hold.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `true` or `false`, also `1/0`, `yes/no`, `on/off`.
    Flag,
    /// A whole number from `min` to `max`.
    Count {
        /// Least number.
        min: u64,
        /// Greatest number.
        max: u64,
        /// What is counted.
        unit: &'static str,
    },
    /// Bytes from `min` to `max`, and 0 when `or_zero`.
    Size {
        /// Least bytes.
        min: u64,
        /// Most bytes.
        max: u64,
        /// Unit of a plain number.
        unit: Unit,
        /// Whether 0 is accepted too, with a meaning of its own.
        or_zero: bool,
    },
    /// Milliseconds from `min` to `max`.
    Time {
        /// Least milliseconds.
        min: u64,
        /// Most milliseconds.
        max: u64,
        /// Unit of a plain number.
        unit: Unit,
    },
    /// A share above 0 and up to 1.
    Share,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Text that passes a rule.
    Text(Rule),
    /// Text that is never shown.
    Secret(Rule),
    /// The address of a database; its password is never shown.
    DatabaseUrl(Rule),
    /// Texts that each pass a rule.
    List(Rule),
}

/// A value that was read and is in range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Flag(bool),
    Count(u64),
    Size(u64),
    Time(Duration),
    Share(Share),
    Text(String),
    Secret(Secret),
    List(Vec<String>),
}

/// Why a text is not a value of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("is not a whole number")]
    NotANumber,
    #[error("is not a number with a known unit")]
    UnknownUnit,
    #[error("is out of range")]
    OutOfRange,
    #[error("is neither true nor false")]
    NotAFlag,
    #[error("is not a ratio or a percentage")]
    NotAShare,
    #[error("is a bare number above 1; write a ratio (0.75) or add the percent sign (75%)")]
    BarePercent,
    #[error("is not one of the known words")]
    NotAChoice,
    #[error("is not acceptable")]
    Rule,
    #[error("is a list where one value is expected")]
    UnexpectedList,
}

/// A value as a layer gives it: text, or the items of a TOML array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Raw {
    Text(String),
    Items(Vec<String>),
}

impl Kind {
    /// Reads `raw` as this kind.
    pub(super) fn read(&self, raw: &Raw) -> Result<Value, Refusal> {
        match (self, raw) {
            (Self::List(rule), Raw::Items(items)) => list(items.iter().map(String::as_str), rule),
            (Self::List(rule), Raw::Text(text)) => list(text.split(','), rule),
            (_, Raw::Items(_)) => Err(Refusal::UnexpectedList),
            (_, Raw::Text(text)) => self.read_text(text.trim()),
        }
    }

    fn read_text(&self, text: &str) -> Result<Value, Refusal> {
        match *self {
            Self::Flag => flag(text).map(Value::Flag),
            Self::Count { min, max, .. } => in_range(whole(text)?, min, max).map(Value::Count),
            Self::Size { min, max, unit, or_zero } => {
                let bytes = scaled(text, unit, size_factor)?;
                if or_zero && bytes == 0 {
                    return Ok(Value::Size(0));
                }
                in_range(bytes, min, max).map(Value::Size)
            }
            Self::Time { min, max, unit } => {
                let millis = in_range(scaled(text, unit, time_factor)?, min, max)?;
                Ok(Value::Time(Duration::from_millis(millis)))
            }
            Self::Share => share(text).map(Value::Share),
            Self::Choice(words) => {
                let known = words.iter().find(|word| word.eq_ignore_ascii_case(text));
                known.map(|word| Value::Text((*word).to_owned())).ok_or(Refusal::NotAChoice)
            }
            Self::Text(rule) => pass(text, &rule).map(|()| Value::Text(text.to_owned())),
            Self::Secret(rule) | Self::DatabaseUrl(rule) => {
                pass(text, &rule).map(|()| Value::Secret(Secret::new(text.to_owned())))
            }
            Self::List(ref rule) => list(text.split(','), rule),
        }
    }

    /// The accepted range, for people.
    pub fn accepted(&self) -> String {
        match *self {
            Self::Flag => "true or false".to_owned(),
            Self::Count { min, max, .. } => format!("{min} to {max}"),
            Self::Size { min, max, unit, or_zero } => format!(
                "{}{} to {}, plain number in {}",
                if or_zero { "0 or " } else { "" },
                show_size(min),
                show_size(max),
                unit.name()
            ),
            Self::Time { min, max, unit } => {
                format!("{} to {}, plain number in {}", show_time(min), show_time(max), unit.name())
            }
            Self::Share => "a ratio above 0 and up to 1, or a percentage such as 75%".to_owned(),
            Self::Choice(words) => words.join(", "),
            Self::Text(rule) | Self::Secret(rule) | Self::DatabaseUrl(rule) => rule.accepted.to_owned(),
            Self::List(rule) => format!("a list of {}", rule.accepted),
        }
    }

    /// The unit of a plain number, or what is counted; `-` for texts.
    pub fn unit(&self) -> &'static str {
        match *self {
            Self::Size { unit, .. } | Self::Time { unit, .. } => unit.name(),
            Self::Count { unit, .. } => unit,
            Self::Share => "ratio",
            _ => "-",
        }
    }

    /// Whether the value is hidden wherever it would be shown.
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(_) | Self::DatabaseUrl(_))
    }

    /// `raw` as it may be shown: secrets masked, long texts cut.
    pub(super) fn mask(&self, raw: &Raw) -> String {
        let text = match raw {
            Raw::Text(text) => text.clone(),
            Raw::Items(items) => items.join(","),
        };
        match self {
            _ if text.is_empty() => text,
            Self::Secret(_) => MASK.to_owned(),
            Self::DatabaseUrl(_) => mask_url(&text),
            _ => text.chars().take(200).collect(),
        }
    }
}

impl Value {
    /// The value as `config print` shows it; reading the shown text gives the value again, except for secrets.
    pub(super) fn show(&self, kind: &Kind) -> String {
        match self {
            Self::Flag(flag) => flag.to_string(),
            Self::Count(count) => count.to_string(),
            Self::Size(0) => "0".to_owned(),
            Self::Size(bytes) => show_size(*bytes),
            Self::Time(time) => show_time(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            Self::Share(share) => share.to_string(),
            Self::Text(text) => text.clone(),
            Self::Secret(secret) => kind.mask(&Raw::Text(secret.reveal().to_owned())),
            Self::List(items) => items.join(","),
        }
    }
}

/// Hides the password of a database address; an address that cannot be read is hidden whole.
fn mask_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url.starts_with("sqlite:") { url.to_owned() } else { MASK.to_owned() };
    };
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, query)| (rest, query));
    if query.contains('@') && !rest.contains('@') {
        // An unescaped `?` in the password: what looks like a place is part of it.
        return format!("{scheme}://{MASK}");
    }
    let query = if query.is_empty() { String::new() } else { format!("?{MASK}") };
    // The last `@` counts, so that a password with an unescaped `@` or `/` is hidden to its end.
    match rest.rsplit_once('@') {
        None => format!("{scheme}://{rest}{query}"),
        Some((login, place)) => {
            let user = login.split(':').next().unwrap_or_default();
            let password = if login.contains(':') { format!(":{MASK}") } else { String::new() };
            format!("{scheme}://{user}{password}@{place}{query}")
        }
    }
}

fn pass(text: &str, rule: &Rule) -> Result<(), Refusal> {
    if (rule.check)(text) { Ok(()) } else { Err(Refusal::Rule) }
}

/// Reads a list; blank items are left out.
fn list<'a>(items: impl Iterator<Item = &'a str>, rule: &Rule) -> Result<Value, Refusal> {
    let items: Vec<String> =
        items.map(str::trim).filter(|item| !item.is_empty()).map(ToOwned::to_owned).collect();
    for item in &items {
        pass(item, rule)?;
    }
    Ok(Value::List(items))
}

fn flag(text: &str) -> Result<bool, Refusal> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(Refusal::NotAFlag),
    }
}

/// Digits only, with `_` between them allowed as in TOML; no sign.
fn whole(text: &str) -> Result<u64, Refusal> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::NotANumber);
    }
    digits.parse().map_err(|_| Refusal::OutOfRange)
}

fn in_range(number: u64, min: u64, max: u64) -> Result<u64, Refusal> {
    if (min..=max).contains(&number) { Ok(number) } else { Err(Refusal::OutOfRange) }
}

/// A number with a unit behind it, or a plain number in `plain` units.
fn scaled(text: &str, plain: Unit, factor_of: fn(&str) -> Option<u64>) -> Result<u64, Refusal> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    let number = whole(digits)?;
    let factor = match suffix.trim() {
        "" => plain.factor(),
        suffix => factor_of(&suffix.to_ascii_lowercase()).ok_or(Refusal::UnknownUnit)?,
    };
    number.checked_mul(factor).ok_or(Refusal::OutOfRange)
}

/// Sizes are binary throughout: `mb` means what it means in the first LexiFlow's limits, 1,048,576 bytes.
fn size_factor(suffix: &str) -> Option<u64> {
    match suffix {
        "b" | "byte" | "bytes" => Some(1),
        "k" | "kb" | "kib" => Some(KIB),
        "m" | "mb" | "mib" => Some(MIB),
        "g" | "gb" | "gib" => Some(GIB),
        "t" | "tb" | "tib" => Some(TIB),
        _ => None,
    }
}

fn time_factor(suffix: &str) -> Option<u64> {
    match suffix {
        "ms" => Some(1),
        "s" | "sec" => Some(SECOND),
        "m" | "min" => Some(MINUTE),
        "h" => Some(HOUR),
        "d" => Some(DAY),
        _ => None,
    }
}

fn share(text: &str) -> Result<Share, Refusal> {
    let points = match text.strip_suffix('%') {
        Some(percent) => decimal(percent.trim_end(), 2)?,
        None => match decimal(text, 4)? {
            points if points > 10_000 => return Err(Refusal::BarePercent),
            points => points,
        },
    };
    match u32::try_from(points) {
        Ok(points @ 1..=10_000) => Ok(Share(points)),
        _ => Err(Refusal::OutOfRange),
    }
}

/// A decimal number times ten to the power of `places`, exactly; more decimals than that are refused.
fn decimal(text: &str, places: usize) -> Result<u64, Refusal> {
    let (whole_part, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let fraction = fraction.trim_end_matches('0');
    if text.is_empty() || text == "." || !digits(whole_part) || !digits(fraction) || fraction.len() > places {
        return Err(Refusal::NotAShare);
    }
    format!("0{whole_part}{fraction:0<places$}").parse().map_err(|_| Refusal::OutOfRange)
}

fn show_size(bytes: u64) -> String {
    show_in(bytes, &[(TIB, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")], "B")
}

fn show_time(millis: u64) -> String {
    show_in(millis, &[(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")], "ms")
}

/// The number in the largest unit that divides it.
fn show_in(number: u64, units: &[(u64, &str)], smallest: &str) -> String {
    let unit = units.iter().find(|(factor, _)| number >= *factor && number.is_multiple_of(*factor));
    match unit {
        Some((factor, name)) => format!("{}{name}", number / factor),
        None => format!("{number}{smallest}"),
    }
}
