use futures_util::FutureExt as _;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The owned background tasks of a process or a test. Clones share them. Every task has a name, is told when to end,
/// and is waited for.
#[derive(Debug, Clone, Default)]
pub struct Tasks(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Asks the tasks to end.
    ending: CancellationToken,
    /// Takes their time away.
    ended: CancellationToken,
    tracker: TaskTracker,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    next: u64,
    // bounded: the tasks that run; code spawns them, no request does.
    names: BTreeMap<u64, &'static str>,
}

impl Tasks {
    /// No tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task. It should end soon after [`Tasks::token`] is cancelled. A panic ends the task and is logged.
    pub fn spawn<F>(&self, name: &'static str, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let entry = Entry::new(Arc::clone(&self.0), name);
        let ended = self.0.ended.clone();
        self.0.tracker.spawn(async move {
            let guarded = AssertUnwindSafe(future).catch_unwind();
            tokio::select! {
                outcome = guarded => if outcome.is_err() {
                    tracing::error!(task = name, "a background task panicked");
                },
                () = ended.cancelled() => {}
            }
            drop(entry);
        });
    }

    /// Is cancelled when the tasks are asked to end.
    pub fn token(&self) -> CancellationToken {
        self.0.ending.clone()
    }

    /// The names of the tasks that run, in the order of their start.
    pub fn running(&self) -> Vec<&'static str> {
        let running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.names.values().copied().collect()
    }

    /// How many tasks go on although they were told to end.
    pub fn leaked(&self) -> usize {
        if self.0.ending.is_cancelled() { self.running().len() } else { 0 }
    }

    /// Asks every task to end and waits for at most `deadline`. Returns the names of those that did not end in time;
    /// they are dropped at their next waiting point.
    pub async fn shutdown(&self, deadline: Duration) -> Vec<&'static str> {
        self.0.ending.cancel();
        self.0.tracker.close();
        if tokio::time::timeout(deadline, self.0.tracker.wait()).await.is_ok() {
            return Vec::new();
        }
        let left = self.running();
        self.0.ended.cancel();
        left
    }
}

/// A task's place in the list of those that run.
struct Entry {
    inner: Arc<Inner>,
    number: u64,
}

impl Entry {
    fn new(inner: Arc<Inner>, name: &'static str) -> Self {
        let mut running = inner.running.lock().unwrap_or_else(PoisonError::into_inner);
        let number = running.next;
        running.next += 1;
        running.names.insert(number, name);
        drop(running);
        Self { inner, number }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut running = self.inner.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.names.remove(&self.number);
    }
}
