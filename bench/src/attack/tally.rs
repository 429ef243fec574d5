//! What an attacker achieved.

use http::StatusCode;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The figures of one attacker, shared by its clients.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Bytes of bodies and headers that went out.
    pub sent: Arc<AtomicU64>,
    counts: Mutex<Counts>,
}

/// The figures at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    /// Connections now, and the most at once. One that waits in the server's queue is a connection too.
    pub open: u64,
    pub most_open: u64,
    /// Connections made, and those that the server did not take.
    pub made: u64,
    pub not_made: u64,
    /// Connections that the server ended while nothing was asked.
    pub ended: u64,
    /// Requests that the connection's end left without an answer.
    pub cut: u64,
    pub statuses: BTreeMap<u16, u64>,
    /// Answers 503 that do not say when to come again.
    pub hasty: u64,
    pub sent: u64,
    pub received: u64,
    /// How long the server left one connection open at most.
    pub longest: Duration,
    /// How long the server kept one answer of which nothing was taken.
    pub stillest: Duration,
    /// The most bytes of one head that went out.
    pub most_of_head: u64,
    /// Bodies beyond what the server takes that it took all the same.
    pub swallowed: u64,
}

impl Tally {
    fn with<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts a connection until the guard is dropped.
    pub(super) fn hold(self: &Arc<Self>) -> Held {
        self.with(|counts| {
            counts.made += 1;
            counts.open += 1;
            counts.most_open = counts.most_open.max(counts.open);
        });
        Held { tally: Arc::clone(self), since: Instant::now() }
    }

    /// Times an answer of which nothing is taken, until the guard is dropped.
    pub(super) fn stand_still(self: &Arc<Self>) -> Still {
        Still { tally: Arc::clone(self), since: Instant::now() }
    }

    /// So much of a head has gone out on one connection.
    pub(super) fn head(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.with(|counts| counts.most_of_head = counts.most_of_head.max(bytes));
    }

    /// A body beyond the server's limit was not refused.
    pub(super) fn swallowed(&self) {
        self.with(|counts| counts.swallowed += 1);
    }

    pub(super) fn not_made(&self) {
        self.with(|counts| counts.not_made += 1);
    }

    pub(super) fn ended(&self) {
        self.with(|counts| counts.ended += 1);
    }

    pub(super) fn cut(&self) {
        self.with(|counts| counts.cut += 1);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.with(|counts| counts.received += u64::try_from(bytes).unwrap_or(0));
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(u64::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
    }

    pub(super) fn answer(&self, status: StatusCode, has_retry_after: bool) {
        self.with(|counts| {
            *counts.statuses.entry(status.as_u16()).or_default() += 1;
            counts.hasty += u64::from(status == StatusCode::SERVICE_UNAVAILABLE && !has_retry_after);
        });
    }

    pub(super) fn counts(&self) -> Counts {
        let sent = self.sent.load(Ordering::Relaxed);
        Counts { sent, ..self.with(|counts| counts.clone()) }
    }
}

impl Counts {
    pub(super) fn answers(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Answers of one status, such as 201.
    pub(super) fn of(&self, status: StatusCode) -> u64 {
        self.statuses.get(&status.as_u16()).copied().unwrap_or(0)
    }

    /// Answers that a server in want of memory may not give: neither success, nor the client's fault, nor 503 that
    /// says when to come again.
    pub(super) fn forbidden(&self) -> u64 {
        let is_allowed =
            |status: u16| (200..300).contains(&status) || (400..500).contains(&status) || status == 503;
        let others: u64 =
            self.statuses.iter().filter(|(status, _)| !is_allowed(**status)).map(|(_, count)| count).sum();
        others + self.hasty
    }

    /// `200 x 17, 503 x 2 (1 without Retry-After)`.
    pub(super) fn said(&self) -> String {
        let said: Vec<String> =
            self.statuses.iter().map(|(status, count)| format!("{status} x {count}")).collect();
        let hasty = if self.hasty > 0 {
            format!(" ({} of 503 without Retry-After)", self.hasty)
        } else {
            String::new()
        };
        if said.is_empty() { "no answer".to_owned() } else { said.join(", ") + &hasty }
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Held {
    tally: Arc<Tally>,
    since: Instant,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.tally.with(|counts| {
            counts.open -= 1;
            counts.longest = counts.longest.max(self.since.elapsed());
        });
    }
}

/// One answer of which nothing is taken.
#[derive(Debug)]
pub(super) struct Still {
    tally: Arc<Tally>,
    since: Instant,
}

impl Drop for Still {
    fn drop(&mut self) {
        self.tally.with(|counts| counts.stillest = counts.stillest.max(self.since.elapsed()));
    }
}
