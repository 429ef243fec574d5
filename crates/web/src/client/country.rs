use std::str::FromStr;

/// A country or territory, as the two letters of ISO 3166-1 alpha-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Country([u8; 2]);

/// A text that is no country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the two letters of a country, such as US")]
pub struct CountryFault;

/// What proxies write where they know no country: a code that ISO 3166-1 leaves to its users.
const UNKNOWN: [u8; 2] = *b"XX";

impl FromStr for Country {
    type Err = CountryFault;

    fn from_str(text: &str) -> Result<Self, CountryFault> {
        let code: [u8; 2] = text.as_bytes().try_into().map_err(|_| CountryFault)?;
        let code = code.map(|letter| letter.to_ascii_uppercase());
        let is_one = code.iter().all(u8::is_ascii_uppercase) && code != UNKNOWN;
        if is_one { Ok(Self(code)) } else { Err(CountryFault) }
    }
}

impl std::fmt::Display for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl serde::Serialize for Country {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Country {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
