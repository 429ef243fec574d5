use crate::{Dialect, Error, Reads, Stats};
use sea_orm::{QueryResult, Statement};
use sea_query_sqlx::SqlxValues;
use sqlx::AssertSqlSafe;
use std::time::Instant;

/// Connections that cannot write: `query_only` on SQLite, a read-only session on PostgreSQL.
#[derive(Debug, Clone)]
pub struct Reader {
    kind: Kind,
    stats: Stats,
}

#[derive(Debug, Clone)]
enum Kind {
    Sqlite(sqlx::SqlitePool),
    Postgres(sqlx::PgPool),
}

impl Reader {
    pub(crate) fn sqlite(pool: sqlx::SqlitePool, stats: Stats) -> Self {
        Self { kind: Kind::Sqlite(pool), stats }
    }

    pub(crate) fn postgres(pool: sqlx::PgPool, stats: Stats) -> Self {
        Self { kind: Kind::Postgres(pool), stats }
    }

    /// Connections open and, of them, idle.
    pub fn connections(&self) -> (u32, usize) {
        match &self.kind {
            Kind::Sqlite(pool) => (pool.size(), pool.num_idle()),
            Kind::Postgres(pool) => (pool.size(), pool.num_idle()),
        }
    }

    pub(crate) async fn close(&self) {
        match &self.kind {
            Kind::Sqlite(pool) => pool.close().await,
            Kind::Postgres(pool) => pool.close().await,
        }
    }
}

impl Reads for Reader {
    fn dialect(&self) -> Dialect {
        match self.kind {
            Kind::Sqlite(_) => Dialect::Sqlite,
            Kind::Postgres(_) => Dialect::Postgres,
        }
    }

    async fn rows(&self, statement: Statement) -> Result<Vec<QueryResult>, Error> {
        let values = SqlxValues(self.dialect().bind(statement.values));
        let text = statement.sql;
        let query = AssertSqlSafe(text.as_str());
        let started = Instant::now();
        let result = match &self.kind {
            Kind::Sqlite(pool) => {
                let rows = sqlx::query_with(query, values).fetch_all(pool).await;
                rows.map(|rows| rows.into_iter().map(QueryResult::from).collect::<Vec<_>>())
            }
            Kind::Postgres(pool) => {
                let rows = sqlx::query_with(query, values).fetch_all(pool).await;
                rows.map(|rows| rows.into_iter().map(QueryResult::from).collect::<Vec<_>>())
            }
        };
        let result = result.map(|rows| {
            let count = rows.len() as u64;
            (rows, count)
        });
        self.stats.statement(&text, started, &result);
        Ok(result?.0)
    }
}
