use crate::databases::on_both;
use crate::world::{World, random};
use chrono::TimeDelta;
use queue::{BoxError, Schedule, Scheduler};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const HOUR: Duration = Duration::from_hours(1);

fn scheduler(world: &World, schedules: Vec<Schedule>) -> Scheduler {
    Scheduler::new(world.db.clone(), world.clock(), random(), schedules)
}

fn counting(name: &'static str, runs: &Arc<AtomicUsize>) -> Schedule {
    let runs = Arc::clone(runs);
    Schedule::new(name, HOUR, move |_| {
        runs.fetch_add(1, Ordering::SeqCst);
        async { Ok(()) }
    })
}

#[tokio::test]
async fn periodic_work_runs_at_once_and_then_when_its_time_has_passed() {
    on_both(async |place| {
        let world = World::on(place).await;
        let runs = Arc::default();
        let scheduler = scheduler(&world, vec![counting("purge", &runs), counting("verify", &runs)]);
        assert_eq!(scheduler.run_due().await.unwrap(), ["purge", "verify"]);
        assert!(scheduler.run_due().await.unwrap().is_empty());
        world.pass(TimeDelta::minutes(60) - TimeDelta::microseconds(1));
        assert!(scheduler.run_due().await.unwrap().is_empty());
        // One hour and at most a tenth more.
        world.pass(TimeDelta::minutes(6));
        assert_eq!(scheduler.run_due().await.unwrap().len(), 2);
        assert_eq!(runs.load(Ordering::SeqCst), 4);
    })
    .await;
}

#[tokio::test]
async fn the_last_run_and_work_that_nobody_begins_are_told() {
    on_both(async |place| {
        let world = World::on(place).await;
        let scheduler = scheduler(&world, vec![counting("purge", &Arc::default())]);
        assert_eq!(scheduler.state().await.unwrap(), queue::SchedulerState::default());
        let began = world.clock().now();
        assert_eq!(scheduler.run_due().await.unwrap(), ["purge"]);
        let state = scheduler.state().await.unwrap();
        assert_eq!((state.schedules, state.last_run_at, state.overdue), (1, Some(began), Duration::ZERO));
        world.pass(TimeDelta::hours(3));
        let late = scheduler.state().await.unwrap();
        assert!(late.overdue >= Duration::from_mins(114), "an hour and a tenth after the last run: {late:?}");
        let other = self::scheduler(&world, vec![counting("another", &Arc::default())]);
        assert_eq!(other.state().await.unwrap().schedules, 0, "those of another version are left out");
    })
    .await;
}

#[tokio::test]
async fn work_that_fails_or_panics_waits_for_its_next_time() {
    on_both(async |place| {
        let world = World::on(place).await;
        let fails = Schedule::new("fails", HOUR, |_| async { Err(BoxError::from("no luck")) });
        let panics = Schedule::new("panics", HOUR, |_| async { panic!("on purpose") });
        let scheduler = scheduler(&world, vec![fails, panics]);
        assert_eq!(scheduler.run_due().await.unwrap(), ["fails", "panics"]);
        assert!(scheduler.run_due().await.unwrap().is_empty());
        world.pass(TimeDelta::minutes(66));
        assert_eq!(scheduler.run_due().await.unwrap(), ["fails", "panics"]);
    })
    .await;
}

#[tokio::test]
async fn only_one_replica_runs_the_work_and_another_takes_over_when_it_dies() {
    on_both(async |place| {
        let world = World::on(place).await;
        let (started, may_end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (started, may_end) = (Arc::clone(&started), Arc::clone(&may_end));
            Schedule::new("purge", HOUR, move |_| {
                let (started, may_end) = (Arc::clone(&started), Arc::clone(&may_end));
                async move {
                    started.notify_one();
                    may_end.notified().await;
                    Ok(())
                }
            })
        };
        let runs = Arc::default();
        let first = scheduler(&world, vec![slow]);
        let second = scheduler(&world, vec![counting("purge", &runs)]);
        let test = async {
            started.notified().await;
            assert!(second.run_due().await.unwrap().is_empty(), "the first replica runs it");
            may_end.notify_one();
        };
        let (ran, ()) = tokio::join!(first.run_due(), test);
        assert_eq!(ran.unwrap(), ["purge"]);

        // The first replica dies in the middle of its next run.
        world.pass(TimeDelta::minutes(66));
        tokio::select! {
            _ = first.run_due() => unreachable!("it may not end"),
            () = started.notified() => {}
        }
        assert!(second.run_due().await.unwrap().is_empty(), "the lease still holds");
        world.pass(TimeDelta::minutes(1));
        assert_eq!(second.run_due().await.unwrap(), ["purge"]);
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    })
    .await;
}

#[tokio::test]
async fn a_shutdown_cancels_the_work_and_waits_for_it() {
    on_both(async |place| {
        let world = World::on(place).await;
        let (started, ended) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let work = {
            let (started, ended) = (Arc::clone(&started), Arc::clone(&ended));
            Schedule::new("purge", HOUR, move |cancelled| {
                let (started, ended) = (Arc::clone(&started), Arc::clone(&ended));
                async move {
                    started.notify_one();
                    cancelled.cancelled().await;
                    ended.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                }
            })
        };
        let stop = CancellationToken::new();
        let scheduler = scheduler(&world, vec![work]);
        let test = async {
            started.notified().await;
            stop.cancel();
        };
        tokio::time::timeout(Duration::from_secs(30), async {
            tokio::join!(scheduler.run(stop.clone()), test)
        })
        .await
        .expect("the scheduler ends");
        assert_eq!(ended.load(Ordering::SeqCst), 1);
    })
    .await;
}
