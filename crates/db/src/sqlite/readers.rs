use super::connection::{Connection, Purpose};
use super::held::{Held, Part};
use super::{Found, Outcome};
use crate::Error;
use crate::turns::Turns;
use sea_orm::sea_query::Values;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// The connections that cannot write, opened as they are needed.
#[derive(Debug, Clone)]
pub(crate) struct Readers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// One for each connection that may be open.
    turns: Turns,
    /// Open and not in use. The last one put back is taken first: its pages are warm.
    // bounded: one for each turn; what they hold is counted in `held`.
    idle: Mutex<Vec<Connection>>,
    held: Held,
    open: AtomicU32,
    statement_timeout: Duration,
}

/// A connection in use, put back when it is dropped.
#[derive(Debug)]
struct Borrowed {
    connection: Option<Connection>,
    readers: Readers,
    _turn: OwnedSemaphorePermit,
}

/// Tells the statement to end when the one who asked for it goes away.
struct Asker(super::patience::Patience);

impl Drop for Asker {
    fn drop(&mut self) {
        self.0.forsake();
    }
}

impl Readers {
    pub(crate) fn new(
        path: PathBuf,
        most: u32,
        held: Held,
        acquire_timeout: Duration,
        statement_timeout: Duration,
    ) -> Self {
        Self(Arc::new(Shared {
            path,
            turns: Turns::new(most, acquire_timeout),
            idle: Mutex::default(),
            held,
            open: AtomicU32::new(0),
            statement_timeout,
        }))
    }

    /// Connections open and, of them, idle.
    pub(crate) fn connections(&self) -> (u32, usize) {
        (self.0.open.load(Ordering::Relaxed), self.idle(|idle| idle.len()))
    }

    pub(crate) fn close(&self) {
        self.0.turns.close();
        let closed = self.idle(std::mem::take);
        self.0.open.fetch_sub(u32::try_from(closed.len()).unwrap_or(u32::MAX), Ordering::Relaxed);
        drop(closed);
    }

    /// The rows of a statement.
    pub(crate) async fn rows(&self, text: &str, values: Values) -> Result<Found, Error> {
        // A loop of statements that are answered here must leave the thread to others from time to time.
        tokio::task::coop::consume_budget().await;
        let turn = self.0.turns.take().await?;
        let connection = self.idle(Vec::pop);
        let borrowed = Borrowed { connection, readers: self.clone(), _turn: turn };
        if let Some(connection) = &borrowed.connection
            && let Outcome::Done(result) = connection.quickly(text, &values)
        {
            return result;
        }
        Box::pin(self.slowly(borrowed, text.to_owned(), values)).await
    }

    /// Opens the connection if need be and runs the statement on a blocking thread.
    async fn slowly(&self, mut borrowed: Borrowed, text: String, values: Values) -> Result<Found, Error> {
        if borrowed.connection.is_none() {
            let opened = headroom::spawn_blocking(move || borrowed.open().map(|()| borrowed));
            borrowed = opened.await.map_err(|_| Error::Closed)??;
        }
        let Some(connection) = &borrowed.connection else { return Err(Error::Closed) };
        let patience = connection.patience().clone();
        patience.grant(Some(self.0.statement_timeout));
        let work = headroom::spawn_blocking(move || {
            let result = borrowed.connection.as_ref().ok_or(Error::Closed);
            let result = result.and_then(|connection| connection.patiently(&text, &values));
            (borrowed, result)
        });
        // Declared after the work and so dropped before it: the next user of the connection is never disturbed.
        let asker = Asker(patience);
        let (borrowed, result) = work.await.map_err(|_| Error::Closed)?;
        drop(asker);
        drop(borrowed);
        result
    }

    /// Lets connections that nobody uses give back what they hold, the coldest first, until it is enough.
    pub(crate) fn release(&self, part: Part, is_enough: impl Fn() -> bool) {
        let count = self.idle(|idle| idle.len());
        for _ in 0..count {
            if is_enough() {
                return;
            }
            let Some(cold) = self.coldest_but(0) else { return };
            if let Some(connection) = &cold.connection {
                connection.release(part);
            }
        }
    }

    /// Closes the connections that nobody uses, but for the warmest: each knows the whole schema for itself. How many.
    pub(crate) fn close_cold(&self) -> u32 {
        let mut closed = 0;
        while let Some(mut cold) = self.coldest_but(1) {
            drop(cold.connection.take());
            self.0.open.fetch_sub(1, Ordering::Relaxed);
            closed += 1;
        }
        closed
    }

    /// The connection that nobody has used for longest, where more than `kept` are not in use.
    fn coldest_but(&self, kept: usize) -> Option<Borrowed> {
        // The turn keeps a reader that comes meanwhile from opening one connection too many.
        let turn = self.0.turns.try_take()?;
        let connection = self.idle(|idle| (idle.len() > kept).then(|| idle.remove(0)))?;
        Some(Borrowed { connection: Some(connection), readers: self.clone(), _turn: turn })
    }

    fn idle<T>(&self, look: impl FnOnce(&mut Vec<Connection>) -> T) -> T {
        look(&mut self.0.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Borrowed {
    fn open(&mut self) -> Result<(), Error> {
        self.connection = Some(Connection::open(&self.readers.0.path, Purpose::Read, &self.readers.0.held)?);
        self.readers.0.open.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if self.readers.0.turns.is_closed() {
            self.readers.0.open.fetch_sub(1, Ordering::Relaxed);
        } else {
            connection.put_down();
            self.readers.idle(|idle| idle.push(connection));
        }
    }
}
