use crate::Misread;
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::postgres::PgDatabaseError;
use std::sync::Arc;

/// What the driver said.
pub type Source = Arc<dyn std::error::Error + Send + Sync>;

/// What can go wrong with the database. Messages are for operators; clients see a code and a fixed sentence.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A unique, foreign-key or check constraint refused the change.
    #[error("the change violates {0}")]
    Violation(Violation),
    /// The disk that holds the database is full. Nothing was changed.
    #[error("the disk that holds the database is full: free some space and try again")]
    DiskFull,
    /// The database may be read and not written: its disk was mounted so, or the file's owner or mode forbids it.
    #[error("the database can be read but not written: make its disk and file writable for the server")]
    ReadOnly(#[source] Source),
    /// The disk refused to read or to write for another reason than its being full.
    #[error("the disk that holds the database fails: look at the system's log, and check the disk")]
    Io(#[source] Source),
    /// Another process kept the database locked, or no connection came free in time.
    #[error("the database is busy: try again")]
    Busy(#[source] Source),
    /// The file is not a database, or its pages are damaged.
    #[error(
        "the database file {path} is damaged ({detail}): restore it from a backup, or move it away to start empty"
    )]
    Corrupt {
        /// Where the file lies.
        path: String,
        /// What SQLite said.
        detail: String,
    },
    /// A file of the embedded database may not be changed by the user who runs the server. Found when it is opened.
    #[error(
        "the database file {path} cannot be written to ({source}): give it, and the files beside it whose names begin alike, to the user who runs the server, and let that user write to them"
    )]
    Unwritable {
        /// Which file.
        path: String,
        /// The system's answer.
        source: Source,
    },
    /// The database was last used by a newer LexiFlow.
    #[error(
        "the database has the migration `{name}`, which this version does not know: it was written by a newer LexiFlow; start that version, or restore a backup made before the upgrade"
    )]
    NewerSchema {
        /// The first migration that this version does not know.
        name: String,
    },
    /// A migration in the database is not the one that this version has under the same name.
    #[error(
        "the migration `{name}` differs from the one that was applied: this build does not belong to this database"
    )]
    ChangedMigration {
        /// Its name.
        name: String,
    },
    /// `DATABASE_URL` cannot be used.
    #[error("the database address cannot be used: {0}")]
    Address(String),
    /// The database cannot be opened or reached.
    #[error("the database cannot be opened: {0}")]
    Open(#[source] Source),
    /// The group that this change belonged to could not be committed. Nothing of it was kept.
    #[error("the change could not be committed")]
    Commit(#[source] Source),
    /// A statement failed.
    #[error("a statement failed")]
    Statement(#[source] Source),
    /// A row did not have the expected shape.
    #[error("a row could not be read")]
    Row(#[from] Misread),
    /// There is no memory for it. What was read is gone, and nothing was changed. Clients are told these words.
    #[error("there is no memory for {what}")]
    Memory {
        /// For what, and what to do.
        what: &'static str,
        /// Who refused.
        source: headroom::Refusal,
    },
    /// The writer was closed: the server is shutting down.
    #[error("the database is closed")]
    Closed,
}

/// A constraint that a change broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Two rows with the same key. Holds the names of its table and columns, never the values.
    #[error("the unique key {0}")]
    Unique(String),
    /// A reference to a row that is not there, or that is still referred to.
    #[error("a reference")]
    Reference,
    /// Any other check, also a missing value.
    #[error("a check")]
    Check,
}

impl Error {
    /// Whether the error is a duplicate key on `table` whose columns mention `column`. For an index over expressions
    /// or a part of the rows, SQLite says only the index's name: put table and column into that.
    pub fn is_duplicate_of(&self, table: &str, column: &str) -> bool {
        match self {
            Self::Violation(Violation::Unique(key)) => key.contains(table) && key.contains(column),
            _ => false,
        }
    }

    /// Whether trying again later may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Busy(_)
                | Self::DiskFull
                | Self::ReadOnly(_)
                | Self::Io(_)
                | Self::Memory { .. }
                | Self::Closed
        )
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match classify(&error) {
            Some(known) => known,
            None => match error {
                // The connection broke, as when the server of the database starts anew.
                sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) => Self::Busy(Arc::new(error)),
                sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Self::Closed,
                other => Self::Statement(Arc::new(other)),
            },
        }
    }
}

