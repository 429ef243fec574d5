//! What connections hold: it shows when they are used, goes back when memory is scarce, and is gone with them.

use crate::databases::{Place, on, on_both};
use crate::notes::{add, keep, with_notes};
use db::{Dialect, Reads as _, Settings, connection_bytes, sql};
use futures_util::FutureExt as _;
use headroom::BoundedStore;
use std::sync::Arc;

const MIB: u64 = 1 << 20;

/// Pages, and then prepared statements.
fn stores(place: &Place) -> [Arc<dyn BoundedStore>; 2] {
    let stores: Result<[_; 2], _> = place.db.stores().try_into();
    stores.ok().expect("two stores")
}

/// More rows than the pages of one connection hold.
async fn fill(place: &Place) {
    with_notes(&place.db).await;
    let mut tx = place.db.writer().begin().await.unwrap();
    for id in 0..4_000 {
        add(&mut tx, id, &format!("{id} {}", "x".repeat(1_000))).await.unwrap();
    }
    tx.commit().await.unwrap();
    // The verb is answered before its connection is put down; the next one waits for that.
    keep(&place.db, -100, "next").await.unwrap();
}

async fn read_all(place: &Place) {
    let count = sql(Dialect::Sqlite, "SELECT sum(length(title)) FROM notes", []);
    place.db.reader().rows(count).await.unwrap();
}

async fn embedded(readers: u32) -> Place {
    Place::embedded(|settings: &mut Settings| settings.readers = readers).await
}

#[tokio::test]
async fn pages_are_counted_bounded_and_given_back() {
    on(embedded(1).await, &async |place: &Place| {
        fill(place).await;
        let [pages, _] = stores(place);
        let before = pages.bytes();
        assert!(before > MIB, "the writer's: {before}");
        read_all(place).await;
        let full = pages.bytes();
        assert!(full > before + MIB && full <= pages.cap_bytes(), "{before}, {full}");
        assert_eq!((pages.entries(), pages.misses() > 500), (2, true), "{}", pages.misses());
        assert_eq!(pages.shrink_to(pages.cap_bytes()), 0);
        let freed = pages.shrink_to(0);
        assert!(freed > 3 * MIB && pages.bytes() == full - freed, "{freed} of {full}");
        assert!(pages.bytes() < MIB / 2, "{}", pages.bytes());
        read_all(place).await;
        assert!(pages.bytes() > MIB, "it fills again");
    })
    .await;
}

#[tokio::test]
async fn no_more_is_given_back_than_is_asked_for() {
    on(embedded(2).await, &async |place: &Place| {
        fill(place).await;
        read_all(place).await;
        let [pages, _] = stores(place);
        let full = pages.bytes();
        let freed = pages.shrink_to(full - 1);
        assert!(freed > MIB && pages.bytes() > MIB, "the reader gives, the writer keeps: {freed} of {full}");
    })
    .await;
}

#[tokio::test]
async fn a_busy_reader_gives_back_when_it_is_done() {
    on(embedded(1).await, &async |place: &Place| {
        fill(place).await;
        let [pages, _] = stores(place);
        pages.shrink_to(0);
        // The connection is open. The statement is too long for the thread that asks, and reads all pages.
        read_all(place).await;
        let text = "SELECT count(*) FROM notes AS a, notes AS b WHERE b.id > 3900 AND a.title <> b.title";
        let mut long = Box::pin(place.db.reader().rows(sql(Dialect::Sqlite, text, [])));
        assert!((&mut long).now_or_never().is_none());
        let held = pages.bytes();
        assert!(held > MIB && pages.shrink_to(0) < MIB, "it is in use");
        let rows = long.await.unwrap();
        assert_eq!(rows[0].at::<i64>(0).unwrap(), 99 * 4_000);
        assert!(pages.bytes() < MIB / 2, "{}", pages.bytes());
    })
    .await;
}

