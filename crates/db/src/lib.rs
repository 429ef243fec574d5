//! The database: SQLite (embedded) or PostgreSQL behind one set of types.
//!
//! - [`Db::open`] opens the pools this crate owns: one SQLite writer and several `query_only` readers, or two
//!   PostgreSQL pools of which one is read-only.
//! - A [`Reader`] reads, a [`Tx`] reads and writes; a store function says by its signature which it needs.
//! - [`Writer::begin`] … [`Tx::commit`]: a verb is acknowledged only after its fsync. On SQLite several verbs share
//!   one fsync ("group commit", see [`mod@group`]); each still rolls back alone.
//! - Stores build statements with SeaORM's entities and hand them to [`Reads`] and [`Tx::execute`]; rows come back
//!   as [`Row`] or through [`FromRow`]. Nothing returns an unbounded list: every list names its limit.

mod dialect;
mod error;
mod fault;
pub mod group;
pub mod migrate;
mod open;
mod postgres;
mod reader;
mod row;
mod rows;
mod sqlite;
mod stamp;
mod stats;
mod turns;
mod tx;
mod writer;

pub use dialect::{Columns, Dialect};
pub use error::{Error, Source, Violation};
pub use migrate::Migration;
pub use open::{Db, Settings, connection_bytes};
pub use reader::Reader;
pub use row::{Column, FromRow, Misread, Row};
pub use rows::{Reads, count_of, sql};
pub use stamp::Stamp;
pub use stats::{Stats, StatsSnapshot};
pub use tx::Tx;
pub use writer::Writer;

/// The name of the registered store of the embedded database's pages.
pub const PAGES_STORE: &str = "database.pages";

/// The store of compiled statements, which are compiled again when they are run.
pub const STATEMENTS_STORE: &str = "database.statements";
