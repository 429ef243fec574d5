use crate::{Sha256, disk};
use crypto::digest::Sha256Stream;
use std::io::{self, Write as _};

/// The most that waits in the page cache before the disk is asked to take it, in bytes.
pub(crate) const MOST_UNWRITTEN_BYTES: u64 = 8 * 1024 * 1024;
/// Less would be a wait for each piece.
pub(crate) const LEAST_UNWRITTEN_BYTES: u64 = 64 * 1024;

/// A temporary file that is hashed as it is written, and whose pages do not pile up in the page cache. All methods block;
/// dropping it removes the file.
#[derive(Debug)]
pub(crate) struct Sink {
    temp: disk::TempFile,
    sha256: Sha256Stream,
    released_bytes: u64,
    unwritten_bytes: u64,
}

impl Sink {
    /// Into this file, of which so much may wait in the page cache.
    pub(crate) fn to(temp: disk::TempFile, unwritten_bytes: u64) -> Self {
        Self { temp, sha256: Sha256Stream::new(), released_bytes: 0, unwritten_bytes }
    }

    /// Bytes written so far.
    pub(crate) fn written_bytes(&self) -> u64 {
        self.sha256.seen_bytes()
    }

    /// Hashes and writes a piece.
    pub(crate) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.sha256.update(piece);
        self.temp.file().write_all(piece)
    }

    /// Forces what is written out to the disk.
    pub(crate) fn sync_data(&mut self) -> io::Result<()> {
        self.temp.file().sync_data()
    }

    /// Drops what is on the disk from the page cache, now and then.
    pub(crate) fn relieve(&mut self) -> io::Result<()> {
        let written_bytes = self.written_bytes();
        if written_bytes - self.released_bytes < self.unwritten_bytes {
            return Ok(());
        }
        let waits = self.unwritten_bytes < MOST_UNWRITTEN_BYTES;
        if waits {
            self.sync_data()?;
        }
        // Without a wait the stretch before is written by now and can go; this one only starts to be written.
        let before = if waits { 0 } else { self.unwritten_bytes };
        disk::release_cache(self.temp.file(), self.released_bytes.saturating_sub(before), written_bytes);
        self.released_bytes = written_bytes;
        Ok(())
    }

    /// The file, to be put into its place, with its digest and its size in bytes.
    pub(crate) fn finish(self) -> (disk::TempFile, Sha256, u64) {
        let size_bytes = self.sha256.seen_bytes();
        (self.temp, self.sha256.finish(), size_bytes)
    }
}
