//! Changing cases and parties: versions, steps, references, and what is left behind.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use access::Role;
use cases::{
    Attorney, CaseFields, CaseStatus, Error, Party, PartyFields, add_party, change_case, change_party,
    delete_case, delete_party, find_case, find_party, move_case, open_case,
};
use clients::{ClientFields, ClientKind, ClientStatus, add_client};
use ids::{AttorneyId, CaseId, Id, PartyId};
use support::{World, titled};
use web::Version;

async fn retitled(
    ctx: &access::Ctx,
    id: CaseId,
    seen: Option<Version>,
    title: &str,
) -> Result<cases::Case, Error> {
    change_case(ctx, id, seen, |fields| Ok(CaseFields { title: title.to_owned(), ..fields.clone() })).await
}

fn defendant(name: &str) -> PartyFields {
    let counsel = Attorney { name: Some("Dana Whitlock".to_owned()), ..Attorney::default() };
    PartyFields {
        name: name.to_owned(),
        kind: "Defendant".to_owned(),
        attorneys: vec![counsel],
        ..PartyFields::default()
    }
}

fn client_named(name: &str) -> ClientFields {
    ClientFields {
        name: name.to_owned(),
        kind: ClientKind::Organization,
        status: ClientStatus::Active,
        email: None,
        phone: None,
        address: None,
        notes: None,
    }
}

#[tokio::test]
async fn a_change_is_kept_and_a_stale_one_refused() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let case = open_case(&ctx, titled("Old title")).await.unwrap();
    let changed = retitled(&ctx, case.id, Some(Version(1)), " New title ").await.unwrap();
    assert_eq!((changed.fields.title.as_str(), changed.version), ("New title", 2));
    assert_eq!(find_case(&ctx, case.id).await.unwrap(), changed);
    let stale = retitled(&ctx, case.id, Some(Version(1)), "Lost update").await;
    assert!(matches!(stale, Err(Error::Stale { now: 2 })));
    // What changes nothing costs no version and no record.
    let records = world.count("audit_log").await;
    assert_eq!(retitled(&ctx, case.id, None, "New title").await.unwrap().version, 2);
    assert_eq!(world.count("audit_log").await, records);
    assert_eq!(records, 2);
    assert_eq!(world.count("outbox").await, 2);
}

#[tokio::test]
async fn all_that_is_said_of_a_case_comes_back() {
    let world = World::new().await;
    let ctx = world.partner(1);
    world.enrol(&ctx).await;
    let some = |text: &str| Some(text.to_owned());
    let fields = CaseFields {
        number: some("A-1"),
        title: "Meridian v. Harbor".to_owned(),
        description: some("freight"),
        status: CaseStatus::OnHold,
        practice_area: some("Admiralty"),
        client_id: None,
        lead_user_id: Some(ctx.user()),
        court: some("cand"),
        docket_number: some("3:26-cv-00350-ABC"),
        judge: some("A. B. Clark"),
        referred_to: some("D. E. Foy"),
        cause: some("28:1333"),
        nature_of_suit: some("120 Marine"),
        jurisdiction: some("Federal question"),
        jury_demand: some("Plaintiff"),
        demand: some("$1,000"),
        filed_on: chrono::NaiveDate::from_ymd_opt(2026, 2, 3),
        terminated_on: chrono::NaiveDate::from_ymd_opt(2026, 3, 1),
        extra: Some(serde_json::json!({"panel": ["A", "B"], "fee": {"paid": true}})),
    };
    let case = open_case(&ctx, fields.clone()).await.unwrap();
    assert_eq!(case.fields, fields);
    assert_eq!(find_case(&ctx, case.id).await.unwrap(), case);
    let blank = CaseFields { judge: some("  "), extra: Some(serde_json::json!({})), ..fields };
    let cleared = change_case(&ctx, case.id, None, |_| Ok::<_, Error>(blank)).await.unwrap();
    assert_eq!((cleared.fields.judge, cleared.fields.extra), (None, None));
}

#[tokio::test]
async fn the_lead_is_a_user_of_the_firm() {
    let world = World::new().await;
    let (ctx, stranger) = (world.partner(1), world.partner(2));
    world.enrol(&ctx).await;
    world.enrol(&stranger).await;
    let client = add_client(&ctx, client_named("Meridian Freight LLC")).await.unwrap();
    for client_id in [None, Some(client.id)] {
        for lead in [stranger.user(), ctx.new_id()] {
            let fields = CaseFields { lead_user_id: Some(lead), client_id, ..titled("Not theirs") };
            let refused = open_case(&ctx, fields).await;
            assert!(matches!(refused, Err(Error::UnknownLead(id)) if id == lead), "{refused:?}");
        }
        let fields = CaseFields { lead_user_id: Some(ctx.user()), client_id, ..titled("Theirs") };
        let case = open_case(&ctx, fields.clone()).await.unwrap();
        assert_eq!(find_case(&ctx, case.id).await.unwrap(), case);
        let lead = stranger.user();
        let change = CaseFields { lead_user_id: Some(lead), ..case.fields.clone() };
        let refused = change_case(&ctx, case.id, None, |_| Ok::<_, Error>(change)).await;
        assert!(matches!(refused, Err(Error::UnknownLead(id)) if id == lead), "{refused:?}");
        let change = CaseFields { client_id: Some(ctx.new_id()), ..case.fields.clone() };
        let refused = change_case(&ctx, case.id, None, |_| Ok::<_, Error>(change)).await;
        assert!(matches!(refused, Err(Error::UnknownClient(_))), "{refused:?}");
        assert_eq!(find_case(&ctx, case.id).await.unwrap(), case, "nothing was changed");
    }
}

