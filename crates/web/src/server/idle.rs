use http::Version;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Whether a connection has work, and since when it has none.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    heard: Notify,
}

#[derive(Debug)]
struct State {
    running: usize,
    /// When the last request ended; before the first, when the connection began.
    since: Instant,
    /// When the first byte of the next request's head came.
    head: Option<Instant>,
    served: Option<Version>,
}

impl Activity {
    pub(super) fn new() -> Self {
        let state = State { running: 0, since: Instant::now(), head: None, served: None };
        Self(Arc::new(Shared { state: Mutex::new(state), heard: Notify::new() }))
    }

    /// Counts a request until the guard is dropped.
    pub(super) fn begin(&self, version: Version) -> Running {
        self.with(|state| {
            state.running += 1;
            state.head = None;
            state.served = Some(version);
        });
        Running { activity: self.clone() }
    }

    /// Notes that the peer sent something. Without a request it is the head of one, but for HTTP/2, whose peers answer
    /// pings while they wait.
    pub(super) fn hear(&self) {
        self.with(|state| {
            if state.running == 0 && state.head.is_none() && state.served != Some(Version::HTTP_2) {
                state.head = Some(Instant::now());
                self.0.heard.notify_one();
            }
        });
    }

    /// Notes that the peer took something of an answer: a slow line has yet to carry the rest of it away. What HTTP/2 writes
    /// may be an answer to a ping alone, which keeps no connection.
    pub(super) fn send(&self) {
        self.with(|state| {
            if state.running == 0 && state.served.is_some_and(|version| version != Version::HTTP_2) {
                state.since = Instant::now();
                // What came meanwhile is begun anew: nobody reads it before the answer is gone.
                state.head = None;
            }
        });
    }

    /// Returns when a head has begun, for which another time counts.
    pub(super) async fn head(&self) {
        self.0.heard.notified().await;
    }

    pub(super) fn has_served(&self) -> bool {
        self.with(|state| state.served.is_some())
    }

    /// When the connection will have been idle for too long: `head` after its beginning or that of a request's head,
    /// `between` after a request.
    pub(super) fn idle_at(&self, head: Duration, between: Duration) -> Instant {
        self.with(|state| match (state.running, state.served, state.head) {
            (0, None, _) => state.since + head,
            (0, Some(_), Some(begun)) => begun + head,
            (0, Some(_), None) => state.since + between,
            _ => Instant::now() + between,
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One running request.
#[derive(Debug)]
pub(super) struct Running {
    activity: Activity,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.activity.with(|state| {
            state.running -= 1;
            state.since = Instant::now();
        });
    }
}
