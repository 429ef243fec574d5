use crate::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Counters of every statement that went through this crate.
#[derive(Debug, Clone)]
pub struct Stats(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    slow: Duration,
    statements: AtomicU64,
    failed: AtomicU64,
    slow_statements: AtomicU64,
    rows: AtomicU64,
    busy_micros: AtomicU64,
    commits: AtomicU64,
    verbs: AtomicU64,
    is_damaged: AtomicBool,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatsSnapshot {
    /// Statements run.
    pub statements: u64,
    /// Statements that failed.
    pub failed: u64,
    /// Statements slower than the threshold.
    pub slow_statements: u64,
    /// Rows read or changed.
    pub rows: u64,
    /// Time spent waiting for statements, in microseconds.
    pub busy_micros: u64,
    /// Commits that reached the disk (on SQLite: groups).
    pub commits: u64,
    /// Verbs that were committed.
    pub verbs: u64,
}

impl Stats {
    pub(crate) fn new(slow: Duration) -> Self {
        Self(Arc::new(Counters {
            slow,
            statements: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            slow_statements: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            busy_micros: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            verbs: AtomicU64::new(0),
            is_damaged: AtomicBool::new(false),
        }))
    }

    /// Counts one statement, with the rows it read or changed unless it failed. The log holds its text, which carries no values, and never its parameters.
    pub(crate) fn statement(&self, sql: &str, started: Instant, rows: Option<u64>) {
        let took = started.elapsed();
        self.0.statements.fetch_add(1, Ordering::Relaxed);
        self.0.busy_micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        match rows {
            Some(rows) => {
                self.0.rows.fetch_add(rows, Ordering::Relaxed);
            }
            None => {
                self.0.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
        if took >= self.0.slow {
            self.0.slow_statements.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(duration_ms = took.as_millis(), statement = sql, "slow statement");
        }
    }

    /// Notes that a statement met damaged pages.
    pub(crate) fn watch_for_damage<T>(&self, result: &Result<T, Error>) {
        if let Err(error @ Error::Corrupt { .. }) = result
            && !self.0.is_damaged.swap(true, Ordering::Relaxed)
        {
            tracing::error!(error = %error, "the database is damaged");
        }
    }

    /// Whether a statement met damaged pages since the start: nothing that is read can be trusted.
    pub fn is_damaged(&self) -> bool {
        self.0.is_damaged.load(Ordering::Relaxed)
    }

    pub(crate) fn committed(&self, verbs: u64) {
        self.0.commits.fetch_add(1, Ordering::Relaxed);
        self.0.verbs.fetch_add(verbs, Ordering::Relaxed);
    }

    /// The counters now.
    pub fn snapshot(&self) -> StatsSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StatsSnapshot {
            statements: read(&self.0.statements),
            failed: read(&self.0.failed),
            slow_statements: read(&self.0.slow_statements),
            rows: read(&self.0.rows),
            busy_micros: read(&self.0.busy_micros),
            commits: read(&self.0.commits),
            verbs: read(&self.0.verbs),
        }
    }
}
