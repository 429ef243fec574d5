//! Jobs that run while something happens to their worker.

use crate::databases::on_both;
use crate::world::{World, random};
use chrono::TimeDelta;
use db::{Reads as _, Stamp};
use ids::{Id as _, JobId};
use queue::{Drained, Job, JobError, NewJob, PendingJobs, Work, Worker};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What a long job shares with its test.
#[derive(Clone)]
struct Stage {
    started: Arc<Notify>,
    may_end: Arc<Semaphore>,
    runs: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
    most_running: Arc<AtomicUsize>,
}

impl Stage {
    fn new() -> Self {
        Self {
            started: Arc::default(),
            may_end: Arc::new(Semaphore::new(0)),
            runs: Arc::default(),
            running: Arc::default(),
            most_running: Arc::default(),
        }
    }
}

/// Runs until it may end; from the second attempt on it fails at once.
#[derive(Serialize, Deserialize)]
struct Long<const MINDFUL: bool>;

impl<const MINDFUL: bool> Job for Long<MINDFUL> {
    const KIND: &'static str = if MINDFUL { "test.mindful" } else { "test.long" };
    const MAX_ATTEMPTS: u32 = 2;
    type Deps = Stage;

    async fn run(self, stage: Stage, work: Work) -> Result<(), JobError> {
        stage.runs.fetch_add(1, Ordering::SeqCst);
        if work.attempt > 1 {
            return Err(JobError::retry("second attempt"));
        }
        let running = stage.running.fetch_add(1, Ordering::SeqCst) + 1;
        stage.most_running.fetch_max(running, Ordering::SeqCst);
        stage.started.notify_one();
        let outcome = tokio::select! {
            permit = stage.may_end.acquire() => {
                permit.expect("the stage is never closed").forget();
                Ok(())
            }
            () = work.cancelled.cancelled(), if MINDFUL => Err(JobError::retry("cancelled")),
        };
        stage.running.fetch_sub(1, Ordering::SeqCst);
        outcome
    }
}

fn worker(world: &World, stage: &Stage) -> Worker {
    Worker::builder(world.db.clone(), world.jobs.clone(), world.clock(), random())
        .register::<Long<false>>(stage.clone())
        .register::<Long<true>>(stage.clone())
        .idle_poll(Duration::from_millis(5))
        .build()
}

async fn enqueue<J: Job>(world: &World, number: u64, job: &J) {
    let id = JobId::from_parts(number, &[4; 10]);
    let new = NewJob { id, firm: None, run_at: world.now(), dedup_key: None };
    let mut tx = world.db.writer().begin().await.unwrap();
    assert!(world.jobs.enqueue(&mut tx, new, job).await.unwrap());
    tx.commit().await.unwrap();
}

async fn pending(world: &World) -> (u64, u64, u64) {
    let PendingJobs { waiting, running, dead } = world.jobs.pending(world.db.reader()).await.unwrap();
    (waiting, running, dead)
}

fn start(worker: &Worker, stop: &CancellationToken) -> JoinSet<()> {
    let (worker, stop) = (worker.clone(), stop.clone());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { worker.run(stop).await });
    tasks
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it happens soon")
}

