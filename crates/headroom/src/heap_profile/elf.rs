//! The few facts of an ELF file that a profile needs (System V ABI, chapters 4 and 5; 64 bits, little endian).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

const HEADER_BYTES: usize = 64;
const SEGMENT_BYTES: usize = 56;
/// More program headers or notes than any linker writes.
const SEGMENT_CAP: u16 = 128;
const NOTES_CAP: u64 = 64 << 10;
const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
const NT_GNU_BUILD_ID: u32 = 3;

/// An executable file or library.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elf {
    /// The linker's mark of this build, in hexadecimal; empty where it has none.
    pub build_id: String,
    loaded: Vec<Segment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    bytes: u64,
}

impl Elf {
    /// Reads the headers and the notes; never the rest of the file.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut header = [0; HEADER_BYTES];
        file.read_exact_at(&mut header, 0)?;
        if !header.starts_with(b"\x7fELF\x02\x01") {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a 64-bit ELF file"));
        }
        let (table, entry, count) = (number(&header, 32, 8), number(&header, 54, 2), number(&header, 56, 2));
        let mut elf = Self::default();
        for index in 0..count.min(SEGMENT_CAP.into()) {
            let mut bytes = [0; SEGMENT_BYTES];
            file.read_exact_at(&mut bytes, table.saturating_add(index * entry))?;
            let segment = Segment {
                kind: u32::try_from(number(&bytes, 0, 4)).unwrap_or(0),
                offset: number(&bytes, 8, 8),
                address: number(&bytes, 16, 8),
                bytes: number(&bytes, 32, 8),
            };
            match segment.kind {
                PT_LOAD => elf.loaded.push(segment),
                PT_NOTE if elf.build_id.is_empty() => elf.build_id = build_id(&file, segment)?,
                _ => {}
            }
        }
        Ok(elf)
    }

    /// The address, as the debug information counts, of a place in the file.
    pub fn address_of(&self, file_offset: u64) -> Option<u64> {
        let within = |segment: &&Segment| file_offset.wrapping_sub(segment.offset) < segment.bytes;
        let segment = self.loaded.iter().find(within)?;
        segment.address.checked_add(file_offset - segment.offset)
    }
}

/// Looks through a segment of notes: three words (length of the name, length of the content, kind), then both, each
/// padded to four bytes.
fn build_id(file: &File, segment: Segment) -> io::Result<String> {
    let mut notes = vec![0; usize::try_from(segment.bytes.min(NOTES_CAP)).unwrap_or(0)];
    file.read_exact_at(&mut notes, segment.offset)?;
    let mut rest = notes.as_slice();
    while rest.len() >= 12 {
        let length = |at| usize::try_from(number(rest, at, 4)).unwrap_or(usize::MAX);
        let (name, content) = (length(0), length(4));
        let kind = number(rest, 8, 4);
        let begin = 12_usize.saturating_add(name.next_multiple_of(4));
        let end = begin.saturating_add(content);
        let Some(found) = rest.get(begin..end) else { break };
        if kind == u64::from(NT_GNU_BUILD_ID) && rest.get(12..16) == Some(b"GNU\0") {
            let digit = |nibble: u8| char::from_digit(nibble.into(), 16);
            return Ok(found
                .iter()
                .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
                .flatten()
                .collect());
        }
        rest = rest.get(end.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(String::new())
}

/// An unsigned number of up to eight bytes; zero where there are none.
pub(super) fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    let bytes = bytes.get(at..at + length).unwrap_or_default();
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}
