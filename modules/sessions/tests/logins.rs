//! Signing in, refreshing and the end of a login by time.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod support;

use access::Role;
use chrono::TimeDelta;
use clock::Clock;
use crypto::Secret;
use sessions::{Error, Settings};
use support::{EMAIL, PASSWORD, World};

#[tokio::test]
async fn who_knows_the_password_gets_tokens_that_name_the_user() {
    let world = World::new().await;
    let login = world.try_sign_in(" ADA@Example.com", PASSWORD).await.expect("Ada signs in");
    assert_eq!(login.expires_in_seconds, 15 * 60);
    assert_eq!((login.user.id, login.user.last_login_at), (world.ada.id, Some(world.clock.now())));
    let principal = world.bearer(&login.access_token).await.expect("a live login");
    assert_eq!(
        (principal.user, principal.firm, principal.role),
        (world.ada.id, world.ada.firm, Role::Attorney)
    );
    assert_eq!(principal.session, Some(login.session));
    let stored = accounts::find_user(&world.root, world.ada.id).await.unwrap();
    assert_eq!(
        (stored.last_login_at, stored.version),
        (Some(world.clock.now()), 1),
        "a sign-in is no change"
    );
}

#[tokio::test]
async fn wrong_password_unknown_address_and_inactive_user_read_the_same() {
    let world = World::new().await;
    let wrong = world.try_sign_in(EMAIL, "not the password").await.unwrap_err();
    let unknown = world.try_sign_in("eve@example.com", PASSWORD).await.unwrap_err();
    accounts::deactivate_user(&world.root, &world.sessions, world.ada.id, None).await.unwrap();
    let inactive = world.try_sign_in(EMAIL, PASSWORD).await.unwrap_err();
    for error in [&wrong, &unknown, &inactive] {
        assert!(matches!(error, Error::InvalidCredentials), "{error:?}");
        assert_eq!(web::Failure::code(error).status, 401);
    }
    assert_eq!(wrong.to_string(), unknown.to_string());
    let entries = audit::entries_of(world.root.reader(), world.ada.firm, world.ada.id, 10).await.unwrap();
    let refused = entries.iter().filter(|entry| entry.action == "login_failed").count();
    assert_eq!(refused, 2, "the firm's records tell of both attempts on a known account");
}

