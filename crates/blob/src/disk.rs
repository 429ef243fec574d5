//! The file system below: free space, temporary files, and the page cache.

use crate::Error;
use rustix::fs::{Advice, StatVfs};
use std::fs::{File, OpenOptions};
use std::io;
use std::num::NonZeroU64;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Folders are for the server's user only.
pub(crate) const FOLDER_MODE: u32 = 0o700;

const FILE_MODE: u32 = 0o600;

/// The disk the store is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Free for this process, in bytes.
    pub free_bytes: u64,
    /// The size of the file system in bytes.
    pub total_bytes: u64,
}

impl Space {
    /// Asks the file system that `folder` is on.
    pub(crate) fn of(folder: &Path) -> Result<Self, Error> {
        let stat: StatVfs = rustix::fs::statvfs(folder)
            .map_err(|error| Error::io("ask for the free disk space")(error.into()))?;
        Ok(Self {
            free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
            total_bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
        })
    }
}

/// Whether the system said that the disk or the user's quota is used up.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Opens a file that will be read from front to back, with its size in bytes. It must be a regular one: opening a pipe
/// would wait for ever.
pub(crate) fn open_regular(path: &Path) -> Result<(File, u64), Error> {
    let metadata = std::fs::metadata(path).map_err(Error::io("open the file to import"))?;
    if !metadata.is_file() {
        return Err(Error::NotAFile);
    }
    let source = File::open(path).map_err(Error::io("open the file to import"))?;
    will_read_in_order(&source);
    Ok((source, metadata.len()))
}

/// Tells the system that `file` is read from front to back. Only advice, so that a refusal does not matter.
pub(crate) fn will_read_in_order(file: &File) {
    advise(file, 0, None, Advice::Sequential);
}

/// Starts writing `start..end` of `file` back and drops what is written already from the page cache, which counts
/// against the memory of the server's control group. Only advice.
pub(crate) fn release_cache(file: &File, start: u64, end: u64) {
    if let Some(length) = NonZeroU64::new(end.saturating_sub(start)) {
        advise(file, start, Some(length), Advice::DontNeed);
    }
}

fn advise(file: &File, start: u64, length: Option<NonZeroU64>, advice: Advice) {
    if let Err(error) = rustix::fs::fadvise(file, start, length, advice) {
        tracing::debug!(%error, "the file system takes no advice on caching");
    }
}

/// A file being written. It is removed when dropped, unless it has been kept.
#[derive(Debug)]
pub(crate) struct TempFile {
    file: File,
    path: PathBuf,
    kept: bool,
}

impl TempFile {
    /// Creates a file that did not exist, for the server's user only.
    pub(crate) fn create(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&path)?;
        Ok(Self { file, path, kept: false })
    }

    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Renames it into place, replacing what is there.
    pub(crate) fn keep_as(mut self, target: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, target)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, "a temporary file could not be removed; the next sweep will try again");
        }
    }
}
