use crate::sqlite::readers::Readers;
use crate::turns::Turns;
use crate::{Dialect, Error, Reads, Row, Stats, postgres};
use sea_orm::Statement;
use sea_orm::sea_query::Values;
use std::time::Instant;

/// Connections that cannot write: `query_only` on SQLite, a read-only session on PostgreSQL.
#[derive(Debug, Clone)]
pub struct Reader {
    kind: Kind,
    stats: Stats,
    /// All connections but one.
    long: Turns,
    is_long: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Sqlite(Readers),
    Postgres(sqlx::PgPool),
}

impl Reader {
    pub(crate) fn sqlite(readers: Readers, long: Turns, stats: Stats) -> Self {
        Self { kind: Kind::Sqlite(readers), stats, long, is_long: false }
    }

    pub(crate) fn postgres(pool: sqlx::PgPool, long: Turns, stats: Stats) -> Self {
        Self { kind: Kind::Postgres(pool), stats, long, is_long: false }
    }

    /// The same for questions that take long, such as searches: where there are several connections, one is left for the
    /// short questions that come meanwhile. Connections are given in the order of asking, so that a crowd that searches
    /// would keep whoever saves something waiting behind all of it.
    #[must_use]
    pub fn for_long_questions(&self) -> Self {
        Self { is_long: true, ..self.clone() }
    }

    /// Connections open and, of them, idle.
    pub fn connections(&self) -> (u32, usize) {
        match &self.kind {
            Kind::Sqlite(readers) => readers.connections(),
            Kind::Postgres(pool) => (pool.size(), pool.num_idle()),
        }
    }

    async fn answer(&self, text: &str, values: Values) -> Result<Vec<Row>, Error> {
        let _turn = if self.is_long { Some(self.long.take().await?) } else { None };
        match &self.kind {
            Kind::Sqlite(readers) => readers.rows(text, values).await.map(|found| found.rows),
            // Boxed, as in `Writer`: the driver's futures are kilobytes, which every request on SQLite would carry too.
            Kind::Postgres(pool) => Box::pin(postgres::rows(pool, text, &values)).await,
        }
    }

    pub(crate) async fn close(&self) {
        match &self.kind {
            Kind::Sqlite(readers) => readers.close(),
            Kind::Postgres(pool) => pool.close().await,
        }
        self.long.close();
    }
}

impl Reads for Reader {
    fn dialect(&self) -> Dialect {
        match self.kind {
            Kind::Sqlite(_) => Dialect::Sqlite,
            Kind::Postgres(_) => Dialect::Postgres,
        }
    }

    async fn rows(&self, statement: Statement) -> Result<Vec<Row>, Error> {
        let values = statement.values.unwrap_or(Values(Vec::new()));
        let text = statement.sql.as_str();
        let started = Instant::now();
        let result = self.answer(text, values).await;
        // These connections never write: who tries it has made a mistake, whatever the disk is like.
        let result = result.map_err(|error| match error {
            Error::ReadOnly(source) => Error::Statement(source),
            other => other,
        });
        let counted = result.as_ref().ok().map(|rows| rows.len() as u64);
        self.stats.statement(text, started, counted);
        self.stats.watch_for_damage(&result);
        result
    }
}
