use crate::Fault;
use serde::de::{Error, IgnoredAny, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// Nested items of CBOR that are followed: the certificates of an attestation lie three deep.
pub(crate) const MOST_LEVELS: usize = 8;

/// What an authenticator gives with a new passkey (6.5). What it says of its maker is passed over.
#[derive(Deserialize)]
struct Attestation {
    #[serde(rename = "fmt")]
    _format: String,
    #[serde(rename = "attStmt")]
    _statement: IgnoredAny,
    #[serde(rename = "authData")]
    data: Bytes,
}

struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(AnyBytes)
    }
}

struct AnyBytes;

impl Visitor<'_> for AnyBytes {
    type Value = Bytes;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a byte string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(Bytes(bytes))
    }
}

/// The authenticator data within an attestation object.
pub(crate) fn authenticator_data(object: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut rest = object;
    let read = ciborium::de::from_reader_with_recursion_limit::<Attestation, _>(&mut rest, MOST_LEVELS);
    let attestation = read.map_err(|_| Fault::Attestation)?;
    if rest.is_empty() { Ok(attestation.data.0) } else { Err(Fault::Attestation) }
}
