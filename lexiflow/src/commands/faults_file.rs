use super::CommandError;
use clock::Timestamp;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What could not be imported, one JSON object a line. The file is made with its first line.
#[derive(Debug)]
pub struct FaultsFile {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    count: u64,
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
        let path = path.unwrap_or_else(|| {
            data_dir.join(format!("import-faults-{}.ndjson", now.format("%Y%m%dT%H%M%SZ")))
        });
        Self { path, file: None, count: 0 }
    }

    /// Adds a line.
    pub fn add(&mut self, line: &FaultLine<'_>) -> Result<(), CommandError> {
        let failed = |path: &Path, source| CommandError::Path { path: path.to_owned(), source };
        if self.file.is_none() {
            // It quotes names of parties' files: for the user alone.
            let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path);
            self.file = Some(BufWriter::new(file.map_err(|source| failed(&self.path, source))?));
        }
        if let Some(file) = &mut self.file {
            let text = serde_json::to_string(line).map_err(|error| failed(&self.path, error.into()))?;
            writeln!(file, "{text}").map_err(|source| failed(&self.path, source))?;
        }
        self.count += 1;
        Ok(())
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
