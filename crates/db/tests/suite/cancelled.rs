//! Futures that are dropped half-way: at every point where a verb waits, before and after the answer is there.

use crate::databases::{Place, on, on_both};
use crate::notes::{add, keep, kept, with_notes};
use db::{Db, Dialect, Error, Reads as _, sql};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::task::JoinSet;

/// Polls the future `polls` times and drops it: at once, or only when it was woken again. `Some` if it ended before.
async fn poll_and_drop<T>(future: impl Future<Output = T>, polls: u32, wait_for_wake: bool) -> Option<T> {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(None);
        }
        polled += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polled == polls && !wait_for_wake => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Two rows that belong together.
async fn pair(db: &Db, id: i64) -> Result<(), Error> {
    let mut tx = db.writer().begin().await?;
    add(&mut tx, id, &id.to_string()).await?;
    add(&mut tx, -id, &(-id).to_string()).await?;
    tx.commit().await
}

async fn drop_a_verb_everywhere(place: &Place, neighbours: i64) {
    with_notes(&place.db).await;
    let mut id = 0;
    for wait_for_wake in [false, true] {
        let (mut polls, mut too_fast) = (1, 0);
        loop {
            id += 100;
            let ended = drop_a_verb(place, neighbours, id, polls, wait_for_wake).await;
            match ended {
                None => polls += 1,
                // A server may have answered everything before the first poll comes back, when this thread is kept waiting.
                Some(()) if polls == 1 => too_fast += 1,
                Some(()) => break,
            }
            assert!(polls < 199, "the verb never ended");
            assert!(too_fast < 100, "the verb was never dropped");
        }
    }
}

/// Drops a verb after so many polls; `Some` if it ended before.
async fn drop_a_verb(place: &Place, neighbours: i64, id: i64, polls: u32, wait_for_wake: bool) -> Option<()> {
    let mut others = JoinSet::new();
    for other in 1..=neighbours {
        let db = place.db.clone();
        others.spawn(async move { pair(&db, id + other).await });
    }
    let ended = poll_and_drop(pair(&place.db, id), polls, wait_for_wake).await;
    for outcome in others.join_all().await {
        outcome.expect("a neighbour of a dropped verb is not disturbed");
    }
    let next = tokio::time::timeout(Duration::from_secs(20), pair(&place.db, id + 99)).await;
    next.expect("the line goes on").expect("the next verb is not disturbed");

    let kept = kept(place.db.reader()).await;
    assert_eq!(kept.contains(&id), kept.contains(&-id), "after {polls} polls the pair is torn");
    for other in (1..=neighbours).chain([99]) {
        assert!(kept.contains(&(id + other)) && kept.contains(&-(id + other)));
    }
    ended.map(|outcome| {
        outcome.unwrap();
        assert!(kept.contains(&id));
    })
}

#[tokio::test]
async fn a_verb_dropped_at_any_point_is_whole_or_absent() {
    on_both(async |place| drop_a_verb_everywhere(place, 0).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verb_dropped_among_others_disturbs_none_of_them() {
    on_both(async |place| drop_a_verb_everywhere(place, 4).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verb_dropped_without_group_commit_disturbs_no_other() {
    let place = Place::embedded(|settings| settings.group_commit = false).await;
    on(place, &async |place: &Place| drop_a_verb_everywhere(place, 4).await).await;
}

async fn drop_a_statement(place: &Place) {
    with_notes(&place.db).await;
    // So large that no database is done with it at the first poll, if the one blocking thread is held that long and this
    // thread is not kept waiting. A server may be faster than that; then it is tried again.
    let title = "x".repeat(1 << 20);
    for _ in 0..100 {
        let mut tx = place.db.writer().begin().await.unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let holder = headroom::spawn_blocking(move || held.recv().is_err());
        let ended = poll_and_drop(add(&mut tx, 1, &title), 1, false).await;
        drop(release);
        assert!(holder.await.unwrap());
        if ended.is_some() {
            continue;
        }
        assert!(matches!(add(&mut tx, 2, "two").await, Err(Error::Statement(_))));
        assert!(tx.commit().await.is_err());
        assert!(kept(place.db.reader()).await.is_empty());
        keep(&place.db, 1, "one").await.unwrap();
        return;
    }
    panic!("the statement was never dropped");
}

#[test]
fn a_transaction_whose_statement_was_dropped_cannot_go_on() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.max_blocking_threads(1).enable_all().build().unwrap();
    runtime.block_on(on_both(async |place| drop_a_statement(place).await));
}

/// The commit is dropped after each number of polls: all of the verb is kept or none of it, and its neighbour is.
#[tokio::test]
async fn a_commit_that_is_dropped_midway_keeps_all_or_nothing() {
    on_both(async |place| {
        with_notes(&place.db).await;
        for polls in 0..12_i64 {
            let (first, second) = (10 * polls + 1, 10 * polls + 2);
            let mut tx = place.db.writer().begin().await.unwrap();
            add(&mut tx, first, &format!("first {polls}")).await.unwrap();
            add(&mut tx, second, &format!("second {polls}")).await.unwrap();
            drop(poll_and_drop(tx.commit(), u32::try_from(polls).unwrap(), false).await);
            keep(&place.db, 10 * polls + 9, &format!("neighbour {polls}")).await.unwrap();
            let kept = kept(place.db.reader()).await;
            assert_eq!(kept.contains(&first), kept.contains(&second), "after {polls} polls");
            assert!(kept.contains(&(10 * polls + 9)), "the neighbour is kept after {polls} polls");
        }
    })
    .await;
}

#[tokio::test]
async fn an_outer_transaction_of_a_dropped_verb_does_not_stay_open() {
    let place = Place::embedded(|_| ()).await;
    on(place, &async |place: &Place| {
        with_notes(&place.db).await;
        for polls in 1..12 {
            let ended = poll_and_drop(pair(&place.db, i64::from(polls)), polls, false).await;
            // Another process can write as soon as the committer has looked.
            let other = Db::open(&place.settings).await.unwrap();
            let committer = other.commit_groups();
            let write = async { keep(&other, 100 + i64::from(polls), &format!("other {polls}")).await };
            tokio::select! {
                outcome = write => outcome.unwrap(),
                () = committer => unreachable!("the committer runs as long as the database is open"),
            }
            other.close().await;
            if ended.is_some() {
                break;
            }
        }
    })
    .await;
}

/// Connections that have a transaction and do nothing.
async fn idle_in_transaction(db: &Db) -> i64 {
    let text = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()";
    db.reader().rows(sql(Dialect::Postgres, text, [])).await.expect("the activity")[0].at(0).expect("a count")
}

/// The server ends such a transaction only after a minute, if at all.
#[tokio::test]
async fn a_verb_that_is_dropped_leaves_no_connection_in_a_transaction() {
    on_both(async |place| {
        with_notes(&place.db).await;
        if place.db.reader().dialect() != Dialect::Postgres {
            return;
        }
        for polls in 1..100 {
            let ended = poll_and_drop(pair(&place.db, i64::from(polls)), polls, false).await;
            let all_ended = async {
                // At two looks, since the first may come before the server has read what was sent.
                let mut quiet = 0;
                while quiet < 2 {
                    let is_quiet = idle_in_transaction(&place.db).await == 0;
                    quiet = if is_quiet { quiet + 1 } else { 0 };
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let waited = tokio::time::timeout(Duration::from_secs(20), all_ended).await;
            waited.unwrap_or_else(|_| panic!("after {polls} polls a transaction stays open"));
            if ended.is_some() {
                return;
            }
        }
        panic!("the verb never ended");
    })
    .await;
}
