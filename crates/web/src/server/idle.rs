use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Whether a connection has work, and since when it has none.
#[derive(Debug, Clone)]
pub(super) struct Activity {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    running: usize,
    /// When the last request ended; before the first, when the connection began.
    since: Instant,
    served: bool,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self { state: Arc::new(Mutex::new(State { running: 0, since: Instant::now(), served: false })) }
    }

    /// Counts a request until the guard is dropped.
    pub(super) fn begin(&self) -> Running {
        self.with(|state| {
            state.running += 1;
            state.served = true;
        });
        Running { activity: self.clone() }
    }

    /// When the connection will have been idle for too long if nothing comes: `first` after its beginning, `between`
    /// after a request.
    pub(super) fn idle_at(&self, first: Duration, between: Duration) -> Instant {
        self.with(|state| match (state.running, state.served) {
            (0, false) => state.since + first,
            (0, true) => state.since + between,
            _ => Instant::now() + between,
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
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
