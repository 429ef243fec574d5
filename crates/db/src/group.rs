//! Group commit: how many verbs share one fsync on SQLite.
//!
//! There is one write connection. A verb waits for its turn on a fair lock, runs between `SAVEPOINT` and `RELEASE`
//! inside an outer transaction, and leaves the outer transaction open for the verbs already waiting behind it. The
//! committer waits in the same line: when it is reached, everyone who was waiting before it has been served, and one
//! `COMMIT` (one fsync at `synchronous=FULL`) makes all of them durable. Only then is any of them acknowledged.
//!
//! While the fsync runs, the next verbs gather; so the group is as large as the load and as small as one. A verb that
//! fails, or whose future is dropped, is rolled back to its savepoint by whoever takes the line next. If the commit
//! itself fails (a full disk), every verb of the group is told so and none of it is kept.
//!
//! A future can be dropped while SQLite still works on its statement. So each step is written down before it is sent
//! (`Phase`), and whoever takes the line next first brings the connection from the step in doubt to a known state.

use crate::batch::Batch;
use crate::{Error, Stats};
use futures_util::TryStreamExt as _;
use sea_orm::sea_query::Values;
use sea_query_sqlx::SqlxValues;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Either, Executor, SqliteConnection};
use std::sync::Arc;
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, oneshot};

/// The line of verbs before the one write connection.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    turn: Arc<Mutex<State>>,
    wake: Arc<Notify>,
    stats: Stats,
}

/// Where the connection is. The phases that end in -ing last from before a statement is sent until its answer is
/// there; found by the next in line, they mean that the asking future was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No transaction.
    Idle,
    /// `BEGIN` may have happened, with the first verb's first statements. Nobody else's work is in it.
    Beginning,
    /// The outer transaction is open, without a savepoint.
    Open,
    /// `SAVEPOINT` may have happened, with the verb's first statements.
    Entering,
    /// A verb has the savepoint. Found by the next in line: the verb was dropped.
    InVerb,
    /// The verb's last statements and `RELEASE` may have happened: all of them, or the savepoint is still there.
    Releasing,
    /// `COMMIT` may have happened.
    Committing,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) connection: Option<SqliteConnection>,
    phase: Phase,
    /// Verbs that are released and wait for the fsync.
    waiting: Vec<oneshot::Sender<Result<(), Error>>>,
    /// A verb's error that may have ended the outer transaction: SQLite rolls back by itself on a full disk.
    suspect: Option<Error>,
    group_commit: bool,
}

impl Line {
    pub(crate) fn new(connection: SqliteConnection, group_commit: bool, stats: Stats) -> Self {
        let state = State {
            connection: Some(connection),
            phase: Phase::Idle,
            waiting: Vec::new(),
            suspect: None,
            group_commit,
        };
        Self { turn: Arc::new(Mutex::new(state)), wake: Arc::new(Notify::new()), stats }
    }

    /// The committer: run it as a task for as long as the database is open.
    pub(crate) async fn commit_groups(self) {
        loop {
            self.wake.notified().await;
            let mut state = self.turn.lock().await;
            if state.connection.is_none() {
                return;
            }
            state.finish_group(&self.stats).await;
        }
    }

    /// Waits for the verb's turn. Its savepoint is opened with its first statement.
    pub(crate) async fn take_turn(&self) -> Result<Turn, Error> {
        let state = Arc::clone(&self.turn).lock_owned().await;
        // From here on a dropped future wakes the committer, who cleans up.
        let mut turn = Turn { state: Some(state), line: self.clone(), later: Batch::default() };
        let state = turn.state()?;
        if state.connection.is_none() {
            return Err(Error::Closed);
        }
        state.settle().await;
        Ok(turn)
    }

    /// Commits what is open and closes the connection. Verbs that come later are told that the database is closed.
    pub(crate) async fn close(&self) {
        let mut state = self.turn.lock().await;
        state.finish_group(&self.stats).await;
        if let Some(connection) = state.connection.take()
            && let Err(error) = sqlx::Connection::close(connection).await
        {
            tracing::warn!(error = %error, "the database connection did not close cleanly");
        }
        drop(state);
        self.wake.notify_one();
    }
}

/// A verb's turn on the write connection. Dropped without [`Turn::commit`], the verb is rolled back alone.
///
/// Each statement costs a hand-over to the connection's thread and back. So the savepoint goes along with the first
/// statement, and statements whose result nobody asks for ([`Turn::later`]) go along with the next one or the release.
#[derive(Debug)]
pub(crate) struct Turn {
    state: Option<OwnedMutexGuard<State>>,
    line: Line,
    later: Batch,
}

impl Turn {
    fn state(&mut self) -> Result<&mut State, Error> {
        self.state.as_deref_mut().ok_or(Error::Closed)
    }

    /// Runs a statement, after those that were put off, and returns its rows and how many it changed.
    pub(crate) async fn run(&mut self, text: &str, values: Values) -> Result<(Vec<SqliteRow>, u64), Error> {
        let mut batch = std::mem::take(&mut self.later);
        batch.push(text, values);
        let state = self.state()?;
        let step = state.enter();
        let result = state.send(step, batch).await;
        if result.is_ok() {
            state.phase = Phase::InVerb;
        }
        result
    }

    /// Puts a statement off until the next one or the commit.
    pub(crate) fn later(&mut self, text: &str, values: Values) {
        self.later.push(text, values);
    }

    /// Notes why a statement of the verb failed, so that its neighbours hear the reason if it cost them their work.
    pub(crate) fn failed(&mut self, error: &Error) {
        if !matches!(error, Error::Violation(_))
            && let Some(state) = self.state.as_mut()
        {
            state.suspect = Some(error.clone());
        }
    }

