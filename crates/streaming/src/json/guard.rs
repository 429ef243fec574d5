use super::{JsonFault, JsonLimits, Scanner, Token};
use headroom::{Lease, Pool};
use std::cell::RefCell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// What is borrowed at once, in bytes.
const STEP_BYTES: u64 = 64 << 10;
/// What a value costs beside its text once it is parsed, in bytes.
const VALUE_BYTES: u64 = 64;

/// What is counted while the text is read; shared by the reader below the parser and whoever asks it for items.
#[derive(Clone)]
pub(super) struct Books(Rc<RefCell<Counted>>);

struct Counted {
    limits: JsonLimits,
    room: Option<Pool>,
    scanner: Scanner,
    offset: u64,
    /// Whether an item is being read; outside only texts are held, which are names of members.
    in_item: bool,
    /// Where the item, or outside of one the text, begins.
    began: u64,
    values: u64,
    lease: Option<Lease>,
    fault: Option<JsonFault>,
}

impl Books {
    pub(super) fn new(limits: JsonLimits, room: Option<Pool>) -> Self {
        Self(Rc::new(RefCell::new(Counted {
            limits,
            room,
            scanner: Scanner::new(),
            offset: 0,
            in_item: false,
            began: 0,
            values: 0,
            lease: None,
            fault: None,
        })))
    }

    pub(super) fn offset(&self) -> u64 {
        self.0.borrow().offset
    }

    /// Counts bytes that the parser does not see.
    pub(super) fn skip(&self, bytes: u64) {
        self.0.borrow_mut().offset += bytes;
    }

    /// An item begins here, or soon after.
    pub(super) fn begin_item(&self) {
        let mut counted = self.0.borrow_mut();
        counted.in_item = true;
        counted.began = counted.offset;
        counted.values = 0;
    }

    /// The item is read: where it began, and what was borrowed for it.
    pub(super) fn end_item(&self) -> (u64, Option<Lease>) {
        let mut counted = self.0.borrow_mut();
        counted.in_item = false;
        (counted.began, counted.lease.take())
    }

    /// Why the reading stopped, in our own words if we stopped it.
    pub(super) fn fault(&self, error: serde_json::Error) -> JsonFault {
        let mut counted = self.0.borrow_mut();
        let offset = counted.offset;
        counted.fault.take().unwrap_or_else(|| JsonFault::from_parser(error, offset))
    }
}

impl Counted {
    fn take(&mut self, byte: u8) -> Result<(), JsonFault> {
        self.offset += 1;
        let JsonLimits { depth, item_bytes, total_bytes } = self.limits;
        if self.offset > total_bytes {
            return Err(JsonFault::TooLarge { limit: total_bytes });
        }
        let token = self.scanner.step(byte);
        match token {
            Token::ObjectBegins | Token::ListBegins | Token::Comma => self.values += 1,
            Token::TextBegins if !self.in_item => self.began = self.offset - 1,
            _ => {}
        }
        if self.scanner.depth() > depth {
            return Err(JsonFault::TooDeep { offset: self.offset, limit: depth });
        }
        let is_held = self.in_item || token == Token::Text;
        let size = self.offset - self.began;
        if is_held && size > item_bytes {
            return Err(JsonFault::ItemTooLarge { offset: self.began, limit: item_bytes });
        }
        if is_held { self.cover(size + self.values * VALUE_BYTES) } else { Ok(()) }
    }

    fn cover(&mut self, bytes: u64) -> Result<(), JsonFault> {
        let Some(room) = &self.room else { return Ok(()) };
        let borrowed = match &mut self.lease {
            Some(lease) if lease.bytes() >= bytes => return Ok(()),
            Some(lease) => lease.grow(STEP_BYTES),
            None => room.try_lease(STEP_BYTES).map(|lease| self.lease = Some(lease)),
        };
        borrowed.map_err(|refusal| JsonFault::Memory { offset: self.began, refusal })
    }
}

/// The reader below the parser. It reads ahead by one byte at most, so that the counts are those of the item.
pub(super) struct Guard<R> {
    source: R,
    books: Books,
}

impl<R: BufRead> Guard<R> {
    pub(super) fn new(source: R, books: Books) -> Self {
        Self { source, books }
    }
}

impl<R: BufRead> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        let mut counted = self.books.0.borrow_mut();
        for &byte in buffer.get(..count).unwrap_or_default() {
            if let Err(fault) = counted.take(byte) {
                // The parser may ask once more on its way out.
                counted.fault.get_or_insert(fault);
                return Err(io::Error::other("a limit was passed"));
            }
        }
        Ok(count)
    }
}
