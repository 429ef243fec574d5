//! Statements that are too long for the thread that asks: they run elsewhere, to their end, their limit, or until
//! nobody waits for them.

use crate::databases::{Place, on, on_both};
use crate::notes::{add, keep, kept, with_notes};
use db::{Dialect, Error, Reads, sql};
use futures_util::FutureExt as _;
use sea_orm::sea_query::Value;
use std::time::Duration;
use tokio::task::JoinSet;

/// Some hundred milliseconds and more of steps on either database.
const COUNTING: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
                        SELECT count(*) FROM n";

async fn count(reads: &impl Reads, to: i64) -> Result<i64, Error> {
    let text = COUNTING.replace("$1", "CAST($1 AS bigint)");
    let rows = reads.rows(sql(reads.dialect(), text, [Value::from(to)])).await?;
    Ok(rows[0].at(0)?)
}

#[tokio::test]
async fn a_long_query_does_not_hold_the_thread_that_asked() {
    on_both(async |place| {
        let reader = place.db.reader();
        // The connection is open and its statement is prepared; the next call is quick, the one after it is not.
        assert_eq!(count(reader, 3).await.unwrap(), 3);
        let mut long = Box::pin(count(reader, 3_000_000));
        assert!((&mut long).now_or_never().is_none(), "the thread is given back");
        assert_eq!(count(reader, 4).await.unwrap(), 4);
        assert_eq!(long.await.unwrap(), 3_000_000);
    })
    .await;
}

#[tokio::test]
async fn a_query_ends_at_its_limit() {
    let place = Place::embedded(|settings| settings.statement_timeout = Duration::from_millis(50)).await;
    on(place, &async |place: &Place| {
        let error = count(place.db.reader(), i64::MAX).await.unwrap_err();
        assert!(matches!(error, Error::Busy(_)) && error.is_transient(), "{error:?}");
        assert_eq!(count(place.db.reader(), 5).await.unwrap(), 5, "the connection goes on");
    })
    .await;
}

#[tokio::test]
async fn a_query_that_nobody_waits_for_ends_and_gives_its_connection_back() {
    let place = Place::embedded(|settings| settings.readers = 1).await;
    on(place, &async |place: &Place| {
        let reader = place.db.reader();
        assert_eq!(count(reader, 3).await.unwrap(), 3);
        for _ in 0..20 {
            let endless = Box::pin(count(reader, i64::MAX)).now_or_never();
            assert!(endless.is_none());
            let next = tokio::time::timeout(Duration::from_secs(20), count(reader, 5)).await;
            assert_eq!(next.expect("the only connection comes back").unwrap(), 5);
        }
        assert_eq!(reader.connections(), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn a_long_query_inside_a_verb_leaves_the_verb_whole() {
    on_both(async |place| {
        with_notes(&place.db).await;
        let mut tx = place.db.writer().begin().await.unwrap();
        add(&mut tx, 1, "before").await.unwrap();
        assert_eq!(count(&tx, 3_000_000).await.unwrap(), 3_000_000);
        add(&mut tx, 2, "after").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(kept(place.db.reader()).await, [1, 2]);
    })
    .await;
}

#[tokio::test]
async fn a_large_value_is_kept_and_one_verb_of_it_disturbs_no_other() {
    on(Place::embedded(|_| ()).await, &async |place: &Place| {
        with_notes(&place.db).await;
        let large = "x".repeat(3 << 20);
        let (first, second) = tokio::join!(keep(&place.db, 1, &large), keep(&place.db, 2, "small"));
        first.unwrap();
        second.unwrap();
        let error = keep(&place.db, 3, &large).await.unwrap_err();
        assert!(matches!(error, Error::Violation(_)), "{error:?}");
        assert_eq!(kept(place.db.reader()).await, [1, 2]);
    })
    .await;
}

/// A question that takes a second on PostgreSQL, and for ever on SQLite, where nobody need wait for its end.
async fn ponder(reader: db::Reader) -> Result<(), Error> {
    match reader.dialect() {
        Dialect::Sqlite => count(&reader, i64::MAX).await.map(drop),
        Dialect::Postgres => reader.rows(sql(Dialect::Postgres, "SELECT pg_sleep(1)", [])).await.map(drop),
    }
}

#[tokio::test]
async fn a_crowd_with_long_questions_leaves_a_connection_for_the_short_ones() {
    on_both(async |place| {
        let reader = place.db.reader();
        let connections = match reader.dialect() {
            Dialect::Sqlite => place.settings.readers,
            Dialect::Postgres => place.settings.max_connections / 2,
        };
        let mut crowd = JoinSet::new();
        for _ in 0..connections * 3 {
            crowd.spawn(ponder(reader.for_long_questions()));
        }
        let short = async {
            let in_use = || {
                let (open, idle) = reader.connections();
                open - u32::try_from(idle).unwrap()
            };
            while in_use() < connections - 1 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            for number in 1..100 {
                assert_eq!(count(reader, number).await.unwrap(), number);
            }
        };
        tokio::time::timeout(Duration::from_secs(20), short).await.expect("a connection is left");
        if reader.dialect() == Dialect::Sqlite {
            crowd.abort_all();
        }
        // Some may have waited longer than one waits for a connection.
        while crowd.join_next().await.is_some() {}
    })
    .await;
}
