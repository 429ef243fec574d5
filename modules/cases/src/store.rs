//! The only place that names this module's tables. Everything here begins with the firm, and what is read with
//! whose eyes read it.

pub(crate) mod attorneys;
mod batch;
pub(crate) mod cases;
pub(crate) mod leads;
pub(crate) mod list;
pub(crate) mod numbering;
pub(crate) mod parties;
pub(crate) mod stats;

use crate::Error;
use access::Sight;
use db::{Stamp, Tx};
use sea_orm::sea_query::{Expr, ExprTrait, LockType, Query, Value};
use uuid::Uuid;

/// Reads a row's columns from left to right: the statements here name their columns, so no name is looked up.
struct Fields<'a> {
    row: &'a db::Row,
    at: usize,
}

impl<'a> Fields<'a> {
    fn of(row: &'a db::Row) -> Self {
        Self { row, at: 0 }
    }

    fn next<T: db::Column>(&mut self) -> Result<T, Error> {
        let value = self.row.at(self.at).map_err(db::Error::from)?;
        self.at += 1;
        Ok(value)
    }

    fn id<I: ids::Id>(&mut self) -> Result<I, Error> {
        Ok(I::from_uuid(self.next::<Uuid>()?))
    }

    fn opt_id<I: ids::Id>(&mut self) -> Result<Option<I>, Error> {
        Ok(self.next::<Option<Uuid>>()?.map(I::from_uuid))
    }

    fn time(&mut self) -> Result<clock::Timestamp, Error> {
        Ok(self.next::<Stamp>()?.0)
    }

    fn opt_time(&mut self) -> Result<Option<clock::Timestamp>, Error> {
        Ok(self.next::<Option<Stamp>>()?.map(|stamp| stamp.0))
    }

    fn count(&mut self) -> Result<u64, Error> {
        Ok(u64::try_from(self.next::<i64>()?).unwrap_or(0))
    }
}

/// Keeps everybody else from changing a row until this transaction ends, so that what is read of it next stays true.
async fn hold<I: ids::Id>(
    tx: &mut Tx,
    sight: Sight,
    (table, case_column): (&'static str, &'static str),
    id: I,
) -> Result<(), Error> {
    let row = Query::select()
        .column("id")
        .from(table)
        .and_where(Expr::col("firm_id").eq(ids::Id::uuid(sight.firm())))
        .and_where(Expr::col("id").eq(id.uuid()))
        // Who may not see it does not wait for those who change it either.
        .cond_where(sight.sees((table, case_column)))
        // Those who only refer to the row need not wait. SQLite has one writer, and its builder leaves the lock out.
        .lock(LockType::NoKeyUpdate)
        .take();
    tx.execute(&row).await?;
    Ok(())
}

fn id_value<I: ids::Id>(id: I) -> Value {
    Value::from(id.uuid())
}

fn opt_id_value<I: ids::Id>(id: Option<I>) -> Value {
    Value::from(id.map(ids::Id::uuid))
}

/// A `LIKE` pattern (with `ESCAPE '\'`) that finds `text` anywhere, whatever the letters' case.
fn part_of(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars().flat_map(char::to_lowercase) {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
