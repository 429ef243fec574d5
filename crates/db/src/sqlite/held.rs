//! What the connections hold in memory, counted when each is put down, and given back when memory is scarce.

use super::readers::Readers;
use crate::group::Line;
use headroom::{BoundedStore, Eviction, Registered, sqlite};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The page cache of one connection at most: as many pages as are two MiB with what SQLite adds to each, in the allocator's
/// next size.
pub(crate) const PAGES_BYTES: u64 = 495 * 5120;
/// What the prepared statements of one connection may take for each that it keeps. They are dropped when they are found to
/// be more.
pub(crate) const STATEMENT_BYTES: u64 = 3584;

/// To count statements means to look at each: it is done after so many uses of a connection, and sooner while it is new.
const USES_BETWEEN_COUNTS: u64 = 256;

/// What a connection can give back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Pages of the file, which are read again.
    Pages,
    /// Prepared statements, which are compiled again.
    Statements,
}

/// What all connections hold. Cloning gives another handle on the same sums.
#[derive(Debug, Clone)]
pub(crate) struct Held(Arc<Sums>);

#[derive(Debug, Default)]
struct Sums {
    /// Prepared statements that each connection keeps.
    kept: u32,
    connections: AtomicU64,
    pages: Sum,
    statements: Sum,
    schema_bytes: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

#[derive(Debug, Default)]
struct Sum {
    bytes: AtomicU64,
    /// Moves on with every attempt to get something back.
    rounds: AtomicU64,
    /// The last attempt that the idle connections alone could not satisfy: whoever is put down gives what it holds.
    wished: AtomicU64,
}

impl Held {
    /// Nothing, of connections that keep `kept` prepared statements each.
    pub(crate) fn new(kept: u32) -> Self {
        Self(Arc::new(Sums { kept, ..Sums::default() }))
    }

    /// Prepared statements that each connection keeps.
    pub(crate) fn kept(&self) -> usize {
        self.0.kept as usize
    }

    fn part(&self, part: Part) -> &Sum {
        match part {
            Part::Pages => &self.0.pages,
            Part::Statements => &self.0.statements,
        }
    }

    fn bytes(&self, part: Part) -> u64 {
        self.part(part).bytes.load(Ordering::Relaxed)
    }

    /// What the connections know of the schema, in bytes.
    pub(crate) fn schema_bytes(&self) -> u64 {
        self.0.schema_bytes.load(Ordering::Relaxed)
    }
}

/// What one connection holds of the sums. Gone with the connection.
#[derive(Debug)]
pub(super) struct Share {
    held: Held,
    pages: Counted,
    statements: Counted,
    schema_bytes: Cell<u64>,
    uses: Cell<u64>,
}

#[derive(Debug, Default)]
struct Counted {
    bytes: Cell<u64>,
    /// The last attempt to which it gave.
    gave: Cell<u64>,
}

impl Share {
    pub(super) fn of(held: &Held) -> Self {
        held.0.connections.fetch_add(1, Ordering::Relaxed);
        Self {
            held: held.clone(),
            pages: Counted::default(),
            statements: Counted::default(),
            schema_bytes: Cell::default(),
            uses: Cell::default(),
        }
    }

    fn counted(&self, part: Part) -> &Counted {
        match part {
            Part::Pages => &self.pages,
            Part::Statements => &self.statements,
        }
    }

    /// Counts after a use of the connection, and gives back what somebody wished to have since the last one.
    pub(super) fn put_down(&self, connection: &rusqlite::Connection) {
        for part in [Part::Pages, Part::Statements] {
            let wished = self.held.part(part).wished.load(Ordering::Relaxed);
            if self.counted(part).gave.get() < wished {
                self.counted(part).gave.set(wished);
                give_back(connection, part);
            }
        }
        let pages_before = self.pages.bytes.get();
        self.count(connection, Part::Pages);
        // Pages that were read for a request stay here when it is over, and are not its own.
        let grown = self.pages.bytes.get().saturating_sub(pages_before);
        if grown > 0 {
            Registered::stored(grown);
        }
        let lookups = sqlite::take_lookups(connection);
        self.held.0.hits.fetch_add(lookups.hits, Ordering::Relaxed);
        self.held.0.misses.fetch_add(lookups.misses, Ordering::Relaxed);
        let uses = self.uses.get().wrapping_add(1);
        self.uses.set(uses);
        if uses.is_power_of_two() || uses.is_multiple_of(USES_BETWEEN_COUNTS) {
            self.count(connection, Part::Statements);
            if self.statements.bytes.get() > statements_bytes(self.held.0.kept) {
                self.release(connection, Part::Statements);
            }
            replace(&self.held.0.schema_bytes, &self.schema_bytes, sqlite::schema_bytes(connection));
        }
    }

