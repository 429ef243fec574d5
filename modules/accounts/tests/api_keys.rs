//! API keys through the service, on a real database.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod support;

use access::{Action, Authenticator as _, Credentials, Ctx, Principal, Role, Scopes};
use accounts::{ApiKeys, Error, Networks, NewApiKey};
use chrono::TimeDelta;
use proptest::prelude::*;
use std::net::IpAddr;
use support::World;

fn new_key(scopes: &[&str]) -> NewApiKey {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    NewApiKey { name: "A program".to_owned(), scopes, networks: Networks::default(), expires_at: None }
}

async fn shown(world: &World, key: &str) -> Result<Principal, access::Error> {
    let keys = ApiKeys::new(world.app.db().clone());
    keys.authenticate(Credentials::ApiKey { key, from: None }, world.app.clock().now()).await
}

fn as_key(world: &World, principal: Principal) -> Ctx {
    world.app.act_as(principal, "test")
}

#[tokio::test]
async fn a_key_is_its_owner_with_no_more_than_its_scopes() {
    let world = World::new().await;
    let root = world.firm("One").await;
    let (key, text) =
        accounts::create_api_key(&root, &new_key(&["cases:read", "clients:read"])).await.expect("a key");
    let principal = shown(&world, text.expose()).await.expect("a caller");
    assert_eq!(
        (principal.user, principal.firm, principal.role),
        (root.user(), root.firm(), Role::SuperAdmin)
    );
    assert_eq!(principal.key.map(|grant| grant.id), Some(key.id));
    for action in Action::ALL {
        let expected = matches!(action, Action::ReadCases | Action::ReadClients);
        assert_eq!(principal.allows(action), expected, "{action:?}");
        assert_eq!(as_key(&world, principal.clone()).require(action).is_ok(), expected, "{action:?}");
    }
}

#[tokio::test]
async fn a_key_makes_shows_rotates_and_revokes_no_keys_though_its_owner_may() {
    let world = World::new().await;
    let root = world.firm("One").await;
    let (key, text) = accounts::create_api_key(&root, &new_key(&["cases:read"])).await.expect("a key");
    let program = as_key(&world, shown(&world, text.expose()).await.expect("a caller"));
    let refused = |outcome: Result<(), Error>| {
        assert!(matches!(outcome, Err(Error::Access(access::Error::NeedsPerson))), "{outcome:?}");
    };
    refused(accounts::create_api_key(&program, &new_key(&["cases:read"])).await.map(drop));
    refused(accounts::list_api_keys(&program, None, (0, 10)).await.map(drop));
    refused(accounts::find_api_key(&program, key.id).await.map(drop));
    refused(accounts::revoke_api_key(&program, key.id).await);
    refused(accounts::rotate_api_key(&program, key.id, TimeDelta::hours(1)).await.map(drop));
}

#[tokio::test]
async fn what_was_revoked_on_one_server_is_refused_on_another_at_once() {
    let world = World::new().await;
    let root = world.firm("One").await;
    let (key, text) = accounts::create_api_key(&root, &new_key(&["cases:read"])).await.expect("a key");
    // Two servers on one database share nothing but that.
    let servers = [ApiKeys::new(world.app.db().clone()), ApiKeys::new(world.app.db().clone())];
    let ask = async |server: &ApiKeys| {
        let credentials = Credentials::ApiKey { key: text.expose(), from: None };
        server.authenticate(credentials, world.app.clock().now()).await.is_ok()
    };
    assert!(ask(&servers[0]).await && ask(&servers[1]).await);
    accounts::revoke_api_key(&root, key.id).await.expect("revoked");
    assert!(!ask(&servers[0]).await && !ask(&servers[1]).await);
}

#[tokio::test]
async fn the_database_holds_a_hash_and_the_records_hold_no_secret() {
    let world = World::new().await;
    let root = world.firm("One").await;
    let (key, text) = accounts::create_api_key(&root, &new_key(&["cases:read"])).await.expect("a key");
    let secret = text.expose().split_at(37).1.to_owned();
    let records = audit::entries_of(root.reader(), root.firm(), key.id, 10).await.expect("records");
    assert_eq!(records.len(), 1);
    assert!(!format!("{records:?} {key:?} {text:?}").contains(&secret));
}

#[test]
fn scopes_are_stored_by_their_codes_and_users_are_never_among_them() {
    let all: Scopes = Action::ALL.into_iter().collect();
    assert!(!all.contains(Action::ManageUsers) && all.contains(Action::ReadUsers));
    assert_eq!(Scopes::from_text(&all.to_text()), all);
    assert!(Scopes::from_text("no:such users:manage").is_empty());
}

#[test]
fn ranges_admit_what_lies_in_them_whatever_form_the_address_has() {
    let admit = |range: &str, from: &str| {
        Networks::parse([range]).expect("a range").admit(from.parse::<IpAddr>().ok())
    };
    assert!(admit("203.0.113.0/24", "203.0.113.255") && !admit("203.0.113.0/24", "203.0.114.0"));
    assert!(
        admit("203.0.113.7", "::ffff:203.0.113.7"),
        "an IPv4 address in IPv6's clothes (RFC 4291, 2.5.5.2)"
    );
    assert!(admit("2001:db8::/32", "2001:db8:ffff::1") && !admit("2001:db8::/32", "203.0.113.7"));
    assert!(!Networks::parse(["10.0.0.0/8"]).expect("a range").admit(None), "who is unknown is in no range");
    assert!(Networks::default().admit(None), "without ranges from everywhere");
    for wrong in ["", "10.0.0.0/33", "10.0.0", "::/129", "example.com", "10.0.0.0/8,::/0"] {
        assert!(Networks::parse([wrong]).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn a_range_admits_an_address_exactly_when_their_first_bits_are_the_same(
        range in any::<u32>(), bits in 0_u32..=32, from in any::<u32>(), near in any::<bool>()
    ) {
        let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
        let from = if near { (range & mask) | (from & !mask) } else { from };
        let text = format!("{}/{bits}", std::net::Ipv4Addr::from(range));
        let admitted = Networks::parse([text.as_str()]).expect("a range").admit(Some(std::net::Ipv4Addr::from(from).into()));
        prop_assert_eq!(admitted, range & mask == from & mask);
    }

    #[test]
    fn ranges_read_back_as_they_were_written(address in any::<u128>(), bits in 0_u8..=128) {
        let text = format!("{}/{bits}", std::net::Ipv6Addr::from(address));
        let once = Networks::parse([text.as_str()]).expect("a range");
        let texts = once.texts();
        prop_assert_eq!(Networks::parse(texts.iter().map(String::as_str)).expect("a range"), once);
    }
}
