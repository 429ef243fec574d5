use crate::databases::on_both;
use crate::world::{World, firm, random};
use chrono::TimeDelta;
use ids::{FirmId, Id as _, JobId};
use queue::{Drained, Error, Job, JobError, NewJob, PendingJobs, Work, Worker};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};

/// Fails, panics or succeeds as it is told, and writes down its attempts.
#[derive(Debug, Serialize, Deserialize)]
struct Errand {
    succeeds_at: u32,
    how: How,
}

#[derive(Debug, Serialize, Deserialize)]
enum How {
    Retry,
    Fail,
    Panic,
}

type Attempts = Arc<Mutex<Vec<u32>>>;

impl Job for Errand {
    const KIND: &'static str = "test.errand";
    const MAX_ATTEMPTS: u32 = 3;
    type Deps = Attempts;

    async fn run(self, deps: Attempts, work: Work) -> Result<(), JobError> {
        deps.lock().unwrap().push(work.attempt);
        assert_eq!(work.firm, Some(firm(1)));
        if work.attempt >= self.succeeds_at {
            return Ok(());
        }
        match self.how {
            How::Retry => Err(JobError::retry("the line was busy")),
            How::Fail => Err(JobError::fail("there is no such number")),
            How::Panic => panic!("on purpose"),
        }
    }
}

fn job(world: &World, number: u64) -> NewJob {
    let id = JobId::from_parts(number, &[3; 10]);
    NewJob { id, firm: Some(firm(1)), run_at: world.now(), dedup_key: None }
}

async fn enqueue(world: &World, new: NewJob, succeeds_at: u32, how: How) -> bool {
    let mut tx = world.db.writer().begin().await.unwrap();
    let added = world.jobs.enqueue(&mut tx, new, &Errand { succeeds_at, how }).await.unwrap();
    tx.commit().await.unwrap();
    added
}

fn worker(world: &World, attempts: &Attempts) -> Worker {
    Worker::builder(world.db.clone(), world.jobs.clone(), world.clock(), random())
        .register::<Errand>(Arc::clone(attempts))
        .build()
}

async fn pending(world: &World) -> (u64, u64, u64) {
    let PendingJobs { waiting, running, dead } = world.jobs.pending(world.db.reader()).await.unwrap();
    (waiting, running, dead)
}

const DONE: Drained = Drained { done: 1, retried: 0, dead: 0, lost: 0 };
const RETRIED: Drained = Drained { done: 0, retried: 1, dead: 0, lost: 0 };
const DEAD: Drained = Drained { done: 0, retried: 0, dead: 1, lost: 0 };

#[tokio::test]
async fn a_job_runs_if_its_transaction_commits_and_is_gone_when_done() {
    on_both(async |place| {
        let world = World::on(place).await;
        let attempts = Attempts::default();
        let mut tx = world.db.writer().begin().await.unwrap();
        let errand = Errand { succeeds_at: 1, how: How::Retry };
        assert!(world.jobs.enqueue(&mut tx, job(&world, 1), &errand).await.unwrap());
        drop(tx);
        assert_eq!(pending(&world).await, (0, 0, 0));
        enqueue(&world, job(&world, 1), 1, How::Retry).await;
        assert_eq!(pending(&world).await, (1, 0, 0));
        assert_eq!(worker(&world, &attempts).drain_due().await.unwrap(), DONE);
        assert_eq!(pending(&world).await, (0, 0, 0));
        assert_eq!(*attempts.lock().unwrap(), [1]);
    })
    .await;
}

#[tokio::test]
async fn a_job_waits_for_its_time() {
    on_both(async |place| {
        let world = World::on(place).await;
        let worker = worker(&world, &Attempts::default());
        let run_at = world.now() + TimeDelta::hours(1);
        enqueue(&world, NewJob { run_at, ..job(&world, 1) }, 1, How::Retry).await;
        world.pass(TimeDelta::hours(1) - TimeDelta::microseconds(1));
        assert_eq!(worker.drain_due().await.unwrap(), Drained::default());
        world.pass(TimeDelta::microseconds(1));
        assert_eq!(worker.drain_due().await.unwrap(), DONE);
    })
    .await;
}

#[tokio::test]
async fn a_failed_job_comes_back_later_and_later() {
    on_both(async |place| {
        let world = World::on(place).await;
        let attempts = Attempts::default();
        let worker = worker(&world, &attempts);
        enqueue(&world, job(&world, 1), 3, How::Retry).await;
        assert_eq!(worker.drain_due().await.unwrap(), RETRIED);
        world.pass(TimeDelta::milliseconds(999));
        assert_eq!(worker.drain_due().await.unwrap(), Drained::default());
        // One second and at most a quarter more.
        world.pass(TimeDelta::milliseconds(251));
        assert_eq!(worker.drain_due().await.unwrap(), RETRIED);
        world.pass(TimeDelta::milliseconds(1999));
        assert_eq!(worker.drain_due().await.unwrap(), Drained::default());
        world.pass(TimeDelta::milliseconds(501));
        assert_eq!(worker.drain_due().await.unwrap(), DONE);
        assert_eq!(*attempts.lock().unwrap(), [1, 2, 3]);
    })
    .await;
}

