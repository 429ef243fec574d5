//! A PostgreSQL server that takes no more connections, or has ended those that it had.

use crate::databases::{as_owner, on_server_with_limit};
use db::{Reads as _, sql};
use tokio::task::JoinSet;

#[tokio::test]
async fn who_waits_takes_a_connection_that_becomes_free() {
    on_server_with_limit(3, async |place| {
        // One is the writer's, so that at most two are left to read with.
        let mut reads = JoinSet::new();
        for _ in 0..8 {
            let db = place.db.clone();
            reads.spawn(async move {
                let text = "SELECT 1 FROM pg_sleep(0.02)";
                db.reader().rows(sql(db.dialect(), text, [])).await.map(|rows| rows.len())
            });
        }
        for read in reads.join_all().await {
            assert_eq!(read.unwrap(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn connections_that_the_server_has_ended_are_replaced_unnoticed() {
    on_server_with_limit(20, async |place| {
        let db = &place.db;
        let mut reads = JoinSet::new();
        for _ in 0..6 {
            let db = db.clone();
            reads.spawn(async move {
                db.reader().rows(sql(db.dialect(), "SELECT 1 FROM pg_sleep(0.1)", [])).await.unwrap()
            });
        }
        reads.join_all().await;
        db.writer().begin().await.unwrap().rollback().await.unwrap();
        let name = place.database().to_owned();
        as_owner(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
            .await;
        for _ in 0..10 {
            let rows = db.reader().rows(sql(db.dialect(), "SELECT 1", [])).await.unwrap();
            assert_eq!(rows.len(), 1);
        }
        db.writer().begin().await.unwrap().rollback().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_database_that_takes_no_connections_is_busy_to_readers_and_writers() {
    on_server_with_limit(20, async |place| {
        let (db, name) = (&place.db, place.database());
        as_owner(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await;
        as_owner(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
            .await;
        let read = db.reader().rows(sql(db.dialect(), "SELECT 1", [])).await;
        assert!(read.as_ref().is_err_and(db::Error::is_transient), "{read:?}");
        let begun = db.writer().begin().await;
        assert!(begun.as_ref().is_err_and(db::Error::is_transient), "{begun:?}");
    })
    .await;
}