    /// Runs what was put off, releases the savepoint and waits until the group is on disk.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let mut batch = std::mem::take(&mut self.later);
        let state = self.state()?;
        if batch.is_empty() && state.phase != Phase::InVerb {
            // Nothing was done: there is nothing to wait for.
            return Ok(());
        }
        let step = state.enter();
        if state.phase == Phase::InVerb {
            state.phase = Phase::Releasing;
        }
        batch.push("RELEASE verb", Values(Vec::new()));
        if let Err(error) = state.send(step, batch).await {
            // The savepoint is still there, or the outer transaction is gone; the next in line finds out which.
            state.phase = if state.phase == Phase::Releasing { Phase::InVerb } else { state.phase };
            self.failed(&error);
            return Err(error);
        }
        state.phase = Phase::Open;
        let (told, outcome) = oneshot::channel();
        state.waiting.push(told);
        if state.group_commit {
            self.state = None;
            self.line.wake.notify_one();
        } else {
            let stats = self.line.stats.clone();
            self.state()?.finish_group(&stats).await;
            self.state = None;
        }
        outcome.await.map_err(|_| Error::Closed)?
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.state.take().is_some() {
            // The committer rolls the verb back and ends the outer transaction if nobody else does.
            self.line.wake.notify_one();
        }
    }
}

impl State {
    async fn run(&mut self, text: &'static str) -> Result<(), Error> {
        let connection = self.connection.as_mut().ok_or(Error::Closed)?;
        connection.execute(AssertSqlSafe(text)).await.map(|_| ()).map_err(Error::from)
    }

    /// What opens the verb's savepoint, in a new outer transaction if none is open; nothing once it is open.
    fn enter(&mut self) -> &'static str {
        match self.phase {
            Phase::InVerb | Phase::Releasing => "",
            Phase::Open => {
                self.phase = Phase::Entering;
                "SAVEPOINT verb; "
            }
            _ => {
                self.phase = Phase::Beginning;
                "BEGIN IMMEDIATE; SAVEPOINT verb; "
            }
        }
    }

    /// Sends statements in one go: the rows of all of them, and what the last one changed.
    async fn send(&mut self, first: &'static str, batch: Batch) -> Result<(Vec<SqliteRow>, u64), Error> {
        let connection = self.connection.as_mut().ok_or(Error::Closed)?;
        let text = format!("{first}{}", batch.text);
        let query = sqlx::query_with(AssertSqlSafe(text.as_str()), SqlxValues(Values(batch.values)));
        let mut answers = connection.fetch_many(query);
        let (mut rows, mut changed) = (Vec::new(), 0);
        while let Some(answer) = answers.try_next().await? {
            match answer {
                Either::Left(done) => changed = done.rows_affected(),
                Either::Right(row) => rows.push(row),
            }
        }
        Ok((rows, changed))
    }

    /// Brings the connection to [`Phase::Idle`] or [`Phase::Open`], whatever became of the future before. Each step
    /// may itself be dropped and taken again.
    async fn settle(&mut self) {
        match self.phase {
            Phase::Idle | Phase::Open => {}
            Phase::Entering | Phase::InVerb | Phase::Releasing => self.settle_verb().await,
            Phase::Beginning => {
                self.note("ROLLBACK").await;
                self.phase = Phase::Idle;
            }
            Phase::Committing => {
                // Whether it happened cannot be known any more; those who still wait hear that the database closes.
                self.note("COMMIT").await;
                self.note("ROLLBACK").await;
                self.waiting.clear();
                self.phase = Phase::Idle;
            }
        }
        self.suspect = None;
    }

    /// Rolls a verb back that was dropped or failed, unless its savepoint was released already or never opened.
    async fn settle_verb(&mut self) {
        match self.run("ROLLBACK TO verb").await {
            Ok(()) => {
                // Dropped here, the next in line rolls back what is rolled back already.
                self.phase = Phase::Releasing;
                self.note("RELEASE verb").await;
                self.phase = Phase::Open;
            }
            // SQLite ended the outer transaction by itself, and everyone's work with it.
            Err(error) if self.suspect.is_some() || self.phase == Phase::InVerb => {
                drop(self.abandon_group(error).await);
            }
            Err(_) => self.phase = Phase::Open,
        }
    }

    async fn note(&mut self, text: &'static str) {
        if let Err(error) = self.run(text).await {
            tracing::debug!(error = %error, statement = text, "the step had been taken already");
        }
    }

    /// One fsync for everyone who waits.
    async fn finish_group(&mut self, stats: &Stats) {
        self.settle().await;
        if self.phase != Phase::Open {
            return;
        }
        if self.waiting.is_empty() {
            self.phase = Phase::Beginning;
            return self.settle().await;
        }
        self.phase = Phase::Committing;
        match self.run("COMMIT").await {
            Ok(()) => {
                self.phase = Phase::Idle;
                stats.committed(u64::try_from(self.waiting.len()).unwrap_or(u64::MAX));
                for told in self.waiting.drain(..) {
                    // A caller that went away does not need the answer; its change is kept.
                    drop(told.send(Ok(())));
                }
            }
            Err(error) => drop(self.abandon_group(error).await),
        }
    }

    /// Tells everyone who waits that nothing was kept, and why.
    async fn abandon_group(&mut self, error: Error) -> Error {
        let error = self.suspect.take().unwrap_or(error);
        let error = match error {
            Error::Statement(source) => Error::Commit(source),
            other => other,
        };
        tracing::error!(error = %error, verbs = self.waiting.len(), "a group of changes was rolled back");
        self.phase = Phase::Beginning;
        for told in self.waiting.drain(..) {
            drop(told.send(Err(error.clone())));
        }
        self.note("ROLLBACK").await;
        self.phase = Phase::Idle;
        error
    }
}
