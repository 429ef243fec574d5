//! Lists of cases and parties: filters, orders, pages, reading on, counts.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use cases::{
    CaseFields, CaseFilter, CasePlace, CaseSort, CaseStatus, CaseSummary, PartyFields, PartyFilter,
    PartySort, add_party, list_cases, list_parties, open_case, stats,
};
use chrono::{NaiveDate, TimeDelta};
use support::{World, titled};
use web::{Page, Sort};

const BY_OPENING: Sort<CaseSort> = Sort { field: CaseSort::OpenedAt, descending: true };

fn page(number: u64, limit: u64) -> Page {
    Page::from_parts(Some(number), Some(limit), 1000).unwrap()
}

fn day(day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(2026, 1, day)
}

/// Seven cases, an hour apart: the third is on hold, the fifth closed, the sixth has no filing date.
async fn seven(world: &World) -> access::Ctx {
    let ctx = world.partner(1);
    let titles = ["Delta", "alpha 100%", "Charlie", "bravo", "Foxtrot_x", "echo", "Gülf v. Öst"];
    for (at, title) in (1..).zip(titles) {
        let status = match at {
            3 => CaseStatus::OnHold,
            5 => CaseStatus::Closed,
            _ => CaseStatus::Open,
        };
        let fields = CaseFields {
            status,
            practice_area: (at % 2 == 0).then(|| "Litigation".to_owned()),
            court: Some(if at < 4 { "cand" } else { "nysd" }.to_owned()),
            docket_number: Some(format!("2:26-cv-{at:05}")),
            filed_on: if at == 6 { None } else { day(at) },
            ..titled(title)
        };
        open_case(&ctx, fields).await.unwrap();
        world.clock.advance(TimeDelta::hours(1));
    }
    ctx
}

async fn titles(
    ctx: &access::Ctx,
    filter: CaseFilter,
    sort: Sort<CaseSort>,
    page: Page,
) -> (Vec<String>, u64) {
    let (cases, total) = list_cases(ctx, &filter, sort, page, None).await.unwrap();
    (cases.into_iter().map(|case| case.title).collect(), total)
}

#[tokio::test]
async fn filters_let_through_what_they_name() {
    let world = World::new().await;
    let ctx = seven(&world).await;
    let all = CaseFilter::default;
    let text = |text: &str| CaseFilter { text: Some(text.to_owned()), ..all() };
    let cases = [
        (all(), 7),
        (CaseFilter { status: Some(CaseStatus::Open), ..all() }, 5),
        (CaseFilter { status: Some(CaseStatus::Archived), ..all() }, 0),
        (CaseFilter { practice_area: Some("Litigation".to_owned()), ..all() }, 3),
        (CaseFilter { court: Some("cand".to_owned()), status: Some(CaseStatus::OnHold), ..all() }, 1),
        (CaseFilter { filed_from: day(2), filed_to: day(4), ..all() }, 3),
        (CaseFilter { client: Some(ids::Id::from_parts(1, &[5; 10])), ..all() }, 0),
        (text("CHARLIE"), 1),
        (text("gülf"), 1),
        (text("ÖST"), 1),
        (text("2026-0000"), 7),
        (text("26-CV-00004"), 1),
        (text("100%"), 1),
        (text("%"), 1),
        (text("_"), 1),
        (text("' OR 1=1 --"), 0),
    ];
    for (filter, expected) in cases {
        let (found, total) = titles(&ctx, filter.clone(), BY_OPENING, page(1, 20)).await;
        assert_eq!((found.len() as u64, total), (expected, expected), "{filter:?}");
    }
}

#[tokio::test]
async fn a_title_is_found_however_its_accents_are_written_also_one_of_an_older_version() {
    let world = World::new().await;
    let ctx = world.partner(1);
    for title in ["Mun\u{303}ozq v. A\u{f1}o", "Łódź Straße"] {
        open_case(&ctx, titled(title)).await.unwrap();
    }
    let found = async |text: &str| {
        let filter = CaseFilter { text: Some(text.to_owned()), ..CaseFilter::default() };
        titles(&ctx, filter, BY_OPENING, page(1, 20)).await.1
    };
    let texts = ["mu\u{f1}ozQ", "mun\u{303}oz", "unozq v. an\u{303}", "ano", "lodz", "STRASSE"];
    for text in texts {
        assert_eq!(found(text).await, 1, "{text}");
    }
    assert_eq!(found("ano 2026").await, 0, "nothing is found across two fields");

    // An older version has left nothing to find them by.
    let db = world.app.db();
    let mut tx = db.writer().begin().await.unwrap();
    tx.run(db::sql(db.dialect(), "UPDATE cases SET found_by = NULL", [])).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((found("lodz").await, found("Łódź").await), (0, 1), "as its letters stand");
    let random = std::sync::Arc::new(clock::SeededRandom::new(4));
    let schedules = vec![cases::refold_schedule(db.clone())];
    let scheduler = queue::Scheduler::new(db.clone(), world.clock.clone(), random, schedules);
    assert_eq!(scheduler.run_due().await.unwrap(), ["cases.refold"]);
    for text in texts {
        assert_eq!(found(text).await, 1, "{text}");
    }
}

