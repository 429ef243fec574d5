//! What a connection to SQLite holds in memory, as SQLite itself counts it, and where its pages come from. Its wrapper
//! has no call for either.
#![expect(unsafe_code, reason = "SQLite tells its figures through a C function with two pointers")]

mod page_arena;

use rusqlite::{Connection, ffi};

pub(crate) use page_arena::{arena, set_decay};
pub use page_arena::{open, purge_pages};

/// Dropped pages that wait for the next reader, in bytes, as they were at the controller's last look.
pub fn dropped_page_bytes() -> u64 {
    crate::allocator::kept_pages()
}

/// What the page cache of a connection was asked for since the last time that somebody wanted to know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Pages that were there.
    pub hits: u64,
    /// Pages that had to be read.
    pub misses: u64,
}

/// The page caches of a connection, in bytes: of its file, of attached ones and of its temporary tables.
pub fn page_bytes(connection: &Connection) -> u64 {
    current(connection, ffi::SQLITE_DBSTATUS_CACHE_USED, false)
}

/// The prepared statements of a connection, in bytes. Looks at each of them.
pub fn statement_bytes(connection: &Connection) -> u64 {
    current(connection, ffi::SQLITE_DBSTATUS_STMT_USED, false)
}

/// What a connection knows of the schema, in bytes. Looks at each table of it.
pub fn schema_bytes(connection: &Connection) -> u64 {
    current(connection, ffi::SQLITE_DBSTATUS_SCHEMA_USED, false)
}

/// Takes the count of look-ups: the next call counts from here.
pub fn take_lookups(connection: &Connection) -> Lookups {
    Lookups {
        hits: current(connection, ffi::SQLITE_DBSTATUS_CACHE_HIT, true),
        misses: current(connection, ffi::SQLITE_DBSTATUS_CACHE_MISS, true),
    }
}

/// The current value of a figure, which may be set back to zero. Zero if SQLite does not know the figure.
fn current(connection: &Connection, figure: i32, is_set_back: bool) -> u64 {
    let (mut current, mut highest) = (0, 0);
    // SAFETY: the connection is borrowed, so its handle is open for as long as this takes, and no other thread has it:
    // it is not `Sync`. The handle is not kept, and nothing here closes it or changes its callbacks. SQLite writes two
    // numbers to where the pointers point, which outlive the call, and keeps neither. Running statements stay as they are.
    let code = unsafe {
        let handle = connection.handle();
        ffi::sqlite3_db_status64(handle, figure, &raw mut current, &raw mut highest, i32::from(is_set_back))
    };
    if code == ffi::SQLITE_OK { u64::try_from(current).unwrap_or(0) } else { 0 }
}
