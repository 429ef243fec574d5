use crate::databases::{Place, on_both};
use crate::world::{Closed, Opened, Recorder, World, firm};
use db::{Db, Dialect, Tx};
use queue::{BoxFuture, Delivered, Dispatcher, Error, Listener, ListenerError, PendingEvents, Settings};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const OPENED: &[&str] = &["case.opened"];

#[tokio::test]
async fn an_event_happens_only_if_its_transaction_commits() {
    on_both(async |place| {
        let world = World::on(place).await;
        let mut tx = world.db.writer().begin().await.unwrap();
        world.open(&mut tx, 1).await;
        drop(tx);
        assert_eq!(world.outbox.pending(world.db.reader()).await.unwrap(), PendingEvents::default());
        world.open_all([2]).await;
        assert_eq!(world.outbox.pending(world.db.reader()).await.unwrap().waiting, 1);
    })
    .await;
}

#[tokio::test]
async fn every_listener_gets_the_events_of_its_topics_once_and_in_order() {
    on_both(async |place| {
        let world = World::on(place).await;
        let opened = Recorder::new("opened", OPENED);
        let both = Recorder::new("both", &["case.opened", "case.closed"]);
        let dispatcher = world.dispatcher(&[&opened, &both], Settings::default());
        world.open_all(1..=3).await;
        let mut tx = world.db.writer().begin().await.unwrap();
        world.outbox.publish(&mut tx, world.envelope(4), &Closed { number: 4 }).await.unwrap();
        tx.commit().await.unwrap();

        assert_eq!(dispatcher.drain().await.unwrap(), 4);
        assert_eq!(dispatcher.drain().await.unwrap(), 0);
        assert_eq!(world.seen("opened").await, [1, 2, 3]);
        assert_eq!(world.seen("both").await, [1, 2, 3, 4]);
        assert_eq!(world.outbox.pending(world.db.reader()).await.unwrap(), PendingEvents::default());
    })
    .await;
}

#[tokio::test]
async fn an_event_arrives_as_it_was_published() {
    on_both(async |place| {
        let world = World::on(place).await;
        let listener = Recorder::new("opened", OPENED);
        world.open_all([7]).await;
        world.dispatcher(&[&listener], Settings::default()).drain().await.unwrap();
        let batches = listener.batches.lock().unwrap();
        let (event, sent) = (&batches[0][0], world.envelope(7));
        assert_eq!((event.id, event.firm, event.at), (sent.id, firm(1), sent.at));
        assert_eq!((event.actor, &event.correlation), (sent.actor, &sent.correlation));
        assert_eq!(event.topic, "case.opened");
        assert_eq!(event.decode::<Opened>().unwrap().number, 7);
        assert!(event.decode::<Vec<u8>>().unwrap_err().to_string().contains("case.opened"));
    })
    .await;
}

