use crate::databases::on_both;
use crate::world::{Recorder, World};
use chrono::TimeDelta;
use queue::{PendingEvents, Settings};

const OPENED: &[&str] = &["case.opened"];

#[tokio::test]
async fn a_failing_event_is_tried_again_later_and_delays_no_other() {
    on_both(async |place| {
        let world = World::on(place).await;
        let listener = Recorder::new("picky", OPENED);
        let dispatcher = world.dispatcher(&[&listener], Settings::default());
        listener.fails_at.lock().unwrap().insert(3);
        world.open_all(1..=5).await;
        assert_eq!(dispatcher.drain().await.unwrap(), 5);
        assert_eq!(world.seen("picky").await, [1, 2, 4, 5]);
        let pending = PendingEvents { waiting: 0, retrying: 1, dead: 0 };
        assert_eq!(world.outbox.pending(world.db.reader()).await.unwrap(), pending);

        // Not before its time, and after a second failure twice as late.
        assert_eq!(dispatcher.drain().await.unwrap(), 0);
        world.pass(TimeDelta::seconds(1));
        assert_eq!(dispatcher.drain().await.unwrap(), 1);
        world.pass(TimeDelta::seconds(1));
        assert_eq!(dispatcher.drain().await.unwrap(), 0);
        listener.fails_at.lock().unwrap().clear();
        world.pass(TimeDelta::seconds(1));
        assert_eq!(dispatcher.drain().await.unwrap(), 1);
        assert_eq!(world.seen("picky").await, [1, 2, 4, 5, 3]);
        assert_eq!(world.outbox.pending(world.db.reader()).await.unwrap(), PendingEvents::default());
    })
    .await;
}

#[tokio::test]
async fn a_listener_that_keeps_failing_takes_the_event_from_nobody_else() {
    on_both(async |place| {
        let world = World::on(place).await;
        let broken = Recorder::new("broken", OPENED);
        let sound = Recorder::new("sound", OPENED);
        let dispatcher =
            world.dispatcher(&[&broken, &sound], Settings { max_attempts: 3, ..Settings::default() });
        broken.fails_at.lock().unwrap().insert(1);
        world.open_all([1]).await;
        for _ in 0..3 {
            dispatcher.drain().await.unwrap();
            assert_eq!(world.seen("sound").await, [1]);
            world.pass(TimeDelta::hours(1));
        }
        let pending = PendingEvents { waiting: 0, retrying: 0, dead: 1 };
        assert_eq!(world.outbox.pending(world.db.reader()).await.unwrap(), pending);
        assert!(world.seen("broken").await.is_empty());
        assert_eq!(world.text("SELECT listener FROM outbox_dead").await, ["broken"]);
        let error = world.text("SELECT error FROM outbox_dead").await;
        assert_eq!(error, ["the listener failed: number 1 is too hard"]);
        assert!(world.text("SELECT payload FROM outbox_dead").await[0].contains("\"number\":1"));
        assert_eq!(dispatcher.drain().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_panic_is_a_failure_like_any_other() {
    on_both(async |place| {
        let world = World::on(place).await;
        let listener = Recorder::new("nervous", OPENED);
        let dispatcher = world.dispatcher(&[&listener], Settings { max_attempts: 1, ..Settings::default() });
        listener.panics_at.lock().unwrap().insert(2);
        world.open_all(1..=3).await;
        dispatcher.drain().await.unwrap();
        assert_eq!(world.seen("nervous").await, [1, 3]);
        assert_eq!(world.text("SELECT error FROM outbox_dead").await, ["the listener panicked"]);
    })
    .await;
}

#[tokio::test]
async fn a_payload_that_is_no_json_is_given_up_and_blocks_nobody() {
    on_both(async |place| {
        let world = World::on(place).await;
        let listener = Recorder::new("opened", OPENED);
        let dispatcher = world.dispatcher(&[&listener], Settings { max_attempts: 1, ..Settings::default() });
        world.open_all(1..=3).await;
        let mut tx = world.db.writer().begin().await.unwrap();
        let spoil = "UPDATE outbox SET payload = '{\"number\":' WHERE seq = 2";
        tx.run(db::sql(world.db.dialect(), spoil, [])).await.unwrap();
        tx.commit().await.unwrap();
        dispatcher.drain().await.unwrap();
        assert_eq!(world.seen("opened").await, [1, 3]);
        assert_eq!(world.outbox.pending(world.db.reader()).await.unwrap().dead, 1);
    })
    .await;
}
