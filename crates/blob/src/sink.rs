use crate::{Sha256, disk};
use crypto::digest::Sha256Stream;
use std::io::{self, Write as _};

/// How often the page cache is relieved, in bytes written.
pub(crate) const RELEASE_EVERY_BYTES: u64 = 8 * 1024 * 1024;

/// A temporary file that is hashed as it is written, and whose pages do not pile up in the page cache. All methods block;
/// dropping it removes the file.
#[derive(Debug)]
pub(crate) struct Sink {
    temp: disk::TempFile,
    sha256: Sha256Stream,
    released_bytes: u64,
}

impl Sink {
    pub(crate) fn to(temp: disk::TempFile) -> Self {
        Self { temp, sha256: Sha256Stream::new(), released_bytes: 0 }
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
    pub(crate) fn relieve(&mut self) {
        let written_bytes = self.written_bytes();
        if written_bytes - self.released_bytes >= RELEASE_EVERY_BYTES {
            // The stretch before is written by now and can go; this one only starts to be written.
            let start = self.released_bytes.saturating_sub(RELEASE_EVERY_BYTES);
            disk::release_cache(self.temp.file(), start, written_bytes);
            self.released_bytes = written_bytes;
        }
    }

    /// The file, to be put into its place, with its digest and its size in bytes.
    pub(crate) fn finish(self) -> (disk::TempFile, Sha256, u64) {
        let size_bytes = self.sha256.seen_bytes();
        (self.temp, self.sha256.finish(), size_bytes)
    }
}
