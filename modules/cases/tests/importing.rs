//! Reading in records: once, again, corrected, and with less in it.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use cases::{
    AttorneyImport, CaseFilter, CaseImport, CaseSort, CaseStatus, Error, Imported, ImportedCase, PartyFilter,
    PartyImport, PartySort, find_case, find_party, import_case, list_cases, list_parties,
};
use chrono::NaiveDate;
use proptest::prelude::*;
use support::World;
use web::{Page, Sort};

async fn import(ctx: &access::Ctx, record: CaseImport) -> Result<ImportedCase, Error> {
    let mut tx = ctx.begin().await?;
    let imported = import_case(&mut tx, ctx, record).await?;
    tx.commit().await?;
    Ok(imported)
}

fn attorney(name: &str, contact: &str) -> AttorneyImport {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    AttorneyImport { name: some(name), contact: some(contact), roles: vec!["LEAD ATTORNEY".to_owned()] }
}

fn party(name: &str, kind: &str, attorneys: Vec<AttorneyImport>) -> PartyImport {
    PartyImport { name: name.to_owned(), kind: Some(kind.to_owned()), attorneys, ..PartyImport::default() }
}

fn record() -> CaseImport {
    CaseImport {
        court: "cand".to_owned(),
        docket_number: "3:06-cv-00350-SJO".to_owned(),
        title: Some("Meridian Freight LLC v. Harbor Stevedoring Co.".to_owned()),
        judge: Some("A. B. Clark".to_owned()),
        filed_on: NaiveDate::from_ymd_opt(2006, 1, 17),
        extra: Some(serde_json::json!({"fee": "paid", "panel": ["A"]})),
        parties: vec![
            party(
                "Meridian Freight LLC",
                "Plaintiff",
                vec![attorney("Dana Whitlock", "1 Main"), attorney("", "PO Box 2")],
            ),
            party("Harbor Stevedoring Co. f/k/a Port Co.", "Defendant", vec![attorney("Lee Moss", "2 Side")]),
            party("Deposit Insurer", "Cross Defendant", vec![]),
            party("Deposit Insurer", "Cross Defendant", vec![attorney("Dana Whitlock", "1 Main")]),
        ],
        ..CaseImport::default()
    }
}

#[tokio::test]
async fn the_same_record_again_changes_nothing() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let first = import(&ctx, record()).await.unwrap();
    assert_eq!((first.outcome, first.parties_added, first.attorneys_added), (Imported::Created, 4, 4));
    let tables = ["cases", "parties", "attorneys", "party_aliases", "audit_log", "outbox"];
    let mut rows = Vec::new();
    for table in tables {
        rows.push(world.count(table).await);
    }
    assert_eq!(rows, [1, 4, 4, 1, 1, 2]);
    let spelled = CaseImport { docket_number: " 3:06-cv-00350-SJO ".to_owned(), ..record() };
    let again = import(&ctx, spelled).await.unwrap();
    assert_eq!(
        again,
        ImportedCase { outcome: Imported::Unchanged, parties_added: 0, attorneys_added: 0, ..first }
    );
    for (table, rows) in tables.into_iter().zip(rows) {
        assert_eq!(world.count(table).await, rows, "{table}");
    }
    let case = find_case(&ctx, again.id).await.unwrap();
    assert_eq!((case.version, case.number()), (1, "2006-00001"));
    assert_eq!(case.opened_at.date_naive(), NaiveDate::from_ymd_opt(2006, 1, 17).unwrap());
}

#[tokio::test]
async fn a_record_with_less_in_it_erases_nothing() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let first = import(&ctx, record()).await.unwrap();
    let before = find_case(&ctx, first.id).await.unwrap();
    let bare = CaseImport {
        court: "cand".to_owned(),
        docket_number: "3:06-cv-00350-SJO".to_owned(),
        title: Some("Meridian Freight LLC v. Harb...".to_owned()),
        judge: Some("  ".to_owned()),
        extra: Some(serde_json::json!({"fee": "", "panel": [], "mdl": null})),
        ..CaseImport::default()
    };
    let again = import(&ctx, bare).await.unwrap();
    assert_eq!((again.outcome, again.id), (Imported::Unchanged, first.id));
    assert_eq!(find_case(&ctx, first.id).await.unwrap(), before);
    assert_eq!(world.count("parties").await, 4);
}

#[tokio::test]
async fn a_newer_record_corrects_and_completes_in_place() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let first = import(&ctx, record()).await.unwrap();
    let mut newer = record();
    newer.docket_number = "3:06-cv-00350-XYZ".to_owned();
    newer.judge = Some("X. Y. Zoll".to_owned());
    newer.terminated_on = NaiveDate::from_ymd_opt(2008, 5, 1);
    newer.extra = Some(serde_json::json!({"mdl": "yes"}));
    newer.parties.reverse();
    newer.parties[2].name = "HARBOR  Stevedoring Co. f/k/a Port Co.".to_owned();
    newer.parties[2].attorneys = vec![attorney("Lee Moss", "3 New Street"), attorney("Kim Vale", "4 East")];
    newer.parties.push(party("Late Comer", "Intervenor", vec![attorney("Kim Vale", "4 East")]));
    let again = import(&ctx, newer).await.unwrap();
    assert_eq!((again.outcome, again.id), (Imported::Changed, first.id));
    assert_eq!((again.parties_added, again.attorneys_added), (1, 2));
    let case = find_case(&ctx, first.id).await.unwrap();
    assert_eq!(case.fields.judge.as_deref(), Some("X. Y. Zoll"));
    assert_eq!(case.fields.status, CaseStatus::Open, "the firm decides when its work ends");
    assert_eq!(case.fields.extra, Some(serde_json::json!({"fee": "paid", "panel": ["A"], "mdl": "yes"})));
    assert_eq!(again.parties[2], first.parties[1], "the listing is found whatever its place");
    let harbor = find_party(&ctx, first.parties[1]).await.unwrap();
    let contacts: Vec<_> = harbor.fields.attorneys.iter().filter_map(|at| at.contact.as_deref()).collect();
    assert_eq!(contacts, ["3 New Street", "4 East"]);
    assert_eq!(world.count("attorneys").await, 6);
    assert_eq!(import(&ctx, record()).await.unwrap().parties, first.parties);
}

