//! The embedded database: connections, statements, the readers and the line of writers.
//!
//! SQLite answers most statements in some microseconds, less than it costs to wake another thread. So a statement runs
//! where it is asked for, and only what is long goes to a blocking thread; see `docs/decisions/0007`.

pub(crate) mod connection;
pub(crate) mod held;
pub(crate) mod packed;
mod patience;
pub(crate) mod readers;
mod statement;
mod values;

pub(crate) use connection::Connection;
pub(crate) use statement::{Found, Outcome};