#[tokio::test]
async fn a_job_is_given_up_after_its_attempts_and_keeps_the_reason() {
    on_both(async |place| {
        let world = World::on(place).await;
        let worker = worker(&world, &Attempts::default());
        enqueue(&world, job(&world, 1), 99, How::Retry).await;
        for expected in [RETRIED, RETRIED, DEAD, Drained::default()] {
            assert_eq!(worker.drain_due().await.unwrap(), expected);
            world.pass(TimeDelta::hours(2));
        }
        assert_eq!(pending(&world).await, (0, 0, 1));
        let error = world.text("SELECT error FROM jobs").await;
        assert_eq!(error, ["the job failed and will be tried again: the line was busy"]);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_cannot_succeed_is_given_up_at_once() {
    on_both(async |place| {
        let world = World::on(place).await;
        let worker = worker(&world, &Attempts::default());
        enqueue(&world, job(&world, 1), 99, How::Fail).await;
        assert_eq!(worker.drain_due().await.unwrap(), DEAD);
        // So is one that a newer version wrote in another shape.
        enqueue(&world, job(&world, 2), 1, How::Retry).await;
        let mut tx = world.db.writer().begin().await.unwrap();
        let spoil = "UPDATE jobs SET payload = '[]' WHERE state = 'waiting'";
        tx.run(db::sql(world.db.dialect(), spoil, [])).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(worker.drain_due().await.unwrap(), DEAD);
        assert_eq!(pending(&world).await, (0, 0, 2));
    })
    .await;
}

#[tokio::test]
async fn a_panic_is_a_failed_attempt() {
    on_both(async |place| {
        let world = World::on(place).await;
        let worker = worker(&world, &Attempts::default());
        enqueue(&world, job(&world, 1), 2, How::Panic).await;
        assert_eq!(worker.drain_due().await.unwrap(), RETRIED);
        world.pass(TimeDelta::seconds(2));
        assert_eq!(worker.drain_due().await.unwrap(), DONE);
    })
    .await;
}

#[tokio::test]
async fn of_the_same_key_one_job_at_a_time_waits() {
    on_both(async |place| {
        let world = World::on(place).await;
        let worker = worker(&world, &Attempts::default());
        let keyed = |number, firm: Option<FirmId>| NewJob {
            firm,
            dedup_key: Some("mail 5".to_owned()),
            ..job(&world, number)
        };
        assert!(enqueue(&world, keyed(1, Some(firm(1))), 1, How::Retry).await);
        assert!(!enqueue(&world, keyed(2, Some(firm(1))), 1, How::Retry).await);
        // Another firm's key is another key.
        let mut tx = world.db.writer().begin().await.unwrap();
        let errand = Errand { succeeds_at: 1, how: How::Retry };
        assert!(world.jobs.enqueue(&mut tx, keyed(3, Some(firm(2))), &errand).await.unwrap());
        assert!(world.jobs.enqueue(&mut tx, keyed(4, None), &errand).await.unwrap());
        drop(tx);
        assert_eq!(worker.drain_due().await.unwrap(), DONE);
        assert!(enqueue(&world, keyed(5, Some(firm(1))), 99, How::Fail).await);
        assert_eq!(worker.drain_due().await.unwrap(), DEAD);
        assert!(enqueue(&world, keyed(6, Some(firm(1))), 1, How::Retry).await);
    })
    .await;
}

#[derive(Serialize, Deserialize)]
struct Large(String);

impl Job for Large {
    const KIND: &'static str = "test.large";
    type Deps = ();

    async fn run(self, (): (), _work: Work) -> Result<(), JobError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_large_job_is_refused_and_an_unknown_one_is_left_for_a_worker_that_knows_it() {
    on_both(async |place| {
        let world = World::on(place).await;
        let mut tx = world.db.writer().begin().await.unwrap();
        let refused = world.jobs.enqueue(&mut tx, job(&world, 1), &Large("x".repeat(1 << 20))).await;
        assert!(matches!(refused, Err(Error::TooLarge { name: "test.large", .. })), "{refused:?}");
        world.jobs.enqueue(&mut tx, job(&world, 1), &Large(String::new())).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(worker(&world, &Attempts::default()).drain_due().await.unwrap(), Drained::default());
        assert_eq!(pending(&world).await, (1, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn the_oldest_that_waits_and_the_jobs_of_a_kind_are_told() {
    on_both(async |place| {
        let world = World::on(place).await;
        let reader = world.db.reader();
        assert_eq!(world.jobs.oldest(reader).await.unwrap(), None);
        assert_eq!(world.outbox.oldest(reader).await.unwrap(), None);
        let first = world.now();
        assert!(enqueue(&world, job(&world, 1), 1, How::Retry).await);
        world.open_all([1]).await;
        world.pass(TimeDelta::minutes(1));
        assert!(enqueue(&world, job(&world, 2), 1, How::Retry).await);
        world.open_all([2]).await;
        assert_eq!(world.jobs.oldest(reader).await.unwrap(), Some(first));
        assert_eq!(world.outbox.oldest(reader).await.unwrap(), Some(first));
        let both = PendingJobs { waiting: 2, ..PendingJobs::default() };
        assert_eq!(world.jobs.pending_of(reader, &["test.other", Errand::KIND]).await.unwrap(), both);
        let none = PendingJobs::default();
        assert_eq!(world.jobs.pending_of(reader, &["test.other"]).await.unwrap(), none);
    })
    .await;
}
