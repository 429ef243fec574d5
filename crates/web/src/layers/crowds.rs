use axum::extract::{MatchedPath, Request};
use clock::Timestamp;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

/// Requests of a kind that are logged one by one in each second.
const TOLD_A_SECOND: u32 = 20;

/// Where everybody may ask how the server is; nobody is refused there.
const WATCHED: [&str; 3] = ["/api/health", "/api/metrics", "/api/version"];

/// Whether a request only asks how the server is.
pub(super) fn is_watching(request: &Request) -> bool {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let is_below =
        |path: &&str| route.strip_prefix(*path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    request.method().is_safe() && WATCHED.iter().any(is_below)
}

/// Keeps crowds from filling the log. A server that is flooded turns away tens of thousands of requests a second, each of which would
/// be two lines on the disk and pages in the cache; and it turns nobody away who asks how it is. Past the first of each second
/// they are only counted, here and in the metrics.
#[derive(Debug, Default)]
pub struct CrowdLog {
    /// Who asks too often: also who guesses passwords.
    often: Told,
    /// Whom there is no memory for.
    short: Told,
    /// Who asks how the server is.
    watching: Told,
}

impl CrowdLog {
    /// Whether a refusal with this status has lines of its own. One kind hides none of the other.
    pub(super) fn tells(&self, status: u16, now: Timestamp) -> bool {
        let kind = if status == 429 { &self.often } else { &self.short };
        kind.tells(now, "more requests were refused than are logged one by one")
    }

    /// Whether an answer to somebody who asks how the server is has a line of its own.
    pub(super) fn tells_watcher(&self, now: Timestamp) -> bool {
        self.watching.tells(now, "more requests for health and metrics came than are logged one by one")
    }
}

#[derive(Debug, Default)]
struct Told {
    second: AtomicI64,
    lines: AtomicU32,
    untold: AtomicU64,
}

impl Told {
    /// Whether a request at this moment has lines of its own. The first one of a second says how many had none before it.
    fn tells(&self, now: Timestamp, untold_message: &'static str) -> bool {
        let second = now.timestamp();
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.lines.store(0, Ordering::Relaxed);
            let untold = self.untold.swap(0, Ordering::Relaxed);
            if untold > 0 {
                tracing::warn!(requests = untold, "{untold_message}");
            }
        }
        let told = self.lines.update(Ordering::Relaxed, Ordering::Relaxed, |told| told.saturating_add(1));
        if told >= TOLD_A_SECOND {
            self.untold.fetch_add(1, Ordering::Relaxed);
        }
        told < TOLD_A_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::{CrowdLog, TOLD_A_SECOND};
    use clock::Timestamp;
    use std::sync::atomic::Ordering;

    #[test]
    fn the_first_of_each_second_are_told_and_the_others_counted() {
        let log = CrowdLog::default();
        let at = |second| Timestamp::from_timestamp(second, 0).unwrap();
        let told = |second, of: u32| (0..of).filter(|_| log.tells(503, at(second))).count();
        assert_eq!(told(100, 1_000), TOLD_A_SECOND as usize);
        assert_eq!(log.short.untold.load(Ordering::Relaxed), 1_000 - u64::from(TOLD_A_SECOND));
        assert_eq!(told(101, 5), 5);
        assert_eq!(log.short.untold.load(Ordering::Relaxed), 0, "the count was told");
        assert_eq!(told(101, 100), TOLD_A_SECOND as usize - 5);
        assert!(log.tells(429, at(101)), "one kind hides none of the other");
        let watched = (0..100).filter(|_| log.tells_watcher(at(101))).count();
        assert_eq!(watched, TOLD_A_SECOND as usize);
    }
}
