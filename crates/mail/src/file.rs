use crate::{Error, Outgoing, Transport};
use clock::Timestamp;
use futures_util::future::BoxFuture;
use ids::{Id as _, JobId};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How much mail is kept. A message is at most 256 KiB large, so that the number bounds the bytes as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The most files; the oldest go.
    pub files: usize,
    /// How long a file stays.
    pub age: Duration,
}

/// Writes each mail as a file `<id>.eml` into a folder of the server's user.
#[derive(Debug, Clone)]
pub struct FileTransport {
    folder: Arc<Path>,
    keep: Keep,
}

impl FileTransport {
    /// The folder is made with the first mail.
    pub fn new(folder: PathBuf, keep: Keep) -> Self {
        Self { folder: folder.into(), keep }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path, Keep) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (folder, keep) = (Arc::clone(&self.folder), self.keep);
        headroom::spawn_blocking(move || work(&folder, keep)).await.map_err(|_| Error::Stopping)?
    }
}

impl Transport for FileTransport {
    fn deliver<'a>(&'a self, mail: &'a Outgoing) -> BoxFuture<'a, Result<(), Error>> {
        let written = mail.clone();
        Box::pin(async move {
            let name = self
                .run(move |folder, keep| {
                    let name = write(folder, &written)?;
                    remove_old(folder, keep, written.at())?;
                    Ok(name)
                })
                .await?;
            // The name is the job's id: it tells nothing of whom the mail is for or what it says.
            tracing::info!(mail.file = name, "a mail was written; nothing is sent over the network");
            Ok(())
        })
    }

    fn forget_old(&self, now: Timestamp) -> BoxFuture<'_, Result<usize, Error>> {
        Box::pin(self.run(move |folder, keep| remove_old(folder, keep, now)))
    }
}

/// Makes the folder if it is missing; nobody but the server's user may look into it.
fn prepare(folder: &Path) -> Result<(), Error> {
    let failed = |source| Error::Folder { path: folder.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let mode = fs::metadata(folder).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

/// Writes the file beside its place and moves it there, so that nobody reads half of one; the folder's entry is on disk
/// when this returns.
fn write(folder: &Path, mail: &Outgoing) -> Result<String, Error> {
    prepare(folder)?;
    let name = format!("{}.eml", mail.id());
    let (path, beside) = (folder.join(&name), folder.join(format!(".{name}.part")));
    let written = (|| {
        remove_if_there(&beside)?;
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&beside)?;
        file.write_all(mail.eml())?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(folder)?.sync_all()
    })();
    written.map_err(|source| Error::Write { path, source })?;
    Ok(name)
}

/// Removes the files that are older than they may be, and the oldest of those that are too many.
fn remove_old(folder: &Path, keep: Keep, now: Timestamp) -> Result<usize, Error> {
    let failed = |source| Error::Folder { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(source) => return Err(failed(source)),
    };
    // Ids sort by the time they were made. The folder never holds many more than are kept.
    let mut ids = Vec::new();
    for entry in entries {
        ids.extend(id_of(&entry.map_err(failed)?.path()));
    }
    ids.sort_unstable_by(|a: &JobId, b| b.cmp(a));
    let age_millis = u64::try_from(keep.age.as_millis()).unwrap_or(u64::MAX);
    let since = u64::try_from(now.timestamp_millis()).unwrap_or(0).saturating_sub(age_millis);
    let mut removed = 0;
    for (place, id) in ids.into_iter().enumerate() {
        if place >= keep.files || id.made_at_millis() < since {
            remove_if_there(&folder.join(format!("{id}.eml"))).map_err(failed)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// The id in a file's name; nothing for a file that is none of ours.
fn id_of(path: &Path) -> Option<JobId> {
    path.file_name()?.to_str()?.strip_suffix(".eml")?.parse().ok()
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