    /// Gives back what the connection holds, now.
    pub(super) fn release(&self, connection: &rusqlite::Connection, part: Part) {
        give_back(connection, part);
        self.counted(part).gave.set(self.held.part(part).rounds.load(Ordering::Relaxed));
        self.count(connection, part);
    }

    fn count(&self, connection: &rusqlite::Connection, part: Part) {
        let bytes = match part {
            Part::Pages => sqlite::page_bytes(connection),
            Part::Statements => sqlite::statement_bytes(connection),
        };
        replace(&self.held.part(part).bytes, &self.counted(part).bytes, bytes);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        replace(&self.held.0.pages.bytes, &self.pages.bytes, 0);
        replace(&self.held.0.statements.bytes, &self.statements.bytes, 0);
        replace(&self.held.0.schema_bytes, &self.schema_bytes, 0);
        self.held.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the prepared statements of one connection take at most, in bytes.
fn statements_bytes(kept: u32) -> u64 {
    STATEMENT_BYTES * u64::from(kept)
}

/// Puts one connection's new figure into the sum for its old one. The sum may pass zero on the way, never in the end.
fn replace(sum: &AtomicU64, own: &Cell<u64>, bytes: u64) {
    let before = own.replace(bytes);
    sum.fetch_add(bytes.wrapping_sub(before), Ordering::Relaxed);
}

fn give_back(connection: &rusqlite::Connection, part: Part) {
    match part {
        Part::Pages => {
            if let Err(error) = connection.release_memory() {
                tracing::debug!(%error, "a connection gave no pages back");
            }
        }
        Part::Statements => connection.flush_prepared_statement_cache(),
    }
}

/// One part of what all connections hold, as a bounded store.
#[derive(Debug)]
pub(crate) struct HeldStore {
    pub(crate) part: Part,
    pub(crate) held: Held,
    pub(crate) readers: Readers,
    pub(crate) line: Line,
    /// Connections that may be open.
    pub(crate) most: u64,
}

impl BoundedStore for HeldStore {
    fn name(&self) -> &'static str {
        match self.part {
            Part::Pages => crate::PAGES_STORE,
            Part::Statements => crate::STATEMENTS_STORE,
        }
    }

    /// Connections: SQLite counts bytes, not pages.
    fn entries(&self) -> u64 {
        self.held.0.connections.load(Ordering::Relaxed)
    }

    fn bytes(&self) -> u64 {
        self.held.bytes(self.part)
    }

    fn cap_bytes(&self) -> u64 {
        let each = match self.part {
            Part::Pages => PAGES_BYTES,
            Part::Statements => statements_bytes(self.held.0.kept),
        };
        each.saturating_mul(self.most)
    }

    fn max_entries(&self) -> Option<u64> {
        Some(self.most)
    }

    /// Of each connection's pages and statements.
    fn eviction(&self) -> Eviction {
        Eviction::LeastUsed
    }

    fn hits(&self) -> u64 {
        if self.part == Part::Pages { self.held.0.hits.load(Ordering::Relaxed) } else { 0 }
    }

    fn misses(&self) -> u64 {
        if self.part == Part::Pages { self.held.0.misses.load(Ordering::Relaxed) } else { 0 }
    }

    /// Connections that nobody uses give back at once, and their bytes are told; the others when they are put down.
    fn shrink_to(&self, bytes: u64) -> u64 {
        let before = self.bytes();
        let sum = self.held.part(self.part);
        let round = sum.rounds.fetch_add(1, Ordering::Relaxed) + 1;
        let is_enough = || self.bytes() <= bytes;
        self.readers.release(self.part, is_enough);
        if !is_enough() {
            self.line.release(self.part);
        }
        if !is_enough() {
            sum.wished.fetch_max(round, Ordering::Relaxed);
        }
        before.saturating_sub(self.bytes())
    }

    /// A page is copied from the kernel's cache; a statement of some KiB is compiled.
    fn cost_micros_per_kib(&self) -> u64 {
        match self.part {
            Part::Pages => 1,
            Part::Statements => 10,
        }
    }
}