#[tokio::test]
async fn readers_that_nobody_uses_are_closed_but_for_one() {
    on(embedded(3).await, &async |place: &Place| {
        fill(place).await;
        let reader = place.db.reader();
        let [pages, _] = stores(place);
        // None has its connection before the others ask for one.
        tokio::join!(read_all(place), read_all(place), read_all(place));
        let (held, schema) = (pages.bytes(), place.db.schema_bytes());
        assert_eq!((reader.connections(), pages.entries()), ((3, 3), 4));
        assert_eq!(place.db.close_cold_readers().await, 2);
        assert_eq!((reader.connections(), pages.entries()), ((1, 1), 2));
        assert!(pages.bytes() < held - 2 * MIB, "{} of {held}", pages.bytes());
        assert!(place.db.schema_bytes() < schema, "{} of {schema}", place.db.schema_bytes());
        assert_eq!(place.db.close_cold_readers().await, 0);
        // Who comes together has a connection each again.
        tokio::join!(read_all(place), read_all(place));
        assert_eq!(reader.connections(), (2, 2));
    })
    .await;
}

#[tokio::test]
async fn the_writer_gives_back_at_the_end_of_its_group() {
    on(embedded(1).await, &async |place: &Place| {
        fill(place).await;
        let [pages, _] = stores(place);
        let held = pages.bytes();
        let mut tx = place.db.writer().begin().await.unwrap();
        add(&mut tx, -1, "open").await.unwrap();
        assert_eq!((pages.shrink_to(0), pages.bytes()), (0, held), "a verb has the writer");
        tx.commit().await.unwrap();
        keep(&place.db, -2, "after").await.unwrap();
        assert!(pages.bytes() < MIB / 2, "{} of {held}", pages.bytes());
    })
    .await;
}

#[tokio::test]
async fn a_verb_that_failed_is_counted_too() {
    on(embedded(1).await, &async |place: &Place| {
        fill(place).await;
        let [pages, _] = stores(place);
        pages.shrink_to(0);
        let mut tx = place.db.writer().begin().await.unwrap();
        add(&mut tx, -1, "taken back").await.unwrap();
        let all = sql(Dialect::Sqlite, "SELECT sum(length(title)) FROM notes", []);
        tx.rows(all).await.unwrap();
        tx.rollback().await.unwrap();
        drop(place.db.writer().begin().await.unwrap());
        assert!(pages.bytes() > MIB, "{}", pages.bytes());
    })
    .await;
}

#[tokio::test]
async fn prepared_statements_are_a_store_too() {
    on(embedded(1).await, &async |place: &Place| {
        with_notes(&place.db).await;
        for number in 0..200 {
            let text = format!("SELECT id FROM notes WHERE id > {number} ORDER BY title");
            place.db.reader().rows(sql(Dialect::Sqlite, text, [])).await.unwrap();
        }
        let [_, statements] = stores(place);
        let held = statements.bytes();
        assert!(held > 64 << 10 && held <= statements.cap_bytes(), "{held}");
        assert!(place.db.schema_bytes() > 0);
        let freed = statements.shrink_to(0);
        assert!(freed > held / 2 && statements.bytes() == held - freed, "{freed} of {held}");
        read_all(place).await;
    })
    .await;
}

#[tokio::test]
async fn what_a_closed_connection_held_is_held_no_more() {
    let place = embedded(2).await;
    fill(&place).await;
    read_all(&place).await;
    let stores = stores(&place);
    place.remove().await;
    let held = stores.map(|store| (store.entries(), store.bytes()));
    assert_eq!(held, [(0, 0), (0, 0)]);
}

#[tokio::test]
async fn a_server_keeps_its_pages_itself() {
    on_both(async |place| {
        let caps: u64 = place.db.stores().iter().map(|store| store.cap_bytes()).sum();
        let is_embedded = place.db.dialect() == Dialect::Sqlite;
        assert_eq!(caps, if is_embedded { 5 * connection_bytes(128) } else { 0 });
    })
    .await;
}
