//! Statements that are put off run with the next one or the commit, and are kept or lost with their verb alone.

use crate::databases::{Place, on_both};
use crate::notes::{add, keep, kept, with_notes};
use db::{Error, Reads, Tx, sql};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, Value};

async fn later(tx: &mut Tx, id: i64, title: &str) -> Result<(), Error> {
    // A place holder in quotes is text.
    let text = "INSERT INTO notes (id, title) VALUES ($1, '$1 ' || $2)";
    let statement = sql(tx.dialect(), text, [Value::from(id), Value::from(title)]);
    tx.later(statement).await
}

#[tokio::test]
async fn what_is_put_off_is_seen_by_the_next_statement_and_kept_by_the_commit() {
    on_both(&async |place: &Place| {
        with_notes(&place.db).await;
        let mut tx = place.db.writer().begin().await.unwrap();
        later(&mut tx, 1, "one").await.unwrap();
        later(&mut tx, 2, "two").await.unwrap();
        assert_eq!(kept(&tx).await, [1, 2]);
        later(&mut tx, 3, "three").await.unwrap();
        assert_eq!(add(&mut tx, 4, "four").await.unwrap(), 1, "the count is the last statement's own");
        later(&mut tx, 5, "five").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(kept(place.db.reader()).await, [1, 2, 3, 4, 5]);
        let title = sql(place.db.dialect(), "SELECT title FROM notes WHERE id = 5", []);
        let title: String = place.db.reader().rows(title).await.unwrap()[0].try_get_by_index(0).unwrap();
        assert_eq!(title, "$1 five");
    })
    .await;
}

#[tokio::test]
async fn a_put_off_statement_that_fails_costs_its_own_verb_and_no_other() {
    on_both(&async |place: &Place| {
        with_notes(&place.db).await;
        keep(&place.db, 1, "one").await.unwrap();
        let verb = async |id: i64| {
            let mut tx = place.db.writer().begin().await?;
            add(&mut tx, 100 + id, &format!("first of {id}")).await?;
            // Every third takes a number that is taken.
            later(&mut tx, if id % 3 == 0 { 1 } else { id }, &format!("second of {id}")).await?;
            tx.commit().await
        };
        let outcomes = join_all((2..32).map(|id| verb(id).boxed_local())).await;
        for (id, outcome) in (2..32).zip(outcomes) {
            assert_eq!(outcome.is_ok(), id % 3 != 0, "{id}: {outcome:?}");
        }
        let expected: Vec<i64> =
            (2..32).filter(|id| id % 3 != 0).flat_map(|id| [id, 100 + id]).chain([1]).collect();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(kept(place.db.reader()).await, expected);
    })
    .await;
}

#[tokio::test]
async fn what_was_put_off_by_a_dropped_verb_is_gone_and_a_verb_without_statements_commits() {
    on_both(&async |place: &Place| {
        with_notes(&place.db).await;
        let mut tx = place.db.writer().begin().await.unwrap();
        later(&mut tx, 1, "one").await.unwrap();
        drop(tx);
        place.db.writer().begin().await.unwrap().commit().await.unwrap();
        assert!(kept(place.db.reader()).await.is_empty());
        let mut tx = place.db.writer().begin().await.unwrap();
        later(&mut tx, 1, "one").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(kept(place.db.reader()).await, [1], "a verb of put-off statements alone is a verb");
    })
    .await;
}

/// The query builder writes its place holders without numbers on SQLite.
#[tokio::test]
async fn a_built_statement_after_put_off_ones_gets_its_own_values() {
    on_both(&async |place: &Place| {
        with_notes(&place.db).await;
        let mut tx = place.db.writer().begin().await.unwrap();
        add(&mut tx, 1, "one").await.unwrap();
        later(&mut tx, 7, "seven").await.unwrap();
        let mut rename = Query::update();
        rename.table(Alias::new("notes")).value(Alias::new("title"), "uno?");
        rename.and_where(Expr::col(Alias::new("id")).eq(1_i64));
        assert_eq!(tx.execute(&rename).await.unwrap(), 1);
        later(&mut tx, 8, "eight").await.unwrap();
        let mut found = Query::select();
        found.column(Alias::new("id")).from(Alias::new("notes"));
        found.and_where(Expr::col(Alias::new("title")).eq("uno?"));
        assert_eq!(tx.count(&found).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(kept(place.db.reader()).await, [1, 7, 8]);
    })
    .await;
}

/// The commit with its put-off statements is dropped after each number of polls: all of the verb is kept or none of it.
#[tokio::test]
async fn a_commit_that_is_dropped_midway_keeps_all_or_nothing() {
    on_both(&async |place: &Place| {
        with_notes(&place.db).await;
        for polls in 0..12_i64 {
            let (first, second) = (10 * polls + 1, 10 * polls + 2);
            let mut tx = place.db.writer().begin().await.unwrap();
            add(&mut tx, first, &format!("first {polls}")).await.unwrap();
            later(&mut tx, second, &format!("second {polls}")).await.unwrap();
            let mut commit = Box::pin(tx.commit());
            for _ in 0..polls {
                if (&mut commit).now_or_never().is_some() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(commit);
            keep(&place.db, 10 * polls + 9, &format!("neighbour {polls}")).await.unwrap();
            let kept = kept(place.db.reader()).await;
            assert_eq!(kept.contains(&first), kept.contains(&second), "after {polls} polls");
            assert!(kept.contains(&(10 * polls + 9)), "the neighbour is kept after {polls} polls");
        }
    })
    .await;
}
