//! Where the pages of SQLite lie. Alone in its program, because it looks at all the memory of the process.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use headroom::Allocator;
use headroom::sqlite::{open, page_bytes, purge_pages};
use rusqlite::{Connection, OpenFlags};

headroom::install_allocator!();

const MIB: u64 = 1 << 20;
/// Rows of a KiB, 16 MiB of them.
const ROWS: i64 = 16 << 10;

fn filled(folder: &std::path::Path) -> Connection {
    let connection = open(&folder.join("pages.db"), OpenFlags::default()).unwrap();
    connection
        .execute_batch(
            "PRAGMA cache_size = -32768; CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB NOT NULL)",
        )
        .unwrap();
    connection
        .execute(
            "WITH RECURSIVE counted (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM counted WHERE id < ?1) \
             INSERT INTO rows SELECT id, randomblob(1000) FROM counted",
            [ROWS],
        )
        .unwrap();
    connection
}

fn sum(connection: &Connection) -> i64 {
    connection.query_row("SELECT sum(length(body)) FROM rows", [], |row| row.get(0)).unwrap()
}

#[test]
fn dropped_pages_wait_for_the_next_reader_until_they_are_purged() {
    assert!(!purge_pages(), "nothing was set apart yet");
    let allocator = Allocator::open().unwrap();
    // At rest: other freed pages go back after a second, those of the database when they are purged.
    assert!(allocator.set_decay(1_000));
    let folder = tempfile::tempdir().unwrap();
    let connection = filled(folder.path());
    assert_eq!(sum(&connection), ROWS * 1_000);
    let held = page_bytes(&connection);
    assert!(held > 16 * MIB, "{held}");
    let full = allocator.stats().unwrap();

    connection.release_memory().unwrap();
    let dropped = allocator.stats().unwrap();
    assert!(dropped.allocated + 15 * MIB < full.allocated, "{full:?} {dropped:?}");
    assert!(dropped.resident + MIB > full.resident, "they are still there: {full:?} {dropped:?}");

    // Read again into the same memory.
    assert_eq!(sum(&connection), ROWS * 1_000);
    let again = allocator.stats().unwrap();
    assert!(again.resident < full.resident + 2 * MIB, "{full:?} {again:?}");

    connection.release_memory().unwrap();
    assert!(purge_pages());
    let purged = allocator.stats().unwrap();
    assert!(purged.resident + 15 * MIB < full.resident, "{full:?} {purged:?}");

    // A clean-up at rest leaves them where they are.
    assert_eq!(sum(&connection), ROWS * 1_000);
    connection.release_memory().unwrap();
    assert!(allocator.purge_at_rest().unwrap().after_resident + 2 * MIB > full.resident);

    // Under pressure nothing waits: neither what was kept, nor what is dropped from now on.
    assert!(allocator.set_decay(0));
    let pressed = allocator.stats().unwrap();
    assert!(pressed.resident + 15 * MIB < full.resident, "{full:?} {pressed:?}");
    assert_eq!(sum(&connection), ROWS * 1_000);
    connection.release_memory().unwrap();
    let dropped = allocator.stats().unwrap();
    assert!(dropped.resident + 15 * MIB < full.resident, "{full:?} {dropped:?}");

    // And afterwards everything waits again as it did, also where nothing was to wait.
    assert!(allocator.set_decay(1_000));
    assert_eq!(sum(&connection), ROWS * 1_000);
    connection.release_memory().unwrap();
    let calm = allocator.stats().unwrap();
    assert!(calm.resident + MIB > full.resident, "{full:?} {calm:?}");

    // Blocks that grow across the bounds of what lies apart keep what is in them.
    let grown: String = connection
        .query_row(
            "WITH RECURSIVE grown (text) AS \
             (SELECT 'x' UNION ALL SELECT text || text FROM grown WHERE length(text) < 1000000) \
             SELECT group_concat(text, '') FROM grown",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(grown, "x".repeat((2 << 20) - 1));
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}
