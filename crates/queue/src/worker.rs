use crate::claim::{self, ClaimedJob};
use crate::error::text_of;
use crate::metering::metered;
use crate::{BoxFuture, Error, InvalidPayload, Job, JobError, Jobs, Work, backoff, lease};
use chrono::TimeDelta;
use clock::{SharedClock, SharedRandom, Timestamp};
use db::{Db, Reads, Stamp};
use futures_util::FutureExt as _;
use headroom::Headroom;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

type Handler = Box<dyn Fn(&str, Work) -> BoxFuture<'static, Result<(), JobError>> + Send + Sync>;

/// Runs jobs. Several may work on one PostgreSQL database.
#[derive(Debug, Clone)]
pub struct Worker(Arc<Inner>);

struct Inner {
    db: Db,
    jobs: Jobs,
    clock: SharedClock,
    random: SharedRandom,
    // bounded: one for each kind of job that the program knows.
    handlers: BTreeMap<&'static str, Handler>,
    /// The kinds it can run, as a JSON list.
    kinds: String,
    concurrency: usize,
    lease: Duration,
    idle_poll: Duration,
    /// While true, no job is begun.
    paused: Option<watch::Receiver<bool>>,
    /// Who measures what the jobs allocate.
    headroom: Option<Headroom>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("kinds", &self.kinds)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// Collects what a worker can run.
pub struct WorkerBuilder(Inner);

impl std::fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What came of the jobs that were run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drained {
    /// Done.
    pub done: usize,
    /// Failed, to be tried again.
    pub retried: usize,
    /// Given up.
    pub dead: usize,
    /// Taken over by another worker, or put back because of a shutdown.
    pub lost: usize,
}

enum Outcome {
    Done,
    Retried,
    Dead,
    Lost,
}

impl WorkerBuilder {
    /// Lets the worker run jobs of this kind.
    #[must_use]
    pub fn register<J: Job>(mut self, deps: J::Deps) -> Self {
        let handler = move |payload: &str, work: Work| -> BoxFuture<'static, Result<(), JobError>> {
            match serde_json::from_str::<J>(payload) {
                Ok(job) => Box::pin(job.run(deps.clone(), work)),
                Err(source) => {
                    let error = JobError::fail(InvalidPayload::new(J::KIND, source));
                    Box::pin(std::future::ready(Err(error)))
                }
            }
        };
        self.0.handlers.insert(J::KIND, Box::new(handler));
        self
    }

    /// How many jobs run at the same time; 2 unless said otherwise.
    #[must_use]
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.0.concurrency = jobs.max(1);
        self
    }

    /// How long a job may go without a sign of life before another worker takes it; 60 s unless said otherwise.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.0.lease = lease.max(Duration::from_secs(1));
        self
    }

    /// How often to look for jobs that became due; 500 ms unless said otherwise.
    #[must_use]
    pub fn idle_poll(mut self, idle_poll: Duration) -> Self {
        self.0.idle_poll = idle_poll;
        self
    }

    /// Begins no job while this says `true`; those that run go on.
    #[must_use]
    pub fn pause_while(mut self, paused: watch::Receiver<bool>) -> Self {
        self.0.paused = Some(paused);
        self
    }

    /// Measures what the jobs allocate, and adds it to this engine's figures of background work as `job KIND`.
    #[must_use]
    pub fn metered_by(mut self, headroom: Headroom) -> Self {
        self.0.headroom = Some(headroom);
        self
    }

    /// The worker.
    pub fn build(mut self) -> Worker {
        let kinds: Vec<&str> = self.0.handlers.keys().copied().collect();
        self.0.kinds = serde_json::Value::from(kinds).to_string();
        Worker(Arc::new(self.0))
    }
}

impl Worker {
    /// Starts to collect what a worker can run.
    pub fn builder(db: Db, jobs: Jobs, clock: SharedClock, random: SharedRandom) -> WorkerBuilder {
        WorkerBuilder(Inner {
            db,
            jobs,
            clock,
            random,
            handlers: BTreeMap::new(),
            kinds: String::new(),
            concurrency: 2,
            lease: Duration::from_mins(1),
            idle_poll: Duration::from_millis(500),
            paused: None,
            headroom: None,
        })
    }