#[tokio::test]
async fn a_status_moves_by_its_steps() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let case = open_case(&ctx, titled("Stays open")).await.unwrap();
    let closed = move_case(&ctx, case.id, None, CaseStatus::Closed).await.unwrap();
    assert_eq!(closed.closed_at, Some(ctx.now()));
    assert!(matches!(move_case(&ctx, case.id, None, CaseStatus::OnHold).await, Err(Error::Status(_))));
    assert!(matches!(move_case(&ctx, case.id, None, CaseStatus::Closed).await, Err(Error::Status(_))));
    let open = move_case(&ctx, case.id, Some(closed.version()), CaseStatus::Open).await.unwrap();
    assert_eq!((open.closed_at, open.version), (None, 3));
    assert_eq!(find_case(&ctx, case.id).await.unwrap(), open);
}

#[tokio::test]
async fn a_client_with_cases_stays_and_another_firms_client_is_unknown() {
    let world = World::new().await;
    let (ctx, stranger) = (world.partner(1), world.partner(2));
    let client = add_client(&ctx, client_named("Meridian Freight LLC")).await.unwrap();
    let for_client = || CaseFields { client_id: Some(client.id), ..titled("For the client") };
    let case = open_case(&ctx, for_client()).await.unwrap();
    let refused = clients::delete_client(&ctx, client.id, None).await;
    assert!(matches!(refused, Err(clients::Error::InUse(id)) if id == client.id));
    let foreign = open_case(&stranger, for_client()).await;
    assert!(matches!(foreign, Err(Error::UnknownClient(id)) if id == client.id));
    delete_case(&ctx, case.id, None).await.unwrap();
    clients::delete_client(&ctx, client.id, None).await.unwrap();
}

#[tokio::test]
async fn counsel_stays_with_its_party() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let case = open_case(&ctx, titled("With parties")).await.unwrap();
    let one = add_party(&ctx, case.id, defendant("Harbor Co. f/k/a Port Co.")).await.unwrap();
    let two = add_party(&ctx, case.id, defendant("Second Co.")).await.unwrap();
    assert_eq!((one.position, two.position), (1, 2));
    assert_eq!(one.aliases.len(), 1);
    assert_eq!(find_party(&ctx, one.id).await.unwrap(), one);
    let with_another = |fields: &PartyFields| {
        let mut fields = fields.clone();
        fields.attorneys.push(Attorney { roles: vec!["PRO HAC VICE".to_owned()], ..Attorney::default() });
        Ok::<_, Error>(fields)
    };
    let changed: Party = change_party(&ctx, one.id, Some(Version(1)), with_another).await.unwrap();
    assert_eq!(
        changed.fields.attorneys.first(),
        one.fields.attorneys.first(),
        "counsel that stays keeps its id"
    );
    assert_eq!(changed.fields.attorneys.len(), 2);
    assert_eq!(find_party(&ctx, one.id).await.unwrap(), changed);
    assert_eq!(find_party(&ctx, two.id).await.unwrap(), two);
    let foreign = |fields: &PartyFields| {
        let mut fields = fields.clone();
        fields.attorneys[0].id = Some(AttorneyId::from_parts(9, &[9; 10]));
        Ok::<_, Error>(fields)
    };
    assert!(matches!(change_party(&ctx, one.id, None, foreign).await, Err(Error::UnknownCounsel)));
    let stale = change_party(&ctx, one.id, Some(Version(1)), with_another).await;
    assert!(matches!(stale, Err(Error::Stale { now: 2 })));
    delete_party(&ctx, two.id, Some(Version(1))).await.unwrap();
    assert!(matches!(find_party(&ctx, two.id).await, Err(Error::PartyNotFound(_))));
    assert_eq!(world.count("attorneys").await, 2);
}

#[tokio::test]
async fn a_case_goes_with_its_parties_and_their_counsel() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let case = open_case(&ctx, titled("Removed")).await.unwrap();
    add_party(&ctx, case.id, defendant("Harbor Co. a/k/a Port Co.")).await.unwrap();
    assert!(matches!(delete_case(&ctx, case.id, Some(Version(7))).await, Err(Error::Stale { now: 1 })));
    delete_case(&ctx, case.id, Some(Version(1))).await.unwrap();
    for table in ["cases", "parties", "attorneys", "party_aliases"] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
    assert!(matches!(delete_case(&ctx, case.id, None).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn roles_bound_what_one_may_do() {
    let world = World::new().await;
    let case = open_case(&world.partner(1), titled("Seen by some")).await.unwrap();
    let intern = world.of_role(1, Role::Intern);
    assert!(find_case(&intern, case.id).await.is_ok());
    assert!(matches!(retitled(&intern, case.id, None, "Mine").await, Err(Error::Refused(_))));
    assert!(matches!(open_case(&intern, titled("Mine")).await, Err(Error::Refused(_))));
    let client = world.of_role(1, Role::Client);
    assert!(matches!(find_case(&client, case.id).await, Err(Error::Refused(_))));
    assert!(matches!(find_party(&client, PartyId::from_parts(1, &[1; 10])).await, Err(Error::Refused(_))));
}
