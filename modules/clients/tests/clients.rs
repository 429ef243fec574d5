//! Clients through their verbs: numbers, changes, lists, firms.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use clients::{
    Client, ClientFields, ClientFilter, ClientKind, ClientSort, ClientStatus, Error, add_client,
    change_client, delete_client, find_client, list_clients,
};
use futures_util::future::join_all;
use std::collections::HashSet;
use support::{World, named};
use web::{Page, Sort, Version};

fn page(number: u64, limit: u64) -> Page {
    Page::from_parts(Some(number), Some(limit), 1000).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_that_are_added_at_once_never_share_a_number() {
    let world = World::new().await;
    let tasks = (0..16).map(|_| {
        let ctx = world.partner(1);
        async move {
            let mut numbers = Vec::new();
            for _ in 0..10 {
                numbers.push(add_client(&ctx, named("Twin")).await.unwrap().number);
            }
            numbers
        }
    });
    let numbers: HashSet<String> = join_all(tasks).await.into_iter().flatten().collect();
    assert_eq!(numbers.len(), 160);
    assert!(numbers.contains("CL-000001") && numbers.contains("CL-000160"));
    assert_eq!(add_client(&world.partner(2), named("Other firm")).await.unwrap().number, "CL-000001");
}

#[tokio::test]
async fn a_client_is_added_changed_and_removed() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let fields = ClientFields {
        kind: ClientKind::Person,
        email: Some(" kim@vale.example ".to_owned()),
        phone: Some(" ".to_owned()),
        ..named(" Kim Vale ")
    };
    let client = add_client(&ctx, fields).await.unwrap();
    assert_eq!((client.fields.name.as_str(), client.fields.phone.as_deref()), ("Kim Vale", None));
    assert_eq!(client.fields.email.as_deref(), Some("kim@vale.example"));
    assert_eq!(find_client(&ctx, client.id).await.unwrap(), client);
    let former = |fields: &ClientFields| {
        Ok::<_, Error>(ClientFields { status: ClientStatus::Former, ..fields.clone() })
    };
    let changed: Client = change_client(&ctx, client.id, Some(Version(1)), former).await.unwrap();
    assert_eq!((changed.version, changed.fields.status), (2, ClientStatus::Former));
    assert_eq!(change_client(&ctx, client.id, None, former).await.unwrap().version, 2);
    let stale = change_client(&ctx, client.id, Some(Version(1)), former).await;
    assert!(matches!(stale, Err(Error::Stale { now: 2 })));
    assert!(matches!(delete_client(&ctx, client.id, Some(Version(1))).await, Err(Error::Stale { .. })));
    delete_client(&ctx, client.id, Some(Version(2))).await.unwrap();
    assert!(matches!(find_client(&ctx, client.id).await, Err(Error::NotFound(_))));
    assert_eq!(world.count("audit_log").await, 3);
    assert_eq!(world.count("outbox").await, 3);
}

#[tokio::test]
async fn another_firms_client_is_not_found_by_any_verb() {
    let world = World::new().await;
    let (owner, stranger) = (world.partner(1), world.partner(2));
    let client = add_client(&owner, named("Secret")).await.unwrap();
    let mine = |fields: &ClientFields| Ok::<_, Error>(fields.clone());
    for error in [
        find_client(&stranger, client.id).await.err(),
        change_client(&stranger, client.id, None, mine).await.err(),
        delete_client(&stranger, client.id, None).await.err(),
    ] {
        assert!(matches!(error, Some(Error::NotFound(id)) if id == client.id), "{error:?}");
    }
    let sort = Sort::ascending(ClientSort::Name);
    let seen = list_clients(&stranger, &ClientFilter::default(), sort, page(1, 20)).await.unwrap();
    assert_eq!(seen, (vec![], 0));
}

#[tokio::test]
async fn lists_filter_sort_and_page() {
    let world = World::new().await;
    let ctx = world.partner(1);
    for (name, status) in [
        ("beta 100%", ClientStatus::Active),
        ("Alpha", ClientStatus::Former),
        ("ÄRA", ClientStatus::Active),
        ("gamma", ClientStatus::Prospective),
    ] {
        let email = Some(format!("{}@x.example", name.chars().count()));
        add_client(&ctx, ClientFields { status, email, ..named(name) }).await.unwrap();
    }
    let all = ClientFilter::default;
    let text = |text: &str| ClientFilter { text: Some(text.to_owned()), ..all() };
    for (filter, expected) in [
        (all(), 4),
        (text("ALPHA"), 1),
        (text("ära"), 1),
        (text("cl-00000"), 4),
        (text("9@X"), 1),
        (text("%"), 1),
        (text("_"), 0),
        (ClientFilter { status: Some(ClientStatus::Active), ..all() }, 2),
        (ClientFilter { kind: Some(ClientKind::Person), ..all() }, 0),
    ] {
        let sort = Sort::ascending(ClientSort::Name);
        let (found, total) = list_clients(&ctx, &filter, sort, page(1, 20)).await.unwrap();
        assert_eq!((found.len() as u64, total), (expected, expected), "{filter:?}");
    }
    let names = async |sort, page| {
        let (found, total) = list_clients(&ctx, &all(), sort, page).await.unwrap();
        assert_eq!(total, 4);
        found.into_iter().map(|client| client.fields.name).collect::<Vec<_>>()
    };
    assert_eq!(names(Sort::ascending(ClientSort::Number), page(1, 2)).await, ["beta 100%", "Alpha"]);
    assert_eq!(names(Sort::descending(ClientSort::Number), page(2, 2)).await, ["Alpha", "beta 100%"]);
    assert_eq!(names(Sort::ascending(ClientSort::Name), page(1, 2)).await[0], "Alpha");
    assert!(names(Sort::ascending(ClientSort::Name), page(1_000_000_000, 20)).await.is_empty());
}
