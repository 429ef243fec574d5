use uuid::Uuid;

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a {kind} id: write it as a UUID, such as 0192e4a0-7c1e-7b3a-9f00-5a1d2c3b4e5f")]
pub struct ParseIdError {
    kind: &'static str,
}

/// Takes the hyphenated form alone: one id, one spelling, so that paths, caches and ETags agree.
pub(crate) fn parse_uuid(kind: &'static str, text: &str) -> Result<Uuid, ParseIdError> {
    if text.len() != 36 {
        return Err(ParseIdError { kind });
    }
    Uuid::try_parse(text).map_err(|_| ParseIdError { kind })
}

/// Reads an id of this kind where it stands, without a copy of its text: exports of the audit log have millions.
pub(crate) struct Text(pub(crate) &'static str);

impl serde::de::Visitor<'_> for Text {
    type Value = Uuid;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Uuid, E> {
        parse_uuid(self.0, text).map_err(E::custom)
    }
}
