//! For one firm another firm's cases and parties do not exist, whatever is asked of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use cases::{
    CaseFilter, CasePlace, CaseSort, CaseStatus, Error, PartyFields, PartyFilter, PartySort, add_party,
    case_titles, change_case, change_party, delete_case, delete_party, exists, find_case, find_party,
    list_cases, list_parties, move_case, open_case, stats,
};
use support::{World, titled};
use web::{Page, Sort};

#[tokio::test]
async fn another_firms_case_is_not_found_by_any_verb() {
    let world = World::new().await;
    let (owner, stranger) = (world.partner(1), world.partner(2));
    let case = open_case(&owner, titled("Secret matter")).await.unwrap();
    let id = case.id;
    let mine = |fields: &cases::CaseFields| Ok::<_, Error>(fields.clone());
    let db = stranger.reader();
    let answers = [
        find_case(&stranger, id).await.err(),
        change_case(&stranger, id, None, mine).await.err(),
        move_case(&stranger, id, None, CaseStatus::Closed).await.err(),
        delete_case(&stranger, id, None).await.err(),
        exists(db, sight(&stranger), id).await.err(),
        add_party(&stranger, id, defendant()).await.err(),
        list_parties(&stranger, &of_case(id), Sort::ascending(PartySort::Name), Page::default()).await.err(),
    ];
    for (verb, error) in answers.into_iter().enumerate() {
        assert!(matches!(error, Some(Error::NotFound(seen)) if seen == id), "verb {verb}: {error:?}");
    }
    assert!(case_titles(db, sight(&stranger), &[id]).await.unwrap().is_empty());
    assert_eq!(stats(&stranger).await.unwrap().total, 0);
    let place = CasePlace { opened_at: case.opened_at + chrono::TimeDelta::days(1), id };
    for after in [None, Some(place)] {
        let sort = Sort::descending(CaseSort::OpenedAt);
        let seen = list_cases(&stranger, &CaseFilter::default(), sort, Page::default(), after).await.unwrap();
        assert_eq!(seen, (vec![], 0));
    }
    assert_eq!(find_case(&owner, id).await.unwrap(), case, "nothing happened to it");
    assert_eq!(case_titles(db, sight(&owner), &[id]).await.unwrap()[0].title, "Secret matter");
}

#[tokio::test]
async fn another_firms_party_is_not_found_by_any_verb() {
    let world = World::new().await;
    let (owner, stranger) = (world.partner(1), world.partner(2));
    let case = open_case(&owner, titled("Secret matter")).await.unwrap();
    let party = add_party(&owner, case.id, defendant()).await.unwrap();
    let mine = |fields: &PartyFields| Ok::<_, Error>(fields.clone());
    let answers = [
        find_party(&stranger, party.id).await.err(),
        change_party(&stranger, party.id, None, mine).await.err(),
        delete_party(&stranger, party.id, None).await.err(),
    ];
    for (verb, error) in answers.into_iter().enumerate() {
        assert!(matches!(error, Some(Error::PartyNotFound(id)) if id == party.id), "verb {verb}: {error:?}");
    }
    let all = PartyFilter::default();
    let seen =
        list_parties(&stranger, &all, Sort::ascending(PartySort::Name), Page::default()).await.unwrap();
    assert_eq!(seen, (vec![], 0));
    assert_eq!(find_party(&owner, party.id).await.unwrap(), party);
}

fn sight(ctx: &access::Ctx) -> access::Sight {
    ctx.sight_to(access::Action::ReadCases).unwrap()
}

fn defendant() -> PartyFields {
    PartyFields { name: "Harbor Co.".to_owned(), kind: "Defendant".to_owned(), ..PartyFields::default() }
}

fn of_case(id: ids::CaseId) -> PartyFilter {
    PartyFilter { case: Some(id), ..PartyFilter::default() }
}
