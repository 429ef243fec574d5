use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

/// A sample's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A whole number, exact to the last digit.
    Whole(u64),
    /// A whole number that may be below zero, such as a difference.
    Signed(i64),
    /// A fraction, such as seconds.
    Real(f64),
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => write!(f, "{number}"),
            Self::Signed(number) => write!(f, "{number}"),
            Self::Real(number) if number.is_nan() => f.write_str("NaN"),
            Self::Real(number) if number.is_infinite() => {
                f.write_str(if number.is_sign_positive() { "+Inf" } else { "-Inf" })
            }
            Self::Real(number) => write!(f, "{number}"),
        }
    }
}

/// Where a collector writes its families. The text is OpenMetrics; the older format is made from it.
#[derive(Debug)]
pub struct Exposition {
    out: String,
    // bounded: the metrics of the program, while one answer is written.
    families: BTreeSet<String>,
}

/// One family that is being written.
#[derive(Debug)]
pub struct Family<'e> {
    out: &'e mut String,
    /// The name of its samples; none when the family is left out.
    sample: Option<String>,
}

impl Exposition {
    /// Goes on behind `out`, whose families are known by their `# TYPE` lines.
    pub(crate) fn behind(out: String) -> Self {
        let named = out.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
        let families = named.map(ToOwned::to_owned).collect();
        Self { out, families }
    }

    pub(crate) fn into_text(self) -> String {
        self.out
    }

    /// Whether a family of this name is written already.
    pub fn has(&self, name: &str) -> bool {
        self.families.contains(name)
    }

    /// Begins a gauge. A family may be written once: a second one of the same name, or one whose name is not of
    /// letters, digits, `_` and `:`, is left out, so that one faulty collector does not spoil the whole page.
    pub fn gauge(&mut self, name: &str, help: &str) -> Family<'_> {
        self.family(name, "", "gauge", help)
    }

    /// Begins a counter; `name` goes without `_total`.
    pub fn counter(&mut self, name: &str, help: &str) -> Family<'_> {
        self.family(name, "_total", "counter", help)
    }

    /// Writes a summary without quantiles: how much in all, and how often.
    pub fn summary(&mut self, name: &str, help: &str, sum: impl Into<Number>, count: u64) {
        let mut family = self.family(name, "_sum", "summary", help);
        family.value(sum);
        if family.sample.is_some() {
            family.sample = Some(format!("{name}_count"));
            family.value(count);
        }
    }

    fn family(&mut self, name: &str, suffix: &str, kind: &str, help: &str) -> Family<'_> {
        let sane = is_name(name) && self.families.insert(name.to_owned());
        if !sane {
            tracing::warn!(family = name, "a metric family is left out: its name is bad or used already");
            return Family { out: &mut self.out, sample: None };
        }
        // Neither format needs escapes for a text without line breaks, backslashes and double quotes.
        let help: String = help
            .chars()
            .map(|c| match c {
                '\n' | '\r' => ' ',
                '\\' => '/',
                '"' => '\'',
                c => c,
            })
            .collect();
        self.out.extend(["# HELP ", name, " ", &help, "\n# TYPE ", name, " ", kind, "\n"]);
        Family { out: &mut self.out, sample: Some(format!("{name}{suffix}")) }
    }
}

impl Family<'_> {
    /// Writes one sample; a label whose name is bad is left out.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl Into<Number>) -> &mut Self {
        let Some(name) = &self.sample else { return self };
        self.out.push_str(name);
        let mut before = '{';
        for (label, text) in labels.iter().filter(|(label, _)| is_name(label) && !label.contains(':')) {
            self.out.push(before);
            self.out.push_str(label);
            self.out.push_str("=\"");
            for c in text.chars() {
                match c {
                    '\\' => self.out.push_str("\\\\"),
                    '"' => self.out.push_str("\\\""),
                    '\n' => self.out.push_str("\\n"),
                    c => self.out.push(c),
                }
            }
            self.out.push('"');
            before = ',';
        }
        if before == ',' {
            self.out.push('}');
        }
        // Writing to a String cannot fail.
        let _infallible = writeln!(self.out, " {}", value.into());
        self
    }

    /// Writes the one sample of a family without labels.
    pub fn value(&mut self, value: impl Into<Number>) {
        self.sample(&[], value);
    }
}

fn is_name(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
    first && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
}
