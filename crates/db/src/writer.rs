use crate::group::Line;
use crate::postgres::Writers;
use crate::{Dialect, Error, Stats, Tx};

/// Where transactions start.
#[derive(Debug, Clone)]
pub struct Writer {
    kind: Kind,
    stats: Stats,
}

#[derive(Debug, Clone)]
enum Kind {
    Sqlite(Line),
    Postgres(Writers),
}

impl Writer {
    pub(crate) fn sqlite(line: Line, stats: Stats) -> Self {
        Self { kind: Kind::Sqlite(line), stats }
    }

    pub(crate) fn postgres(pool: sqlx::PgPool, stats: Stats) -> Self {
        Self { kind: Kind::Postgres(Writers::new(pool)), stats }
    }

    /// The database behind it.
    pub fn dialect(&self) -> Dialect {
        match self.kind {
            Kind::Sqlite(_) => Dialect::Sqlite,
            Kind::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Starts a transaction: on SQLite, waits for the turn to write, and takes the file with the first statement. Nothing
    /// is kept unless [`Tx::commit`] returns `Ok`.
    pub async fn begin(&self) -> Result<Tx, Error> {
        match &self.kind {
            Kind::Sqlite(line) => Ok(Tx::sqlite(line.take_turn().await?, self.stats.clone())),
            Kind::Postgres(writers) => Ok(Tx::postgres(Box::pin(writers.begin()).await?, self.stats.clone())),
        }
    }

    pub(crate) async fn close(&self) {
        match &self.kind {
            Kind::Sqlite(line) => line.close().await,
            Kind::Postgres(writers) => writers.close().await,
        }
    }
}
