//! What ends a login at once.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod support;

use access::Role;
use accounts::Change;
use chrono::TimeDelta;
use crypto::Secret;
use sessions::{Error, Settings};
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
async fn a_row_revoked_by_another_process_is_seen_within_half_a_second() {
    let world = World::new().await;
    let login = world.sign_in().await;
    assert!(world.is_live(&login).await);
    let dialect = world.app.db().dialect();
    let mut tx = world.app.db().writer().begin().await.unwrap();
    tx.run(db::sql(dialect, "UPDATE sessions SET revoked_at = created_at", [])).await.unwrap();
    tx.commit().await.unwrap();
    world.pass(TimeDelta::milliseconds(500));
    assert!(!world.is_live(&login).await);
}

#[tokio::test]
async fn what_one_process_changes_another_sees_within_half_a_second() {
    let world = World::new().await;
    let other = world.replica(Settings::default(), support::SEALING);
    let is_live_there = async |login: &sessions::Login| {
        let token = access::Credentials::Bearer(login.access_token.expose());
        access::Authenticator::authenticate(&other, token, clock::Clock::now(&*world.clock)).await
    };
    let (ended, kept) = (world.sign_in().await, world.sign_in().await);
    for login in [&ended, &kept] {
        assert!(is_live_there(login).await.is_ok());
    }
    sessions::sign_out(&world.ctx(&ended).await, &world.sessions).await.unwrap();
    assert!(!world.is_live(&ended).await, "the process that ended it sees it at once");
    world.pass(TimeDelta::milliseconds(500));
    assert!(is_live_there(&ended).await.is_err());
    assert_eq!(is_live_there(&kept).await.unwrap().role, Role::Attorney);

    let change = Change { role: Some(Role::Clerk), ..Change::default() };
    accounts::change_user(&world.root, &world.sessions, world.ada.id, None, &change).await.unwrap();
    world.pass(TimeDelta::milliseconds(500));
    assert_eq!(is_live_there(&kept).await.unwrap().role, Role::Clerk);
    accounts::deactivate_user(&world.root, &world.sessions, world.ada.id, None).await.unwrap();
    world.pass(TimeDelta::milliseconds(500));
    assert!(is_live_there(&kept).await.is_err());
}

#[tokio::test]
async fn a_change_that_is_taken_back_moves_nothing_on() {
    let world = World::new().await;
    let login = world.sign_in().await;
    let version = async || {
        let text = "SELECT COALESCE(max(version), 0) FROM standing_versions";
        let statement = db::sql(world.app.db().dialect(), text, []);
        db::Reads::rows(world.app.db().reader(), statement).await.unwrap()[0].at::<i64>(0).unwrap()
    };
    let before = version().await;
    let dialect = world.app.db().dialect();
    let mut tx = world.app.db().writer().begin().await.unwrap();
    tx.run(db::sql(dialect, "UPDATE sessions SET revoked_at = created_at", [])).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(version().await, before);
    // The use of a login is no change of its standing.
    world.pass(TimeDelta::minutes(5));
    assert!(world.is_live(&login).await);
    assert_eq!(version().await, before);
    sessions::sign_out(&world.ctx(&login).await, &world.sessions).await.unwrap();
    assert_eq!(version().await, before + 1);
}

#[tokio::test]
async fn whatever_ends_a_login_is_announced() {
    let world = World::new().await;
    let (here, there, lost) = (world.sign_in().await, world.sign_in().await, world.sign_in().await);
    let ctx = world.ctx(&here).await;
    sessions::end_login(&ctx, &world.sessions, lost.session, Some("left in a train")).await.unwrap();
    sessions::end_login(&ctx, &world.sessions, lost.session, None).await.expect("twice is no fault");
    assert!(!world.is_live(&lost).await && world.is_live(&there).await);
    sessions::end_other_logins(&ctx, &world.sessions).await.unwrap();
    assert!(!world.is_live(&there).await && world.is_live(&here).await);
    sessions::end_logins_of_user(&world.root, &world.sessions, world.ada.id).await.unwrap();
    assert!(!world.is_live(&here).await);
    let again = world.sign_in().await;
    sessions::end_logins_of_firm(&world.root, &world.sessions, world.ada.firm).await.unwrap();
    assert!(!world.is_live(&again).await);
    let announced = world.events("session.revoked").await;
    let expected =
        [(&lost, "revoked"), (&there, "revoked"), (&here, "administrator"), (&again, "administrator")];
    assert_eq!(announced.len(), expected.len(), "{announced:?}");
    for (event, (login, reason)) in announced.iter().zip(expected) {
        assert_eq!(
            (&event["session"], &event["reason"]),
            (&login.session.to_string().into(), &reason.into())
        );
        assert_eq!(event["user"], world.ada.id.to_string());
    }
    let entries = audit::entries_of(ctx.reader(), ctx.firm(), lost.session, 10).await.unwrap();
    assert_eq!(entries[0].changes.as_ref().unwrap()["note"], "left in a train");
}

#[tokio::test]
async fn nobody_ends_what_is_not_theirs() {
    let world = World::new().await;
    let login = world.sign_in().await;
    let root = world.try_sign_in("root@example.com", PASSWORD).await.unwrap();
    let ctx = world.ctx(&login).await;
    let foreign = sessions::end_login(&ctx, &world.sessions, root.session, None).await;
    assert!(matches!(foreign, Err(Error::NotFound(_))), "{foreign:?}");
    let refused = sessions::end_logins_of_user(&ctx, &world.sessions, root.user.id).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    let refused = sessions::end_logins_of_firm(&ctx, &world.sessions, ctx.firm()).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    let elsewhere = ids::FirmId::from(uuid::Uuid::nil());
    let absent = sessions::end_logins_of_firm(&world.root, &world.sessions, elsewhere).await;
    assert!(matches!(absent, Err(Error::Accounts(accounts::Error::FirmNotFound))), "{absent:?}");
    assert!(world.is_live(&root).await);
}
