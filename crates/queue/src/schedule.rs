use crate::error::{text_of, unreadable};
use crate::metering::metered;
use crate::{BoxError, BoxFuture, Error, backoff};
use chrono::TimeDelta;
use clock::{SharedClock, SharedRandom, Timestamp};
use db::{Db, Reads, Stamp};
use futures_util::FutureExt as _;
use headroom::Headroom;
use sea_orm::sea_query::Value;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often the scheduler looks for work that became due.
const POLL: Duration = Duration::from_secs(1);
/// How long a run may go without a sign of life before another replica starts it.
const LEASE: Duration = Duration::from_mins(1);

type PeriodicWork = Arc<dyn Fn(CancellationToken) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>;

/// Work that comes back.
pub struct Schedule {
    name: &'static str,
    every: TimeDelta,
    work: PeriodicWork,
}

impl std::fmt::Debug for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schedule")
            .field("name", &self.name)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

impl Schedule {
    /// `work` runs for the first time at once and then `every` so often, plus up to a tenth. Its token is cancelled
    /// when the server shuts down or the run was taken over. A run that fails is logged and waits for its next time.
    pub fn new<F, W>(name: &'static str, every: Duration, work: W) -> Self
    where
        F: Future<Output = Result<(), BoxError>> + Send + 'static,
        W: Fn(CancellationToken) -> F + Send + Sync + 'static,
    {
        Self {
            name,
            every: TimeDelta::from_std(every).unwrap_or(TimeDelta::MAX),
            work: Arc::new(move |cancelled| Box::pin(work(cancelled))),
        }
    }

    /// Measures what its runs allocate, and adds it to this engine's figures of background work as `schedule NAME`.
    #[must_use]
    pub fn metered_by(self, headroom: Headroom) -> Self {
        let Self { name, every, work } = self;
        let metered_work = move |cancelled| -> BoxFuture<'static, Result<(), BoxError>> {
            let (headroom, work) = (headroom.clone(), Arc::clone(&work));
            Box::pin(async move {
                metered(Some(&headroom), &format!("schedule {name}"), async { work(cancelled).await }).await
            })
        };
        Self { name, every, work: Arc::new(metered_work) }
    }
}

/// Repeats `step` until it finds nothing more to do or `stop` is cancelled; how much was done in all.
pub async fn work_off<E, F>(stop: &CancellationToken, mut step: impl FnMut() -> F) -> Result<u64, E>
where
    F: Future<Output = Result<u64, E>>,
{
    let mut all = 0;
    while !stop.is_cancelled() {
        match step().await? {
            0 => break,
            done => all += done,
        }
    }
    Ok(all)
}

/// Runs schedules: each of them once at a time over all replicas, which agree through a lease in the database.
#[derive(Debug, Clone)]
pub struct Scheduler(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    clock: SharedClock,
    random: SharedRandom,
    schedules: Vec<Schedule>,
}

impl Scheduler {
    /// A scheduler for `schedules`, whose names are unique.
    pub fn new(db: Db, clock: SharedClock, random: SharedRandom, schedules: Vec<Schedule>) -> Self {
        Self(Arc::new(Inner { db, clock, random, schedules }))
    }

    /// Starts what is due until `shutdown` is cancelled or the database is closed, and then waits for what runs.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut running = JoinSet::new();
        while !shutdown.is_cancelled() {
            match self.0.claim_due().await {
                Ok(claims) => {
                    for claim in claims {
                        running.spawn(Arc::clone(&self.0).work(claim, shutdown.child_token()));
                    }
                }
                Err(Error::Database(db::Error::Closed)) => break,
                Err(error) => tracing::warn!(error = %text_of(&error), "no periodic work could be claimed"),
            }
            while running.try_join_next().is_some() {}
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// How it comes along.
    pub async fn state(&self) -> Result<SchedulerState, Error> {
        let Inner { db, clock, schedules, .. } = &*self.0;
        let text = "SELECT name, last_run_at, next_run_at, leased_until FROM schedules";
        let now = clock.now();
        let mut state = SchedulerState::default();
        for row in db.reader().rows(db::sql(db.dialect(), text, [])).await? {
            let name = row.at::<String>(0).map_err(unreadable)?;
            // An older version of the server may have left others behind.
            if !schedules.iter().any(|schedule| schedule.name == name) {
                continue;
            }
            let time = |index| row.at::<Option<Stamp>>(index).map_err(unreadable);
            let (last, next, leased) = (time(1)?, time(2)?, time(3)?);
            state.schedules += 1;
            let is_run = leased.is_some_and(|until| until.0 > now);
            state.running += u64::from(is_run);
            state.last_run_at = state.last_run_at.max(last.map(|stamp| stamp.0));
            if let Some(next) = next.filter(|_| !is_run) {
                state.overdue = state.overdue.max((now - next.0).to_std().unwrap_or_default());
            }
        }
        Ok(state)
    }

    /// Runs what is due now, one after another, and returns the names. For tests and the command line.
    pub async fn run_due(&self) -> Result<Vec<&'static str>, Error> {
        let mut names = Vec::new();
        for claim in self.0.claim_due().await? {
            names.push(self.0.schedules[claim.index].name);
            Arc::clone(&self.0).work(claim, CancellationToken::new()).await;
        }
        Ok(names)
    }
}

