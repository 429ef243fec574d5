//! What a statement finds is borrowed as it comes; where there is no room it is refused, and everything goes on.

use crate::databases::{Place, on_both};
use db::{Db, Error, Reads, sql};
use headroom::{Class, Headroom, InjectedSource, Meter};
use sea_orm::sea_query::Value;
use std::sync::Arc;

headroom::install_allocator!();

const MIB: u64 = 1 << 20;
/// Rows of 64 KiB each.
const ROWS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
                    SELECT i, $2 AS text FROM n";

async fn gather(reads: &impl Reads, rows: i64) -> Result<usize, Error> {
    let text = ROWS.replace("$1", "CAST($1 AS bigint)").replace("$2", "CAST($2 AS text)");
    let values = [Value::from(rows), Value::from("x".repeat(64 << 10))];
    Ok(reads.rows(sql(reads.dialect(), text, values)).await?.len())
}

/// Runs `work` as a request that may borrow 4 MiB.
async fn within_four<T>(work: impl Future<Output = T>) -> T {
    let source = Arc::new(InjectedSource::with_limit(400 * MIB));
    let engine = Headroom::new(headroom::Settings::default(), source as _);
    let meter = Meter::new();
    let entry = engine.admit("/x", Class::Standard, meter.clone(), false).unwrap();
    engine.class(Class::Standard).set_limit(4 * MIB);
    let outcome = headroom::measure(meter, work).await;
    drop(entry);
    assert_eq!(engine.root().used(), 0);
    outcome
}

fn is_refused(error: &Error) -> bool {
    matches!(error, Error::Memory { .. }) && error.is_transient()
}

#[tokio::test]
async fn rows_that_find_no_room_are_refused_and_the_next_statement_runs() {
    on_both(async |place: &Place| {
        let reader = place.db.reader();
        within_four(async {
            for _ in 0..9 {
                let error = gather(reader, 200).await.unwrap_err();
                assert!(is_refused(&error), "{error:?}");
                assert_eq!(gather(reader, 9).await.unwrap(), 9);
            }
        })
        .await;
        assert_eq!(gather(reader, 200).await.unwrap(), 200, "nobody measures this");
    })
    .await;
}

#[tokio::test]
async fn after_a_refusal_nothing_of_a_transaction_is_kept() {
    on_both(async |place: &Place| {
        let create = "CREATE TABLE kept (number bigint NOT NULL)";
        change(&place.db, create).await.unwrap();
        within_four(async {
            let mut tx = place.db.writer().begin().await.unwrap();
            tx.run(sql(tx.dialect(), "INSERT INTO kept VALUES (1)", [])).await.unwrap();
            assert!(is_refused(&gather(&tx, 200).await.unwrap_err()));
            assert!(tx.commit().await.is_err(), "who overlooks it keeps no half of a change");

            let mut tx = place.db.writer().begin().await.unwrap();
            let held = std::hint::black_box(vec![1_u8; 5 << 20]);
            let error = tx.run(sql(tx.dialect(), "INSERT INTO kept VALUES (2)", [])).await.unwrap_err();
            assert!(is_refused(&error), "{error:?}");
            drop(held);
            assert!(tx.commit().await.is_err());
        })
        .await;
        change(&place.db, "INSERT INTO kept VALUES (3)").await.unwrap();
        let rows =
            place.db.reader().rows(sql(place.db.dialect(), "SELECT number FROM kept", [])).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.at::<i64>(0).unwrap()).collect::<Vec<_>>(), [3]);
    })
    .await;
}

async fn change(db: &Db, text: &str) -> Result<(), Error> {
    let mut tx = db.writer().begin().await?;
    tx.run(sql(tx.dialect(), text, [])).await?;
    tx.commit().await
}