#[tokio::test]
async fn an_access_token_ends_after_its_minutes_and_no_other_is_believed() {
    let world = World::new().await;
    let login = world.sign_in().await;
    world.pass(TimeDelta::seconds(15 * 60 - 1));
    assert!(world.is_live(&login).await);
    world.pass(TimeDelta::seconds(1));
    assert!(!world.is_live(&login).await);
    for token in ["", "x", "a.b.c", &format!("{}x", login.access_token.expose())] {
        let refused = world.bearer(&Secret::new(token)).await.unwrap_err();
        assert!(matches!(refused, access::Error::NotAuthenticated(_)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_refresh_gives_the_next_pair_of_the_same_login() {
    let world = World::new().await;
    let first = world.sign_in().await;
    world.pass(TimeDelta::minutes(14));
    let second = world.refresh(&first.refresh_token).await.expect("a fresh token");
    assert_eq!((second.session, second.user.id), (first.session, world.ada.id));
    assert_ne!(second.refresh_token.expose(), first.refresh_token.expose());
    world.pass(TimeDelta::minutes(14));
    assert!(world.is_live(&second).await);
    let third = world.refresh(&second.refresh_token).await.expect("a fresh token");
    assert!(world.is_live(&third).await);
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_the_login() {
    let world = World::new().await;
    let (stolen, elsewhere) = (world.sign_in().await, world.sign_in().await);
    let next = world.refresh(&stolen.refresh_token).await.expect("the first use");
    assert!(world.is_live(&next).await);
    let again = world.refresh(&stolen.refresh_token).await;
    assert!(matches!(again, Err(Error::InvalidRefreshToken)), "{again:?}");
    assert!(!world.is_live(&next).await, "the access token lives on");
    let newest = world.refresh(&next.refresh_token).await;
    assert!(matches!(newest, Err(Error::InvalidRefreshToken)), "{newest:?}");
    assert!(world.is_live(&elsewhere).await, "another login of the user ended too");
}

#[tokio::test]
async fn of_two_uses_at_once_one_wins_and_the_login_ends() {
    let world = World::new().await;
    let login = world.sign_in().await;
    let (one, other) = tokio::join!(world.refresh(&login.refresh_token), world.refresh(&login.refresh_token));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert!(!world.is_live(&login).await);
}

#[tokio::test]
async fn an_unknown_refresh_token_is_refused() {
    let world = World::new().await;
    for token in ["", "short", "q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM"] {
        let refused = world.refresh(&Secret::new(token)).await;
        assert!(matches!(refused, Err(Error::InvalidRefreshToken)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_login_that_is_not_used_ends_and_one_that_is_used_does_not() {
    let world = World::with(Settings { access_token: TimeDelta::hours(2), ..Settings::default() }).await;
    let (used, idle) = (world.sign_in().await, world.sign_in().await);
    for _ in 0..3 {
        world.pass(TimeDelta::minutes(20));
        assert!(world.is_live(&used).await);
    }
    assert!(!world.is_live(&idle).await);
    let refused = world.refresh(&idle.refresh_token).await;
    assert!(matches!(refused, Err(Error::InvalidRefreshToken)), "{refused:?}");
    assert!(world.refresh(&used.refresh_token).await.is_ok());
}

#[tokio::test]
async fn a_login_ends_after_a_day_however_much_it_is_used() {
    let world = World::new().await;
    let mut login = world.sign_in().await;
    for _ in 0..(24 * 4 - 1) {
        world.pass(TimeDelta::minutes(15));
        login = world.refresh(&login.refresh_token).await.expect("within the day");
    }
    assert_eq!(login.expires_in_seconds, 15 * 60);
    world.pass(TimeDelta::minutes(10));
    let last = world.refresh(&login.refresh_token).await.expect("within the day");
    assert_eq!(last.expires_in_seconds, 5 * 60, "a token promises no more than the login has");
    world.pass(TimeDelta::minutes(5));
    assert!(!world.is_live(&last).await);
    assert!(matches!(world.refresh(&last.refresh_token).await, Err(Error::InvalidRefreshToken)));
}

#[tokio::test]
async fn rows_of_logins_are_removed_after_ninety_days() {
    let world = World::new().await;
    let old = world.sign_in().await;
    world.try_sign_in("eve@example.com", PASSWORD).await.unwrap_err();
    let schedule = sessions::cleanup_schedule(world.sessions.clone(), world.clock.clone());
    let (app, clock) = (&world.app, world.clock.clone());
    let scheduler = queue::Scheduler::new(app.db().clone(), clock, app.random().clone(), vec![schedule]);
    world.pass(TimeDelta::days(91) - TimeDelta::seconds(1));
    assert_eq!(scheduler.run_due().await.unwrap(), ["sessions.cleanup"]);
    let reused = world.refresh(&old.refresh_token).await;
    assert!(matches!(reused, Err(Error::InvalidRefreshToken)), "{reused:?}");
    assert_eq!(rows(&world).await, (1, 1), "removed too early");
    let young = world.sign_in().await;
    world.pass(TimeDelta::hours(2));
    scheduler.run_due().await.unwrap();
    assert_eq!(rows(&world).await, (1, 1), "the old login should be gone and the young one stay");
    assert!(world.refresh(&young.refresh_token).await.is_err(), "idle for two hours");
}

async fn rows(world: &World) -> (i64, i64) {
    let text = "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM refresh_tokens)";
    let reader = world.app.db().reader();
    let rows = db::Reads::rows(reader, db::sql(world.app.db().dialect(), text, [])).await.expect("counts");
    (rows[0].at(0).expect("a count"), rows[0].at(1).expect("a count"))
}
