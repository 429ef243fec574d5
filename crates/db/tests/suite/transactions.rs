use crate::databases::on_both;
use crate::notes::{add, keep, kept, noon, with_notes};
use db::{Error, Reads, count_of, sql};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use tokio::sync::Notify;

#[tokio::test]
async fn a_change_is_seen_by_itself_at_once_and_by_readers_after_the_commit() {
    on_both(async |place| {
        with_notes(&place.db).await;
        let mut tx = place.db.writer().begin().await.unwrap();
        assert_eq!(add(&mut tx, 1, "one").await.unwrap(), 1);
        assert_eq!(kept(&tx).await, [1]);
        assert!(kept(place.db.reader()).await.is_empty());
        tx.commit().await.unwrap();
        assert_eq!(kept(place.db.reader()).await, [1]);
    })
    .await;
}

#[tokio::test]
async fn a_dropped_verb_leaves_nothing_and_does_not_disturb_the_next() {
    on_both(async |place| {
        with_notes(&place.db).await;
        for round in 0..3 {
            let mut tx = place.db.writer().begin().await.unwrap();
            add(&mut tx, 1, "one").await.unwrap();
            drop(tx);
            keep(&place.db, 10 + round, &round.to_string()).await.unwrap();
        }
        assert_eq!(kept(place.db.reader()).await, [10, 11, 12]);
    })
    .await;
}

#[tokio::test]
async fn a_failed_statement_spoils_its_transaction() {
    on_both(async |place| {
        with_notes(&place.db).await;
        keep(&place.db, 1, "one").await.unwrap();
        let mut tx = place.db.writer().begin().await.unwrap();
        add(&mut tx, 2, "two").await.unwrap();
        assert!(add(&mut tx, 3, "one").await.unwrap_err().is_duplicate_of("notes", "title"));
        // On PostgreSQL nothing more would count, so SQLite does not pretend either.
        assert!(add(&mut tx, 4, "four").await.is_err());
        assert!(tx.commit().await.unwrap_err().is_duplicate_of("notes", "title"));
        assert_eq!(kept(place.db.reader()).await, [1]);
        keep(&place.db, 5, "five").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_reader_cannot_write() {
    on_both(async |place| {
        with_notes(&place.db).await;
        let insert = "INSERT INTO notes (id, title) VALUES (1, 'one') RETURNING id";
        let outcome = place.db.reader().rows(sql(place.db.dialect(), insert, [])).await;
        assert!(matches!(outcome, Err(Error::Statement(_))), "{outcome:?}");
        assert!(kept(place.db.reader()).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_closed_database_says_so() {
    on_both(async |place| {
        with_notes(&place.db).await;
        place.db.close().await;
        assert!(matches!(place.db.writer().begin().await, Err(Error::Closed)));
        let read = place.db.reader().rows(sql(place.db.dialect(), "SELECT 1", [])).await;
        assert!(matches!(read, Err(Error::Closed)), "{read:?}");
    })
    .await;
}

#[tokio::test]
async fn a_count_ignores_order_limit_and_columns() {
    on_both(async |place| {
        with_notes(&place.db).await;
        for id in 1..=5 {
            keep(&place.db, id, &id.to_string()).await.unwrap();
        }
        let query = Query::select()
            .column(Alias::new("title"))
            .from(Alias::new("notes"))
            .and_where(Expr::col(Alias::new("id")).gt(2))
            .order_by(Alias::new("title"), Order::Desc)
            .limit(1)
            .offset(1)
            .take();
        assert_eq!(place.db.reader().count(&query).await.unwrap(), 3);
        let text = count_of(&query).to_string(sea_orm::sea_query::SqliteQueryBuilder);
        assert_eq!(text, r#"SELECT COUNT(1) AS "total" FROM "notes" WHERE "id" > 2"#);
    })
    .await;
}

#[tokio::test]
async fn a_commit_wakes_whoever_asked_for_it_and_a_drop_wakes_nobody() {
    on_both(async |place| {
        with_notes(&place.db).await;
        let wakes: Vec<_> = (0..10).map(|_| Arc::new(Notify::new())).collect();
        let mut tx = place.db.writer().begin().await.unwrap();
        tx.after_commit(Arc::clone(&wakes[0]));
        drop(tx);
        assert_eq!(woken(&wakes), [false; 10]);

        let mut tx = place.db.writer().begin().await.unwrap();
        add(&mut tx, 1, "one").await.unwrap();
        for wake in [&wakes[0], &wakes[0]].into_iter().chain(&wakes) {
            tx.after_commit(Arc::clone(wake));
        }
        tx.commit().await.unwrap();
        // Eight at most, and one that is named three times counts once.
        assert_eq!(woken(&wakes), [true, true, true, true, true, true, true, true, false, false]);
    })
    .await;
}

fn woken(wakes: &[Arc<Notify>]) -> Vec<bool> {
    let mut context = Context::from_waker(Waker::noop());
    wakes.iter().map(|wake| pin!(wake.notified()).poll(&mut context).is_ready()).collect()
}

#[tokio::test]
async fn a_stamp_of_now_goes_through_the_builder_too() {
    on_both(async |place| {
        with_notes(&place.db).await;
        let insert = Query::insert()
            .into_table(Alias::new("notes"))
            .columns([Alias::new("id"), Alias::new("title"), Alias::new("at")])
            .values_panic([1.into(), "one".into(), Expr::val(db::Stamp(noon()))])
            .take();
        let mut tx = place.db.writer().begin().await.unwrap();
        assert_eq!(tx.execute(&insert).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let rows = place.db.reader().rows(sql(place.db.dialect(), "SELECT at FROM notes", [])).await.unwrap();
        assert_eq!(rows[0].at::<db::Stamp>(0).unwrap().0, noon());
    })
    .await;
}
