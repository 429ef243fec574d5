//! How many logins there are and how long they last.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod support;

use access::Role;
use chrono::TimeDelta;
use crypto::Secret;
use sessions::{Login, Settings};
use support::{PASSWORD, World, person};

async fn live(world: &World, logins: &[Login]) -> Vec<bool> {
    let mut found = Vec::new();
    for login in logins {
        found.push(world.is_live(login).await);
    }
    found
}

#[tokio::test]
async fn one_too_many_ends_the_login_that_was_not_used_for_longest() {
    let long = Settings { access_token: TimeDelta::hours(2), max_per_user: 3, ..Settings::default() };
    let world = World::with(long).await;
    let mut logins = Vec::new();
    for _ in 0..3 {
        logins.push(world.sign_in().await);
        world.pass(TimeDelta::minutes(2));
    }
    // The first one is used again, so that the second one is the idlest.
    assert_eq!(live(&world, &logins[..1]).await, [true]);
    world.pass(TimeDelta::minutes(2));
    logins.push(world.sign_in().await);
    assert_eq!(live(&world, &logins).await, [true, false, true, true]);
    let ended = world.events("session.revoked").await;
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert_eq!(
        (&ended[0]["reason"], &ended[0]["session"]),
        (&"session_limit".into(), &logins[1].session.to_string().into())
    );
    let root = world.try_sign_in("root@example.com", PASSWORD).await.expect("another user");
    assert!(world.is_live(&root).await);
    assert_eq!(live(&world, &logins).await, [true, false, true, true], "another user's login counted");
}

#[tokio::test]
async fn of_many_sign_ins_at_once_ten_are_left() {
    let world = World::with(Settings { attempts_per_account: 100, ..Settings::default() }).await;
    let logins: Vec<Login> = futures_util::future::join_all((0..14).map(|_| world.sign_in())).await;
    let left = live(&world, &logins).await.into_iter().filter(|live| *live).count();
    assert_eq!(left, 10);
}

#[tokio::test]
async fn who_administers_or_runs_the_system_is_signed_out_after_half_a_day() {
    let long = Settings {
        idle: TimeDelta::days(2),
        access_token: TimeDelta::days(2),
        refresh_token: TimeDelta::days(7),
        ..Settings::default()
    };
    let world = World::with(long).await;
    let operator = person("Olga", "olga@example.com", Role::ItAdmin);
    accounts::add_user(&world.root, &world.hasher, operator, Secret::new(PASSWORD))
        .await
        .expect("an operator");
    let (ada, root, olga) = (
        world.sign_in().await,
        world.try_sign_in("root@example.com", PASSWORD).await.expect("Root signs in"),
        world.try_sign_in("olga@example.com", PASSWORD).await.expect("Olga signs in"),
    );
    assert_eq!((ada.expires_in_seconds, root.expires_in_seconds), (24 * 3600, 12 * 3600));
    let all = [ada, root, olga];
    world.pass(TimeDelta::hours(12) - TimeDelta::seconds(1));
    assert_eq!(live(&world, &all).await, [true, true, true]);
    world.pass(TimeDelta::seconds(1));
    assert_eq!(live(&world, &all).await, [true, false, false]);
    // Who is made an administrator has no more time than one.
    let change = accounts::Change { role: Some(Role::Admin), ..accounts::Change::default() };
    accounts::change_user(&world.root, &world.sessions, world.ada.id, None, &change).await.expect("a change");
    assert_eq!(live(&world, &all).await, [false, false, false]);
}

#[tokio::test]
async fn a_login_whose_time_is_over_is_marked_recorded_and_announced_once() {
    let world = World::new().await;
    let (idle, used, out) = (world.sign_in().await, world.sign_in().await, world.sign_in().await);
    sessions::sign_out(&world.ctx(&out).await, &world.sessions).await.expect("signed out");
    let schedule = sessions::expiry_schedule(world.app.clone(), world.sessions.clone());
    let (app, clock) = (&world.app, world.clock.clone());
    let scheduler = queue::Scheduler::new(app.db().clone(), clock, app.random().clone(), vec![schedule]);
    world.pass(TimeDelta::minutes(14));
    assert!(world.is_live(&used).await);
    world.pass(TimeDelta::minutes(16) - TimeDelta::seconds(1));
    scheduler.run_due().await.expect("a run");
    assert!(world.events("session.expired").await.is_empty(), "too early");
    for _ in 0..2 {
        world.pass(TimeDelta::seconds(90));
        assert_eq!(scheduler.run_due().await.expect("a run"), ["sessions.expiry"]);
    }
    let expired = world.events("session.expired").await;
    assert_eq!(expired.len(), 1, "{expired:?}");
    assert_eq!(expired[0]["session"], idle.session.to_string());
    let entries =
        audit::entries_of(world.root.reader(), world.ada.firm, idle.session, 10).await.expect("records");
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].changes.as_ref().expect("changes")["reason"], "expired");
    assert!(world.refresh(&used.refresh_token).await.is_ok(), "the used one was marked");
}

#[tokio::test]
async fn logins_of_somebody_whose_password_was_set_are_announced_as_ended() {
    let world = World::new().await;
    let login = world.sign_in().await;
    let new = Secret::new("quiet orchard seven bridges");
    accounts::set_password(&world.root, &world.hasher, &world.sessions, world.ada.id, new)
        .await
        .expect("set");
    while sessions::mark_ended(&world.app, &world.sessions).await.expect("marked") {}
    let ended = world.events("session.revoked").await;
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert_eq!(
        (&ended[0]["session"], &ended[0]["reason"]),
        (&login.session.to_string().into(), &"signed_out".into())
    );
}