fn classify(error: &sqlx::Error) -> Option<Error> {
    let database = error.as_database_error()?;
    match database.kind() {
        ErrorKind::UniqueViolation => return Some(Error::Violation(Violation::Unique(key_of(database)))),
        ErrorKind::ForeignKeyViolation => return Some(Error::Violation(Violation::Reference)),
        ErrorKind::CheckViolation | ErrorKind::NotNullViolation => {
            return Some(Error::Violation(Violation::Check));
        }
        _ => {}
    }
    classify_postgres(database, &database.code()?)
}

/// The table and the columns of the key, without its values.
fn key_of(database: &dyn DatabaseError) -> String {
    let Some(postgres) = database.try_downcast_ref::<PgDatabaseError>() else {
        return String::new();
    };
    // The detail reads `Key (firm_id, email)=(…, …) already exists.`
    let columns = postgres.detail().and_then(|detail| detail.split_once(")=(")).map_or("", |(key, _)| key);
    let columns = columns.strip_prefix("Key (").unwrap_or_default();
    let (table, constraint) =
        (postgres.table().unwrap_or_default(), postgres.constraint().unwrap_or_default());
    format!("{constraint} of {table} ({columns})")
}

/// SQLSTATEs that callers act on (<https://www.postgresql.org/docs/current/errcodes-appendix.html>): serialisation
/// failures and deadlocks, locks and connections that were not to be had, statements that were cut off, shutdowns; a
/// server that only reads (a standby); a disk that fails.
fn classify_postgres(database: &dyn DatabaseError, code: &str) -> Option<Error> {
    let said = || Arc::new(sqlx::Error::Protocol(database.message().to_owned()));
    match code {
        "25006" => Some(Error::ReadOnly(said())),
        "58030" => Some(Error::Io(said())),
        "53100" => Some(Error::DiskFull),
        "23001" => Some(Error::Violation(Violation::Reference)),
        "40001" | "40P01" | "53200" | "53300" | "55P03" | "57014" | "57P01" | "57P02" | "57P03" => {
            Some(Error::Busy(said()))
        }
        "XX001" | "XX002" => {
            Some(Error::Corrupt { path: String::new(), detail: database.message().to_owned() })
        }
        _ => None,
    }
}

/// SQLite's result codes (<https://www.sqlite.org/rescode.html>).
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        use rusqlite::ffi;
        let rusqlite::Error::SqliteFailure(code, message) = &error else {
            return Self::Statement(Arc::new(error));
        };
        let message = message.clone().unwrap_or_default();
        match code.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID => return Self::Violation(Violation::Unique(message)),
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => return Self::Violation(Violation::Reference),
            // SQLite runs the `RESTRICT` of a foreign key as a trigger.
            ffi::SQLITE_CONSTRAINT_TRIGGER if message.contains("FOREIGN KEY") => {
                return Self::Violation(Violation::Reference);
            }
            ffi::SQLITE_CONSTRAINT_CHECK | ffi::SQLITE_CONSTRAINT_NOTNULL => {
                return Self::Violation(Violation::Check);
            }
            _ => {}
        }
        match code.code {
            // Interrupted: it took longer than a statement may take. The protocol of locks: others were quicker each time.
            Code::DatabaseBusy
            | Code::DatabaseLocked
            | Code::OperationInterrupted
            | Code::FileLockingProtocolFailed => Self::Busy(Arc::new(error)),
            Code::ReadOnly | Code::PermissionDenied => Self::ReadOnly(Arc::new(error)),
            Code::SystemIoFailure | Code::CannotOpen => Self::Io(Arc::new(error)),
            Code::DatabaseCorrupt | Code::NotADatabase => {
                Self::Corrupt { path: String::new(), detail: message }
            }
            Code::DiskFull => Self::DiskFull,
            _ => Self::Statement(Arc::new(error)),
        }
    }
}
