use std::{fmt, hash::Hash, str::FromStr};

/// A federal docket number: `office:yy-type-serial[-assigned[-referred]][-defendant]`, in bankruptcy courts and courts
/// of appeals also `yy-serial`.
///
/// Two numbers are equal when office, year, type and serial are; judges and defendants come and go while the case
/// stays the same. A year of two digits from 70 to 99 is 19xx, from 00 to 69 it is 20xx.
#[derive(Debug, Clone)]
pub struct DocketNumber {
    /// The court's office (its division's code), such as `2`.
    pub office: Option<String>,
    /// The year of filing, in full.
    pub year: u16,
    /// The type of case in lower case, such as `cv`, `cr`, `bk`, `ap`.
    pub kind: Option<String>,
    /// The number within office, year and type.
    pub serial: u32,
    /// Initials of the judge whom the case is assigned to.
    pub assigned: Option<String>,
    /// Initials of the judge whom parts of it are referred to.
    pub referred: Option<String>,
    /// The defendant's number in a criminal case.
    pub defendant: Option<u32>,
}

/// A text that is not a federal docket number. Courts write others too; see [`docket_key`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a federal docket number: write it as office:yy-type-serial, such as 2:06-cv-00350, or as yy-serial"
)]
pub struct NumberFault;

/// What a docket is told apart by within its court: the canonical number, or, where the text is no federal number,
/// the text in lower case with single spaces.
pub fn docket_key(text: &str) -> String {
    text.parse::<DocketNumber>().map_or_else(
        |_| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" "),
        |number| number.canonical(),
    )
}

impl DocketNumber {
    /// One spelling for all equal numbers, such as `2:06-cv-00350` or `10-01095`: two digits of the year where they are
    /// unambiguous, five digits of the serial at least.
    pub fn canonical(&self) -> String {
        let office = self.office.as_ref().map(|office| format!("{office}:")).unwrap_or_default();
        let kind = self.kind.as_ref().map(|kind| format!("-{kind}")).unwrap_or_default();
        let year = if (1970..2070).contains(&self.year) {
            format!("{:02}", self.year % 100)
        } else {
            self.year.to_string()
        };
        format!("{office}{year}{kind}-{:05}", self.serial)
    }

    fn identity(&self) -> (Option<&str>, u16, Option<&str>, u32) {
        (self.office.as_deref(), self.year, self.kind.as_deref(), self.serial)
    }

    /// What follows the serial: initials of up to two judges, and a defendant's number.
    fn read_tail(&mut self, tail: &[&str]) -> Result<(), NumberFault> {
        let mut tail = tail;
        // Some bankruptcy courts write the office behind the serial (`10-01083-8-ABC`) although they number their
        // cases without it; it is no part of what tells cases apart.
        if self.office.is_none()
            && self.kind.is_none()
            && let [suffix, rest @ ..] = tail
            && !rest.is_empty()
            && suffix.len() <= 2
            && is_digits(suffix)
        {
            tail = rest;
        }
        for (index, part) in tail.iter().enumerate() {
            if is_digits(part) && part.len() <= 6 && index + 1 == tail.len() {
                self.defendant = Some(part.parse().map_err(|_| NumberFault)?);
            } else if is_initials(part) && self.assigned.is_none() {
                self.assigned = Some((*part).to_owned());
            } else if is_initials(part) && self.referred.is_none() {
                self.referred = Some((*part).to_owned());
            } else {
                return Err(NumberFault);
            }
        }
        Ok(())
    }
}

impl PartialEq for DocketNumber {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}
impl Eq for DocketNumber {}
impl Hash for DocketNumber {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

/// The canonical number with judges and defendant behind it.
impl fmt::Display for DocketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.canonical())?;
        for initials in [&self.assigned, &self.referred].into_iter().flatten() {
            write!(f, "-{initials}")?;
        }
        self.defendant.map_or(Ok(()), |defendant| write!(f, "-{defendant}"))
    }
}

impl FromStr for DocketNumber {
    type Err = NumberFault;

    fn from_str(text: &str) -> Result<Self, NumberFault> {
        let text = text.trim();
        if text.len() > 64 {
            return Err(NumberFault);
        }
        let (office, rest) = match text.split_once(':') {
            Some((office, rest)) => (Some(read_office(office)?), rest),
            None => (None, text),
        };
        let parts: Vec<&str> = rest.split('-').collect();
        let (office, parts) = match (office, parts.as_slice()) {
            // `1-10-41176`: office, year and serial with hyphens alone.
            (None, [office, year, serial, ..])
                if office.len() == 1 && is_digits(office) && year.len() == 2 && is_digits(serial) =>
            {
                (Some(read_office(office)?), parts.get(1..).unwrap_or_default())
            }
            (office, parts) => (office, parts),
        };
        let (year, kind, serial, tail) = match parts {
            [year, kind, serial, tail @ ..] if is_kind(kind) => {
                (year, Some(kind.to_lowercase()), serial, tail)
            }
            [year, serial, tail @ ..] => (year, None, serial, tail),
            _ => return Err(NumberFault),
        };
        let mut number = Self {
            office,
            year: read_year(year)?,
            kind,
            serial: read_serial(serial)?,
            assigned: None,
            referred: None,
            defendant: None,
        };
        number.read_tail(tail)?;
        Ok(number)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_kind(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Letters first, or a letter somewhere: some courts number their judges (`P1`).
fn is_initials(text: &str) -> bool {
    (1..=8).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
        && text.bytes().any(|b| b.is_ascii_alphabetic())
}

fn read_office(text: &str) -> Result<String, NumberFault> {
    let fits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits { Ok(text.to_lowercase()) } else { Err(NumberFault) }
}

fn read_year(text: &str) -> Result<u16, NumberFault> {
    let year: u16 =
        if is_digits(text) { text.parse().map_err(|_| NumberFault)? } else { return Err(NumberFault) };
    match (text.len(), year) {
        (2, 70..) => Ok(1900 + year),
        (2, _) => Ok(2000 + year),
        (4, 1789..2200) => Ok(year),
        _ => Err(NumberFault),
    }
}

fn read_serial(text: &str) -> Result<u32, NumberFault> {
    if is_digits(text) && text.len() <= 9 { text.parse().map_err(|_| NumberFault) } else { Err(NumberFault) }
}
