use crate::databases::on_both;
use crate::notes::{NOTES, kept, noon};
use db::{Dialect, Error, Migration, migrate};

const MORE: Migration = Migration {
    name: "0002_more",
    statements: |_| vec!["CREATE TABLE more (id bigint NOT NULL)".to_owned()],
};
const CHANGED: Migration =
    Migration { name: "0001_notes", statements: |_| vec!["CREATE TABLE notes (id bigint)".to_owned()] };
const BROKEN: Migration = Migration {
    name: "0002_broken",
    statements: |_| vec!["CREATE TABLE half (id bigint NOT NULL)".to_owned(), "CREATE TABEL".to_owned()],
};

#[tokio::test]
async fn migrations_are_applied_once() {
    on_both(async |place| {
        assert_eq!(migrate::run(&place.db, &[NOTES], noon()).await.unwrap(), ["0001_notes"]);
        assert!(migrate::run(&place.db, &[NOTES], noon()).await.unwrap().is_empty());
        assert_eq!(migrate::run(&place.db, &[NOTES, MORE], noon()).await.unwrap(), ["0002_more"]);
        assert!(kept(place.db.reader()).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    on_both(async |place| {
        migrate::run(&place.db, &[NOTES, MORE], noon()).await.unwrap();
        match migrate::run(&place.db, &[NOTES], noon()).await {
            Err(Error::NewerSchema { name }) => assert_eq!(name, "0002_more"),
            other => panic!("{other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn a_changed_migration_is_refused() {
    on_both(async |place| {
        migrate::run(&place.db, &[NOTES], noon()).await.unwrap();
        match migrate::run(&place.db, &[CHANGED], noon()).await {
            Err(Error::ChangedMigration { name }) => assert_eq!(name, "0001_notes"),
            other => panic!("{other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing() {
    on_both(async |place| {
        migrate::run(&place.db, &[NOTES, BROKEN], noon()).await.unwrap_err();
        let fixed = Migration {
            name: "0002_broken",
            statements: |_| vec!["CREATE TABLE half (id bigint NOT NULL)".to_owned()],
        };
        assert_eq!(migrate::run(&place.db, &[NOTES, fixed], noon()).await.unwrap(), ["0002_broken"]);
    })
    .await;
}

#[tokio::test]
async fn replicas_that_start_together_do_not_collide() {
    on_both(async |place| {
        let all = [NOTES, MORE];
        let starts = (0..4).map(|_| migrate::run(&place.db, &all, noon()));
        for outcome in futures_util::future::join_all(starts).await {
            outcome.unwrap();
        }
    })
    .await;
}

#[test]
fn the_schema_reads_the_same_for_a_reviewer() {
    let sqlite = migrate::ddl(Dialect::Sqlite, &[NOTES]);
    assert!(sqlite.starts_with("-- 0001_notes\nCREATE TABLE \"notes\""), "{sqlite}");
    assert!(sqlite.contains("\"at\" integer") && sqlite.contains("STRICT"), "{sqlite}");
    let postgres = migrate::ddl(Dialect::Postgres, &[NOTES]);
    assert!(postgres.contains("\"at\" timestamptz") && !postgres.contains("STRICT"), "{postgres}");
}
