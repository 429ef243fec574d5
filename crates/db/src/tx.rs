use crate::fault::room_for_change;
use crate::group::Turn;
use crate::rows::build;
use crate::sqlite::Found;
use crate::{Dialect, Error, Reads, Row, Stats, postgres};
use sea_orm::sea_query::Values;
use sea_orm::{Statement, StatementBuilder};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, Postgres, Transaction};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{Mutex, Notify};

/// An open transaction: reads and writes, and either [`Tx::commit`]s or leaves no trace.
///
/// After a statement failed, or its future was dropped half-way, the transaction is spoilt: every later statement and
/// the commit return that error. (PostgreSQL would answer a commit with a silent rollback; SQLite may have rolled back
/// already and would keep what follows.) To go on after a duplicate key, let the statement say `ON CONFLICT`.
#[derive(Debug)]
pub struct Tx {
    kind: Kind,
    stats: Stats,
    wakes: Vec<Arc<Notify>>,
}

/// How many places one commit can wake.
const MOST_WAKES: usize = 8;

// The lock is never contended: it lets a verb read through `&Tx` while the connection wants `&mut`.
#[derive(Debug)]
enum Kind {
    Sqlite(Mutex<Open<Turn>>),
    Postgres(Mutex<Open<Transaction<'static, Postgres>>>),
}

#[derive(Debug)]
struct Open<C> {
    connection: C,
    /// Why no statement may follow. Set while a statement runs, so that a dropped one leaves it behind.
    spoilt: Option<Error>,
}

impl<C> Open<C> {
    fn new(connection: C) -> Mutex<Self> {
        Mutex::new(Self { connection, spoilt: None })
    }

    fn sound(&self) -> Result<(), Error> {
        self.spoilt.clone().map_or(Ok(()), Err)
    }

    fn start(&mut self) -> Result<&mut C, Error> {
        self.sound()?;
        let cut_short = sqlx::Error::Protocol("the statement before was cut short".to_owned());
        self.spoilt = Some(Error::Statement(Arc::new(cut_short)));
        Ok(&mut self.connection)
    }

    fn end<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        self.spoilt = result.as_ref().err().cloned();
        result
    }
}

impl Tx {
    pub(crate) fn sqlite(turn: Turn, stats: Stats) -> Self {
        Self { kind: Kind::Sqlite(Open::new(turn)), stats, wakes: Vec::new() }
    }

    pub(crate) fn postgres(transaction: Transaction<'static, Postgres>, stats: Stats) -> Self {
        Self { kind: Kind::Postgres(Open::new(transaction)), stats, wakes: Vec::new() }
    }

    /// Runs a change and returns how many rows it touched.
    pub async fn execute(&mut self, statement: &impl StatementBuilder) -> Result<u64, Error> {
        let statement = build(self.dialect(), statement);
        self.run(statement).await
    }

    /// Runs a change given as a finished statement and returns how many rows it touched.
    pub async fn run(&mut self, statement: Statement) -> Result<u64, Error> {
        let values = statement.values.unwrap_or(Values(Vec::new()));
        let started = Instant::now();
        let text = statement.sql.as_str();
        let result = match (&mut self.kind, room_for_change()) {
            (Kind::Sqlite(open), Err(error)) => open.get_mut().end(Err(error)),
            (Kind::Postgres(open), Err(error)) => open.get_mut().end(Err(error)),
            (Kind::Sqlite(open), Ok(())) => {
                sqlite(open.get_mut(), text, values).await.map(|found| found.changed)
            }
            (Kind::Postgres(open), Ok(())) => {
                let open = open.get_mut();
                let connection = &mut **open.start()?;
                let query = sqlx::query_with(AssertSqlSafe(text), SqlxValues(values));
                let result = query.execute(connection).await.map_err(Error::from);
                open.end(result.map(|done| done.rows_affected()))
            }
        };
        self.stats.statement(text, started, result.as_ref().ok().copied());
        self.stats.watch_for_damage(&result);
        result
    }

    /// Wakes `wake` once the transaction is committed. At most eight places are woken; one that is named twice counts
    /// once.
    pub fn after_commit(&mut self, wake: Arc<Notify>) {
        if self.wakes.len() < MOST_WAKES && !self.wakes.iter().any(|known| Arc::ptr_eq(known, &wake)) {
            self.wakes.push(wake);
        }
    }

    /// Takes the change back and returns when its locks are free. Dropping the transaction takes it back as well, but
    /// PostgreSQL hears of that a little later.
    pub async fn rollback(self) -> Result<(), Error> {
        match self.kind {
            Kind::Sqlite(open) => drop(open),
            Kind::Postgres(open) => open.into_inner().connection.rollback().await?,
        }
        Ok(())
    }

    /// Makes the change durable. On `Ok` it is on disk; on `Err` nothing of it was kept.
    pub async fn commit(self) -> Result<(), Error> {
        match self.kind {
            Kind::Sqlite(open) => {
                let open = open.into_inner();
                open.sound()?;
                open.connection.commit().await?;
            }
            Kind::Postgres(open) => {
                let open = open.into_inner();
                open.sound()?;
                open.connection.commit().await?;
                self.stats.committed(1);
            }
        }
        for wake in &self.wakes {
            wake.notify_one();
        }
        Ok(())
    }
}

async fn sqlite(open: &mut Open<Turn>, text: &str, values: Values) -> Result<Found, Error> {
    let result = open.start()?.run(text, values).await;
    let result = open.end(result);
    if let Err(error) = &result {
        open.connection.failed(error);
    }
    result
}

impl Reads for Tx {
    fn dialect(&self) -> Dialect {
        match self.kind {
            Kind::Sqlite(_) => Dialect::Sqlite,
            Kind::Postgres(_) => Dialect::Postgres,
        }
    }

    async fn rows(&self, statement: Statement) -> Result<Vec<Row>, Error> {
        let values = statement.values.unwrap_or(Values(Vec::new()));
        let started = Instant::now();
        let text = statement.sql.as_str();
        let result = match &self.kind {
            Kind::Sqlite(open) => {
                let mut open = open.lock().await;
                sqlite(&mut open, text, values).await.map(|found| found.rows)
            }
            Kind::Postgres(open) => {
                let mut open = open.lock().await;
                let connection = &mut **open.start()?;
                let query = sqlx::query_with(AssertSqlSafe(text), SqlxValues(values));
                let rows = postgres::gather(query.fetch(connection)).await;
                let rows = rows.map_err(|fault| fault.into_error(Error::from));
                open.end(rows)
            }
        };
        let counted = result.as_ref().ok().map(|rows: &Vec<Row>| rows.len() as u64);
        self.stats.statement(text, started, counted);
        self.stats.watch_for_damage(&result);
        result
    }
}
