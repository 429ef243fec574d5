//! Group commit: how many verbs share one fsync on SQLite.
//!
//! There is one write connection. A verb waits for its turn on a fair lock, runs between `SAVEPOINT` and `RELEASE`
//! inside an outer transaction, and leaves the outer transaction open for the verbs already waiting behind it. The
//! first of a group has nobody's work before it, and so no need of a savepoint, whose journal costs pages. The
//! committer waits in the same line: when it is reached, everyone who was waiting before it has been served, and one
//! `COMMIT` (one fsync at `synchronous=FULL`) makes all of them durable. Only then is any of them acknowledged.
//!
//! While the fsync runs, the next verbs gather; so the group is as large as the load and as small as one. A verb that
//! fails, or whose future is dropped, is rolled back alone by whoever takes the line next. If the commit
//! itself fails (a full disk), every verb of the group is told so and none of it is kept.
//!
//! A statement runs to its end wherever its verb's future is dropped: on the verb's own thread it cannot be dropped in
//! the middle, and on a blocking thread it holds the place in the line until it is done.

use crate::sqlite::connection::BUSY_WAIT;
use crate::sqlite::held::Part;
use crate::sqlite::{Connection, Found, Outcome};
use crate::{Error, Stats};
use sea_orm::sea_query::Values;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, oneshot};

/// The line of verbs before the one write connection.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    turn: Arc<Mutex<State>>,
    wake: Arc<Notify>,
    stats: Stats,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No transaction.
    Idle,
    /// The outer transaction is open, and holds the work of verbs that are done.
    Open,
    /// The first verb of a group has the outer transaction to itself. Found by the next in line: it failed or was
    /// dropped.
    InFirst,
    /// A further verb has the savepoint. Found by the next in line: the same.
    InVerb,
}

impl Phase {
    fn is_in_verb(self) -> bool {
        matches!(self, Self::InFirst | Self::InVerb)
    }
}

#[derive(Debug)]
struct State {
    connection: Option<Connection>,
    phase: Phase,
    /// Verbs that are released and wait for the fsync.
    waiting: Vec<oneshot::Sender<Result<(), Error>>>,
    /// A verb's error that may have ended the outer transaction: SQLite rolls back by itself on a full disk.
    suspect: Option<Error>,
    group_commit: bool,
}

/// A place at the head of the line. Given up, also by a verb that is dropped, it wakes the committer, who cleans up and
/// commits if nobody is in between.
#[derive(Debug)]
struct Place {
    state: OwnedMutexGuard<State>,
    wake: Arc<Notify>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.state.phase != Phase::Idle {
            self.wake.notify_one();
        }
    }
}

impl Line {
    pub(crate) fn new(connection: Connection, group_commit: bool, stats: Stats) -> Self {
        let state = State {
            connection: Some(connection),
            phase: Phase::Idle,
            waiting: Vec::new(),
            suspect: None,
            group_commit,
        };
        Self { turn: Arc::new(Mutex::new(state)), wake: Arc::new(Notify::new()), stats }
    }

    async fn place(&self) -> Place {
        Place { state: Arc::clone(&self.turn).lock_owned().await, wake: Arc::clone(&self.wake) }
    }

    /// Gives back what the connection holds, unless a verb has it: then it does so at the end of the group, if asked to.
    pub(crate) fn release(&self, part: Part) {
        if let Ok(state) = self.turn.try_lock()
            && state.phase == Phase::Idle
            && let Some(connection) = &state.connection
        {
            connection.release(part);
        }
    }

    /// The committer: run it as a task for as long as the database is open.
    pub(crate) async fn commit_groups(self) {
        loop {
            self.wake.notified().await;
            let mut place = self.place().await;
            if place.state.connection.is_none() {
                place.state.dismiss();
                return;
            }
            finish(place, self.stats.clone()).await;
        }
    }

