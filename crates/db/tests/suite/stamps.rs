use crate::databases::{Place, on_both};
use crate::notes::with_notes;
use chrono::DateTime;
use db::{Reads, Stamp, sql};
use proptest::prelude::{ProptestConfig, Strategy as _, any, prop, prop_oneof, proptest};
use sea_orm::sea_query::Value;

/// The first microsecond of the year 1 and the last of the year 9999.
const CALENDAR: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn a_stamp_comes_back_to_the_microsecond(
        micros in prop::collection::vec(prop_oneof![CALENDAR, -5_i64..5, any::<i32>().prop_map(i64::from)], 64)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(on_both(async |place| store_and_compare(place, &micros).await));
    }
}

async fn store_and_compare(place: &Place, micros: &[i64]) {
    with_notes(&place.db).await;
    let mut tx = place.db.writer().begin().await.unwrap();
    for (id, micros) in (0_i64..).zip(micros) {
        let at = Stamp(DateTime::from_timestamp_micros(*micros).unwrap());
        let values: [Value; 3] = [id.into(), id.to_string().into(), at.into()];
        let insert = "INSERT INTO notes (id, title, at) VALUES ($1, $2, $3)";
        tx.run(sql(tx.dialect(), insert, values)).await.unwrap();
    }
    let values: [Value; 1] = [Option::<Stamp>::None.into()];
    let insert = "INSERT INTO notes (id, title, at) VALUES (-1, 'none', $1)";
    tx.run(sql(tx.dialect(), insert, values)).await.unwrap();
    tx.commit().await.unwrap();

    let rows = place.db.reader().rows(sql(place.db.dialect(), "SELECT at FROM notes ORDER BY id", [])).await;
    let read: Vec<Option<i64>> = rows
        .unwrap()
        .iter()
        .map(|row| row.at::<Option<Stamp>>(0).unwrap().map(|stamp| stamp.0.timestamp_micros()))
        .collect();
    let expected: Vec<_> = [None].into_iter().chain(micros.iter().copied().map(Some)).collect();
    assert_eq!(read, expected);
    // Both databases sort times as times.
    let sorted = place.db.reader().rows(sql(
        place.db.dialect(),
        "SELECT at FROM notes WHERE at IS NOT NULL ORDER BY at",
        [],
    ));
    let sorted: Vec<Stamp> = sorted.await.unwrap().iter().map(|row| row.at(0).unwrap()).collect();
    assert!(sorted.is_sorted());
}
