use crate::sink::Sink;
use crate::store::Inner;
use crate::{Error, Sha256, disk};
use md5::{Digest as _, Md5};
use std::io::Read;
use std::sync::Arc;

/// How often free space is checked and written pages are forced out, in bytes written.
const CHECK_EVERY_BYTES: u64 = 64 * 1024 * 1024;

/// A blob that is now in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Whether the store held it already, so that nothing was added.
    pub was_known: bool,
}

/// One file on its way in. All methods block; dropping it removes the temporary file.
#[derive(Debug)]
pub(crate) struct Intake {
    sink: Sink,
    md5: Option<Md5>,
    /// Received and not yet written; its capacity never exceeds `buffer_bytes`.
    buffer: Vec<u8>,
    buffer_bytes: usize,
    limit_bytes: u64,
    checked_bytes: u64,
    _arriving: Arc<()>,
}

impl Intake {
    pub(crate) fn start(store: &Inner, limit_bytes: u64, want_md5: bool) -> Result<Self, Error> {
        store.check_space(0)?;
        let mut name = [0; 16];
        store.random.fill(&mut name);
        let temp = disk::TempFile::create(store.layout.temp_file(name))
            .map_err(|error| store.writing("create a temporary file", error))?;
        Ok(Self {
            sink: Sink::to(temp, store.settings.unwritten_bytes()),
            md5: want_md5.then(Md5::new),
            buffer: Vec::new(),
            buffer_bytes: store.buffer_bytes(),
            limit_bytes,
            checked_bytes: 0,
            _arriving: Arc::clone(&store.arriving),
        })
    }

    pub(crate) fn set_limit(&mut self, limit_bytes: u64) {
        self.limit_bytes = limit_bytes;
    }

    pub(crate) fn limit_bytes(&self) -> u64 {
        self.limit_bytes
    }

    /// Everything received so far, in bytes.
    pub(crate) fn received_bytes(&self) -> u64 {
        self.sink.written_bytes() + self.buffer.len() as u64
    }

    /// Refuses `more_bytes` that would go over the limit.
    pub(crate) fn check_limit(&self, more_bytes: u64) -> Result<(), Error> {
        if self.received_bytes().saturating_add(more_bytes) > self.limit_bytes {
            return Err(Error::TooLarge { limit_bytes: self.limit_bytes });
        }
        Ok(())
    }

    /// Copies as much of `bytes` as the buffer still takes, and says how much that was.
    pub(crate) fn buffer(&mut self, bytes: &[u8]) -> usize {
        let buffer_bytes = self.buffer_bytes;
        let taken = bytes.len().min(buffer_bytes.saturating_sub(self.buffer.len()));
        let needed = self.buffer.len() + taken;
        if needed > self.buffer.capacity() {
            // Small files keep small buffers; doubling stops at the bound, which plain growth would overshoot.
            let capacity = needed.max(self.buffer.capacity() * 2).min(buffer_bytes);
            self.buffer.reserve_exact(capacity - self.buffer.len());
        }
        self.buffer.extend_from_slice(&bytes[..taken]);
        taken
    }

    pub(crate) fn is_full(&self) -> bool {
        self.buffer.len() >= self.buffer_bytes
    }

    /// Fills the buffer from `source` and writes it; `false` when the source has ended.
    pub(crate) fn pull(&mut self, store: &Inner, source: impl Read) -> Result<bool, Error> {
        let room = self.buffer_bytes - self.buffer.len();
        self.buffer.reserve_exact(room);
        let read = source.take(room as u64).read_to_end(&mut self.buffer);
        let read = read.map_err(Error::io("read the file to import"))?;
        self.check_limit(0)?;
        self.flush(store)?;
        Ok(read > 0)
    }

    /// Hashes and writes what is buffered.
    pub(crate) fn flush(&mut self, store: &Inner) -> Result<(), Error> {
        if let Some(md5) = &mut self.md5 {
            md5.update(&self.buffer);
        }
        let written = self.sink.write(&self.buffer);
        written.map_err(|error| store.writing("write a temporary file", error))?;
        self.buffer.clear();
        self.relieve(store)
    }

    /// Keeps the page cache and the disk within bounds while a large file comes in.
    fn relieve(&mut self, store: &Inner) -> Result<(), Error> {
        let written_bytes = self.sink.written_bytes();
        if written_bytes - self.checked_bytes >= CHECK_EVERY_BYTES {
            self.checked_bytes = written_bytes;
            store.check_space(0)?;
            if store.settings.fsync {
                let synced = self.sink.sync_data();
                synced.map_err(|error| store.writing("sync a temporary file", error))?;
            }
        }
        self.sink.relieve().map_err(|error| store.writing("sync a temporary file", error))
    }

    /// Puts the file into its place, durably when the settings ask for it.
    pub(crate) fn finish(mut self, store: &Inner) -> Result<(Stored, Option<[u8; 16]>), Error> {
        self.flush(store)?;
        let (temp, sha256, size_bytes) = self.sink.finish();
        let md5 = self.md5.map(|md5| md5.finalize().into());
        let was_known = place(store, temp, &sha256, size_bytes)
            .map_err(|error| store.writing("put a file into the blob store", error))?;
        Ok((Stored { sha256, size_bytes, was_known }, md5))
    }
}

/// Renames `temp` to its name, or drops it when the store holds it already; says which.
fn place(store: &Inner, mut temp: disk::TempFile, sha256: &Sha256, size_bytes: u64) -> std::io::Result<bool> {
    let target = store.layout.blob(sha256);
    let known_bytes = match std::fs::metadata(&target) {
        Ok(metadata) => Some(metadata.len()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let is_known = known_bytes == Some(size_bytes);
    if !is_known {
        if let Some(found_bytes) = known_bytes {
            tracing::warn!(found_bytes, size_bytes, "a stored file had the wrong size and is replaced");
        }
        store.layout.create_folders_of(sha256)?;
        if store.settings.fsync {
            temp.file().sync_all()?;
        }
        if size_bytes >= store.settings.unwritten_bytes() {
            disk::release_cache(temp.file(), 0, size_bytes);
        }
        temp.keep_as(&target)?;
    }
    // Also for a known blob: the writer who placed it may not have synced its name yet.
    if store.settings.fsync {
        store.layout.sync_folders_of(sha256)?;
    }
    Ok(is_known)
}
