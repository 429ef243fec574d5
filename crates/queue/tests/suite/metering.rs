use crate::databases::on_both;
use crate::world::{Recorder, World, firm, random};
use headroom::{Headroom, InjectedSource};
use ids::{Id as _, JobId};
use queue::{Drained, Job, JobError, NewJob, Schedule, Scheduler, Settings, Work, Worker};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

headroom::install_allocator!();

const KEPT: usize = 3 << 20;

fn engine() -> Headroom {
    let source = Arc::new(InjectedSource::with_limit(400 << 20));
    Headroom::new(headroom::Settings::default(), source as _)
}

/// What has ended: how often, and whether it held once as much as it was told to.
fn ended(engine: &Headroom) -> Vec<(String, u64, bool)> {
    let routes = engine.top_work(9).into_iter();
    let mut ended: Vec<_> =
        routes.map(|one| (one.route.to_string(), one.count, one.peak_max >= KEPT as u64)).collect();
    ended.sort();
    ended
}

async fn hold_much() {
    let held = std::hint::black_box(vec![1_u8; KEPT]);
    tokio::task::yield_now().await;
    drop(held);
}

#[derive(Debug, Serialize, Deserialize)]
struct Hold;

impl Job for Hold {
    const KIND: &'static str = "test.hold";
    type Deps = ();

    async fn run(self, (): (), work: Work) -> Result<(), JobError> {
        hold_much().await;
        if work.attempt == 1 { Err(JobError::retry("not yet")) } else { panic!("on purpose") }
    }
}

#[tokio::test]
async fn what_a_job_held_is_known_by_its_kind() {
    on_both(async |place| {
        let (world, engine) = (World::on(place).await, engine());
        let worker = Worker::builder(world.db.clone(), world.jobs.clone(), world.clock(), random())
            .register::<Hold>(())
            .metered_by(engine.clone())
            .build();
        let mut tx = world.db.writer().begin().await.unwrap();
        let id = JobId::from_parts(1, &[3; 10]);
        let new = NewJob { id, firm: Some(firm(1)), run_at: world.now(), dedup_key: None };
        assert!(world.jobs.enqueue(&mut tx, new, &Hold).await.unwrap());
        tx.commit().await.unwrap();
        let failed = Drained { done: 0, retried: 1, dead: 0, lost: 0 };
        assert_eq!(worker.drain_due().await.unwrap(), failed);
        assert_eq!(ended(&engine), [("job test.hold".to_owned(), 1, true)]);
        world.pass(chrono::TimeDelta::hours(1));
        assert_eq!(worker.drain_due().await.unwrap(), failed, "one that panics is tried again too");
        assert_eq!(ended(&engine), [("job test.hold".to_owned(), 2, true)], "and it is measured");
        assert_eq!((engine.snapshot().requests, engine.top_routes(1)), (0, vec![]), "it is no request");
    })
    .await;
}

#[tokio::test]
async fn so_is_what_periodic_work_and_listeners_held() {
    on_both(async |place| {
        let (world, engine) = (World::on(place).await, engine());
        let schedule = Schedule::new("test.sweep", Duration::from_hours(1), |_| async {
            hold_much().await;
            Ok(())
        });
        let schedules = vec![schedule.metered_by(engine.clone())];
        let scheduler = Scheduler::new(world.db.clone(), world.clock(), random(), schedules);
        assert_eq!(scheduler.run_due().await.unwrap(), ["test.sweep"]);
        let listener = Recorder::new("opened", &["case.opened"]);
        let dispatcher = world.dispatcher(&[&listener], Settings::default()).metered_by(engine.clone());
        listener.fails_at.lock().unwrap().insert(2);
        world.open_all(1..=2).await;
        dispatcher.drain().await.unwrap();
        // Both events at once, and then each alone.
        let expected =
            [("listener opened".to_owned(), 3, false), ("schedule test.sweep".to_owned(), 1, true)];
        assert_eq!(ended(&engine), expected);
    })
    .await;
}