#[tokio::test]
async fn a_case_that_the_court_ended_comes_in_closed() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let ended = CaseImport { terminated_on: NaiveDate::from_ymd_opt(2007, 2, 1), ..record() };
    let case = find_case(&ctx, import(&ctx, ended).await.unwrap().id).await.unwrap();
    assert_eq!(case.fields.status, CaseStatus::Closed);
    assert_eq!(case.closed_at.unwrap().date_naive(), NaiveDate::from_ymd_opt(2007, 2, 1).unwrap());
}

#[tokio::test]
async fn what_cannot_be_told_apart_or_is_not_allowed_is_refused() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let nowhere = CaseImport { court: " ".to_owned(), ..record() };
    assert!(matches!(import(&ctx, nowhere).await, Err(Error::NotIdentified)));
    let clerk = world.of_role(1, access::Role::Clerk);
    assert!(matches!(import(&clerk, record()).await, Err(Error::Refused(_))));
    assert_eq!(world.count("cases").await, 0);
}

#[tokio::test]
async fn firms_import_the_same_docket_each_for_itself() {
    let world = World::new().await;
    let one = import(&world.partner(1), record()).await.unwrap();
    let two = import(&world.partner(2), record()).await.unwrap();
    assert_eq!(two.outcome, Imported::Created);
    assert_ne!(one.id, two.id);
    let filter = CaseFilter { text: Some("350".to_owned()), ..CaseFilter::default() };
    let sort = Sort::ascending(CaseSort::Title);
    let (found, _) = list_cases(&world.partner(2), &filter, sort, Page::default(), None).await.unwrap();
    assert_eq!(found[0].id, two.id);
}

#[tokio::test]
async fn a_docket_of_five_hundred_parties_comes_in_whole() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let mut large = record();
    large.parties = (0..507)
        .map(|at| {
            party(&format!("Creditor {at}"), "Creditor", vec![attorney("Dana Whitlock", "1 Main"); at % 3])
        })
        .collect();
    let first = import(&ctx, large.clone()).await.unwrap();
    assert_eq!((first.parties_added, first.attorneys_added), (507, 507));
    assert_eq!(import(&ctx, large).await.unwrap().outcome, Imported::Unchanged);
    assert_eq!((world.count("parties").await, world.count("attorneys").await), (507, 507));
    let of_case = PartyFilter { case: Some(first.id), ..PartyFilter::default() };
    let page = Page::from_parts(None, Some(1000), 1000).unwrap();
    let (parties, total) =
        list_parties(&ctx, &of_case, Sort::ascending(PartySort::Position), page).await.unwrap();
    assert_eq!(total, 507);
    assert_eq!(parties.iter().map(|party| party.id).collect::<Vec<_>>(), first.parties);
}

fn any_attorney() -> impl Strategy<Value = AttorneyImport> {
    let roles = prop::collection::vec("(LEAD|PRO SE)", 0..2);
    (prop::option::of("[AB ]{0,2}"), prop::option::of("[xy\n]{0,2}"), roles)
        .prop_map(|(name, contact, roles)| AttorneyImport { name, contact, roles })
}

fn any_party() -> impl Strategy<Value = PartyImport> {
    let counsel = prop::collection::vec(any_attorney(), 0..3);
    (
        "[ABc]{1,2}",
        prop::option::of("(Debtor|Trustee)"),
        prop::option::of("a/k/a [AB]{1,2}"),
        0..2_u32,
        counsel,
    )
        .prop_map(|(name, kind, extra_info, left, attorneys)| PartyImport {
            name,
            kind,
            extra_info,
            terminated_on: (left == 1).then(|| NaiveDate::from_ymd_opt(2010, 1, 1)).flatten(),
            criminal: None,
            attorneys,
        })
}

/// Whatever is imported, importing it again changes nothing, and an older copy with fewer parties removes none.
#[test]
fn importing_twice_is_importing_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let ctx = world.partner(1);
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    let number = std::cell::Cell::new(0);
    let rows = |table: &'static str| runtime.block_on(world.count(table));
    proptest!(config, |(parties in prop::collection::vec(any_party(), 0..8), kept in 0..8_usize)| {
        number.set(number.get() + 1);
        let record = CaseImport { docket_number: format!("1:20-cv-{}", number.get()), parties, ..record() };
        let first = runtime.block_on(import(&ctx, record.clone())).unwrap();
        let listed = record.parties.iter().filter(|party| !party.name.trim().is_empty()).count();
        prop_assert_eq!(first.parties.len(), listed);
        let before = (rows("parties"), rows("attorneys"), rows("audit_log"), rows("outbox"));
        let again = runtime.block_on(import(&ctx, record.clone())).unwrap();
        prop_assert_eq!(again.outcome, Imported::Unchanged);
        prop_assert_eq!(&again.parties, &first.parties);
        prop_assert_eq!(before, (rows("parties"), rows("attorneys"), rows("audit_log"), rows("outbox")));
        let fewer = CaseImport { parties: record.parties.iter().take(kept).cloned().collect(), ..record };
        let _changed = runtime.block_on(import(&ctx, fewer)).unwrap();
        prop_assert_eq!((before.0, before.1), (rows("parties"), rows("attorneys")));
    });
}
