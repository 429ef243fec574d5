//! The production's own files. All of this blocks, and so runs on blocking threads.

use super::ProductionError;
use crate::load_file::{Header, LoadFile, LoadRow, PathFault, RowFault, Told, resolve};
use crate::media::HEAD_BYTES;
use crate::text::{Form, TextReader};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// How many names of one folder are looked at for a load file.
const MAX_NAMES: usize = 10_000;
/// How many bytes of a text are read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// A load file whose header was read.
pub(super) struct OpenLoadFile {
    pub(super) root: PathBuf,
    /// From the root.
    pub(super) name: PathBuf,
    pub(super) rows: LoadFile<File>,
    pub(super) header: Header,
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ProductionError> {
    headroom::spawn_blocking(work).await.map_err(|_| ProductionError::Stopping)
}

pub(super) async fn open_load_file(
    root: PathBuf,
    told: Option<String>,
) -> Result<OpenLoadFile, ProductionError> {
    blocking(move || {
        let path = match told {
            Some(name) => resolve(&root, &name).map_err(ProductionError::LoadFilePath)?,
            None => find_load_file(&root)?,
        };
        let rows = LoadFile::open(File::open(&path).map_err(ProductionError::Folder)?, &Told::default())?;
        let header = rows.header().clone();
        let whole = std::fs::canonicalize(&root).map_err(ProductionError::Folder)?;
        let name =
            path.strip_prefix(&whole).or_else(|_| path.strip_prefix(&root)).unwrap_or(&path).to_owned();
        Ok(OpenLoadFile { root, name, rows, header })
    })
    .await?
}

/// The one `*.dat` in the folder, or else in a folder of it, such as `DATA`.
fn find_load_file(root: &Path) -> Result<PathBuf, ProductionError> {
    let mut found = load_files(root)?;
    if found.is_empty() {
        for folder in names(root)?.into_iter().filter(|path| path.is_dir()) {
            found.extend(load_files(&folder)?);
        }
    }
    let spelled = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
    match found.as_slice() {
        [] => Err(ProductionError::NoLoadFile),
        [one] => Ok(one.clone()),
        [first, second, ..] => {
            Err(ProductionError::SeveralLoadFiles { first: spelled(first), second: spelled(second) })
        }
    }
}

fn load_files(folder: &Path) -> Result<Vec<PathBuf>, ProductionError> {
    let is_load_file = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("dat")) && path.is_file()
    };
    Ok(names(folder)?.into_iter().filter(is_load_file).collect())
}

fn names(folder: &Path) -> Result<Vec<PathBuf>, ProductionError> {
    let entries = std::fs::read_dir(folder).map_err(ProductionError::Folder)?.take(MAX_NAMES);
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

/// The next row, with the load file back.
pub(super) async fn next_row(
    mut rows: LoadFile<File>,
) -> Result<(LoadFile<File>, Option<Result<LoadRow, RowFault>>), ProductionError> {
    blocking(move || {
        let next = rows.next();
        (rows, next)
    })
    .await
}

/// A native that was found.
pub(super) struct Native {
    pub(super) path: PathBuf,
    /// Its first bytes.
    pub(super) head: Vec<u8>,
}

/// Finds a native inside the production's folder and looks at its beginning.
pub(super) async fn find_native(
    root: PathBuf,
    given: String,
) -> Result<Result<Native, PathFault>, ProductionError> {
    blocking(move || {
        let path = resolve(&root, &given)?;
        let mut head = Vec::new();
        let file = File::open(&path).map_err(PathFault::Io)?;
        file.take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(PathFault::Io)?;
        Ok(Native { path, head })
    })
    .await
}

/// A text that the production has in a file of its own.
pub(super) struct TextFile {
    file: File,
    reader: TextReader,
    is_read: bool,
}

impl TextFile {
    /// Finds it inside the production's folder.
    pub(super) async fn find(
        root: PathBuf,
        given: String,
    ) -> Result<Result<Self, PathFault>, ProductionError> {
        blocking(move || {
            let path = resolve(&root, &given)?;
            let file = File::open(path).map_err(PathFault::Io)?;
            Ok(Self { file, reader: TextReader::new(Form::Plain, None), is_read: false })
        })
        .await
    }

    /// The next piece; nothing at the end.
    pub(super) async fn piece(mut self) -> Result<(Self, io::Result<Option<String>>), ProductionError> {
        blocking(move || {
            let piece = self.read();
            (self, piece)
        })
        .await
    }

    /// Whether there was more text than is kept.
    pub(super) fn is_cut(&self) -> bool {
        self.reader.is_full()
    }

    fn read(&mut self) -> io::Result<Option<String>> {
        let mut chunk = vec![0; CHUNK_BYTES];
        while !self.is_read {
            if let Some(piece) = self.reader.piece() {
                return Ok(Some(piece));
            }
            let read = match self.file.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            self.reader.put(chunk.get(..read).unwrap_or_default());
            self.is_read = read == 0 || self.reader.is_full();
        }
        Ok(self.reader.piece().or_else(|| self.reader.finish()))
    }
}