    /// Waits for the verb's turn. Its savepoint, or the transaction, is opened with its first statement.
    pub(crate) async fn take_turn(&self) -> Result<Turn, Error> {
        let since = Instant::now();
        let mut place = self.place().await;
        if place.state.connection.is_none() {
            return Err(Error::Closed);
        }
        place.state.settle();
        Ok(Turn { place: Some(place), stats: self.stats.clone(), since })
    }

    /// Commits what is open and closes the connection. Verbs that come later are told that the database is closed.
    pub(crate) async fn close(&self) {
        // One place for all of it: a verb in between would be left in a transaction that nobody ends.
        let mut place = self.place().await;
        let stats = self.stats.clone();
        let work = headroom::spawn_blocking(move || {
            place.state.settle();
            if place.state.phase != Phase::Idle {
                place.state.finish_group(&stats);
            }
            // The last one out checkpoints the log.
            place.state.connection.take().map_or(Ok(()), Connection::close)
        });
        if let Ok(Err(error)) = work.await {
            tracing::warn!(error = %error, "the database connection did not close cleanly");
        }
        self.wake.notify_one();
    }
}

/// One fsync for everyone who waits, on a blocking thread.
async fn finish(mut place: Place, stats: Stats) {
    place.state.settle();
    if place.state.phase == Phase::Idle {
        return;
    }
    let work = headroom::spawn_blocking(move || place.state.finish_group(&stats));
    if work.await.is_err() {
        tracing::error!("the runtime ended before a group of changes could be committed");
    }
}

/// A verb's turn on the write connection. Dropped without [`Turn::commit`], the verb is rolled back alone.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Missing only while, or after, a blocking thread has it.
    place: Option<Place>,
    stats: Stats,
    /// When the verb joined the line: its patience with other processes begins there, not at the line's head.
    since: Instant,
}

impl Turn {
    /// Runs a statement and returns its rows and how many it changed.
    pub(crate) async fn run(&mut self, text: &str, values: Values) -> Result<Found, Error> {
        tokio::task::coop::consume_budget().await;
        let place = self.place.as_mut().ok_or(Error::Closed)?;
        let mut place = if place.state.enter()? {
            match place.state.connection()?.quickly(text, &values) {
                Outcome::Done(result) => return result,
                Outcome::TooLong => self.place.take().ok_or(Error::Closed)?,
            }
        } else {
            self.place.take().ok_or(Error::Closed)?
        };
        let text = text.to_owned();
        let patience = BUSY_WAIT.saturating_sub(self.since.elapsed());
        let work = headroom::spawn_blocking(move || {
            let result = place.state.run_patiently(&text, &values, patience);
            (place, result)
        });
        let (place, result) = work.await.map_err(|_| Error::Closed)?;
        self.place = Some(place);
        result
    }

    /// Notes why a statement of the verb failed, so that its neighbours hear the reason if it cost them their work.
    pub(crate) fn failed(&mut self, error: &Error) {
        if !matches!(error, Error::Violation(_) | Error::Memory { .. })
            && let Some(place) = self.place.as_mut()
        {
            place.state.suspect = Some(error.clone());
        }
    }

    /// Lets the next verb in and waits until the group is on disk.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let mut place = self.place.take().ok_or(Error::Closed)?;
        if !place.state.phase.is_in_verb() {
            // Nothing was done: there is nothing to wait for.
            return Ok(());
        }
        place.state.release()?;
        let (told, outcome) = oneshot::channel();
        place.state.waiting.push(told);
        if place.state.group_commit {
            // The committer is woken, and waits behind the verbs that are in line already.
            drop(place);
        } else {
            finish(place, self.stats.clone()).await;
        }
        outcome.await.map_err(|_| Error::Closed)?
    }
}

impl State {
    fn connection(&self) -> Result<&Connection, Error> {
        self.connection.as_ref().ok_or(Error::Closed)
    }

