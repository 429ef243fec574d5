//! Both databases store and are asked for the same words, whatever the text; what is shown is the text as it was written.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use access::{Ctx, Role};
use clock::SeededRandom;
use db::{Dialect, Stamp};
use events::cases::{CaseSnapshot, Opened};
use ids::{CaseId, Id};
use proptest::prelude::*;
use queue::Scheduler;
use sea_orm::Statement;
use search::{Hit, Kind};
use std::sync::Arc;
use support::Index;
use testkit::TestDatabase;
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

fn case(number: u8, title: &str, description: &str) -> Opened {
    Opened(CaseSnapshot {
        id: CaseId::from_parts(2, &[number; 10]),
        number: "2026-00001".to_owned(),
        title: title.to_owned(),
        status: "open".to_owned(),
        client: None,
        practice_area: None,
        court: None,
        docket_number: None,
        judge: None,
        description: Some(description.to_owned()),
        filed_on: None,
    })
}

async fn hits(ctx: &Ctx, query: &str) -> Vec<Hit> {
    search::search(ctx, query, &Kind::ALL, 20, 0).await.unwrap().hits.iter().collect()
}

async fn title(ctx: &Ctx, query: &str) -> Option<String> {
    hits(ctx, query).await.into_iter().next().and_then(|hit| hit.title_snippet)
}

#[tokio::test]
async fn what_is_no_letter_separates_words() {
    let index = Index::create().await;
    let ann = index.user(Index::firm(1), Role::Partner);
    index.tell(&ann, &case(1, "T \u{f0b7} \u{f0b7}qbullet", "review \n\u{f0ff} 3:30pm-5:00pm")).await;
    assert_eq!(title(&ann, "qbullet").await.unwrap(), "T \u{f0b7} \u{f0b7}<mark>qbullet</mark>");
    assert_eq!(hits(&ann, "review 3 30pm 5 00pm").await.len(), 1);
    assert_eq!(hits(&ann, "\"review 3 30pm\"").await.len(), 1);
    assert!(hits(&ann, "\"qbullet 2026\"").await.is_empty(), "no phrase goes from the title into the text");
}

#[tokio::test]
async fn accents_are_found_however_they_are_written() {
    let index = Index::create().await;
    let ann = index.user(Index::firm(1), Role::Partner);
    for (number, title) in
        [(1, "Mun\u{303}ozq"), (2, "Mu\u{f1}ozr"), (3, "Łódź v. İzmir"), (4, "Straße 5 µm ½")]
    {
        index.tell(&ann, &case(number, title, "")).await;
    }
    for (query, shown) in [
        ("Mun\u{303}ozq", "<mark>Mun\u{303}ozq</mark>"),
        ("Mu\u{f1}ozq", "<mark>Mun\u{303}ozq</mark>"),
        ("Munozq", "<mark>Mun\u{303}ozq</mark>"),
        ("Mun\u{303}ozr", "<mark>Mu\u{f1}ozr</mark>"),
        ("munozr", "<mark>Mu\u{f1}ozr</mark>"),
        ("lodz", "<mark>Łódź</mark> v. İzmir"),
        ("ŁÓDŹ", "<mark>Łódź</mark> v. İzmir"),
        ("izmir", "Łódź v. <mark>İzmir</mark>"),
        ("strasse", "<mark>Straße</mark> 5 µm ½"),
        ("\"5 μm\"", "Straße <mark>5 µm</mark> ½"),
        ("½", "Straße 5 µm <mark>½</mark>"),
        ("stra*", "<mark>Straße</mark> 5 µm ½"),
    ] {
        assert_eq!(title(&ann, query).await.as_deref(), Some(shown), "{query}");
    }
}

/// A database that the version with so many of this module's migrations has left, with this in it; brought up to date.
async fn upgraded(known: usize, left: &[Statement]) -> Index {
    let database = TestDatabase::create().await;
    let all = support::migrations();
    let db = database.open(&all[..all.len() - search::migrations().len() + known]).await;
    let mut tx = db.writer().begin().await.unwrap();
    for statement in left {
        tx.run(statement.clone()).await.unwrap();
    }
    tx.commit().await.unwrap();
    db::migrate::run(&db, &all, clock::Clock::now(&*testkit::clock())).await.unwrap();
    Index::of(database, db)
}

