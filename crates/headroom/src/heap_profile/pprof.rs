//! The profile as pprof's protobuf, uncompressed (github.com/google/pprof, proto/profile.proto). Addresses stay
//! addresses: with the mappings and build ids any reader that has the program's file puts the names on.

use super::protobuf::{Message, write_bytes, write_number};
use super::{HeapProfile, StackUse};
use std::io::{self, Write};

/// Fields of `Profile`.
pub(super) const SAMPLE_TYPE: u32 = 1;
pub(super) const SAMPLE: u32 = 2;
pub(super) const MAPPING: u32 = 3;
pub(super) const LOCATION: u32 = 4;
pub(super) const STRING: u32 = 6;
pub(super) const TIME_NANOS: u32 = 9;
pub(super) const PERIOD_TYPE: u32 = 11;
pub(super) const PERIOD: u32 = 12;
const DEFAULT_SAMPLE_TYPE: u32 = 14;

/// The first texts of the table; the first of all must be empty. Behind them come two for each mapping.
///
/// Only live memory has a column: totals since the start would make jemalloc keep every stack that ever allocated.
const WORDS: [&str; 6] = ["", "inuse_objects", "count", "inuse_space", "bytes", "space"];
const INUSE_OBJECTS: u64 = 1;
const COUNT: u64 = 2;
const INUSE_SPACE: u64 = 3;
const BYTES: u64 = 4;
const SPACE: u64 = 5;

impl HeapProfile {
    /// Writes it sample by sample.
    pub fn write_pprof(&self, out: &mut impl Write) -> io::Result<()> {
        let mut message = Message::default();
        message.number(1, INUSE_OBJECTS).number(2, COUNT).write_as(SAMPLE_TYPE, out)?;
        message.number(1, INUSE_SPACE).number(2, BYTES).write_as(SAMPLE_TYPE, out)?;
        message.number(1, SPACE).number(2, BYTES).write_as(PERIOD_TYPE, out)?;
        write_number(PERIOD, self.sample_bytes, out)?;
        write_number(TIME_NANOS, self.taken_nanos.cast_unsigned(), out)?;
        write_number(DEFAULT_SAMPLE_TYPE, INUSE_SPACE, out)?;
        for word in WORDS {
            write_bytes(STRING, word.as_bytes(), out)?;
        }
        self.write_mappings(&mut message, out)?;
        let locations = self.write_locations(&mut message, out)?;
        for stack in self.stacks() {
            write_sample(&mut message, stack, &locations, out)?;
        }
        Ok(())
    }

    fn write_mappings(&self, message: &mut Message, out: &mut impl Write) -> io::Result<()> {
        let mut text = WORDS.len() as u64;
        for (id, mapping) in (1..).zip(&self.mappings) {
            message.number(1, id).number(2, mapping.start).number(3, mapping.end).number(4, mapping.offset);
            message.number(5, text).number(6, text + 1).write_as(MAPPING, out)?;
            write_bytes(STRING, mapping.path.as_bytes(), out)?;
            write_bytes(STRING, mapping.build_id.as_bytes(), out)?;
            text += 2;
        }
        Ok(())
    }

    /// Each address once, sorted; its id is its place, from one.
    fn write_locations(&self, message: &mut Message, out: &mut impl Write) -> io::Result<Vec<u64>> {
        let mut addresses = self.addresses.clone();
        addresses.sort_unstable();
        addresses.dedup();
        for (id, address) in (1..).zip(&addresses) {
            let place = self.mappings.iter().position(|mapping| mapping.contains(*address));
            let mapping = place.map_or(0, |place| place as u64 + 1);
            message.number(1, id).number(2, mapping).number(3, *address).write_as(LOCATION, out)?;
        }
        Ok(addresses)
    }
}

fn write_sample(
    message: &mut Message,
    stack: StackUse<'_>,
    locations: &[u64],
    out: &mut impl Write,
) -> io::Result<()> {
    let id = |address: &u64| locations.binary_search(address).map_or(0, |place| place as u64 + 1);
    let values = [stack.used.objects, stack.used.bytes].map(i64::cast_unsigned);
    message.numbers(1, stack.addresses.iter().map(id)).numbers(2, values.into_iter()).write_as(SAMPLE, out)
}
