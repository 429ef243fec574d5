//! What ends a login at once.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod support;

use access::Role;
use accounts::Change;
use chrono::TimeDelta;
use crypto::Secret;
use sessions::Error;
use support::{EMAIL, PASSWORD, World};

#[tokio::test]
async fn signing_out_ends_the_login_and_no_other() {
    let world = World::new().await;
    let (here, there) = (world.sign_in().await, world.sign_in().await);
    let ctx = world.ctx(&here).await;
    sessions::sign_out(&ctx, &world.sessions).await.unwrap();
    assert!(!world.is_live(&here).await, "the cache still knows it");
    assert!(matches!(world.refresh(&here.refresh_token).await, Err(Error::InvalidRefreshToken)));
    assert!(world.is_live(&there).await);
    sessions::sign_out(&ctx, &world.sessions).await.expect("signing out twice is no fault");
    let entries = audit::entries_of(ctx.reader(), ctx.firm(), here.session, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].action, "logout");
}

#[tokio::test]
async fn a_new_role_counts_from_the_next_request_on() {
    let world = World::new().await;
    let login = world.sign_in().await;
    assert_eq!(world.bearer(&login.access_token).await.unwrap().role, Role::Attorney);
    let change = Change { role: Some(Role::Clerk), ..Change::default() };
    accounts::change_user(&world.root, &world.sessions, world.ada.id, None, &change).await.unwrap();
    assert_eq!(world.bearer(&login.access_token).await.unwrap().role, Role::Clerk);
}

#[tokio::test]
async fn a_deactivated_user_is_out_and_old_logins_do_not_come_back() {
    let world = World::new().await;
    let login = world.sign_in().await;
    assert!(world.is_live(&login).await);
    accounts::deactivate_user(&world.root, &world.sessions, world.ada.id, None).await.unwrap();
    assert!(!world.is_live(&login).await);
    assert!(matches!(world.refresh(&login.refresh_token).await, Err(Error::InvalidRefreshToken)));
    let change = Change { active: Some(true), ..Change::default() };
    world.pass(TimeDelta::seconds(1));
    accounts::change_user(&world.root, &world.sessions, world.ada.id, None, &change).await.unwrap();
    assert!(!world.is_live(&login).await, "a login from before the deactivation came back");
    let fresh = world.sign_in().await;
    assert!(world.is_live(&fresh).await);
}

#[tokio::test]
async fn a_password_set_by_an_administrator_ends_every_login() {
    let world = World::new().await;
    let login = world.sign_in().await;
    let new = Secret::new("quiet orchard seven bridges");
    accounts::set_password(&world.root, &world.hasher, &world.sessions, world.ada.id, new).await.unwrap();
    assert!(!world.is_live(&login).await);
    assert!(world.try_sign_in(EMAIL, PASSWORD).await.is_err());
}

#[tokio::test]
async fn a_new_password_ends_the_users_other_logins() {
    let world = World::new().await;
    let (here, there) = (world.sign_in().await, world.sign_in().await);
    assert!(world.is_live(&there).await);
    let ctx = world.ctx(&here).await;
    let change = |old: &str, new: &str| {
        let (old, new) = (Secret::new(old), Secret::new(new));
        sessions::change_password(&ctx, &world.sessions, old, new)
    };
    let wrong = change("not the password", "quiet orchard seven bridges").await;
    assert!(matches!(wrong, Err(Error::Accounts(accounts::Error::WrongPassword))), "{wrong:?}");
    let weak = change(PASSWORD, "short").await;
    assert!(
        matches!(weak, Err(Error::Accounts(accounts::Error::Weak { field: "newPassword", .. }))),
        "{weak:?}"
    );
    assert!(world.is_live(&there).await, "a refused change ended a login");
    change(PASSWORD, "quiet orchard seven bridges").await.unwrap();
    assert!(world.is_live(&here).await);
    assert!(!world.is_live(&there).await);
    assert!(world.try_sign_in(EMAIL, PASSWORD).await.is_err(), "the old password still works");
    assert!(world.try_sign_in(EMAIL, "quiet orchard seven bridges").await.is_ok());
}

#[tokio::test]
async fn a_stolen_access_token_is_no_place_to_guess_the_password() {
    let world = World::new().await;
    let ctx = world.ctx(&world.sign_in().await).await;
    let guess = || {
        let (old, new) = (Secret::new("a guess of mine"), Secret::new("quiet orchard seven bridges"));
        sessions::change_password(&ctx, &world.sessions, old, new)
    };
    for _ in 0..10 {
        let wrong = guess().await;
        assert!(matches!(wrong, Err(Error::Accounts(accounts::Error::WrongPassword))), "{wrong:?}");
    }
    let stopped = guess().await;
    assert!(matches!(stopped, Err(Error::TooManyAttempts { .. })), "{stopped:?}");
}

#[tokio::test]
async fn a_row_revoked_by_another_process_is_seen_within_the_cache_time() {
    let world = World::new().await;
    let login = world.sign_in().await;
    assert!(world.is_live(&login).await);
    let dialect = world.app.db().dialect();
    let mut tx = world.app.db().writer().begin().await.unwrap();
    tx.run(db::sql(dialect, "UPDATE sessions SET revoked_at = created_at", [])).await.unwrap();
    tx.commit().await.unwrap();
    world.pass(TimeDelta::seconds(5));
    assert!(!world.is_live(&login).await);
}
