//! What only a start, a rare request, a spell of pressure or a busy hour needed goes back to the system; see
//! `docs/decisions/0006` and `docs/decisions/0031`.

use crate::ops::TICK;
use db::Db;
use headroom::{Headroom, Level, SystemRoots};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// So often it is looked at what may go: at the first look what the start has needed of the database, at the second code. A
/// thread for what blocks that was needed at one has ended before the next (`BLOCKING_KEPT`).
const LOOK: Duration = Duration::from_millis(2_500);
/// What was used once since then goes after this time.
const UNUSED: Duration = Duration::from_mins(1);
/// No sooner than this after the last time when there were requests: what comes back each time is in use.
const QUIET: Duration = Duration::from_secs(5);
/// Less is not worth the faults, in bytes.
const WORTH_GIVING: u64 = 1 << 19;
/// Fewer dropped pages wait for the next reader, in bytes.
const WORTH_PURGING: u64 = 1 << 18;
/// When nobody worked with the server for so long, dropped pages of the database go.
const STILL: Duration = Duration::from_secs(4);
/// Who asks this often in [`STILL`] or less looks after the server and does not work with it: three times a second.
const IDLE_REQUESTS: u64 = 12;

/// Gives back until it is told to stop.
pub(super) async fn run(headroom: Headroom, db: Db, stop: CancellationToken) {
    let mut level = headroom.watch_level();
    let mut given: Option<Given> = None;
    let mut stillness = Stillness::from(&headroom);
    let mut closed_at: Option<Instant> = None;
    // Since it was last still, there was pressure.
    let mut was_pressed = false;
    while let Some(calmed) = stop.run_until_cancelled(calm_or(&mut level, LOOK)).await {
        let just_begun = closed_at.is_none();
        if just_begun {
            give_back_stores(&headroom, &[db::PAGES_STORE, db::STATEMENTS_STORE]);
        }
        let is_still = stillness.is_noticed(&headroom);
        was_pressed |= calmed;
        let has_crowd_gone = is_still && std::mem::take(&mut was_pressed);
        if has_crowd_gone {
            give_back_stores(&headroom, &[db::PAGES_STORE]);
        }
        // Opening one takes some milliseconds of whoever needs it next.
        if closed_at.is_none_or(|at| is_still && at.elapsed() >= UNUSED) {
            closed_at = Some(Instant::now());
            let closed = db.close_cold_readers().await;
            tracing::debug!(closed, "connections for reading that nobody used were closed");
        }
        // Few dropped pages are not worth a thread for what blocks: made every few seconds, it would keep its code in memory.
        let drops_much = || headroom::sqlite::dropped_page_bytes() >= WORTH_PURGING;
        if calmed || just_begun || has_crowd_gone || (is_still && drops_much()) {
            drop(headroom::spawn_blocking(headroom::sqlite::purge_pages).await);
        }
        // Statements are compiled anew first: the code for it goes with the rest.
        if !calmed && (just_begun || !is_due(given.as_ref(), &headroom)) {
            continue;
        }
        let released_bytes = headroom::release_code_pages(&SystemRoots::default());
        tracing::debug!(released_bytes, "pages of code were given back");
        // What runs all the time is there again.
        if stop.run_until_cancelled(tokio::time::sleep(TICK)).await.is_none() {
            return;
        }
        given = Some(Given::now(&headroom, calmed));
    }
}

/// When code was given back for the last time.
#[derive(Debug)]
struct Given {
    at: Instant,
    /// What was there again soon after, in bytes.
    left_bytes: u64,
    ended_requests: u64,
}

impl Given {
    fn now(headroom: &Headroom, calmed: bool) -> Self {
        // Right after a spell of pressure what is there again is the rest of it: it is looked at once more when that is over.
        let left_bytes = if calmed { 0 } else { code_bytes() };
        Self { at: Instant::now(), left_bytes, ended_requests: headroom.ended_requests() }
    }
}

/// Whether code may be given back that came since the last time.
fn is_due(given: Option<&Given>, headroom: &Headroom) -> bool {
    let Some(given) = given else { return true };
    let is_alone = headroom.ended_requests() == given.ended_requests;
    let more_bytes = code_bytes().saturating_sub(given.left_bytes);
    is_worth_it(given.at.elapsed(), more_bytes, is_alone, headroom.ledger().is_empty())
}

/// Whether code goes: of a server that is `idle` it goes again soon, sooner where nobody but background work brought it back
/// and will need it anew (`alone`).
fn is_worth_it(since: Duration, more_bytes: u64, alone: bool, idle: bool) -> bool {
    since >= UNUSED || (idle && more_bytes >= WORTH_GIVING && (alone || since >= QUIET))
}

/// Whether anybody works with the server.
#[derive(Debug)]
struct Stillness {
    since: Instant,
    ended_requests: u64,
}

impl Stillness {
    fn from(headroom: &Headroom) -> Self {
        Self { since: Instant::now(), ended_requests: headroom.ended_requests() }
    }

    /// Whether it was still for a while: once for each, also while it goes on, since work without requests drops pages too.
    fn is_noticed(&mut self, headroom: &Headroom) -> bool {
        let is_at_work = headroom.ended_requests() > self.ended_requests + IDLE_REQUESTS;
        let is_over = self.since.elapsed() >= STILL;
        if is_at_work || is_over {
            *self = Self::from(headroom);
        }
        is_over && !is_at_work
    }
}

/// Resident pages of files, which are code but for a few, in bytes.
fn code_bytes() -> u64 {
    headroom::ProcessStats::read(&SystemRoots::default()).map_or(0, |process| process.rss_file)
}

/// Gives back what only the start, or the crowd that went, has needed of the database: pages and statements.
fn give_back_stores(headroom: &Headroom, names: &[&str]) {
    for store in headroom.stores().all().iter().filter(|store| names.contains(&store.name())) {
        let given_bytes = store.shrink_to(0);
        tracing::debug!(store = store.name(), given_bytes, "what was needed once was given back");
    }
}

/// Waits until the memory is calm again after pressure, but no longer than `wait`; whether it has become calm.
async fn calm_or(level: &mut watch::Receiver<Level>, wait: Duration) -> bool {
    let calm = async {
        while level.changed().await.is_ok() {
            if *level.borrow_and_update() == Level::Normal {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::time::timeout(wait, calm).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_goes_again_when_there_is_enough_of_it_and_nobody_needs_it() {
        let soon = Duration::from_secs(3);
        assert!(is_worth_it(soon, WORTH_GIVING, true, true));
        assert!(!is_worth_it(soon, WORTH_GIVING - 1, true, true), "too little");
        assert!(!is_worth_it(soon, WORTH_GIVING, true, false), "a request runs");
        assert!(!is_worth_it(soon, WORTH_GIVING, false, true), "requests came a moment ago");
        assert!(is_worth_it(QUIET, WORTH_GIVING, false, true));
        assert!(!is_worth_it(UNUSED / 2, 0, true, true));
        assert!(is_worth_it(UNUSED, 0, false, false), "what was used once since then");
    }
}