/// Runs the periodic work.
async fn tend(index: &Index) {
    let schedules = vec![search::refold_schedule(index.app.db().clone())];
    let random = Arc::new(SeededRandom::new(2));
    let scheduler = Scheduler::new(index.app.db().clone(), testkit::clock(), random, schedules);
    assert_eq!(scheduler.run_due().await.unwrap(), ["search.refold"]);
}

/// As the version before the first folding left an entry.
fn old_entry(dialect: Dialect, number: u8, title: &str) -> Statement {
    let more = match dialect {
        Dialect::Sqlite => ("", ""),
        Dialect::Postgres => (", words", ", to_tsvector('simple', $3)"),
    };
    let text = format!(
        "INSERT INTO search_entries (firm_id, kind, entity_id, piece, case_id, title, body, at{}) \
         VALUES ($1, 'case', $2, 0, $2, $3, 'old', $4{})",
        more.0, more.1
    );
    let entity = CaseId::from_parts(2, &[number; 10]).uuid();
    let at = Stamp(clock::Clock::now(&*testkit::clock()));
    db::sql(dialect, text, [Uuid::from(Index::firm(1)).into(), entity.into(), title.into(), at.into()])
}

#[tokio::test]
async fn an_index_of_an_older_version_is_made_again() {
    let dialect = Index::create().await.app.db().dialect();
    let mut left: Vec<_> =
        (1..=40).map(|number| old_entry(dialect, number, &format!("Filler {number}"))).collect();
    left.push(old_entry(dialect, 41, "\u{f0b7}Mun\u{303}ozq"));
    left.push(old_entry(dialect, 42, "Removed"));
    let index = upgraded(1, &left).await;
    let ann = index.user(Index::firm(1), Role::Partner);
    // One is removed and one changed before its turn comes.
    index.tell(&ann, &events::cases::Deleted { case: CaseId::from_parts(2, &[42; 10]) }).await;
    index.tell(&ann, &case(40, "Changed", "")).await;
    tend(&index).await;
    assert_eq!(title(&ann, "munozq").await.unwrap(), "\u{f0b7}<mark>Mun\u{303}ozq</mark>");
    assert_eq!(search::search(&ann, "filler", &Kind::ALL, 1, 0).await.unwrap().total(), 39);
    assert_eq!((hits(&ann, "changed").await.len(), hits(&ann, "removed").await.len()), (1, 0));
}

fn text() -> impl Strategy<Value = String> {
    // Anything at all, and more often what stands in court records: accents in parts, bullets, marks, odd letters.
    prop_oneof![
        any::<String>(),
        "[a-zA-Z0-9 \u{300}-\u{36f}\u{e0}-\u{17f}\u{f0b0}-\u{f0ff}\u{ad}\u{200d}ﬁ½µİ'\"*.-]{0,60}",
    ]
    .prop_map(|text| text.replace('\0', " "))
}

#[test]
fn each_word_of_any_text_finds_it_in_each_normal_form() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let index = runtime.block_on(Index::create());
    let ann = index.user(Index::firm(1), Role::Partner);
    let config = ProptestConfig { cases: 48, ..ProptestConfig::default() };
    proptest!(config, |(text in text())| {
        runtime.block_on(async {
            index.tell(&ann, &case(1, "T", &text)).await;
            for place in folding::places(&text).take(12) {
                let word = &text[place];
                for asked in [word.to_owned(), word.nfc().collect(), word.nfd().collect()] {
                    let found = hits(&ann, &format!("\"{asked}\"")).await;
                    prop_assert_eq!(found.len(), 1, "{:?} in {:?}", asked, text);
                    let marked = found[0].body_snippet.clone().or(found[0].title_snippet.clone());
                    prop_assert!(marked.is_some_and(|html| html.contains("<mark>")), "{:?} in {:?}", asked, text);
                }
            }
            Ok(())
        })?;
    });
}