    /// Runs jobs until `shutdown` is cancelled or the database is closed, and then waits for those that run.
    pub async fn run(&self, shutdown: CancellationToken) {
        let inner = &self.0;
        let mut running = JoinSet::new();
        while !shutdown.is_cancelled() {
            if running.len() < inner.concurrency && !inner.is_paused() {
                match inner.claim().await {
                    Ok(Some(job)) => {
                        running.spawn(Arc::clone(inner).work(job, shutdown.child_token()));
                        continue;
                    }
                    Ok(None) => {}
                    Err(Error::Database(db::Error::Closed)) => break,
                    Err(error) => tracing::warn!(error = %text_of(&error), "no job could be claimed"),
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                Some(_) = running.join_next() => {}
                () = inner.jobs.woken(), if !inner.is_paused() && running.len() < inner.concurrency => {}
                () = tokio::time::sleep(inner.idle_poll) => {}
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Runs everything that is due now, one after another, and says what came of it. What fails is due later.
    pub async fn drain_due(&self) -> Result<Drained, Error> {
        let mut drained = Drained::default();
        while let Some(job) = self.0.claim().await? {
            match Arc::clone(&self.0).work(job, CancellationToken::new()).await {
                Outcome::Done => drained.done += 1,
                Outcome::Retried => drained.retried += 1,
                Outcome::Dead => drained.dead += 1,
                Outcome::Lost => drained.lost += 1,
            }
        }
        Ok(drained)
    }
}

impl Inner {
    fn is_paused(&self) -> bool {
        self.paused.as_ref().is_some_and(|paused| *paused.borrow())
    }

    fn leased_until(&self, now: Timestamp) -> Timestamp {
        now + TimeDelta::from_std(self.lease).unwrap_or(TimeDelta::MAX)
    }

    async fn claim(&self) -> Result<Option<ClaimedJob>, Error> {
        let now = self.clock.now();
        // Asked of a reader first: the write connection is not taken for nothing.
        let any = "SELECT 1 FROM jobs WHERE (state = 'waiting' AND run_at <= $1) \
                   OR (state = 'running' AND leased_until <= $1) LIMIT 1";
        if self.db.reader().rows(db::sql(self.db.dialect(), any, [Stamp(now).into()])).await?.is_empty() {
            return Ok(None);
        }
        let mut tx = self.db.writer().begin().await?;
        let job = claim::take_job(&mut tx, &self.kinds, now, self.leased_until(now)).await?;
        if job.is_some() {
            tx.commit().await?;
        }
        Ok(job)
    }

    async fn work(self: Arc<Self>, job: ClaimedJob, cancelled: CancellationToken) -> Outcome {
        let started = Instant::now();
        let result = self.attempt(&job, &cancelled).await;
        let settled = self.settle(&job, result, &cancelled).await;
        let (kind, attempt) = (job.kind.as_str(), job.attempt);
        match settled {
            Ok(outcome) => {
                let duration_ms = started.elapsed().as_millis();
                tracing::debug!(job = %job.id, kind, attempt, duration_ms, "a job ran");
                outcome
            }
            Err(error) => {
                // Its lease ends, and it is run again.
                tracing::error!(job = %job.id, kind, attempt, error = %text_of(&error), "a job's end was not kept");
                Outcome::Lost
            }
        }
    }

    /// Runs the job while its lease is renewed. `None` if it panicked or was cut short.
    async fn attempt(&self, job: &ClaimedJob, cancelled: &CancellationToken) -> Option<Result<(), JobError>> {
        let handler = self.handlers.get(job.kind.as_str())?;
        if job.attempt > job.max_attempts {
            return None;
        }
        let work = Work {
            id: job.id,
            firm: job.firm,
            attempt: job.attempt,
            now: self.clock.now(),
            cancelled: cancelled.clone(),
        };
        let name = format!("job {}", job.kind);
        let run = metered(self.headroom.as_ref(), &name, async { handler(&job.payload, work).await });
        let mut run = Box::pin(AssertUnwindSafe(run).catch_unwind());
        loop {
            tokio::select! {
                ended = &mut run => return ended.ok(),
                () = tokio::time::sleep(self.lease / 3) => {
                    match lease::renew(&self.db, job, self.leased_until(self.clock.now())).await {
                        Ok(true) => {}
                        Ok(false) => cancelled.cancel(),
                        Err(error) => tracing::warn!(job = %job.id, error = %text_of(&error), "a lease was not renewed"),
                    }
                }
            }
        }
    }

    async fn settle(
        &self,
        job: &ClaimedJob,
        result: Option<Result<(), JobError>>,
        cancelled: &CancellationToken,
    ) -> Result<Outcome, Error> {
        let (ours, outcome) = match result {
            Some(Ok(())) => (lease::finish(&self.db, job).await?, Outcome::Done),
            Some(Err(JobError::Retry(_))) if cancelled.is_cancelled() => {
                (lease::put_back(&self.db, job).await?, Outcome::Lost)
            }
            Some(Err(error @ JobError::Fail(_))) => self.give_up(job, text_of(&error)).await?,
            Some(Err(error @ JobError::Retry(_))) => self.again(job, text_of(&error)).await?,
            None => {
                self.again(job, "the job panicked, or its worker stopped while it ran".to_owned()).await?
            }
        };
        Ok(if ours { outcome } else { Outcome::Lost })
    }

    async fn again(&self, job: &ClaimedJob, error: String) -> Result<(bool, Outcome), Error> {
        if job.attempt >= job.max_attempts {
            return self.give_up(job, error).await;
        }
        tracing::warn!(job = %job.id, kind = job.kind.as_str(), attempt = job.attempt, error, "a job failed");
        let run_at = self.clock.now() + backoff::delay_with_jitter(job.attempt, self.random.as_ref());
        Ok((lease::retry(&self.db, job, run_at, error).await?, Outcome::Retried))
    }

    async fn give_up(&self, job: &ClaimedJob, error: String) -> Result<(bool, Outcome), Error> {
        tracing::error!(job = %job.id, kind = job.kind.as_str(), attempt = job.attempt, error, "a job was given up");
        Ok((lease::bury(&self.db, job, error).await?, Outcome::Dead))
    }
}
