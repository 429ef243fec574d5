//! Challenges of passkeys do not stay.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod support;

use chrono::TimeDelta;
use db::{Reads as _, Stamp};
use sea_orm::sea_query::Value;
use support::World;

async fn kept(world: &World) -> i64 {
    let reader = world.app.db().reader();
    let text = "SELECT count(*) FROM passkey_challenges";
    let rows = reader.rows(db::sql(reader.dialect(), text, [])).await.expect("the challenges");
    rows[0].at(0).expect("a count")
}

#[tokio::test]
async fn the_cleanup_removes_challenges_whose_time_is_over() {
    let world = World::new().await;
    let now = world.app.clock().now();
    for minutes in [0, 1, 5] {
        let mut tx = world.app.db().writer().begin().await.expect("a transaction");
        let text = "INSERT INTO passkey_challenges (hash, purpose, expires_at) VALUES ($1, $2, $3)";
        let values = [
            Value::from(vec![u8::try_from(minutes).expect("a small number"); 32]),
            Value::from("sign_in"),
            Value::from(Stamp(now + TimeDelta::minutes(minutes))),
        ];
        tx.run(db::sql(tx.dialect(), text, values)).await.expect("a challenge");
        tx.commit().await.expect("it is kept");
    }
    world.pass(TimeDelta::minutes(1));
    let more = sessions::remove_expired(&world.sessions, world.app.clock().now()).await;
    assert!(!more.expect("they are removed"));
    assert_eq!(kept(&world).await, 1);
}
