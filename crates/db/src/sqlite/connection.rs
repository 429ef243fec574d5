use super::held::{Held, Part, Share};
use super::patience::{Patience, STEPS_BETWEEN_LOOKS};
use crate::Error;
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a statement on a blocking thread waits for another process to let go of the file.
pub(crate) const BUSY_WAIT: Duration = Duration::from_secs(5);

/// One connection to the embedded database.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) inner: rusqlite::Connection,
    path: PathBuf,
    patience: Patience,
    share: Share,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Read,
    Write,
}

impl Connection {
    pub(crate) fn open(path: &Path, purpose: Purpose, held: &Held) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let inner = headroom::sqlite::open(path, flags)?;
        inner.set_prepared_statement_cache_capacity(held.kept());
        // Otherwise a plan may depend on the values of a `LIMIT`, and is made anew, with the whole statement, each time that
        // one is bound.
        inner.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        inner.busy_timeout(BUSY_WAIT)?;
        // FULL: an acknowledged deadline must survive a power cut, so the log is synced at every commit. Two MiB of
        // pages for each connection, so that the sum is bounded and small. The log is copied into the file every 16 MiB:
        // the pages that every verb writes are copied once for many of them.
        inner.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA cache_size = -2048; PRAGMA temp_store = memory; PRAGMA journal_size_limit = 67108864; \
             PRAGMA wal_autocheckpoint = 4000;",
        )?;
        if purpose == Purpose::Read {
            // What a question sorts or groups goes to a file when it is more than two MiB: it grows with the data. What
            // the writer keeps to take a verb back grows with the verb, and is wanted at each.
            inner.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = file")?;
        }
        inner.busy_timeout(Duration::ZERO)?;
        let patience = Patience::new();
        let asked = patience.clone();
        inner.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || asked.is_over()))?;
        let opened = Self { inner, path: path.to_owned(), patience, share: Share::of(held) };
        opened.put_down();
        Ok(opened)
    }

    /// Counts what the connection holds when its user is done with it, and gives back what was wished for meanwhile.
    pub(crate) fn put_down(&self) {
        self.share.put_down(&self.inner);
    }

    /// Gives back what it holds of this.
    pub(crate) fn release(&self, part: Part) {
        self.share.release(&self.inner, part);
    }

    /// What a question lays down beyond its memory goes to files in `folder` from now on, for every connection of the
    /// process. SQLite would look for a place itself, and may find one whose files lie in memory.
    pub(crate) fn spill_into(&self, folder: &Path) -> Result<(), Error> {
        // Its other name, sqlite3_temp_directory, is a variable of C; both are read and written under one lock.
        Ok(self.inner.pragma_update(None, "temp_store_directory", folder.to_str())?)
    }

    /// The time limit of the running statement, also from another thread.
    pub(crate) fn patience(&self) -> &Patience {
        &self.patience
    }

    /// The error with the file's path, where that is what matters.
    pub(super) fn located(&self, error: rusqlite::Error) -> Error {
        match Error::from(error) {
            Error::Corrupt { detail, .. } => Error::Corrupt { path: self.path.display().to_string(), detail },
            other => other,
        }
    }

    /// Whether no transaction is open, as after SQLite ended one by itself.
    pub(crate) fn is_idle(&self) -> bool {
        self.inner.is_autocommit()
    }

    /// Runs a fixed statement without values.
    pub(crate) fn run(&self, text: &'static str) -> Result<(), Error> {
        self.patience.grant(None);
        self.inner.prepare_cached(text)?.raw_execute()?;
        Ok(())
    }

    /// Waits for other processes, at most `time`, in the statements that follow.
    pub(crate) fn wait_for_others(&self, time: Duration) -> Result<(), Error> {
        Ok(self.inner.busy_timeout(time)?)
    }

    /// Closes it, or says why it did not close cleanly.
    pub(crate) fn close(self) -> Result<(), Error> {
        self.inner.close().map_err(|(_, error)| error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::{Connection, Held, Purpose};
    use rusqlite::StatementStatus;

    #[test]
    fn a_statement_that_is_kept_is_not_compiled_again_for_other_values() {
        let folder = tempfile::tempdir().unwrap();
        let connection =
            Connection::open(&folder.path().join("file"), Purpose::Write, &Held::new(16)).unwrap();
        connection.inner.execute_batch("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2), (2, 1)").unwrap();
        let mut statement =
            connection.inner.prepare("SELECT a FROM t ORDER BY b LIMIT ?1 OFFSET ?2").unwrap();
        for offset in [0, 1, 0] {
            let first: i64 = statement.query_row([1, offset], |row| row.get(0)).unwrap();
            assert_eq!(first, 2 - offset);
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
