//! How often a password may be tried, by the clock.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod support;

use chrono::TimeDelta;
use crypto::Secret;
use sessions::{Error, Settings};
use support::{EMAIL, PASSWORD, World};
use web::Failure;

async fn fail(world: &World, email: &str, times: usize) {
    for _ in 0..times {
        let refused = world.try_sign_in(email, "not the password").await;
        assert!(matches!(refused, Err(Error::InvalidCredentials)), "{refused:?}");
    }
}

#[tokio::test]
async fn an_account_has_ten_attempts_in_five_minutes() {
    let world = World::new().await;
    fail(&world, EMAIL, 9).await;
    world.pass(TimeDelta::seconds(60));
    fail(&world, "ADA@example.com", 1).await;
    let stopped =
        world.try_sign_in(EMAIL, PASSWORD).await.expect_err("the right password is not looked at either");
    assert!(matches!(stopped, Error::TooManyAttempts { retry_after_seconds: 240 }), "{stopped:?}");
    assert_eq!((stopped.code().status, stopped.retry_after_seconds()), (429, Some(240)));
    world.pass(TimeDelta::seconds(239));
    assert!(world.try_sign_in(EMAIL, PASSWORD).await.is_err());
    world.pass(TimeDelta::seconds(1));
    assert!(world.try_sign_in(EMAIL, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_success_forgets_the_attempts_before_it() {
    let world = World::new().await;
    for _ in 0..3 {
        fail(&world, EMAIL, 9).await;
        world.sign_in().await;
    }
}

#[tokio::test]
async fn an_unknown_account_is_stopped_like_a_known_one() {
    let world = World::new().await;
    fail(&world, "eve@example.com", 10).await;
    let stopped = world.try_sign_in("eve@example.com", PASSWORD).await;
    assert!(matches!(stopped, Err(Error::TooManyAttempts { .. })), "{stopped:?}");
    assert!(world.try_sign_in(EMAIL, PASSWORD).await.is_ok(), "another account was stopped with it");
}

#[tokio::test]
async fn an_address_that_tries_many_accounts_is_stopped() {
    let world = World::with(Settings { attempts_per_address: 20, ..Settings::default() }).await;
    for guess in 0..20 {
        fail(&world, &format!("nobody{guess}@example.com"), 1).await;
    }
    let stopped = world.try_sign_in(EMAIL, PASSWORD).await;
    assert!(matches!(stopped, Err(Error::TooManyAttempts { .. })), "{stopped:?}");
    let elsewhere = sessions::sign_in(
        &world.public(2),
        &world.sessions,
        EMAIL,
        Secret::new(PASSWORD),
        sessions::Shown::default(),
    )
    .await;
    assert!(elsewhere.is_ok(), "{elsewhere:?}");
}

#[tokio::test]
async fn many_guesses_at_once_do_not_slip_through() {
    let world = World::new().await;
    let guesses = (0..40).map(|_| world.try_sign_in(EMAIL, "not the password"));
    let answers = futures_util::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|answer| matches!(answer, Err(Error::InvalidCredentials))).count();
    assert_eq!(looked_at, 10);
}

#[tokio::test]
async fn counted_attempts_stay_within_their_bytes() {
    let settings = Settings { attempts_bytes: 8 << 10, ..Settings::default() };
    let world = World::with(settings).await;
    for guess in 0..200 {
        world.try_sign_in(&format!("nobody{guess}@example.com"), PASSWORD).await.unwrap_err();
    }
    let stores = world.app.headroom().stores().snapshot();
    let store = stores.iter().find(|store| store.name == "sessions.attempts").expect("a registered store");
    assert!(store.bytes <= store.cap_bytes && store.entries > 0, "{store:?}");
    assert!(stores.iter().any(|store| store.name == "sessions.known" && store.cap_bytes >= 1000 * 300));
}
