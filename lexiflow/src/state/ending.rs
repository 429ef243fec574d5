//! How a server ends: step by step, what matters most first, each in its own time and whatever became of the one before.

use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

/// What a step may take beyond its own time: it cuts by itself what did not end by then.
const GRACE: Duration = Duration::from_secs(1);

/// One step of the end, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was ended.
    pub name: &'static str,
    /// How long it had.
    pub within: Duration,
    /// How long it took.
    pub took: Duration,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything ended by itself.
    Ended,
    /// These tasks had to be cut.
    Cut(Vec<&'static str>),
    /// Nothing was heard of it in time.
    Late,
    /// It panicked.
    Panicked,
}

impl Outcome {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Cut(_) => "cut",
            Self::Late => "late",
            Self::Panicked => "panicked",
        }
    }
}

/// The steps that were taken, in their order.
#[derive(Debug)]
pub(super) struct Ending {
    // bounded: the steps that `Running::shutdown` takes.
    steps: Vec<Step>,
    grace: Duration,
}

impl Default for Ending {
    fn default() -> Self {
        Self { steps: Vec::new(), grace: GRACE }
    }
}

impl Ending {
    /// Takes a step, which gives the names of what did not end by itself. The next one is taken in any case.
    pub(super) async fn step(
        &mut self,
        name: &'static str,
        within: Duration,
        work: impl Future<Output = Vec<&'static str>>,
    ) {
        let began = Instant::now();
        let outcome =
            match tokio::time::timeout(within + self.grace, AssertUnwindSafe(work).catch_unwind()).await {
                Ok(Ok(left)) if left.is_empty() => Outcome::Ended,
                Ok(Ok(left)) => Outcome::Cut(left),
                Ok(Err(_)) => Outcome::Panicked,
                Err(_) => Outcome::Late,
            };
        let step = Step { name, within, took: began.elapsed(), outcome };
        tracing::info!(
            step = name,
            within_ms = millis(within),
            took_ms = millis(step.took),
            outcome = step.outcome.as_str(),
            "a step of the end"
        );
        self.steps.push(step);
    }

    /// The names of what did not end by itself: tasks, and steps of which nothing was heard.
    pub(super) fn unfinished(&self) -> Vec<&'static str> {
        let left = |step: &Step| match &step.outcome {
            Outcome::Ended => Vec::new(),
            Outcome::Cut(tasks) => tasks.clone(),
            Outcome::Late | Outcome::Panicked => vec![step.name],
        };
        self.steps.iter().flat_map(left).collect()
    }

    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_step_is_taken_whatever_became_of_the_one_before() {
        let mut ending = Ending { grace: Duration::ZERO, ..Ending::default() };
        let at_once = Duration::ZERO;
        ending.step("hangs", at_once, std::future::pending()).await;
        ending.step("panics", at_once, async { panic!("on purpose") }).await;
        ending.step("leaves some", at_once, async { vec!["a task"] }).await;
        ending.step("ends", at_once, async { Vec::new() }).await;
        assert_eq!(ending.unfinished(), ["hangs", "panics", "a task"]);
        let steps = ending.into_steps();
        let outcomes: Vec<_> = steps.iter().map(|step| (step.name, step.outcome.as_str())).collect();
        assert_eq!(
            outcomes,
            [("hangs", "late"), ("panics", "panicked"), ("leaves some", "cut"), ("ends", "ended")]
        );
    }
}
