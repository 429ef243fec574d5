use crate::{Dialect, Error, FromRow, Row};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, SelectStatement, Value, Values};
use sea_orm::{Statement, StatementBuilder};
use std::future::Future;

/// What a [`crate::Reader`] and a [`crate::Tx`] can both do.
pub trait Reads: Send + Sync {
    /// The database behind it.
    fn dialect(&self) -> Dialect;

    /// Runs one statement and returns its rows. The statement carries its own bound; prefer [`Reads::one`] and
    /// [`Reads::at_most`], which set it.
    fn rows(&self, statement: Statement) -> impl Future<Output = Result<Vec<Row>, Error>> + Send;

    /// The first row of a query.
    fn one<M: FromRow + Send>(
        &self,
        query: &SelectStatement,
    ) -> impl Future<Output = Result<Option<M>, Error>> + Send {
        let mut query = query.clone();
        query.limit(1);
        let statement = build(self.dialect(), &query);
        async move {
            let rows = self.rows(statement).await?;
            rows.first().map(M::from_row).transpose().map_err(Error::from)
        }
    }

    /// At most `limit` rows of a query, whatever the query says of its own limit.
    fn at_most<M: FromRow + Send>(
        &self,
        query: &SelectStatement,
        limit: u64,
    ) -> impl Future<Output = Result<Vec<M>, Error>> + Send {
        let mut query = query.clone();
        query.limit(limit);
        let statement = build(self.dialect(), &query);
        async move {
            let rows = self.rows(statement).await?;
            // Each row goes as soon as it is read: a long list is there once, not twice.
            rows.into_iter().map(|row| M::from_row(&row)).collect::<Result<_, _>>().map_err(Error::from)
        }
    }

    /// How many rows a query has. Order, limit and offset are left out of the count.
    fn count(&self, query: &SelectStatement) -> impl Future<Output = Result<u64, Error>> + Send {
        let statement = build(self.dialect(), &count_of(query));
        async move {
            let rows = self.rows(statement).await?;
            let total: i64 = match rows.first() {
                Some(row) => row.at(0)?,
                None => 0,
            };
            Ok(u64::try_from(total).unwrap_or(0))
        }
    }
}

/// `SELECT count(*)` over the same tables and conditions as `query`.
pub fn count_of(query: &SelectStatement) -> SelectStatement {
    let mut counted = query.clone();
    counted.clear_selects().clear_order_by().reset_limit().reset_offset();
    counted.expr_as(Expr::val(1).count(), Alias::new("total"));
    counted
}

pub(crate) fn build(dialect: Dialect, statement: &impl StatementBuilder) -> Statement {
    statement.build(&dialect.backend())
}

/// A statement in SQL text with `$1` place holders, which both databases read. For the four named places and for
/// statements that the builder cannot express.
pub fn sql(dialect: Dialect, text: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement {
        sql: text.into(),
        values: Some(Values(values.into_iter().collect())),
        db_backend: dialect.backend(),
    }
}
