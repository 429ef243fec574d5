/// How long tasks stalled for want of memory (Linux `Documentation/accounting/psi.rst`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pressure {
    /// Share of the last ten seconds in which at least one task stalled, in hundredths of a percent.
    pub some_avg10_hundredths: u32,
    /// Share of the last ten seconds in which all tasks stalled, in hundredths of a percent.
    pub full_avg10_hundredths: u32,
    /// Time in which at least one task stalled since the start, in microseconds.
    pub some_total_micros: u64,
    /// Whether it is the control group's own, and not the whole machine's.
    pub is_own: bool,
}

impl Pressure {
    /// Reads the text of a pressure file; `None` when it has no `some` line.
    pub fn parse(text: &str) -> Option<Self> {
        let some = text.lines().find(|line| line.starts_with("some "))?;
        let full = text.lines().find(|line| line.starts_with("full ")).unwrap_or("");
        Some(Self {
            some_avg10_hundredths: field(some, "avg10=").and_then(hundredths)?,
            full_avg10_hundredths: field(full, "avg10=").and_then(hundredths).unwrap_or(0),
            some_total_micros: field(some, "total=").and_then(|value| value.parse().ok()).unwrap_or(0),
            is_own: false,
        })
    }
}

fn field<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split_whitespace().find_map(|word| word.strip_prefix(key))
}

/// `12.34` as 1234, without a float.
fn hundredths(value: &str) -> Option<u32> {
    let (whole, part) = value.split_once('.').unwrap_or((value, "0"));
    let part = match part.len() {
        1 => part.parse::<u32>().ok()?.checked_mul(10)?,
        _ => part.get(..2)?.parse().ok()?,
    };
    whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(part)
}
