use chrono::{NaiveDate, NaiveTime};

/// A date, and its time where the file gives one. Load files rarely say in which zone; it is kept as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct When {
    /// The date.
    pub date: NaiveDate,
    /// The time of day.
    pub time: Option<NaiveTime>,
}

/// A text that is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DateFault {
    /// Written as a date, but no calendar or clock has it, such as 2/29/2021, 13/01/2021 or 25:00.
    #[error("no calendar has the date `{given}`: correct it in the load file")]
    Impossible {
        /// At most 40 characters of the text.
        given: String,
    },
    /// Not written as a date.
    #[error("cannot read the date `{given}`: write it as 2014-11-17, 11/17/2014 or 2014 November 17")]
    Unreadable {
        /// At most 40 characters of the text.
        given: String,
    },
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Reads `2014-11-17`, `20141117`, `11/17/2014` (month first, as American productions write), `2014 November 17`,
/// `November 17, 2014` and `17 Nov 2014`, each with or without a time such as `15:04`, `15:04:05` or `3:04 PM`.
pub fn parse_when(text: &str) -> Result<When, DateFault> {
    let given = || text.chars().take(40).collect::<String>();
    let unreadable = || DateFault::Unreadable { given: given() };
    if text.len() > 80 {
        return Err(unreadable());
    }
    let lower = text.trim().to_lowercase();
    let (day_part, time_part) = split_time(&lower);
    let (year, month, day) = read_day(day_part).ok_or_else(unreadable)?;
    let time = time_part.map(|part| read_time(part).ok_or_else(unreadable)).transpose()?;
    let impossible = || DateFault::Impossible { given: given() };
    Ok(When {
        date: NaiveDate::from_ymd_opt(year, month, day).ok_or_else(impossible)?,
        time: match time {
            Some((hour, minute, second)) => {
                Some(NaiveTime::from_hms_opt(hour, minute, second).ok_or_else(impossible)?)
            }
            None => None,
        },
    })
}

/// The time begins with the word that has the first colon.
fn split_time(text: &str) -> (&str, Option<&str>) {
    let Some(colon) = text.find(':') else { return (text, None) };
    let before = text.get(..colon).unwrap_or_default();
    match before.rfind([' ', 't']) {
        Some(at) => (before.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

/// Year, month and day as written, whether or not they exist together.
fn read_day(text: &str) -> Option<(i32, u32, u32)> {
    let parts: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let has_year = |part: &str| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    match parts.as_slice() {
        [whole] if whole.len() == 8 && whole.is_ascii() => {
            let (year, rest) = whole.split_at(4);
            let (month, day) = rest.split_at(2);
            Some((read_year(year)?, small(month)?, small(day)?))
        }
        [year, month, day] if has_year(year) => {
            Some((read_year(year)?, small(month).or_else(|| named(month))?, small(day)?))
        }
        [month, day, year] if has_year(year) => match (small(month).or_else(|| named(month)), small(day)) {
            (Some(month), Some(day)) => Some((read_year(year)?, month, day)),
            _ => Some((read_year(year)?, named(day)?, small(month)?)),
        },
        _ => None,
    }
}

/// A load file's dates lie between 1600 and 2199; another year is a slip of the pen.
fn read_year(text: &str) -> Option<i32> {
    text.parse().ok().filter(|year| (1600..2200).contains(year))
}

fn small(text: &str) -> Option<u32> {
    if (1..=2).contains(&text.len()) { text.parse().ok() } else { None }
}

fn named(text: &str) -> Option<u32> {
    let fits = |name: &str| text.len() >= 3 && name.starts_with(text);
    (1..).zip(MONTHS).find(|(_, name)| fits(name)).map(|(number, _)| number)
}

/// Hour, minute and second as written. Of the zones only UTC is taken: another one would need to be kept.
fn read_time(text: &str) -> Option<(u32, u32, u32)> {
    let text = text.trim();
    let zoneless =
        ["utc", "gmt", "z"].iter().find_map(|zone| text.strip_suffix(zone)).unwrap_or(text).trim_end();
    let (clock, half) = match (zoneless.strip_suffix("am"), zoneless.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(0)),
        (_, Some(clock)) => (clock, Some(12)),
        _ => (zoneless, None),
    };
    let mut parts = clock.trim_end().split(':');
    let (hour, minute) = (small(parts.next()?)?, small(parts.next()?)?);
    let second = parts.next().map_or(Some(0), |part| small(part.split('.').next().unwrap_or_default()))?;
    if parts.next().is_some() {
        return None;
    }
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => 99,
        Some(half) => hour % 12 + half,
        None => hour,
    };
    Some((hour, minute, second))
}