#[tokio::test]
async fn a_shutdown_waits_for_the_running_job() {
    on_both(async |place| {
        let world = World::on(place).await;
        let (stage, stop) = (Stage::new(), CancellationToken::new());
        let mut tasks = start(&worker(&world, &stage), &stop);
        enqueue(&world, 1, &Long::<false>).await;
        soon(stage.started.notified()).await;
        stop.cancel();
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        assert!(tasks.try_join_next().is_none(), "the worker ended before its job");
        stage.may_end.add_permits(1);
        soon(tasks.join_next()).await;
        assert_eq!(pending(&world).await, (0, 0, 0));
        assert_eq!(stage.runs.load(Ordering::SeqCst), 1);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_heeds_the_shutdown_comes_back_and_loses_no_attempt() {
    on_both(async |place| {
        let world = World::on(place).await;
        let (stage, stop) = (Stage::new(), CancellationToken::new());
        let mut tasks = start(&worker(&world, &stage), &stop);
        enqueue(&world, 1, &Long::<true>).await;
        soon(stage.started.notified()).await;
        stop.cancel();
        soon(tasks.join_next()).await;
        assert_eq!(pending(&world).await, (1, 0, 0));
        // The first attempt again: it waits for its permit and succeeds.
        stage.may_end.add_permits(1);
        let drained = worker(&world, &stage).drain_due().await.unwrap();
        assert_eq!(drained, Drained { done: 1, ..Drained::default() });
    })
    .await;
}

#[tokio::test]
async fn a_job_of_a_killed_worker_is_run_again_after_its_lease_and_not_before() {
    on_both(async |place| {
        let world = World::on(place).await;
        let stage = Stage::new();
        let mut tasks = start(&worker(&world, &stage), &CancellationToken::new());
        enqueue(&world, 1, &Long::<false>).await;
        soon(stage.started.notified()).await;
        tasks.shutdown().await;
        assert_eq!(pending(&world).await, (0, 1, 0));

        let next = worker(&world, &stage);
        world.pass(TimeDelta::seconds(59));
        assert_eq!(next.drain_due().await.unwrap(), Drained::default());
        world.pass(TimeDelta::seconds(1));
        // The second attempt was the last one.
        assert_eq!(next.drain_due().await.unwrap(), Drained { dead: 1, ..Drained::default() });
        assert_eq!(stage.runs.load(Ordering::SeqCst), 2);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_kills_its_worker_each_time_is_given_up_unrun() {
    on_both(async |place| {
        let world = World::on(place).await;
        let stage = Stage::new();
        enqueue(&world, 1, &Long::<false>).await;
        let mut tx = world.db.writer().begin().await.unwrap();
        // As if two workers had claimed it and died.
        let killed = "UPDATE jobs SET state = 'running', attempt = 2, leased_until = run_at";
        tx.run(db::sql(world.db.dialect(), killed, [])).await.unwrap();
        tx.commit().await.unwrap();
        let drained = worker(&world, &stage).drain_due().await.unwrap();
        assert_eq!(drained, Drained { dead: 1, ..Drained::default() });
        assert_eq!(stage.runs.load(Ordering::SeqCst), 0);
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_changes_nothing() {
    on_both(async |place| {
        let world = World::on(place).await;
        let (stage, stop) = (Stage::new(), CancellationToken::new());
        let slow = worker(&world, &stage);
        enqueue(&world, 1, &Long::<true>).await;
        enqueue(&world, 2, &Long::<false>).await;
        let mut tasks = start(&slow, &stop);
        soon(stage.started.notified()).await;
        while stage.running.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        world.pass(TimeDelta::minutes(2));
        // Another worker takes both over; for each it is the last attempt.
        let other = worker(&world, &stage);
        assert_eq!(other.drain_due().await.unwrap(), Drained { dead: 2, ..Drained::default() });
        stage.may_end.add_permits(2);
        stop.cancel();
        soon(tasks.join_next()).await;
        assert_eq!(pending(&world).await, (0, 0, 2), "what the other worker wrote stands");
    })
    .await;
}

#[tokio::test]
async fn a_long_job_keeps_its_lease() {
    on_both(async |place| {
        let world = World::on(place).await;
        let (stage, stop) = (Stage::new(), CancellationToken::new());
        let worker = Worker::builder(world.db.clone(), world.jobs.clone(), world.clock(), random())
            .register::<Long<false>>(stage.clone())
            .lease(Duration::from_secs(1))
            .build();
        let mut tasks = start(&worker, &stop);
        enqueue(&world, 1, &Long::<false>).await;
        soon(stage.started.notified()).await;
        world.pass(TimeDelta::milliseconds(900));
        let wanted = world.now() + TimeDelta::seconds(1);
        soon(async {
            let text = "SELECT leased_until FROM jobs";
            loop {
                let rows = world.db.reader().rows(db::sql(world.db.dialect(), text, [])).await.unwrap();
                if rows[0].at::<Stamp>(0).unwrap().0 == wanted {
                    break;
                }
            }
        })
        .await;
        stage.may_end.add_permits(1);
        stop.cancel();
        soon(tasks.join_next()).await;
        assert_eq!(pending(&world).await, (0, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn no_more_jobs_run_at_once_than_allowed() {
    on_both(async |place| {
        let world = World::on(place).await;
        let (stage, stop) = (Stage::new(), CancellationToken::new());
        for number in 1..=6 {
            enqueue(&world, number, &Long::<false>).await;
        }
        let mut tasks = start(&worker(&world, &stage), &stop);
        soon(async {
            while pending(&world).await.1 < 2 {}
            while stage.running.load(Ordering::SeqCst) < 2 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(pending(&world).await, (4, 2, 0));
        stage.may_end.add_permits(6);
        soon(async { while pending(&world).await != (0, 0, 0) {} }).await;
        stop.cancel();
        soon(tasks.join_next()).await;
        assert_eq!(stage.most_running.load(Ordering::SeqCst), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_share_the_jobs_and_run_none_twice() {
    on_both(async |place| {
        let world = World::on(place).await;
        let (stage, stop) = (Stage::new(), CancellationToken::new());
        for number in 1..=40 {
            enqueue(&world, number, &Long::<false>).await;
        }
        stage.may_end.add_permits(40);
        let mut first = start(&worker(&world, &stage), &stop);
        let mut second = start(&worker(&world, &stage), &stop);
        soon(async { while pending(&world).await != (0, 0, 0) {} }).await;
        stop.cancel();
        soon(first.join_next()).await;
        soon(second.join_next()).await;
        assert_eq!(stage.runs.load(Ordering::SeqCst), 40);
    })
    .await;
}
