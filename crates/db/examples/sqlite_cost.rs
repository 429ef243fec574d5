//! Instructions of one look at the figures of SQLite, to be run under callgrind:
//! `valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/sqlite_cost pages 100000`.
//! The difference between two counts of rounds, divided by it, is the cost of one look. `statements` looks at a hundred.

use headroom::sqlite;
use rusqlite::Connection;

const STATEMENTS: usize = 100;

fn main() -> Result<(), rusqlite::Error> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let rounds: u64 = arguments.next().and_then(|rounds| rounds.parse().ok()).unwrap_or(100_000);
    let look = match what.as_str() {
        "pages" => sqlite::page_bytes,
        "statements" => sqlite::statement_bytes,
        "schema" => sqlite::schema_bytes,
        "lookups" => |connection: &Connection| sqlite::take_lookups(connection).hits,
        _ => std::process::exit(2),
    };
    let connection = Connection::open_in_memory()?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch("CREATE TABLE cases (id INTEGER PRIMARY KEY, title TEXT, opened TEXT)")?;
    for number in 0..STATEMENTS {
        let text = format!("SELECT id, title FROM cases WHERE title = ?1 AND id > {number} ORDER BY opened");
        drop(connection.prepare_cached(&text)?);
    }
    let seen: u64 = (0..rounds).map(|_| std::hint::black_box(look(&connection))).sum();
    std::hint::black_box(seen);
    Ok(())
}