    /// Opens the verb's savepoint, or a new outer transaction if none is open. `false` if another process holds the
    /// file.
    fn enter(&mut self) -> Result<bool, Error> {
        if self.phase == Phase::Idle {
            match self.connection()?.run("BEGIN IMMEDIATE") {
                Ok(()) => self.phase = Phase::InFirst,
                Err(Error::Busy(_)) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        if self.phase == Phase::Open {
            self.connection()?.run("SAVEPOINT verb")?;
            self.phase = Phase::InVerb;
        }
        Ok(true)
    }

    /// The same as [`Turn::run`], blocking: for what is long, and when another process holds the file.
    fn run_patiently(&mut self, text: &str, values: &Values, patience: Duration) -> Result<Found, Error> {
        if self.phase == Phase::Idle {
            let connection = self.connection()?;
            connection.wait_for_others(patience)?;
            let began = connection.run("BEGIN IMMEDIATE");
            connection.wait_for_others(Duration::ZERO)?;
            began?;
            self.phase = Phase::InFirst;
        }
        self.enter()?;
        let connection = self.connection()?;
        connection.patience().grant(None);
        connection.patiently(text, values)
    }

    fn release(&mut self) -> Result<(), Error> {
        let connection = self.connection()?;
        if connection.is_idle() {
            // The next in line tells everyone.
            return Err(self.suspect.clone().unwrap_or(Error::Closed));
        }
        if self.phase == Phase::InVerb {
            connection.run("RELEASE verb")?;
        }
        self.phase = Phase::Open;
        Ok(())
    }

    /// Rolls a verb back that failed or was dropped.
    fn settle(&mut self) {
        if self.phase.is_in_verb() {
            let is_first = self.phase == Phase::InFirst;
            let undone = self.connection().and_then(|connection| {
                if is_first {
                    return connection.run("ROLLBACK").map(|()| Phase::Idle);
                }
                connection.run("ROLLBACK TO verb")?;
                connection.run("RELEASE verb").map(|()| Phase::Open)
            });
            match undone {
                Ok(phase) => self.phase = phase,
                // SQLite ended the outer transaction by itself, and everyone's work with it.
                Err(error) => self.abandon_group(error),
            }
            if self.phase == Phase::Idle {
                self.put_down();
            }
        }
        self.suspect = None;
    }

    /// Nobody's work is open: what the connection holds is counted, and given back if that was wished for.
    fn put_down(&self) {
        if let Some(connection) = &self.connection {
            connection.put_down();
        }
    }

    /// One fsync for everyone who waits. Blocks.
    fn finish_group(&mut self, stats: &Stats) {
        self.end_group(stats);
        self.put_down();
    }

    fn end_group(&mut self, stats: &Stats) {
        if self.waiting.is_empty() {
            self.note("ROLLBACK");
            self.phase = Phase::Idle;
            return;
        }
        match self.connection().and_then(|connection| connection.run("COMMIT")) {
            Ok(()) => {
                self.phase = Phase::Idle;
                stats.committed(u64::try_from(self.waiting.len()).unwrap_or(u64::MAX));
                for told in self.waiting.drain(..) {
                    // A caller that went away does not need the answer; its change is kept.
                    drop(told.send(Ok(())));
                }
            }
            Err(error) => self.abandon_group(error),
        }
    }

    /// Tells everyone who waits that nothing was kept, and why.
    fn abandon_group(&mut self, error: Error) {
        let error = match self.suspect.take().unwrap_or(error) {
            Error::Statement(source) => Error::Commit(source),
            other => other,
        };
        tracing::error!(error = %error, verbs = self.waiting.len(), "a group of changes was rolled back");
        self.note("ROLLBACK");
        self.phase = Phase::Idle;
        for told in self.waiting.drain(..) {
            drop(told.send(Err(error.clone())));
        }
    }

    /// Tells whoever waits that nothing can be committed any more.
    fn dismiss(&mut self) {
        for told in self.waiting.drain(..) {
            drop(told.send(Err(Error::Closed)));
        }
    }

    fn note(&self, text: &'static str) {
        if let Err(error) = self.connection().and_then(|connection| connection.run(text)) {
            tracing::debug!(error = %error, statement = text, "the step had been taken already");
        }
    }
}
