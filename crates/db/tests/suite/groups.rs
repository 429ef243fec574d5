use crate::databases::{Place, on, on_both};
use crate::notes::{keep, kept, with_notes};
use tokio::task::JoinSet;

/// Runs the verbs at the same time and returns, by number, whether each was kept.
async fn at_once(place: &Place, titles: impl Fn(i64) -> String, verbs: i64) -> Vec<(i64, bool)> {
    let mut running = JoinSet::new();
    for id in 1..=verbs {
        let (db, title) = (place.db.clone(), titles(id));
        running.spawn(async move {
            let outcome = keep(&db, id, &title).await;
            if let Err(error) = &outcome {
                assert!(error.is_duplicate_of("notes", "title"), "{error:?}");
            }
            (id, outcome.is_ok())
        });
    }
    let mut outcomes = running.join_all().await;
    outcomes.sort_unstable();
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_verb_rolls_back_alone_while_its_neighbours_commit() {
    on_both(async |place| {
        with_notes(&place.db).await;
        keep(&place.db, 0, "taken").await.unwrap();
        let title = |id: i64| if id % 7 == 0 { "taken".to_owned() } else { id.to_string() };
        let outcomes = at_once(place, title, 64).await;
        assert!(outcomes.iter().all(|(id, kept)| *kept == (id % 7 != 0)), "{outcomes:?}");
        let expected: Vec<i64> = (0..=64).filter(|id| id % 7 != 0 || *id == 0).collect();
        assert_eq!(kept(place.db.reader()).await, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verbs_that_wait_together_share_a_commit() {
    on(Place::embedded(|_| ()).await, &async |place: &Place| {
        with_notes(&place.db).await;
        let before = place.db.stats().snapshot();
        at_once(place, |id| id.to_string(), 64).await;
        let after = place.db.stats().snapshot();
        assert_eq!(after.verbs - before.verbs, 64);
        assert!(after.commits - before.commits < 64, "{} commits", after.commits - before.commits);
        assert_eq!(kept(place.db.reader()).await.len(), 64);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_group_commit_every_verb_has_its_own() {
    on(Place::embedded(|settings| settings.group_commit = false).await, &async |place: &Place| {
        with_notes(&place.db).await;
        let before = place.db.stats().snapshot();
        at_once(place, |id| id.to_string(), 64).await;
        let after = place.db.stats().snapshot();
        assert_eq!(after.verbs - before.verbs, 64);
        assert_eq!(after.commits - before.commits, 64);
    })
    .await;
}
