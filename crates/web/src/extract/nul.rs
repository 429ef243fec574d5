//! The character U+0000, which no text of a database can hold.

use crate::problem::{Fault, Problem};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// How JSON writes it; as itself it may not stand in a JSON text.
const ESCAPE: &[u8] = b"\\u0000";

/// 400 for a JSON text that holds the character anywhere, with the place of the first. What is no JSON passes: whoever
/// reads it says so.
pub(super) fn refuse(bytes: &[u8]) -> Result<(), Problem> {
    // A backslash before the escape may make it plain text, so that a hit is only a reason to look closely.
    if !bytes.windows(ESCAPE.len()).any(|window| window == ESCAPE) {
        return Ok(());
    }
    let mut found = None;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let seeker = Seeker { place: String::new(), found: &mut found };
    let outcome = seeker.deserialize(&mut reader);
    match found {
        Some(place) if outcome.is_err() => {
            let message = "has the character U+0000, which cannot be stored: leave it out";
            Err(Problem::invalid(vec![Fault::new(place, "invalid", message)]))
        }
        _ => Ok(()),
    }
}

/// Looks through a text without keeping any of it. Ends with an error at the first hit.
struct Seeker<'a> {
    place: String,
    found: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Seeker<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seeker<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            *self.found = Some(self.place);
            return Err(E::custom("found"));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut number = 0;
        loop {
            let inside = Seeker { place: format!("{}[{number}]", self.place), found: &mut *self.found };
            if items.next_element_seed(inside)?.is_none() {
                return Ok(());
            }
            number += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            let place = if self.place.is_empty() { name.clone() } else { format!("{}.{name}", self.place) };
            if name.contains('\0') {
                *self.found = Some(self.place);
                return Err(A::Error::custom("found"));
            }
            members.next_value_seed(Seeker { place, found: &mut *self.found })?;
        }
        Ok(())
    }
}