#[tokio::test]
async fn orders_are_kept_both_ways() {
    let world = World::new().await;
    let ctx = seven(&world).await;
    for (field, first, last) in [
        (CaseSort::OpenedAt, "Delta", "Gülf v. Öst"),
        (CaseSort::UpdatedAt, "Delta", "Gülf v. Öst"),
        (CaseSort::Number, "Delta", "Gülf v. Öst"),
        (CaseSort::Title, "alpha 100%", "Gülf v. Öst"),
        (CaseSort::Status, "Foxtrot_x", "Gülf v. Öst"),
    ] {
        let (up, _) = titles(&ctx, CaseFilter::default(), Sort::ascending(field), page(1, 20)).await;
        let (mut down, _) = titles(&ctx, CaseFilter::default(), Sort::descending(field), page(1, 20)).await;
        if field != CaseSort::Status {
            assert_eq!((up[0].as_str(), up[6].as_str()), (first, last), "{field:?}");
        }
        down.reverse();
        assert_eq!(up, down, "{field:?}");
    }
    for sort in [Sort::ascending(CaseSort::FiledOn), Sort::descending(CaseSort::FiledOn)] {
        let (filed, _) = titles(&ctx, CaseFilter::default(), sort, page(1, 20)).await;
        assert_eq!(filed[6], "echo", "what was never filed comes last");
    }
}

#[tokio::test]
async fn pages_hold_each_case_once_and_a_page_behind_the_end_is_empty() {
    let world = World::new().await;
    let ctx = seven(&world).await;
    let mut seen = Vec::new();
    for number in 1..=4 {
        let (some, total) = titles(&ctx, CaseFilter::default(), BY_OPENING, page(number, 2)).await;
        assert_eq!(total, 7);
        seen.extend(some);
    }
    let (all, _) = titles(&ctx, CaseFilter::default(), BY_OPENING, page(1, 20)).await;
    assert_eq!(seen, all);
    for number in [5, 1_000_000_000] {
        assert_eq!(titles(&ctx, CaseFilter::default(), BY_OPENING, page(number, 2)).await, (vec![], 7));
    }
}

#[tokio::test]
async fn reading_on_behind_a_place_misses_nothing() {
    let world = World::new().await;
    let ctx = seven(&world).await;
    // Three more at the same moment: ties are settled by the id.
    for title in ["one", "two", "three"] {
        open_case(&ctx, titled(title)).await.unwrap();
    }
    for sort in [BY_OPENING, Sort::ascending(CaseSort::OpenedAt)] {
        let filter = CaseFilter::default();
        let (all, _) = list_cases(&ctx, &filter, sort, page(1, 20), None).await.unwrap();
        let mut read: Vec<CaseSummary> = Vec::new();
        loop {
            let after = read.last().map(|case| CasePlace { opened_at: case.opened_at, id: case.id });
            let (some, total) = list_cases(&ctx, &filter, sort, page(1, 3), after).await.unwrap();
            assert_eq!(total, 10);
            if some.is_empty() {
                break;
            }
            read.extend(some);
        }
        assert_eq!(read, all);
    }
}

#[tokio::test]
async fn counts_are_those_of_the_firm() {
    let world = World::new().await;
    let ctx = seven(&world).await;
    world.clock.advance(TimeDelta::days(31));
    open_case(&ctx, titled("next month")).await.unwrap();
    let counts = stats(&ctx).await.unwrap();
    assert_eq!(counts.total, 8);
    let by = counts.by_status;
    assert_eq!((by.open, by.on_hold, by.closed, by.archived), (6, 1, 1, 0));
    assert_eq!((counts.opened_this_month, counts.closed_this_month), (1, 0));
    let areas: Vec<_> =
        counts.by_practice_area.iter().map(|area| (area.practice_area.as_deref(), area.count)).collect();
    assert_eq!(areas, [(None, 5), (Some("Litigation"), 3)]);
}

#[tokio::test]
async fn parties_are_found_by_name_other_name_and_kind() {
    let world = World::new().await;
    let ctx = world.partner(1);
    let case = open_case(&ctx, titled("With parties")).await.unwrap();
    let other = open_case(&ctx, titled("Another")).await.unwrap();
    let listed = [
        (case.id, "Zebra  Shipping Co.", "Plaintiff"),
        (case.id, "Harbor Co. f/k/a Mole Works", "Defendant"),
        (other.id, "Ängström Ltd", "Defendant"),
    ];
    for (case, name, kind) in listed {
        let fields = PartyFields { name: name.to_owned(), kind: kind.to_owned(), ..PartyFields::default() };
        add_party(&ctx, case, fields).await.unwrap();
    }
    let all = PartyFilter::default;
    let text = |text: &str| PartyFilter { text: Some(text.to_owned()), ..all() };
    let cases = [
        (all(), 3),
        (text("mole"), 1),
        (text("zebra shipping"), 1),
        (text("ÄNGSTRÖM"), 1),
        (PartyFilter { kind: Some("Defendant".to_owned()), ..all() }, 2),
        (PartyFilter { kind: Some("Defendant".to_owned()), case: Some(other.id), ..all() }, 1),
    ];
    for (filter, expected) in cases {
        let (found, total) =
            list_parties(&ctx, &filter, Sort::ascending(PartySort::Position), page(1, 20)).await.unwrap();
        assert_eq!((found.len() as u64, total), (expected, expected), "{filter:?}");
    }
    let (none, total) =
        list_parties(&ctx, &all(), Sort::ascending(PartySort::Name), page(1_000_000_000, 20)).await.unwrap();
    assert_eq!((none.len(), total), (0, 3));
}
