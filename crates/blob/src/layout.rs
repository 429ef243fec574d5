use crate::{Error, Sha256, disk};
use crypto::digest::hex;
use rustix::fs::Access;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Characters in a temporary file's name: 16 random bytes in hexadecimal.
const TEMP_NAME_CHARS: usize = 32;

/// Where things lie: `sha256/ab/cd/<hex>` for blobs, `tmp/<random>` for what is being written.
///
/// Paths are made of digests and random bytes only; no caller's text ever becomes part of one.
#[derive(Debug)]
pub(crate) struct Layout {
    blobs: PathBuf,
    temp: PathBuf,
}

impl Layout {
    pub(crate) fn at(root: &Path) -> Self {
        Self { blobs: root.join("sha256"), temp: root.join("tmp") }
    }

    /// Creates what is missing, readable by the server's user only.
    pub(crate) fn create(&self) -> Result<(), Error> {
        for folder in [&self.blobs, &self.temp] {
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(disk::FOLDER_MODE);
            builder.create(folder).map_err(Error::io("create the blob store's folders"))?;
        }
        Ok(())
    }

    /// Whether this process may make files in the folders. Nothing is written: a full disk does not keep a server from
    /// starting.
    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        for folder in [&self.blobs, &self.temp] {
            let asked = rustix::fs::access(folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK);
            asked.map_err(|errno| Error::io("write to the blob store's folders")(errno.into()))?;
        }
        Ok(())
    }

    pub(crate) fn blobs(&self) -> &Path {
        &self.blobs
    }

    pub(crate) fn temp(&self) -> &Path {
        &self.temp
    }

    pub(crate) fn blob(&self, sha256: &Sha256) -> PathBuf {
        let [_, inner] = self.folders_of(sha256);
        inner.join(hex(sha256))
    }

    pub(crate) fn temp_file(&self, random: [u8; 16]) -> PathBuf {
        self.temp.join(hex(&random))
    }

    /// Whether a file in the temporary folder is one of ours.
    pub(crate) fn is_temp_name(name: &std::ffi::OsStr) -> bool {
        let bytes = name.as_encoded_bytes();
        bytes.len() == TEMP_NAME_CHARS && bytes.iter().all(u8::is_ascii_hexdigit)
    }

    /// Creates the two folders above a blob.
    pub(crate) fn create_folders_of(&self, sha256: &Sha256) -> io::Result<()> {
        for folder in self.folders_of(sha256) {
            match DirBuilder::new().mode(disk::FOLDER_MODE).create(folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Makes a blob's name durable. All folders above are synced each time: another writer may have made one of
    /// them and not have synced it yet, and syncing a clean folder costs little.
    pub(crate) fn sync_folders_of(&self, sha256: &Sha256) -> io::Result<()> {
        let [outer, inner] = self.folders_of(sha256);
        for folder in [inner.as_path(), outer.as_path(), &self.blobs] {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    /// The innermost folder of the digests that begin with these two bytes.
    pub(crate) fn folder(&self, beginning: u16) -> PathBuf {
        let [_, inner] = self.folders(beginning.to_be_bytes());
        inner
    }

    fn folders_of(&self, sha256: &Sha256) -> [PathBuf; 2] {
        self.folders([sha256[0], sha256[1]])
    }

    fn folders(&self, beginning: [u8; 2]) -> [PathBuf; 2] {
        let outer = self.blobs.join(hex(&beginning[..1]));
        let inner = outer.join(hex(&beginning[1..]));
        [outer, inner]
    }
}
