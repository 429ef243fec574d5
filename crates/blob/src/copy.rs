use crate::sink::{MOST_UNWRITTEN_BYTES, Sink};
use crate::turns::in_turns;
use crate::{Error, Settings, Sha256, blocking, disk};
use clock::Random;
use crypto::digest::hex;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// The size in bytes.
    pub size_bytes: u64,
    /// The SHA-256 of the content.
    pub sha256: Sha256,
}

/// A copy under way.
struct Copying {
    source: File,
    sink: Sink,
    buffer: Vec<u8>,
}

/// Copies a regular file, `chunk_bytes` at a time (4 KiB to 1 MiB), and tells `progress` how many bytes are written.
///
/// Memory stays at one chunk whatever the size; the page cache is relieved on the way. The target appears whole, synced
/// and under its name, or not at all: the copy is made beside it, under a name from `random`, and renamed. Dropping the
/// future leaves nothing behind. The bytes pass through the process rather than the kernel alone, because the digest needs
/// each of them.
///
/// # Errors
/// [`Error::Settings`] for a chunk out of bounds, [`Error::NotAFile`], [`Error::DiskFull`] or [`Error::Io`].
pub async fn stream_copy_file(
    source: &Path,
    target: &Path,
    chunk_bytes: usize,
    random: &dyn Random,
    mut progress: impl FnMut(u64),
) -> Result<Copied, Error> {
    if !Settings::is_usable_chunk(chunk_bytes) {
        return Err(Error::Settings);
    }
    let temp = beside(target, random)?;
    let (source, folder) = (source.to_owned(), folder_of(target));
    let copying = blocking(move || Copying::start(&source, temp, chunk_bytes)).await?;
    let copied = in_turns(copying, Copying::step, |copying| progress(copying.sink.written_bytes())).await?;
    let target = target.to_owned();
    blocking(move || copied.finish(&target, &folder)).await
}

/// A name in the target's folder, since only there renaming is one step.
fn beside(target: &Path, random: &dyn Random) -> Result<PathBuf, Error> {
    let name = target.file_name().ok_or(Error::NotAFile)?;
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    let mut temp = std::ffi::OsString::from(".");
    temp.push(name);
    temp.push(format!(".{}.part", hex(&bytes)));
    Ok(target.with_file_name(temp))
}

fn folder_of(target: &Path) -> PathBuf {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

impl Copying {
    fn start(source: &Path, temp: PathBuf, chunk_bytes: usize) -> Result<Self, Error> {
        let (source, _) = disk::open_regular(source)?;
        let temp = disk::TempFile::create(temp).map_err(writing("create the copy"))?;
        Ok(Self { source, sink: Sink::to(temp, MOST_UNWRITTEN_BYTES), buffer: vec![0; chunk_bytes] })
    }

    /// One chunk; `false` at the end.
    fn step(&mut self) -> Result<bool, Error> {
        let read = self.source.read(&mut self.buffer).map_err(Error::io("read the file to copy"))?;
        self.sink.write(&self.buffer[..read]).map_err(writing("write the copy"))?;
        self.sink.relieve().map_err(writing("write the copy"))?;
        Ok(read > 0)
    }

    fn finish(self, target: &Path, folder: &Path) -> Result<Copied, Error> {
        let (mut temp, sha256, size_bytes) = self.sink.finish();
        temp.file().sync_all().map_err(writing("sync the copy"))?;
        if size_bytes >= MOST_UNWRITTEN_BYTES {
            disk::release_cache(temp.file(), 0, size_bytes);
        }
        temp.keep_as(target).map_err(writing("put the copy into its place"))?;
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(Error::io("sync the folder of the copy"))?;
        Ok(Copied { size_bytes, sha256 })
    }
}

fn writing(action: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    move |source| {
        if disk::is_full(&source) {
            Error::DiskFull { free_bytes: 0, min_free_bytes: 0 }
        } else {
            Error::Io { action, source }
        }
    }
}
