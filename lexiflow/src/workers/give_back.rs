//! What only a start, a rare request, a spell of pressure or a busy hour needed goes back to the system; see
//! `docs/decisions/0006` and `docs/decisions/0031`.

use crate::ops::TICK;
use headroom::{Headroom, Level, SystemRoots};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The first health check and the last of the start bring pages of code back that do not run again. So often it is looked at
/// later whether a server that is idle holds more than it did.
const STARTED: Duration = Duration::from_secs(2);
/// What was used once since then goes after this time.
const UNUSED: Duration = Duration::from_mins(1);
/// No sooner than this after the last time: what comes back each time is in use.
const QUIET: Duration = Duration::from_secs(5);
/// Less is not worth looking through the mappings, in bytes.
const WORTH_GIVING: u64 = 1 << 20;
/// When nobody worked with the server for so long, dropped pages of the database go.
const STILL: Duration = Duration::from_secs(4);
/// Who asks this often in [`STILL`] or less looks after the server and does not work with it: three times a second.
const IDLE_REQUESTS: u64 = 12;

/// When code was given back for the last time, and how much stayed, in bytes.
type Given = Option<(Instant, u64)>;

/// Gives back until it is told to stop.
pub(super) async fn run(headroom: Headroom, stop: CancellationToken) {
    let mut level = headroom.watch_level();
    let mut given: Given = None;
    let mut stillness = Stillness::from(&headroom);
    // Since it was last still, there was pressure.
    let mut was_pressed = false;
    while let Some(calmed) = stop.run_until_cancelled(calm_or(&mut level, STARTED)).await {
        if given.is_none() {
            give_back_stores(&headroom, &[db::PAGES_STORE, db::STATEMENTS_STORE]);
        }
        let is_still = stillness.is_noticed(&headroom);
        was_pressed |= calmed;
        if is_still && std::mem::take(&mut was_pressed) {
            give_back_stores(&headroom, &[db::PAGES_STORE]);
        }
        if calmed || given.is_none() || is_still {
            drop(headroom::spawn_blocking(headroom::sqlite::purge_pages).await);
        }
        if !calmed && !is_due(given, &headroom) {
            continue;
        }
        // The kernel lists the mappings in a millisecond or more.
        let released =
            headroom::spawn_blocking(|| headroom::release_code_pages(&SystemRoots::default())).await;
        tracing::debug!(mapped_bytes = released.unwrap_or_default(), "pages of code were given back");
        // What runs all the time is there again.
        if stop.run_until_cancelled(tokio::time::sleep(TICK)).await.is_none() {
            return;
        }
        // Right after a spell of pressure what is there again is the rest of it: it is looked at once more when that is over.
        given = Some((Instant::now(), if calmed { 0 } else { code_bytes() }));
    }
}

/// Whether code may be given back that came since the last time.
fn is_due(given: Given, headroom: &Headroom) -> bool {
    let Some((at, left)) = given else { return true };
    let is_idle = || headroom.ledger().is_empty() && code_bytes() >= left + WORTH_GIVING;
    at.elapsed() >= UNUSED || (at.elapsed() >= QUIET && is_idle())
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
