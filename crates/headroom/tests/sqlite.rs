//! What SQLite says it holds follows what it does.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use headroom::sqlite::{Lookups, page_bytes, schema_bytes, statement_bytes, take_lookups};
use rusqlite::Connection;

const ROWS: u64 = 1_000;

/// A file with a megabyte of rows, and a new connection to it that has read nothing.
fn filled(folder: &std::path::Path) -> Connection {
    let path = folder.join("figures.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT NOT NULL)").unwrap();
    let body = "x".repeat(1_000);
    connection.execute_batch("BEGIN").unwrap();
    for id in 0..ROWS {
        connection.execute("INSERT INTO rows (id, body) VALUES (?1, ?2)", (id.cast_signed(), &body)).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
    drop(connection);
    Connection::open(&path).unwrap()
}

fn read_all(connection: &Connection) {
    let sum = "SELECT sum(length(body)) FROM rows";
    let bytes: i64 = connection.query_row(sum, [], |row| row.get(0)).unwrap();
    assert_eq!(bytes.unsigned_abs(), ROWS * 1_000);
}

#[test]
fn pages_are_counted_as_they_are_read_and_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let connection = filled(folder.path());
    let empty = page_bytes(&connection);
    assert!(empty < 64 << 10, "{empty}");
    read_all(&connection);
    let full = page_bytes(&connection);
    assert!((ROWS * 1_000..ROWS * 1_300).contains(&full), "{full}");
    connection.release_memory().unwrap();
    let released = page_bytes(&connection);
    assert!(released < 128 << 10, "{released}");
}

#[test]
fn look_ups_are_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let connection = filled(folder.path());
    read_all(&connection);
    let cold = take_lookups(&connection);
    assert!(cold.misses > ROWS / 5, "four rows to a page, each read: {cold:?}");
    assert_eq!(take_lookups(&connection), Lookups::default());
    read_all(&connection);
    let warm = take_lookups(&connection);
    assert!(warm.hits > ROWS / 5 && warm.misses == 0, "{warm:?}");
}

#[test]
fn statements_and_the_schema_are_figures_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let connection = filled(folder.path());
    read_all(&connection);
    let before = statement_bytes(&connection);
    let schema = schema_bytes(&connection);
    assert!(schema > 0);
    let kept = connection.prepare("SELECT id, body FROM rows WHERE body > ?1 ORDER BY body, id").unwrap();
    assert!(statement_bytes(&connection) > before);
    drop(kept);
    assert_eq!(statement_bytes(&connection), before);
    connection.execute_batch("CREATE TABLE more (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT)").unwrap();
    assert!(schema_bytes(&connection) > schema);
}

#[test]
fn a_statement_that_runs_is_not_disturbed() {
    let folder = tempfile::tempdir().unwrap();
    let connection = filled(folder.path());
    let mut statement = connection.prepare("SELECT id FROM rows ORDER BY id").unwrap();
    let mut rows = statement.query([]).unwrap();
    for id in 0..ROWS {
        let row = rows.next().unwrap().unwrap();
        assert_eq!(row.get::<_, i64>(0).unwrap().unsigned_abs(), id);
        assert!(page_bytes(&connection) > 0 && statement_bytes(&connection) > 0);
    }
    assert!(rows.next().unwrap().is_none());
}
