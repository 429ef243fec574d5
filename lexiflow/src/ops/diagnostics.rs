//! The data folder's `diagnostics`: heap profiles that were asked to be kept, and the history of leaks. All of it blocks.

use super::error::Error;
use headroom::heap_profile::HeapProfile;
use ids::ProfileId;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// How many are kept.
const KEPT: usize = 5;
/// No profile within the caps of its stacks is longer.
const FILE_BYTES: u64 = 32 << 20;
const BEGIN: &str = "heap-";
const END: &str = ".pb";

/// The folder, made when something is first kept.
#[derive(Debug, Clone)]
pub(super) struct Diagnostics(PathBuf);

impl Diagnostics {
    pub(super) fn within(data_dir: &Path) -> Self {
        Self(data_dir.join("diagnostics"))
    }

    /// Where the history of leaks lies.
    pub(super) fn leaks(&self) -> PathBuf {
        self.0.join("leaks.json")
    }

    fn path(&self, id: ProfileId) -> PathBuf {
        self.0.join(format!("{BEGIN}{id}{END}"))
    }

    /// Keeps a profile, for the server's user alone, and removes the oldest beyond the limit. Its size in bytes.
    pub(super) fn keep(&self, id: ProfileId, profile: &HeapProfile) -> Result<u64, Error> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let path = self.path(id);
        let size = write(&path, profile);
        if size.is_err() {
            self.forget(id);
        }
        self.prune()?;
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

    /// Their names begin with the time they were made, so the oldest come first.
    fn prune(&self) -> io::Result<()> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            if name.to_str().is_some_and(|name| name.starts_with(BEGIN) && name.ends_with(END)) {
                names.push(name);
            }
        }
        names.sort_unstable();
        let beyond = names.len().saturating_sub(KEPT);
        names.iter().take(beyond).try_for_each(|name| fs::remove_file(self.0.join(name)))
    }
}

fn write(path: &Path, profile: &HeapProfile) -> io::Result<u64> {
    let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    let mut out = BufWriter::new(file);
    profile.write_pprof(&mut out)?;
    out.flush()?;
    Ok(out.get_ref().metadata()?.len())
}
