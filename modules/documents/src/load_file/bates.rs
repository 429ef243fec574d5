use std::{fmt, str::FromStr};

/// A Bates number: a prefix and the number at its end, such as `ABC-` and `000123`. An inserted page (`ABC000123.001`)
/// is numbered under the prefix `ABC000123.`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bates {
    /// All before the last digits.
    pub prefix: String,
    /// The last digits.
    pub number: u64,
    /// How many digits they are written with.
    pub width: usize,
}

/// A text that is not a Bates number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a Bates number: it must end in 1 to 18 digits behind a prefix of at most 64 bytes")]
pub struct BatesFault;

impl FromStr for Bates {
    type Err = BatesFault;

    fn from_str(text: &str) -> Result<Self, BatesFault> {
        let text = text.trim();
        let prefix = text.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = text.get(prefix.len()..).unwrap_or_default();
        if !(1..=18).contains(&digits.len()) || prefix.len() > 64 {
            return Err(BatesFault);
        }
        let number = digits.parse().map_err(|_| BatesFault)?;
        Ok(Self { prefix: prefix.to_owned(), number, width: digits.len() })
    }
}

impl fmt::Display for Bates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:0width$}", self.prefix, self.number, width = self.width)
    }
}