/// How periodic work comes along, over all replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SchedulerState {
    /// Schedules that have run or are about to.
    pub schedules: u64,
    /// Those that somebody runs at this moment.
    pub running: u64,
    /// When a run that has ended began last.
    pub last_run_at: Option<Timestamp>,
    /// For how long the work that is due for longest has waited for somebody to begin it.
    pub overdue: Duration,
}

/// The right to run one schedule until `leased_until`.
struct Claim {
    index: usize,
    leased_until: Timestamp,
}

impl Inner {
    async fn claim_due(&self) -> Result<Vec<Claim>, Error> {
        let mut claims = Vec::new();
        let now = self.clock.now();
        for (index, schedule) in self.schedules.iter().enumerate() {
            if !self.is_due(schedule, now).await? {
                continue;
            }
            let leased_until = now + LEASE;
            let add =
                "INSERT INTO schedules (name, next_run_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
            let claim = "UPDATE schedules SET leased_until = $3 \
                         WHERE name = $1 AND next_run_at <= $2 AND (leased_until IS NULL OR leased_until <= $2)";
            let mut tx = self.db.writer().begin().await?;
            let values = [Value::from(schedule.name), Stamp(now).into()];
            tx.run(db::sql(tx.dialect(), add, values.clone())).await?;
            let values = values.into_iter().chain([Stamp(leased_until).into()]);
            let ours = tx.run(db::sql(tx.dialect(), claim, values)).await? > 0;
            tx.commit().await?;
            if ours {
                claims.push(Claim { index, leased_until });
            }
        }
        Ok(claims)
    }

    async fn is_due(&self, schedule: &Schedule, now: Timestamp) -> Result<bool, Error> {
        let text = "SELECT 1 FROM schedules \
                    WHERE name = $1 AND (next_run_at > $2 OR leased_until > $2)";
        let values = [Value::from(schedule.name), Stamp(now).into()];
        Ok(self.db.reader().rows(db::sql(self.db.dialect(), text, values)).await?.is_empty())
    }

    async fn work(self: Arc<Self>, claim: Claim, cancelled: CancellationToken) {
        let schedule = &self.schedules[claim.index];
        let started = self.clock.now();
        let mut leased_until = claim.leased_until;
        let mut run =
            Box::pin(AssertUnwindSafe(async { (schedule.work)(cancelled.clone()).await }).catch_unwind());
        let ended = loop {
            tokio::select! {
                ended = &mut run => break ended,
                () = tokio::time::sleep(LEASE / 3) => {
                    let until = self.clock.now() + LEASE;
                    match self.change(schedule, leased_until, "leased_until = $3", [Stamp(until).into()]).await {
                        Ok(true) => leased_until = until,
                        Ok(false) => cancelled.cancel(),
                        Err(error) => tracing::warn!(
                            schedule = schedule.name, error = %text_of(&error), "a lease was not renewed"
                        ),
                    }
                }
            }
        };
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(schedule = schedule.name, error = %text_of(error.as_ref()), "periodic work failed");
            }
            Err(_) => tracing::error!(schedule = schedule.name, "periodic work panicked"),
        }
        let next = started + schedule.every + backoff::jitter(schedule.every / 10, self.random.as_ref());
        let set = "leased_until = NULL, last_run_at = $3, next_run_at = $4";
        if let Err(error) =
            self.change(schedule, leased_until, set, [Stamp(started).into(), Stamp(next).into()]).await
        {
            tracing::error!(
                schedule = schedule.name, error = %text_of(&error), "the end of periodic work was not kept"
            );
        }
    }

    /// Changes the schedule's row if the lease is still ours.
    async fn change<const N: usize>(
        &self,
        schedule: &Schedule,
        leased_until: Timestamp,
        set: &'static str,
        more: [Value; N],
    ) -> Result<bool, Error> {
        let text = format!("UPDATE schedules SET {set} WHERE name = $1 AND leased_until = $2");
        let values = [Value::from(schedule.name), Stamp(leased_until).into()].into_iter().chain(more);
        let mut tx = self.db.writer().begin().await?;
        let changed = tx.run(db::sql(tx.dialect(), text, values)).await?;
        tx.commit().await?;
        Ok(changed > 0)
    }
}
