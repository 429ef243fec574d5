use crate::disk::Space;
use crate::intake::Intake;
use crate::layout::Layout;
use crate::{BlobReader, BlobWriter, Error, Imported, Settings, Sha256, Stored, Verification, blocking};
use bytes::Bytes;
use clock::{SharedClock, SharedRandom, Timestamp};
use crypto::digest::from_hex;
use futures_util::{Stream, StreamExt as _};
use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Temporary files of a process that died are removed at start once they are this old.
const STALE_AFTER: Duration = Duration::from_hours(24);

/// The size of a chunk where memory is scarce, in bytes, unless the settings' own is smaller.
const SMALL_CHUNK_BYTES: usize = 16 << 10;

/// What a sweep of the temporary folder removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many files.
    pub files: u64,
    /// How much they held, in bytes.
    pub size_bytes: u64,
}

/// What the store holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many blobs.
    pub blobs: u64,
    /// Their sizes added up, in bytes.
    pub blob_bytes: u64,
    /// How many temporary files, those of running uploads included.
    pub temp_files: u64,
    /// Their sizes added up, in bytes.
    pub temp_bytes: u64,
}

/// What all handles of a store share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) layout: Layout,
    pub(crate) random: SharedRandom,
    clock: SharedClock,
    /// Files that are begun now are moved in small chunks.
    is_small: AtomicBool,
    /// How many writers may wait for the disk.
    writers: Arc<Semaphore>,
    /// Each file on its way in holds one more.
    pub(crate) arriving: Arc<()>,
}

impl Inner {
    /// A writer's turn to wait for the disk, until it is dropped.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        Arc::clone(&self.writers).acquire_owned().await.map_err(|_| Error::Stopping)
    }

    /// Runs what may wait for the disk on a blocking thread, when it is its turn. The turn lasts until the disk is done, also when
    /// nobody waits for that any more.
    pub(crate) async fn in_turn<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = self.turn().await?;
        blocking(move || {
            let _turn = turn;
            work(&self)
        })
        .await
    }
}

/// A content-addressed file store on a local disk. Clones are handles of the same store.
#[derive(Debug, Clone)]
pub struct BlobStore {
    inner: Arc<Inner>,
    swept_at_open: Swept,
}

impl BlobStore {
    /// Opens the store, creates its folders and sweeps temporary files older than 24 hours.
    ///
    /// # Errors
    /// [`Error::Settings`] for a chunk size out of bounds; [`Error::Io`] when the folders cannot be used or written to.
    pub async fn open(settings: Settings, random: SharedRandom, clock: SharedClock) -> Result<Self, Error> {
        if !settings.are_usable() {
            return Err(Error::Settings);
        }
        let layout = Layout::at(&settings.root);
        let writers = Arc::new(Semaphore::new(settings.writers.max(1)));
        let is_small = AtomicBool::new(false);
        let arriving = Arc::default();
        let inner = Arc::new(Inner { settings, layout, random, clock, is_small, writers, arriving });
        blocking(move || {
            inner.layout.create()?;
            inner.layout.check_writable()?;
            let swept_at_open = inner.sweep(STALE_AFTER)?;
            if swept_at_open.files > 0 {
                let Swept { files, size_bytes } = swept_at_open;
                tracing::info!(files, size_bytes, "removed temporary files that unfinished uploads had left");
            }
            Ok(Self { inner, swept_at_open })
        })
        .await
    }

    /// What [`BlobStore::open`] removed.
    pub fn swept_at_open(&self) -> Swept {
        self.swept_at_open
    }

    /// Begins a new blob.
    ///
    /// # Errors
    /// [`Error::DiskFull`] or [`Error::Io`].
    pub async fn writer(&self) -> Result<BlobWriter, Error> {
        // To make a file may wait for the disk as well.
        let start = |inner: &Inner| Intake::start(inner, inner.settings.max_file_bytes, false);
        let intake = Arc::clone(&self.inner).in_turn(start).await?;
        Ok(BlobWriter::new(Arc::clone(&self.inner), intake))
    }

