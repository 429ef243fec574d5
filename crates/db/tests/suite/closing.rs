//! The end of the database amid verbs: each hears what became of it.

use crate::databases::Place;
use crate::notes::{keep, kept, with_notes};
use db::{Db, Error};
use std::time::Duration;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verbs_that_wait_when_the_database_closes_are_told() {
    for round in 0..10_u32 {
        let place = Place::embedded(|_| ()).await;
        with_notes(&place.db).await;
        let mut writers = JoinSet::new();
        for writer in 0..32_i64 {
            let db = place.db.clone();
            writers.spawn(async move {
                let mut kept = Vec::new();
                for id in writer * 1000.. {
                    match keep(&db, id, &id.to_string()).await {
                        Ok(()) => kept.push(id),
                        Err(error) => return (kept, id, error),
                    }
                }
                unreachable!("the database is closed long before")
            });
        }
        while place.db.stats().snapshot().verbs < u64::from(20 * (round + 1)) {
            tokio::task::yield_now().await;
        }
        place.db.close().await;
        let ended = tokio::time::timeout(Duration::from_secs(20), writers.join_all()).await;
        let again = Db::open(&place.settings).await.unwrap();
        let there = kept(again.reader()).await;
        for (acknowledged, refused, error) in ended.expect("nobody waits for ever") {
            assert!(matches!(error, Error::Closed), "{error:?}");
            assert!(!there.contains(&refused), "{refused} was refused and is there");
            assert!(acknowledged.iter().all(|id| there.contains(id)), "an acknowledged verb is gone");
        }
        again.close().await;
        place.remove().await;
    }
}

#[tokio::test]
async fn an_address_of_a_file_is_taken_as_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = db::Settings::embedded("/nonexistent");
    let file = dir.path().join("practice.db");
    settings.url = Some(format!("sqlite://{}", file.display()));
    Db::open(&settings).await.unwrap().close().await;
    assert!(file.exists());
    settings.url = Some("sqlite::memory:".to_owned());
    assert!(matches!(Db::open(&settings).await, Err(Error::Address(_))));
}
