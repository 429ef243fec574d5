//! How many tasks there are: one definition for the memory report and the metrics.

use queue::Tasks;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// Counts the tasks of the runtime that does the work, where most connections of clients have one too.
#[derive(Debug, Clone)]
pub(super) struct Alive {
    work: Handle,
    background: Tasks,
}

/// One count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TaskCounts {
    /// Tasks of the runtime that have not ended: background work, connections of clients, and requests at work.
    pub(super) alive: u64,
    /// What goes on although its owner is gone: spawned work that outlived what began it, and background tasks that were
    /// told to end.
    pub(super) leaked: u64,
}

impl Alive {
    /// Of the runtime that this is called on.
    pub(super) fn here(background: Tasks) -> Self {
        Self { work: Handle::current(), background }
    }

    pub(super) fn count(&self) -> TaskCounts {
        let whole = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        TaskCounts {
            alive: whole(self.work.metrics().num_alive_tasks()),
            leaked: whole(self.background.leaked()).saturating_add(headroom::detached_work().now),
        }
    }

    /// Ends when the background work is told to.
    pub(super) fn stop(&self) -> CancellationToken {
        self.background.token()
    }

    /// The names of the background tasks that run.
    pub(super) fn background(&self) -> Vec<&'static str> {
        self.background.running()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn every_task_of_the_work_is_alive_and_those_without_an_owner_are_leaked() {
        let tasks = Tasks::new();
        let counted = Alive::here(tasks.clone());
        let before = counted.count();
        let obeys = tasks.token();
        tasks.spawn("obeys", async move { obeys.cancelled().await });
        tasks.spawn("goes on", std::future::pending());
        tasks.spawn("goes on too", std::future::pending());
        assert_eq!(counted.count(), TaskCounts { alive: before.alive + 3, ..before });

        let ended = tokio::time::timeout(Duration::ZERO, tasks.shutdown(Duration::from_mins(1))).await;
        assert!(ended.is_err(), "two were told to end and do not");
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let after = TaskCounts { alive: before.alive + 2, leaked: before.leaked + 2 };
        assert_eq!(counted.count(), after);
    }
}