    /// Stores a whole stream of at most `limit_bytes` (or the store's own limit, if that is lower).
    ///
    /// # Errors
    /// [`Error::Source`] when the stream fails; [`Error::TooLarge`], [`Error::DiskFull`] or [`Error::Io`].
    pub async fn put<S, E>(&self, stream: S, limit_bytes: u64) -> Result<Stored, Error>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut writer = self.writer().await?.with_limit(limit_bytes);
        let mut stream = std::pin::pin!(stream);
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|error| Error::Source(error.into()))?;
            writer.write(&piece).await?;
        }
        writer.finish().await
    }

    /// Copies a local file into the store; its MD5, if wanted, comes from the same pass.
    ///
    /// # Errors
    /// [`Error::NotAFile`], [`Error::TooLarge`], [`Error::DiskFull`] or [`Error::Io`].
    pub async fn put_file(&self, path: impl Into<PathBuf>, want_md5: bool) -> Result<Imported, Error> {
        crate::import::import(Arc::clone(&self.inner), path.into(), want_md5).await
    }

    /// Whether files that are begun from now on are moved in chunks of 16 KiB, where memory is scarce. Those that
    /// were begun go on as they are. Whether this was another choice before.
    pub fn use_small_chunks(&self, small: bool) -> bool {
        self.inner.is_small.swap(small, Ordering::Relaxed) != small
    }

    /// Opens a blob for reading.
    ///
    /// # Errors
    /// [`Error::Missing`] or [`Error::Io`].
    pub async fn get(&self, sha256: Sha256) -> Result<BlobReader, Error> {
        let inner = Arc::clone(&self.inner);
        blocking(move || BlobReader::open(&inner.layout.blob(&sha256), inner.chunk_bytes())).await
    }

    /// Reads a blob through and compares its content with its name.
    ///
    /// # Errors
    /// [`Error::Missing`] or [`Error::Io`].
    pub async fn verify(&self, sha256: Sha256) -> Result<Verification, Error> {
        crate::verify::verify(Arc::clone(&self.inner), sha256).await
    }

    /// Removes a blob; `false` when it was not there. Readers that have it open read on.
    ///
    /// The caller makes sure that nothing refers to it, nor is just about to: an upload of the same content that
    /// finishes at this moment finds the blob known and stores nothing.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub async fn remove(&self, sha256: Sha256) -> Result<bool, Error> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.remove(&sha256).map_err(Error::io("remove a stored file"))).await
    }

    /// The digests of stored files that are older than `older_than`, one folder of some at a time: those of the first folder
    /// from `from` on that has any, and the number of the folder. For whoever looks for files that nothing names.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub async fn old_files(
        &self,
        from: u16,
        older_than: Duration,
    ) -> Result<Option<(u16, Vec<Sha256>)>, Error> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.old_files(from, older_than).map_err(Error::io("list the stored files"))).await
    }

    /// Removes temporary files that nobody has written to for `older_than`: of uploads that a crash cut off.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub async fn sweep_temp(&self, older_than: Duration) -> Result<Swept, Error> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.sweep(older_than)).await
    }

    /// Counts what the store holds by walking through it: for reports, not for requests.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub async fn usage(&self) -> Result<Usage, Error> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.usage().map_err(Error::io("count the stored files"))).await
    }

    /// How many files are on their way in, each with a temporary file. Of this store's clones alone, and without the disk.
    pub fn arriving(&self) -> u64 {
        let others = Arc::strong_count(&self.inner.arriving).saturating_sub(1);
        u64::try_from(others).unwrap_or(u64::MAX)
    }

    /// Asks whether files can be stored at all; a full disk is another matter.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub async fn check_writable(&self) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.layout.check_writable()).await
    }

    /// The free and total space of the disk the store is on.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub async fn space(&self) -> Result<Space, Error> {
        let inner = Arc::clone(&self.inner);
        blocking(move || Space::of(inner.layout.temp())).await
    }
}

impl Inner {
    /// The size of a chunk of a file that is begun now, in bytes.
    fn chunk_bytes(&self) -> usize {
        let usual = self.settings.chunk_bytes;
        if self.is_small.load(Ordering::Relaxed) { usual.min(SMALL_CHUNK_BYTES) } else { usual }
    }

    /// What a writer that begins now gathers before it writes, in bytes.
    pub(crate) fn buffer_bytes(&self) -> usize {
        Settings::gathered_bytes(self.chunk_bytes())
    }

    /// Refuses when storing `more_bytes` would eat into the reserve.
    pub(crate) fn check_space(&self, more_bytes: u64) -> Result<(), Error> {
        let Space { free_bytes, .. } = Space::of(self.layout.temp())?;
        let min_free_bytes = self.settings.min_free_bytes;
        if free_bytes.saturating_sub(more_bytes) < min_free_bytes {
            return Err(Error::DiskFull { free_bytes, min_free_bytes });
        }
        Ok(())
    }

    /// The error for a write that failed: a full disk has its own.
    pub(crate) fn writing(&self, action: &'static str, source: io::Error) -> Error {
        if !crate::disk::is_full(&source) {
            return Error::Io { action, source };
        }
        let free_bytes = Space::of(self.layout.temp()).map_or(0, |space| space.free_bytes);
        Error::DiskFull { free_bytes, min_free_bytes: self.settings.min_free_bytes }
    }

