//! Case numbers under load, and numbers that people choose.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use cases::{CaseFields, Error, open_case, set_number_template};
use futures_util::future::join_all;
use std::collections::HashSet;
use support::{World, titled};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cases_that_are_opened_at_once_never_share_a_number() {
    let world = World::new().await;
    let tasks = (0..64).map(|task: u8| {
        let ctx = world.partner(1 + task % 2);
        async move {
            let mut numbers = Vec::new();
            for round in 0..20 {
                let case = open_case(&ctx, titled(&format!("case {round} of task {task}"))).await.unwrap();
                numbers.push((ctx.firm(), case.number().to_owned()));
            }
            numbers
        }
    });
    let numbers: Vec<_> = join_all(tasks).await.into_iter().flatten().collect();
    let distinct: HashSet<_> = numbers.iter().collect();
    assert_eq!((numbers.len(), distinct.len()), (1280, 1280));
    // Without a gap: each firm's numbers run from 1.
    assert!(numbers.contains(&(world.partner(1).firm(), "2026-00640".to_owned())));
    assert!(!numbers.contains(&(world.partner(1).firm(), "2026-00641".to_owned())));
}

#[tokio::test]
async fn a_number_of_ones_own_is_kept_and_passed_over_by_the_template() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let numbered =
        |number: &str| CaseFields { number: Some(number.to_owned()), ..titled("numbered by hand") };
    let own = open_case(&ctx, numbered(" 2026-00002 ")).await.unwrap();
    assert_eq!(own.number(), "2026-00002");
    assert_eq!(open_case(&ctx, titled("first")).await.unwrap().number(), "2026-00001");
    assert_eq!(open_case(&ctx, titled("second")).await.unwrap().number(), "2026-00003");
    let again = open_case(&ctx, numbered("2026-00002")).await;
    assert!(matches!(again, Err(Error::NumberTaken(number)) if number == "2026-00002"));
    assert_eq!(open_case(&world.partner(2), numbered("2026-00002")).await.unwrap().number(), "2026-00002");
}

#[tokio::test]
async fn a_case_that_fails_gives_its_number_back() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let docket = || CaseFields {
        court: Some("cand".to_owned()),
        docket_number: Some("3:26-cv-00350".to_owned()),
        ..titled("the docket")
    };
    open_case(&ctx, docket()).await.unwrap();
    let again = CaseFields { docket_number: Some("3:26-CV-350-ABC".to_owned()), ..docket() };
    assert!(matches!(open_case(&ctx, again).await, Err(Error::DocketTaken(_))));
    assert_eq!(open_case(&ctx, titled("next")).await.unwrap().number(), "2026-00002");
}

#[tokio::test]
async fn a_firm_chooses_its_template() {
    let world = World::new().await;
    let ctx = world.partner(1);
    open_case(&ctx, titled("before")).await.unwrap();
    let admin = world.of_role(1, access::Role::Admin);
    set_number_template(&admin, "{practice}/{seq:3}").await.unwrap();
    let litigation = CaseFields { practice_area: Some("Litigation".to_owned()), ..titled("after") };
    assert_eq!(open_case(&ctx, litigation).await.unwrap().number(), "LITI/002");
    assert_eq!(open_case(&world.partner(2), titled("elsewhere")).await.unwrap().number(), "2026-00001");
    assert!(matches!(set_number_template(&admin, "{YYYY}").await, Err(Error::Template(_))));
    assert!(matches!(set_number_template(&ctx, "{seq}").await, Err(Error::Refused(_))));
}
