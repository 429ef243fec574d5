//! Devices: new ones are told of, known ones are known again.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod support;

use chrono::TimeDelta;
use crypto::Secret;
use sessions::{Login, Shown};
use support::{EMAIL, PASSWORD, World};

async fn with_token(world: &World, email: &str, token: &Secret) -> Login {
    let shown = Shown { device_token: Some(token.clone()), ..Shown::default() };
    world.try_sign_in_with(email, PASSWORD, shown).await.expect("signs in")
}

fn token(login: &Login) -> &Secret {
    login.device_token.as_ref().expect("a device's token")
}

#[tokio::test]
async fn a_device_is_new_once() {
    let world = World::new().await;
    let first = world.sign_in().await;
    let again = with_token(&world, EMAIL, token(&first)).await;
    let refreshed = world.refresh(&again.refresh_token).await.expect("the next pair");
    assert!(refreshed.device_token.is_none(), "only a sign-in gives one");
    world.sign_in().await;
    let told = world.events("session.new_device").await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!((&told[0]["is_first"], &told[1]["is_first"]), (&true.into(), &false.into()));
    let new = &told[0];
    assert_eq!((&new["email"], &new["first_name"]), (&EMAIL.into(), &"Ada".into()));
    assert_eq!((&new["address"], &new["browser"]), (&"192.0.2.1".into(), &"test 1".into()));
    assert_eq!(new["session"], first.session.to_string());
    let device: ids::DeviceId = new["device"].as_str().expect("an id").parse().expect("an id");
    let records = audit::entries_of(world.root.reader(), world.ada.firm, device, 10).await.expect("records");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].action, "create");
}

#[tokio::test]
async fn a_token_of_somebody_else_or_of_long_ago_or_altered_makes_no_device_known() {
    let world = World::new().await;
    let ada = world.sign_in().await;
    let told = async || world.events("session.new_device").await.len();
    assert_eq!(told().await, 1);
    with_token(&world, "root@example.com", token(&ada)).await;
    assert_eq!(told().await, 2, "a device of Ada's is new for Root");
    let altered = Secret::new(format!("{}x", token(&ada).expose()));
    with_token(&world, EMAIL, &altered).await;
    with_token(&world, EMAIL, &ada.access_token).await;
    assert_eq!(told().await, 4);
    world.pass(TimeDelta::days(90));
    with_token(&world, EMAIL, token(&ada)).await;
    assert_eq!(told().await, 5);
    assert!(world.bearer(token(&ada)).await.is_err(), "a device's token is no access token");
}
