use crate::{Error, blocking, disk};
use bytes::{Bytes, BytesMut};
use clock::Timestamp;
use futures_util::{Stream, stream};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

/// A blob opened for reading. It stays readable when it is removed meanwhile.
#[derive(Debug, Clone)]
pub struct BlobReader {
    file: Arc<File>,
    size_bytes: u64,
    modified: Timestamp,
    chunk_bytes: usize,
}

impl BlobReader {
    pub(crate) fn open(path: &Path, chunk_bytes: usize) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::opening)?;
        let metadata = file.metadata().map_err(Error::opening)?;
        let modified = Timestamp::from(metadata.modified().map_err(Error::opening)?);
        let modified = Timestamp::from_timestamp_micros(modified.timestamp_micros()).unwrap_or(modified);
        disk::will_read_in_order(&file);
        Ok(Self { file: Arc::new(file), size_bytes: metadata.len(), modified, chunk_bytes })
    }

    /// The size of the blob in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// When the blob was first stored.
    pub fn modified(&self) -> Timestamp {
        self.modified
    }

    /// Reads the bytes of `range` in chunks, one in memory at a time. May be called again for further ranges, also
    /// while others are being read.
    ///
    /// # Errors
    /// [`Error::Range`] at once when the range does not lie inside the blob; then, in the stream,
    /// [`Error::Shortened`] or [`Error::Io`], after which it ends.
    pub fn read_range(
        &self,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
        if range.start > range.end || range.end > self.size_bytes {
            return Err(Error::Range { start: range.start, end: range.end, size_bytes: self.size_bytes });
        }
        let reading = Reading {
            file: Arc::clone(&self.file),
            buffer: BytesMut::new(),
            rest: range,
            chunk_bytes: self.chunk_bytes,
        };
        Ok(stream::try_unfold(reading, Reading::next))
    }

    /// Reads the whole blob: [`BlobReader::read_range`] of everything.
    ///
    /// # Errors
    /// In the stream, [`Error::Shortened`] or [`Error::Io`].
    pub fn read_all(&self) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
        self.read_range(0..self.size_bytes)
    }
}

struct Reading {
    file: Arc<File>,
    /// Reused for the next chunk once the last one has been sent and dropped.
    buffer: BytesMut,
    rest: Range<u64>,
    chunk_bytes: usize,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Error> {
        let left = self.rest.end - self.rest.start;
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(self.chunk_bytes);
        if length == 0 {
            return Ok(None);
        }
        blocking(move || {
            self.buffer.resize(length, 0);
            match self.file.read_exact_at(&mut self.buffer, self.rest.start) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(Error::Shortened),
                Err(error) => return Err(Error::io("read a stored file")(error)),
            }
            self.rest.start += length as u64;
            Ok(Some((self.buffer.split().freeze(), self)))
        })
        .await
    }
}
