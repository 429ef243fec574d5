//! The file of audit records that wait for the database: one JSON object on each line.

use audit::SpillFile;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// The most that waits, in bytes: some twenty thousand readings. Then nothing more may be read.
const MOST_BYTES: u64 = 16 << 20;
/// The most that is read back at once, in bytes.
const BATCH_BYTES: u64 = 1 << 20;

/// `spill.ndjson` in a folder of its own.
#[derive(Debug)]
pub(super) struct SpillFolder {
    folder: PathBuf,
    /// Appending and forgetting come one after another.
    turn: Mutex<()>,
}

impl SpillFolder {
    pub(super) fn at(folder: PathBuf) -> Self {
        Self { folder, turn: Mutex::new(()) }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("spill.ndjson")
    }

    fn open(&self, name: &str) -> io::Result<File> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        OpenOptions::new().create(true).append(true).mode(0o600).open(self.folder.join(name))
    }
}

impl SpillFile for SpillFolder {
    fn append(&self, record: &[u8]) -> io::Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = self.open("spill.ndjson")?;
        if file.metadata()?.len() + record.len() as u64 >= MOST_BYTES {
            return Err(io::Error::from(io::ErrorKind::QuotaExceeded));
        }
        let mut line = record.to_vec();
        line.push(b'\n');
        file.write_all(&line)?;
        file.sync_all()
    }

    fn oldest(&self, limit: usize) -> io::Result<(Vec<Vec<u8>>, u64)> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match File::open(self.path()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
            Err(error) => return Err(error),
        };
        let (mut records, mut taken) = (Vec::new(), 0);
        let mut lines = BufReader::new(file).take(MOST_BYTES);
        while records.len() < limit && taken < BATCH_BYTES {
            let mut line = Vec::new();
            let read = lines.read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            taken += read as u64;
            line.truncate(line.trim_ascii_end().len());
            records.push(line);
        }
        Ok((records, taken))
    }

    fn forget(&self, bytes: u64) -> io::Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = File::open(self.path())?;
        if file.metadata()?.len() <= bytes {
            return fs::remove_file(self.path());
        }
        file.seek(SeekFrom::Start(bytes))?;
        // What is left of an attempt that a crash cut short must not come before it.
        let rest = "spill.ndjson.rest";
        drop(fs::remove_file(self.folder.join(rest)));
        let mut kept = self.open(rest)?;
        io::copy(&mut file, &mut kept)?;
        kept.sync_all()?;
        fs::rename(self.folder.join(rest), self.path())
    }
}
