//! Where the signatures over the audit log lie outside the database: a file for each firm in `audit` of the data folder.

use audit::{Checkpoint, SignedLine, Witness};
use ids::FirmId;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// When a firm's file is larger than this, in bytes, it becomes the older one of two. The newest line says the most.
const TURN_BYTES: u64 = 4 << 20;
/// A line is shorter than this, in bytes.
const LINE_BYTES: u64 = 4096;

/// Appends each checkpoint to the firm's file.
#[derive(Debug)]
pub struct WitnessFolder {
    folder: PathBuf,
    /// Lines are written one after another.
    writing: Mutex<()>,
}

impl WitnessFolder {
    /// Keeps its files in `folder`, which is made when it is needed.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder, writing: Mutex::new(()) }
    }

    fn path(&self, firm: FirmId) -> PathBuf {
        self.folder.join(format!("{firm}.ndjson"))
    }

    fn older(&self, firm: FirmId) -> PathBuf {
        self.folder.join(format!("{firm}.older.ndjson"))
    }
}

impl Witness for WitnessFolder {
    fn keep(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        let mut line = serde_json::to_vec(&SignedLine::from(checkpoint))?;
        line.push(b'\n');
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let path = self.path(checkpoint.firm);
        if fs::metadata(&path).is_ok_and(|found| found.len() > TURN_BYTES) {
            fs::rename(&path, self.older(checkpoint.firm))?;
        }
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        file.write_all(&line)?;
        file.sync_all()
    }

    fn newest(&self, firm: FirmId) -> io::Result<Option<Checkpoint>> {
        for path in [self.path(firm), self.older(firm)] {
            match File::open(&path) {
                Ok(file) => {
                    if let Some(found) = last_line(file)? {
                        return Ok(Some(found));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// The last whole line that is a checkpoint: the very last one may have been cut short by a crash.
fn last_line(mut file: File) -> io::Result<Option<Checkpoint>> {
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(end.saturating_sub(2 * LINE_BYTES)))?;
    let mut tail = Vec::new();
    file.take(2 * LINE_BYTES).read_to_end(&mut tail)?;
    let lines = tail.split(|byte| *byte == b'\n').rev();
    let mut read = lines.filter_map(|line| serde_json::from_slice::<SignedLine>(line).ok());
    Ok(read.find_map(SignedLine::into_checkpoint))
}
