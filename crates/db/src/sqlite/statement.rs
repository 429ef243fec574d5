use super::connection::{BUSY_WAIT, Connection};
use super::packed::Packer;
use super::values::{bind, size_bytes};
use crate::fault::{Fault, room_for_row};
use crate::row::ColumnNames;
use crate::{Error, Row};
use sea_orm::sea_query::Values;
use std::sync::Arc;
use std::time::Duration;

/// How long a reading statement may take on the thread that asked for it. One that wants more is begun again on a
/// blocking thread.
const QUICK: Duration = Duration::from_millis(2);

/// A change that brings more than this goes to a blocking thread at once: it cannot be begun twice.
const QUICK_BYTES: usize = 16 << 10;

/// The rows of a statement and how many it changed.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) rows: Vec<Row>,
    pub(crate) changed: u64,
}

type SqliteFault = Fault<rusqlite::Error>;

/// What became of a statement on the thread that asked for it.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It ran.
    Done(Result<Found, Error>),
    /// It has to run on a blocking thread. It left nothing behind.
    TooLong,
}

impl Connection {
    fn named(&self, fault: SqliteFault) -> Error {
        fault.into_error(|error| self.located(error))
    }

    /// Runs a statement here unless it is long.
    pub(crate) fn quickly(&self, text: &str, values: &Values) -> Outcome {
        if size_bytes(values) > QUICK_BYTES {
            return Outcome::TooLong;
        }
        match self.attempt(text, values) {
            Err(Fault::Driver(error)) if is_worth_waiting(&error) => Outcome::TooLong,
            result => Outcome::Done(result.map_err(|fault| self.named(fault))),
        }
    }

    fn attempt(&self, text: &str, values: &Values) -> Result<Found, SqliteFault> {
        // What the statement before was granted does not count for this one, also while it is prepared.
        self.patience().grant(None);
        let mut statement = self.inner.prepare_cached(text)?;
        // Cut off in the middle, a change would take the whole transaction with it.
        self.patience().grant(statement.readonly().then_some(QUICK));
        bind(&mut statement, values)?;
        collect(&self.inner, &mut statement)
    }

    /// Runs a statement within the time that was granted before, waiting for other processes if need be. Blocks.
    pub(crate) fn patiently(&self, text: &str, values: &Values) -> Result<Found, Error> {
        self.wait_for_others(BUSY_WAIT)?;
        let run = || -> Result<Found, SqliteFault> {
            let mut statement = self.inner.prepare_cached(text)?;
            bind(&mut statement, values)?;
            collect(&self.inner, &mut statement)
        };
        let result = run().map_err(|fault| self.named(fault));
        self.wait_for_others(Duration::ZERO)?;
        result
    }
}

/// It was cut off, or another process holds the file.
fn is_worth_waiting(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked, OperationInterrupted};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked | OperationInterrupted))
}

fn collect(
    connection: &rusqlite::Connection,
    statement: &mut rusqlite::Statement<'_>,
) -> Result<Found, SqliteFault> {
    let width = statement.column_count();
    if width == 0 {
        statement.raw_execute()?;
        return Ok(Found { rows: Vec::new(), changed: connection.changes() });
    }
    let mut columns = ColumnNames::default();
    for name in statement.column_names() {
        columns.push(name);
    }
    let columns = Arc::new(columns);
    let mut rows = Vec::new();
    let mut packer = Packer::default();
    let mut found = statement.raw_query();
    while let Some(row) = found.next()? {
        rows.push(Row::sqlite(Arc::clone(&columns), packer.pack(row, width)?));
        // How long they are is known when they are there.
        room_for_row()?;
    }
    drop(found);
    let changed = if statement.readonly() { rows.len() as u64 } else { connection.changes() };
    Ok(Found { rows, changed })
}
