use super::CommandError;
use clock::Timestamp;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What could not be imported, one JSON object a line. The file is made with its first line.
#[derive(Debug)]
pub struct FaultsFile {
    path: PathBuf,
    /// Whether the name is ours to choose, so that no other import's file may have it.
    is_own: bool,
    file: Option<BufWriter<File>>,
    count: u64,
}

/// How many names of one second are tried.
const MOST_NAMES: u32 = 1000;

/// It quotes names of parties' files: for the user alone.
fn options() -> OpenOptions {
    OpenOptions::new().append(true).mode(0o600).clone()
}

/// One line.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultLine<'a> {
    /// The file at fault.
    pub file: &'a str,
    /// Its row, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Stable, in `snake_case`.
    pub code: &'a str,
    /// What is wrong, and what to do.
    pub message: &'a str,
}

impl FaultsFile {
    /// A file at `path`, or else in the data folder under a name of this moment.
    pub fn at(path: Option<PathBuf>, data_dir: &Path, now: Timestamp) -> Self {
        let is_own = path.is_none();
        let path = path.unwrap_or_else(|| {
            data_dir.join(format!("import-faults-{}.ndjson", now.format("%Y%m%dT%H%M%SZ")))
        });
        Self { path, is_own, file: None, count: 0 }
    }

    /// Adds a line.
    pub fn add(&mut self, line: &FaultLine<'_>) -> Result<(), CommandError> {
        let failed = |path: &Path, source| CommandError::Path { path: path.to_owned(), source };
        if self.file.is_none() {
            let file = if self.is_own { self.create_own() } else { options().create(true).open(&self.path) };
            self.file = Some(BufWriter::new(file.map_err(|source| failed(&self.path, source))?));
        }
        if let Some(file) = &mut self.file {
            let text = serde_json::to_string(line).map_err(|error| failed(&self.path, error.into()))?;
            writeln!(file, "{text}").map_err(|source| failed(&self.path, source))?;
        }
        self.count += 1;
        Ok(())
    }

    /// Makes the file under the first name that is free: another import may have begun in the same second.
    fn create_own(&mut self) -> io::Result<File> {
        let stem = self.path.with_extension("");
        for number in 2..=MOST_NAMES {
            match options().create_new(true).open(&self.path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let mut name = stem.clone().into_os_string();
                    name.push(format!("-{number}.ndjson"));
                    self.path = name.into();
                }
                made => return made,
            }
        }
        options().create_new(true).open(&self.path)
    }

    /// How many lines there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Writes out what is buffered and tells where it lies; nothing when there was no fault.
    pub fn finish(mut self) -> Result<Option<PathBuf>, CommandError> {
        let Some(file) = &mut self.file else { return Ok(None) };
        file.flush().map_err(|source| CommandError::Path { path: self.path.clone(), source })?;
        Ok(Some(self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_imports_of_one_second_have_a_file_each() {
        let folder = tempfile::tempdir().expect("a folder");
        let now = clock::Clock::now(&*testkit::clock());
        let line = FaultLine { file: "a", row: None, code: "b", message: "c" };
        let write = |path: Option<PathBuf>| {
            let mut faults = FaultsFile::at(path, folder.path(), now);
            faults.add(&line).expect("a line");
            faults.add(&line).expect("a line");
            faults.finish().expect("the end").expect("a path")
        };
        let paths = [write(None), write(None), write(None)];
        assert!(paths[0] != paths[1] && paths[1] != paths[2] && paths[0] != paths[2], "{paths:?}");
        for path in &paths {
            assert_eq!(std::fs::read_to_string(path).expect("the file").lines().count(), 2, "{path:?}");
        }
        // A file that the caller names is theirs, and what is in it stays.
        let named = folder.path().join("mine");
        assert_eq!([write(Some(named.clone())), write(Some(named.clone()))], [named.clone(), named.clone()]);
        assert_eq!(std::fs::read_to_string(named).expect("the file").lines().count(), 4);
    }
}
