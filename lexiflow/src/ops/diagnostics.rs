//! The folder of what helps to find a fault, in the data folder or where the settings say: heap profiles that were asked to
//! be kept, the history of leaks, and reports of critical memory. All of it blocks.

use super::error::Error;
use crate::config::Storage;
use clock::Timestamp;
use headroom::heap_profile::HeapProfile;
use ids::{Id as _, ProfileId};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many are kept.
pub(super) const KEPT: usize = 5;
/// For how long, in milliseconds: a week.
pub(super) const KEPT_MILLIS: i64 = 7 * 24 * 60 * 60 * 1000;
/// No profile within the caps of its stacks is longer.
const FILE_BYTES: u64 = 32 << 20;
const BEGIN: &str = "heap-";
const END: &str = ".pb";

/// The folder, made when something is first kept.
#[derive(Debug, Clone)]
pub(super) struct Diagnostics {
    folder: PathBuf,
    /// Held for as long as the server runs, where the settings name the folder: another server may have been given the same.
    lock: Option<Arc<File>>,
    /// Whether another one has.
    is_shared: bool,
}

impl Diagnostics {
    /// Where the settings say. One that cannot be used is told, and keeps nobody from work.
    pub(super) fn of(storage: &Storage) -> Self {
        let Some(folder) = &storage.diagnostics_dir else { return Self::within(&storage.data_dir) };
        let mut found = Self::at(folder);
        match found.take() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                found.is_shared = true;
                tracing::warn!(path = %folder.display(), "another server uses DIAGNOSTICS_DIR: give each one its own");
            }
            Err(TryLockError::Error(error)) => {
                tracing::warn!(
                    %error, path = %folder.display(), "DIAGNOSTICS_DIR cannot be written to: nothing is kept there"
                );
            }
        }
        found
    }

    /// In the data folder, which has a lock of its own.
    pub(super) fn within(data_dir: &Path) -> Self {
        Self::at(&data_dir.join("diagnostics"))
    }

    pub(super) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), lock: None, is_shared: false }
    }

    fn take(&mut self) -> Result<(), TryLockError> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(TryLockError::Error)?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let file = options.open(self.folder.join("server.lock")).map_err(TryLockError::Error)?;
        // Alone there is whoever can have it for itself; for the rest of its life each server shares it with others.
        let alone = file.try_lock();
        if alone.is_ok() {
            file.unlock().map_err(TryLockError::Error)?;
        }
        file.try_lock_shared()?;
        self.lock = Some(Arc::new(file));
        alone
    }

    /// Whether another server that runs keeps its files there too: what has no end there may be its.
    pub(super) fn is_shared(&self) -> bool {
        self.is_shared
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// How a file of the folder is named to whoever looks for it.
    pub(super) fn shown(&self, file: &str) -> String {
        self.folder.join(file).display().to_string()
    }

    /// Where the history of leaks lies.
    pub(super) fn leaks(&self) -> PathBuf {
        self.folder.join("leaks.json")
    }

    fn path(&self, id: ProfileId) -> PathBuf {
        self.folder.join(format!("{BEGIN}{id}{END}"))
    }

    /// Keeps a profile, for the server's user alone, and removes the oldest beyond the limit and what is too old. Its size
    /// in bytes.
    pub(super) fn keep(&self, id: ProfileId, profile: &HeapProfile, now: Timestamp) -> Result<u64, Error> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let path = self.path(id);
        let size = write(&path, profile);
        if size.is_err() {
            self.forget(id);
        }
        // It is kept, whatever becomes of the others.
        if let Err(error) = self.prune().and_then(|()| self.expire(now)) {
            tracing::warn!(%error, "old heap profiles could not be removed");
        }
        Ok(size?)
    }

    /// Removes a profile, if it is there.
    pub(super) fn forget(&self, id: ProfileId) {
        if let Err(error) = fs::remove_file(self.path(id)) {
            tracing::warn!(%error, %id, "a heap profile could not be removed");
        }
    }

    /// A kept profile.
    pub(super) fn open(&self, id: ProfileId) -> Result<HeapProfile, Error> {
        let file = File::open(self.path(id)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::NotFound(id),
            _ => error.into(),
        })?;
        let mut bytes = Vec::new();
        file.take(FILE_BYTES).read_to_end(&mut bytes)?;
        HeapProfile::read_pprof(&bytes).map_err(|error| Error::NotComparable(error.into()))
    }

    /// Removes what has been kept for longer than a week; how many.
    pub(super) fn expire(&self, now: Timestamp) -> io::Result<usize> {
        let (mut removed, mut kept) = (0, self.kept()?);
        let oldest = u64::try_from(now.timestamp_millis() - KEPT_MILLIS).unwrap_or(0);
        kept.retain(|id| id.made_at_millis() < oldest);
        for id in kept {
            self.remove(id)?;
            removed += 1;
        }
        Ok(removed)
    }

    fn prune(&self) -> io::Result<()> {
        let mut kept = self.kept()?;
        kept.sort_unstable();
        let beyond = kept.len().saturating_sub(KEPT);
        kept.iter().take(beyond).try_for_each(|id| self.remove(*id))
    }

    fn remove(&self, id: ProfileId) -> io::Result<()> {
        remove_if_there(&self.path(id))
    }

    /// What is there. Ids begin with the time they were made, so the oldest come first when they are sorted.
    fn kept(&self) -> io::Result<Vec<ProfileId>> {
        self.named(|name| name.strip_prefix(BEGIN)?.strip_suffix(END)?.parse().ok())
    }

    /// What the names of the files say that `read` knows.
    pub(super) fn named<T>(&self, read: impl Fn(&str) -> Option<T>) -> io::Result<Vec<T>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        // bounded: some more than are kept; nobody else writes to the folder.
        let mut named = Vec::new();
        for entry in entries {
            named.extend(entry?.file_name().to_str().and_then(&read));
        }
        Ok(named)
    }
}

/// Somebody else may have removed it a moment before.
pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Writes a file `beside` its place and then into it, for the server's user alone: it is there with all that is written, or as it
/// was.
pub(super) fn replace(
    path: &Path,
    beside: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    // Made anew: what lies there may be another's, or for everybody to read.
    remove_if_there(beside)?;
    let mut out = BufWriter::new(OpenOptions::new().create_new(true).write(true).mode(0o600).open(beside)?);
    let done = write(&mut out).and_then(|()| out.flush()).and_then(|()| fs::rename(beside, path));
    if done.is_err() {
        // On a full disk the part that was written takes room as well.
        let _gone = fs::remove_file(beside);
    }
    done
}

fn write(path: &Path, profile: &HeapProfile) -> io::Result<u64> {
    let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    let mut out = BufWriter::new(file);
    profile.write_pprof(&mut out)?;
    out.flush()?;
    Ok(out.get_ref().metadata()?.len())
}
