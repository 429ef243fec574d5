use super::guard::{Books, Guard};
use super::pointer::Pointer;
use super::walk::Walk;
use super::{JsonFault, JsonLimits};
use futures_util::Stream;
use headroom::{Lease, Pool};
use serde::de::{DeserializeOwned, DeserializeSeed as _};
use serde_json::Deserializer;
use std::io::{BufRead, BufReader, Read};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc::{Receiver, channel};

/// What is read from the source at once, in bytes.
const BUFFER_BYTES: usize = 64 << 10;

/// One item, with the memory that is borrowed for it until it is dropped.
#[derive(Debug)]
pub struct JsonItem<T> {
    /// The item.
    pub value: T,
    /// Where it begins, or white space and a comma before it, in bytes from the beginning of the text.
    pub offset: u64,
    lease: Option<Lease>,
}

impl<T> JsonItem<T> {
    pub(super) fn new(value: T, offset: u64, lease: Option<Lease>) -> Self {
        Self { value, offset, lease }
    }

    /// Makes something else of the item, which keeps what is borrowed for it.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn try_map<U, E>(self, make: impl FnOnce(T) -> Result<U, E>) -> Result<JsonItem<U>, E> {
        Ok(JsonItem { value: make(self.value)?, offset: self.offset, lease: self.lease })
    }

    /// What is borrowed for the item, in bytes; 0 when it came without a pool.
    pub fn borrowed_bytes(&self) -> u64 {
        self.lease.as_ref().map_or(0, Lease::bytes)
    }
}

/// The items of a text, read by a blocking thread that is one item ahead. Dropped, it ends the reading with the next item.
#[derive(Debug)]
pub struct JsonItems<T> {
    items: Receiver<Result<JsonItem<T>, JsonFault>>,
}

impl<T> Stream for JsonItems<T> {
    type Item = Result<JsonItem<T>, JsonFault>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.items.poll_recv(context)
    }
}

/// Reads the items of the list that `pointer` (RFC 6901) leads to. With an empty pointer the text is the list, or values
/// that follow each other, such as one on each line. The first fault is the last thing that comes.
///
/// Memory: a buffer of 64 KiB, and the item that is read, one that waits and the one that was handed on, each of at most
/// [`JsonLimits::item_bytes`] of text. With `room` they are borrowed from that pool: their text and 64 bytes for each value
/// in it. An asynchronous source is read through `tokio_util::io::SyncIoBridge`.
///
/// # Errors
/// [`JsonFault::Pointer`]; everything else comes as the stream's last item.
pub fn parse_json_stream<T, R>(
    source: R,
    pointer: &str,
    limits: JsonLimits,
    room: Option<Pool>,
) -> Result<JsonItems<T>, JsonFault>
where
    T: DeserializeOwned + Send + 'static,
    R: Read + Send + 'static,
{
    let pointer = Pointer::parse(pointer)?;
    let (sender, items) = channel(1);
    let _runs_by_itself = headroom::spawn_blocking(move || {
        let read = each(source, &pointer, limits, room, &mut |item| sender.blocking_send(Ok(item)).is_ok());
        if let Err(fault) = read {
            // Nobody listens any more: then nobody needs to know.
            drop(sender.blocking_send(Err(fault)));
        }
    });
    Ok(JsonItems { items })
}

/// As [`parse_json_stream`], on the thread of the caller: `take` gets each item and says whether it wants more.
///
/// # Errors
/// The first fault. Items before it were handed on.
pub fn each_json_item<T: DeserializeOwned>(
    source: impl Read,
    pointer: &str,
    limits: JsonLimits,
    room: Option<Pool>,
    mut take: impl FnMut(JsonItem<T>) -> bool,
) -> Result<(), JsonFault> {
    each(source, &Pointer::parse(pointer)?, limits, room, &mut take)
}

fn each<T: DeserializeOwned>(
    source: impl Read,
    pointer: &Pointer,
    limits: JsonLimits,
    room: Option<Pool>,
    take: &mut dyn FnMut(JsonItem<T>) -> bool,
) -> Result<(), JsonFault> {
    let books = Books::new(limits, room);
    let mut source = BufReader::with_capacity(BUFFER_BYTES, source);
    let first = first_byte(&mut source, &books, limits.total_bytes)?;
    let guard = Guard::new(source, books.clone());
    if pointer.parts.is_empty() && first != Some(b'[') {
        return values(guard, &books, take);
    }
    let mut is_enough = false;
    let mut until = |item| {
        is_enough = !take(item);
        !is_enough
    };
    let mut parser = Deserializer::from_reader(guard);
    let walk = Walk { parts: &pointer.parts, books: &books, take: &mut until };
    let walked = walk.deserialize(&mut parser).and_then(|found| parser.end().map(|()| found));
    match walked {
        Ok(true) => Ok(()),
        Ok(false) => Err(JsonFault::Missing(pointer.written.clone())),
        Err(_) if is_enough => Ok(()),
        Err(error) => Err(books.fault(error)),
    }
}

/// Values that follow each other.
fn values<T: DeserializeOwned>(
    guard: Guard<impl BufRead>,
    books: &Books,
    take: &mut dyn FnMut(JsonItem<T>) -> bool,
) -> Result<(), JsonFault> {
    let mut values = Deserializer::from_reader(guard).into_iter::<T>();
    loop {
        books.begin_item();
        let value = values.next();
        let (offset, lease) = books.end_item();
        match value {
            None => return Ok(()),
            Some(Err(error)) => return Err(books.fault(error)),
            Some(Ok(value)) => {
                if !take(JsonItem::new(value, offset, lease)) {
                    return Ok(());
                }
            }
        }
    }
}

/// The first byte that says something, still unread. A mark of the byte order and white space before it are read.
fn first_byte(source: &mut impl BufRead, books: &Books, total_bytes: u64) -> Result<Option<u8>, JsonFault> {
    loop {
        let offset = books.offset();
        let buffer = source.fill_buf().map_err(|source| JsonFault::Io { offset, source })?;
        let mark = if offset == 0 && buffer.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let rest = &buffer[mark..];
        let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let (first, is_over, used) = (rest.get(blank).copied(), buffer.is_empty(), mark + blank);
        source.consume(used);
        books.skip(used as u64);
        if books.offset() > total_bytes {
            return Err(JsonFault::TooLarge { limit: total_bytes });
        }
        if first.is_some() || is_over {
            return Ok(first);
        }
    }
}