    fn remove(&self, sha256: &Sha256) -> io::Result<bool> {
        match std::fs::remove_file(self.layout.blob(sha256)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        if self.settings.fsync {
            self.layout.sync_folders_of(sha256)?;
        }
        Ok(true)
    }

    /// What was written at this moment is so old, in microseconds since 1970.
    fn written_before(&self, older_than: Duration) -> i64 {
        let age_micros = i64::try_from(older_than.as_micros()).unwrap_or(i64::MAX);
        self.clock.now().timestamp_micros().saturating_sub(age_micros)
    }

    fn old_files(&self, from: u16, older_than: Duration) -> io::Result<Option<(u16, Vec<Sha256>)>> {
        let newest_micros = self.written_before(older_than);
        for number in from..=u16::MAX {
            // bounded: digests are spread evenly, so a folder has one in 65,536 of all files.
            let mut found = Vec::new();
            let mut list = |entry: &DirEntry, _, modified: Timestamp| {
                let name = entry.file_name();
                let digest = name.to_str().and_then(from_hex);
                found.extend(digest.filter(|_| modified.timestamp_micros() <= newest_micros));
                Ok(())
            };
            match each_file(&self.layout.folder(number), 0, &mut list) {
                // Folders are made as they are needed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                listed => listed?,
            }
            if !found.is_empty() {
                return Ok(Some((number, found)));
            }
        }
        Ok(None)
    }

    fn sweep(&self, older_than: Duration) -> Result<Swept, Error> {
        let newest_micros = self.written_before(older_than);
        let mut swept = Swept::default();
        let mut remove = |entry: &DirEntry, size_bytes: u64, modified: Timestamp| {
            if Layout::is_temp_name(&entry.file_name()) && modified.timestamp_micros() <= newest_micros {
                std::fs::remove_file(entry.path())?;
                swept.files += 1;
                swept.size_bytes += size_bytes;
            }
            Ok(())
        };
        each_file(self.layout.temp(), 0, &mut remove).map_err(Error::io("sweep the temporary files"))?;
        Ok(swept)
    }

    fn usage(&self) -> io::Result<Usage> {
        let mut usage = Usage::default();
        each_file(self.layout.blobs(), 2, &mut |_, size_bytes, _| {
            usage.blobs += 1;
            usage.blob_bytes += size_bytes;
            Ok(())
        })?;
        each_file(self.layout.temp(), 0, &mut |_, size_bytes, _| {
            usage.temp_files += 1;
            usage.temp_bytes += size_bytes;
            Ok(())
        })?;
        Ok(usage)
    }
}

/// Visits every regular file exactly `depth` folders below `folder`. One that vanishes meanwhile is passed over.
fn each_file(
    folder: &Path,
    depth: u32,
    visit: &mut dyn FnMut(&DirEntry, u64, Timestamp) -> io::Result<()>,
) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let visited = entry.metadata().and_then(|metadata| {
            if depth > 0 && metadata.is_dir() {
                each_file(&entry.path(), depth - 1, visit)
            } else if depth == 0 && metadata.is_file() {
                visit(&entry, metadata.len(), Timestamp::from(metadata.modified()?))
            } else {
                Ok(())
            }
        });
        match visited {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::BlobStore;
    use crate::{Settings, Sha256};
    use clock::{MockClock, SeededRandom};
    use futures_util::{FutureExt as _, StreamExt as _};
    use std::sync::Arc;

    #[tokio::test]
    async fn writers_take_turns_and_readers_need_none() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { writers: 1, ..Settings::at(folder.path()) };
        let clock = Arc::new(MockClock::at("2026-01-31T12:00:00Z".parse().unwrap()));
        let store = BlobStore::open(settings, Arc::new(SeededRandom::new(1)), clock).await.unwrap();
        let mut writer = store.writer().await.unwrap();
        writer.write(b"a brief").await.unwrap();
        let sha256: Sha256 = writer.finish().await.unwrap().sha256;
        let mut writer = store.writer().await.unwrap();
        let turn = store.inner.turn().await.unwrap();
        let large = vec![1; store.inner.buffer_bytes()];
        let mut writing = Box::pin(writer.write(&large));
        assert!(writing.as_mut().now_or_never().is_none());
        store.get(sha256).await.unwrap();
        assert!(writing.as_mut().now_or_never().is_none(), "another has the turn still");
        drop(turn);
        writing.await.unwrap();
    }

    /// How long the first chunk is that is read of a blob.
    async fn first_chunk(store: &BlobStore, sha256: Sha256) -> usize {
        let mut chunks = Box::pin(store.get(sha256).await.unwrap().read_all().unwrap());
        chunks.next().await.unwrap().unwrap().len()
    }

    #[tokio::test]
    async fn where_memory_is_scarce_files_that_are_begun_are_moved_in_small_chunks() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(MockClock::at("2026-01-31T12:00:00Z".parse().unwrap()));
        let settings = Settings::at(folder.path());
        let store = BlobStore::open(settings, Arc::new(SeededRandom::new(1)), clock).await.unwrap();
        let (content, quarter) = (vec![7; 256 << 10], vec![7; 64 << 10]);
        let mut begun = store.writer().await.unwrap();
        assert!(store.use_small_chunks(true) && !store.use_small_chunks(true));
        let mut small = store.writer().await.unwrap();
        begun.write(&quarter).await.unwrap();
        small.write(&quarter).await.unwrap();
        let usage = store.usage().await.unwrap();
        assert_eq!((usage.temp_files, usage.temp_bytes), (2, 64 << 10), "the one that was begun gathers on");
        for mut writer in [begun, small] {
            writer.write(&content[quarter.len()..]).await.unwrap();
            let stored = writer.finish().await.unwrap();
            assert_eq!((stored.size_bytes, first_chunk(&store, stored.sha256).await), (256 << 10, 16 << 10));
            assert!(store.use_small_chunks(false));
            assert_eq!(first_chunk(&store, stored.sha256).await, 64 << 10);
            store.use_small_chunks(true);
        }
    }
}