#[tokio::test]
async fn a_payload_above_one_mebibyte_is_refused() {
    on_both(async |place| {
        let world = World::on(place).await;
        let mut tx = world.db.writer().begin().await.unwrap();
        let large = Opened { number: 1, text: "x".repeat(1 << 20) };
        let refused = world.outbox.publish(&mut tx, world.envelope(1), &large).await;
        assert!(matches!(refused, Err(Error::TooLarge { name: "case.opened", .. })), "{refused:?}");
        // Nothing was asked of the database: the verb may go on.
        world.open(&mut tx, 2).await;
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_batch_is_bounded_in_events_and_in_bytes() {
    on_both(async |place| {
        let world = World::on(place).await;
        let listener = Recorder::new("opened", OPENED);
        let mut tx = world.db.writer().begin().await.unwrap();
        for number in 1..=12 {
            let text = "x".repeat(if number <= 6 { 1000 } else { 10 });
            let event = Opened { number, text };
            world.outbox.publish(&mut tx, world.envelope(number), &event).await.unwrap();
        }
        tx.commit().await.unwrap();
        let settings = Settings { batch: 5, batch_bytes: 2500, ..Settings::default() };
        assert_eq!(world.dispatcher(&[&listener], settings).drain().await.unwrap(), 12);
        let sizes: Vec<usize> = listener.batches.lock().unwrap().iter().map(Vec::len).collect();
        // Two large ones at a time, with small ones behind the last two: never more than five, never more than 2,500
        // bytes.
        assert_eq!(sizes, [2, 2, 5, 3]);
        // One event may be larger than a batch.
        world.open_all([13]).await;
        let settings = Settings { batch_bytes: 1, ..Settings::default() };
        assert_eq!(world.dispatcher(&[&listener], settings).drain().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_deliver_every_event_exactly_once() {
    on_both(async |place| {
        let world = World::on(place).await;
        let (first, second) = (Recorder::new("first", OPENED), Recorder::new("second", OPENED));
        // Some events fail at their first offer, so that batches fall apart while the other replica works.
        first.fails_at.lock().unwrap().extend([50, 150]);
        let mut tasks = JoinSet::new();
        let stop = CancellationToken::new();
        let mut others = Vec::new();
        for _ in 0..2 {
            let replica = Db::open(&place.settings).await.unwrap();
            tasks.spawn(replica.commit_groups());
            let listeners: Vec<Arc<dyn Listener>> =
                vec![Arc::<Recorder>::clone(&first), Arc::<Recorder>::clone(&second)];
            let settings = Settings { batch: 7, idle_poll: Duration::from_millis(5), ..Settings::default() };
            let dispatcher =
                Dispatcher::new(replica.clone(), world.outbox.clone(), listeners, world.clock(), settings);
            let stop = stop.clone();
            tasks.spawn(async move { dispatcher.run(stop).await });
            others.push(replica);
        }
        world.open_all(1..=200).await;
        first.fails_at.lock().unwrap().clear();
        until_empty(&world).await;
        stop.cancel();
        for other in others {
            other.close().await;
        }
        tasks.join_all().await;
        for listener in ["first", "second"] {
            let mut seen = world.seen(listener).await;
            seen.sort_unstable();
            assert_eq!(seen, (1..=200).collect::<Vec<_>>(), "{listener}");
        }
    })
    .await;
}

/// Moves the clock on until nothing waits, so that what failed comes back.
async fn until_empty(world: &World) {
    let emptied = async {
        while world.outbox.pending(world.db.reader()).await.unwrap() != PendingEvents::default() {
            world.pass(chrono::TimeDelta::seconds(5));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), emptied).await.expect("the outbox is emptied");
}

#[tokio::test]
async fn a_commit_wakes_the_dispatcher() {
    on_both(async |place| {
        let world = World::on(place).await;
        let listener = Recorder::new("opened", OPENED);
        // It would look again after an hour only.
        let settings = Settings { idle_poll: Duration::from_hours(1), ..Settings::default() };
        let dispatcher = world.dispatcher(&[&listener], settings);
        let stop = CancellationToken::new();
        let test = async {
            until_empty(&world).await;
            world.open_all([1]).await;
            until_empty(&world).await;
            stop.cancel();
        };
        tokio::join!(dispatcher.run(stop.clone()), test);
        assert_eq!(world.seen("opened").await, [1]);
    })
    .await;
}

#[tokio::test]
async fn events_outlive_the_process() {
    on_both(async |place: &Place| {
        let world = World::on(place).await;
        world.open_all([1, 2]).await;
        world.db.close().await;
        let again = Db::open(&place.settings).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(again.commit_groups());
        let world = World { db: again.clone(), ..world };
        let listener = Recorder::new("opened", OPENED);
        assert_eq!(world.dispatcher(&[&listener], Settings::default()).drain().await.unwrap(), 2);
        assert_eq!(world.seen("opened").await, [1, 2]);
        again.close().await;
    })
    .await;
}

/// Stops at its first batch, before that is committed, until it is let go.
#[derive(Default)]
struct Stall {
    entered: Notify,
    release: Notify,
}

impl Listener for Stall {
    fn name(&self) -> &'static str {
        "stall"
    }

    fn topics(&self) -> &'static [&'static str] {
        OPENED
    }

    fn handle<'a>(&'a self, _: &'a mut Tx, _: &'a [Delivered]) -> BoxFuture<'a, Result<(), ListenerError>> {
        Box::pin(async move {
            self.entered.notify_one();
            self.release.notified().await;
            Ok(())
        })
    }
}

/// Two servers on one database, or a server and a command beside it.
#[tokio::test]
async fn no_event_overtakes_one_that_another_dispatcher_has_at_hand() {
    on_both(async |place| {
        let world = World::on(place).await;
        if world.db.dialect() == Dialect::Sqlite {
            // It has one writer: nobody could publish meanwhile.
            return;
        }
        let (seen, stall) = (Recorder::new("opened", OPENED), Arc::new(Stall::default()));
        let listeners: Vec<Arc<dyn Listener>> = vec![Arc::clone(&seen) as _, Arc::clone(&stall) as _];
        let (db, outbox) = (world.db.clone(), world.outbox.clone());
        let slow = Dispatcher::new(db, outbox, listeners, world.clock(), Settings::default());
        let quick = world.dispatcher(&[&seen], Settings::default());
        world.open_all([1]).await;
        let (mut tasks, mut handed_out) = (JoinSet::new(), 0);
        tasks.spawn(async move { slow.drain().await.unwrap() });
        stall.entered.notified().await;
        world.open_all([2]).await;
        let drained = tasks.spawn(async move { quick.drain().await.unwrap() });
        // Longer than it takes to hand one out: nothing tells that somebody waits.
        tokio::time::sleep(Settings::default().gather * 4).await;
        assert!(!drained.is_finished(), "it waits for its turn");
        assert_eq!(world.seen("opened").await, [0; 0], "nothing is handed out beside it");
        while !tasks.is_empty() {
            stall.release.notify_one();
            if let Ok(Some(offered)) = tokio::time::timeout(Duration::from_millis(5), tasks.join_next()).await
            {
                handed_out += offered.unwrap();
            }
        }
        assert_eq!((world.seen("opened").await, handed_out), (vec![1, 2], 2));
    })
    .await;
}
