//! Reads back what `pprof.rs` writes, from bytes that anybody may have changed meanwhile.

use super::pprof::{LOCATION, MAPPING, PERIOD, SAMPLE, SAMPLE_TYPE, STRING, TIME_NANOS};
use super::protobuf::{Fields, Value};
use super::{ADDRESS_CAP, FRAME_CAP, HeapProfile, HeapUse, Mapping};
use std::collections::HashMap;

/// The most columns, mappings and texts that are looked at.
const TABLE_CAP: usize = 1 << 10;

/// Why bytes are no heap profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAProfile {
    /// They do not follow the format.
    #[error("this is not an uncompressed pprof profile")]
    Malformed,
    /// A profile of something else.
    #[error("this profile has no column `inuse_space`: it is none of the live heap")]
    OtherKind,
}

impl HeapProfile {
    /// Reads a profile that was written with [`write_pprof`](Self::write_pprof).
    pub fn read_pprof(bytes: &[u8]) -> Result<Self, NotAProfile> {
        let tables = Tables::read(bytes)?;
        let column = |name: &str| tables.columns.iter().position(|text| tables.text(*text) == name);
        let objects = column("inuse_objects").ok_or(NotAProfile::OtherKind)?;
        let space = column("inuse_space").ok_or(NotAProfile::OtherKind)?;
        let mut profile = Self {
            sample_bytes: tables.period,
            taken_nanos: tables.time.cast_signed(),
            mappings: tables.mappings()?,
            ..Self::default()
        };
        let (mut frames, mut values) = (Vec::new(), Vec::new());
        for sample in fields_named(bytes, SAMPLE) {
            frames.clear();
            values.clear();
            for field in Fields(sample.bytes()) {
                let read = match field.map_err(|()| NotAProfile::Malformed)? {
                    (1, ids) => ids.each_number(|id| {
                        let address = tables.locations.get(&id).filter(|_| frames.len() < FRAME_CAP);
                        frames.extend(address);
                    }),
                    (2, numbers) => numbers.each_number(|value| {
                        let value = Some(value.cast_signed()).filter(|_| values.len() < TABLE_CAP);
                        values.extend(value);
                    }),
                    _ => Some(()),
                };
                read.ok_or(NotAProfile::Malformed)?;
            }
            let value = |column: usize| values.get(column).copied().ok_or(NotAProfile::Malformed);
            profile.push(frames.iter().copied(), HeapUse { objects: value(objects)?, bytes: value(space)? });
        }
        profile.sort();
        Ok(profile)
    }
}

/// What the samples refer to.
#[derive(Default)]
struct Tables<'a> {
    texts: Vec<&'a [u8]>,
    columns: Vec<u64>,
    locations: HashMap<u64, u64>,
    mappings: Vec<Value<'a>>,
    period: u64,
    time: u64,
}

impl<'a> Tables<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, NotAProfile> {
        let mut tables = Self::default();
        for field in Fields(bytes) {
            let (field, value) = field.map_err(|()| NotAProfile::Malformed)?;
            match u32::try_from(field).unwrap_or(0) {
                STRING if tables.texts.len() < TABLE_CAP => tables.texts.push(value.bytes()),
                SAMPLE_TYPE if tables.columns.len() < TABLE_CAP => tables.columns.push(part(value, 1)),
                MAPPING if tables.mappings.len() < TABLE_CAP => tables.mappings.push(value),
                LOCATION if tables.locations.len() < ADDRESS_CAP => {
                    tables.locations.insert(part(value, 1), part(value, 3));
                }
                PERIOD => tables.period = value.number(),
                TIME_NANOS => tables.time = value.number(),
                _ => {}
            }
        }
        Ok(tables)
    }

    fn text(&self, index: u64) -> &str {
        let text = usize::try_from(index).ok().and_then(|index| self.texts.get(index)).copied();
        std::str::from_utf8(text.unwrap_or_default()).unwrap_or_default()
    }

    fn mappings(&self) -> Result<Vec<Mapping>, NotAProfile> {
        let mapping = |value: &Value<'_>| {
            let (start, end) = (part(*value, 2), part(*value, 3));
            let text = |field| self.text(part(*value, field)).to_owned();
            let whole = Mapping { start, end, offset: part(*value, 4), path: text(5), build_id: text(6) };
            (start < end).then_some(whole).ok_or(NotAProfile::Malformed)
        };
        self.mappings.iter().map(mapping).collect()
    }
}

fn fields_named(bytes: &[u8], name: u32) -> impl Iterator<Item = Value<'_>> {
    Fields(bytes)
        .filter_map(Result::ok)
        .filter(move |(field, _)| *field == u64::from(name))
        .map(|(_, value)| value)
}

/// A number within a message; zero where it is not.
fn part(message: Value<'_>, name: u32) -> u64 {
    let found = Fields(message.bytes()).filter_map(Result::ok).find(|(field, _)| *field == u64::from(name));
    found.map_or(0, |(_, value)| value.number())
}
