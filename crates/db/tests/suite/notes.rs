//! The little table that the tests fill.

use chrono::DateTime;
use clock::Timestamp;
use db::migrate::{self, table};
use db::{Db, Dialect, Error, Migration, Reads, Tx, sql};
use sea_orm::sea_query::{Alias, Table, Value};

pub(crate) const NOTES: Migration = Migration { name: "0001_notes", statements: notes };

fn notes(dialect: Dialect) -> Vec<String> {
    let column = dialect.columns();
    let notes = Table::create()
        .table(Alias::new("notes"))
        .col(column.int("id").primary_key())
        .col(column.text("title").unique_key())
        .col(column.opt_time("at"))
        .col(column.opt_int("parent"))
        .take();
    vec![table(dialect, &notes)]
}

pub(crate) fn noon() -> Timestamp {
    DateTime::from_timestamp_micros(1_767_268_800_000_001).unwrap()
}

pub(crate) async fn with_notes(db: &Db) {
    migrate::run(db, &[NOTES], noon()).await.unwrap();
}

pub(crate) async fn add(tx: &mut Tx, id: i64, title: &str) -> Result<u64, Error> {
    let values = [Value::from(id), Value::from(title)];
    tx.run(sql(tx.dialect(), "INSERT INTO notes (id, title) VALUES ($1, $2)", values)).await
}

/// A whole verb.
pub(crate) async fn keep(db: &Db, id: i64, title: &str) -> Result<(), Error> {
    let mut tx = db.writer().begin().await?;
    add(&mut tx, id, title).await?;
    tx.commit().await
}

/// The ids that are kept, in order.
pub(crate) async fn kept(reads: &impl Reads) -> Vec<i64> {
    let rows = reads.rows(sql(reads.dialect(), "SELECT id FROM notes ORDER BY id", [])).await.unwrap();
    rows.iter().map(|row| row.at(0).unwrap()).collect()
}
