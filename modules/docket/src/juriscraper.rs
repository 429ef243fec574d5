//! Reads federal dockets in the JSON form that juriscraper writes (court, case, parties with their counsel, entries).
//!
//! The form grows with its tool, so members nobody knows are passed over; a known member of the wrong type, a date
//! that no calendar has, or a text cut off midway is a fault, and a file with a fault gives no docket at all: there
//! is nothing half read. Empty text means absent. Text is trimmed and loses control characters other than newline
//! and tab.
//!
//! Memory: the file is read as a stream and its size, depth, objects and values are counted ahead of the parser, so
//! what is held is at most the text of the file plus about 400 bytes for each counted object.

mod fault;
mod guard;
mod raw;
mod record;

pub use fault::{DateFault, ReadFault};
pub use record::{
    AttachmentRecord, AttorneyRecord, Complaint, Count, CourtId, CourtIdFault, CriminalRecord, DocketFile,
    EntryRecord, OriginatingCourt, PartyRecord,
};

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use guard::Guard;
use headroom::Pool;
use std::io::{BufReader, Cursor, Read};
use streaming::{JsonItem, JsonLimits, parse_json_stream};

/// How much of a file is read before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The whole file, in bytes.
    pub file_bytes: u64,
    /// Lists and objects inside one another.
    pub depth: u32,
    /// Objects in the file: entries, attachments, parties, attorneys and the like together.
    pub objects: u64,
    /// Values in the file, whatever their type.
    pub values: u64,
    /// One text, in bytes.
    pub text_bytes: usize,
    /// Docket entries.
    pub entries: usize,
    /// Listed parties.
    pub parties: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 64 << 20,
            depth: 127, // the parser's own limit is 128
            objects: 600_000,
            values: 6_000_000,
            text_bytes: 1 << 20,
            entries: 200_000,
            parties: 50_000,
        }
    }
}

/// Reads one docket. A fault says where it is (line and column, or the path of the member) and what to do.
pub fn read(source: impl Read, limits: &Limits) -> Result<DocketFile, ReadFault> {
    let mut guard = Guard::new(without_mark(source)?, limits);
    let parsed = raw::parse(BufReader::with_capacity(32 * 1024, &mut guard));
    if guard.is_blank() && parsed.as_ref().is_err_and(|fault| !matches!(fault, ReadFault::Io(_))) {
        return Err(ReadFault::Empty);
    }
    record::build(parsed?, limits)
}

/// Reads a file of many dockets, as a list or one after the other, such as one on each line. Each comes as it is read, with
/// its place in bytes, and with what is borrowed from `room` for it. One that is no docket is a fault and stops no other;
/// after [`ReadFault::Series`] nothing comes. The limits are those of each docket, and the file may have any length.
pub fn read_series(
    source: impl Read + Send + 'static,
    limits: Limits,
    room: Option<Pool>,
) -> BoxStream<'static, Result<JsonItem<DocketFile>, (u64, ReadFault)>> {
    let of_items = JsonLimits { depth: limits.depth, item_bytes: limits.file_bytes, total_bytes: u64::MAX };
    let items = match parse_json_stream::<raw::Object<raw::Docket>, _>(source, "", of_items, room) {
        Ok(items) => items,
        Err(fault) => return futures_util::stream::iter([Err((0, ReadFault::Series(fault)))]).boxed(),
    };
    let docket = move |item: Result<JsonItem<raw::Object<raw::Docket>>, _>| {
        let item = item.map_err(|fault| (0, ReadFault::Series(fault)))?;
        let offset = item.offset;
        item.try_map(|raw::Object(docket)| record::build(docket, &limits)).map_err(|fault| (offset, fault))
    };
    items.map(docket).boxed()
}

/// The source without the byte order mark that Windows programs put before UTF-8; a JSON parser takes it for a mistake
/// (RFC 8259 section 8.1 lets a reader pass over it).
fn without_mark<R: Read>(mut source: R) -> Result<impl Read, ReadFault> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let mut head = Vec::with_capacity(MARK.len());
    source.by_ref().take(MARK.len() as u64).read_to_end(&mut head).map_err(ReadFault::Io)?;
    if head == MARK {
        head.clear();
    }
    Ok(Cursor::new(head).chain(source))
}
