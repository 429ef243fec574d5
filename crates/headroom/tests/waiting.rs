//! Waiting for memory: in order, cancellable, and never asleep while there is room.

use headroom::{OVERTAKES, Pool, RefusalKind, WAITERS_CAP};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

const LONG: Duration = Duration::from_mins(10);

/// Polls a future once.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

#[tokio::test]
async fn a_waiter_gets_what_another_gives_back() {
    let pool = Pool::root("pool", 100);
    let held = pool.try_lease(80).unwrap();
    let mut waiting = pin!(pool.lease(50, LONG));
    assert!(poll_once(waiting.as_mut()).await.is_pending());
    assert_eq!(pool.used(), 80, "a waiter has charged nothing");
    drop(held);
    let lease = waiting.await.unwrap();
    assert_eq!((lease.bytes(), pool.used()), (50, 50));
    assert_eq!(pool.stats().refused, 0, "to wait is not to be refused");
}

#[tokio::test]
async fn waiters_are_served_in_order_of_arrival() {
    let pool = Pool::root("pool", 100);
    let held = pool.try_lease(90).unwrap();
    let mut large = pin!(pool.lease(60, LONG));
    let mut second = pin!(pool.lease(50, LONG));
    assert!(poll_once(large.as_mut()).await.is_pending());
    assert!(poll_once(second.as_mut()).await.is_pending());
    drop(held);
    assert!(poll_once(second.as_mut()).await.is_pending(), "it came later, and there is not room for both");
    let large = large.await.unwrap();
    assert!(poll_once(second.as_mut()).await.is_pending());
    drop(large);
    assert_eq!(second.await.unwrap().bytes(), pool.used());
}

#[tokio::test]
async fn one_that_waits_is_passed_so_many_times_and_not_once_more() {
    let pool = Pool::root("pool", 100);
    let held = pool.try_lease(90).unwrap();
    let mut large = pin!(pool.lease(60, LONG));
    assert!(poll_once(large.as_mut()).await.is_pending());
    for passed in 0..OVERTAKES {
        let small = poll_once(pin!(pool.lease(5, LONG))).await;
        assert!(matches!(small, Poll::Ready(Ok(_))), "after {passed}");
    }
    let mut small = pin!(pool.lease(5, LONG));
    assert!(poll_once(small.as_mut()).await.is_pending(), "it would fit, but it is not its turn any more");
    assert_eq!(pool.try_lease(5).unwrap_err().kind, RefusalKind::Exhausted, "nor that of one in a hurry");
    drop(held);
    let large = large.await.unwrap();
    let small = small.await.unwrap();
    assert_eq!((large.bytes() + small.bytes(), pool.used()), (65, 65));
    assert!(pool.try_lease(35).is_ok(), "with nobody waiting there are no turns");
}

#[tokio::test]
async fn what_cannot_wait_passes_by_its_size() {
    let pool = Pool::root("pool", 1000);
    let held = pool.try_lease(500).unwrap();
    let mut large = pin!(pool.lease(600, LONG));
    assert!(poll_once(large.as_mut()).await.is_pending());
    let passes = (0..10_000).take_while(|_| pool.try_lease(10).is_ok()).count();
    assert_eq!(passes as u64, OVERTAKES * 600 / 10);
    drop(held);
    assert_eq!(large.await.unwrap().bytes(), 600);
}

#[tokio::test]
async fn who_leaves_enough_for_the_first_takes_nothing_from_it() {
    let root = Pool::root("root", 100);
    let child = root.child("child", 80);
    let held = child.try_lease(80).unwrap();
    let mut waiting = pin!(child.lease(20, LONG));
    assert!(poll_once(waiting.as_mut()).await.is_pending());
    assert!((0..1000).all(|_| root.try_lease(20).is_ok()), "it waits elsewhere");
    drop(held);
    assert_eq!(waiting.await.unwrap().bytes(), 20);
}

#[tokio::test]
async fn a_dropped_waiter_makes_way_and_leaves_nothing_behind() {
    let pool = Pool::root("pool", 100);
    let held = pool.try_lease(90).unwrap();
    let mut large = Box::pin(pool.lease(60, LONG));
    assert!(poll_once(large.as_mut()).await.is_pending());
    while pool.try_lease(10).is_ok() {}
    let mut small = pin!(pool.lease(5, LONG));
    assert!(poll_once(small.as_mut()).await.is_pending());
    drop(large);
    assert_eq!(small.await.unwrap().bytes(), 5);
    drop(held);
    assert_eq!(pool.used(), 0);
}

#[tokio::test]
async fn the_longest_queue_has_an_end() {
    let pool = Pool::root("pool", 10);
    let _held = pool.try_lease(10).unwrap();
    let mut waiting: Vec<_> = (0..WAITERS_CAP).map(|_| Box::pin(pool.lease(1, LONG))).collect();
    for one in &mut waiting {
        assert!(poll_once(one.as_mut()).await.is_pending());
    }
    assert_eq!(pool.lease(1, LONG).await.unwrap_err().kind, RefusalKind::Exhausted);
}

#[tokio::test]
async fn who_holds_the_greater_part_of_its_need_may_not_wait_for_the_rest() {
    let class = Pool::root("class", 100);
    let [first, second] = [class.request("request".into()), class.request("request".into())];
    first.declare(60);
    let mut held = first.try_lease(30).unwrap();
    let others = second.try_lease(70).unwrap();
    {
        let mut growing = pin!(held.grow_within(30, LONG));
        assert!(poll_once(growing.as_mut()).await.is_pending(), "half of what it declared");
    }
    assert_eq!(second.lease(20, LONG).await.unwrap_err().kind, RefusalKind::Exhausted, "70 of 90 at once");
    drop(others);
    held.grow_within(30, LONG).await.unwrap();
    let _filled = second.try_lease(40).unwrap();
    assert_eq!(held.grow_within(1, LONG).await.unwrap_err().kind, RefusalKind::Exhausted);
    assert_eq!((held.bytes(), class.used()), (60, 100), "and what it holds stays");
}

#[tokio::test]
async fn a_waiter_dropped_after_it_was_woken_has_still_charged_nothing() {
    let pool = Pool::root("pool", 100);
    for polls in 0..4 {
        let held = pool.try_lease(90).unwrap();
        let mut waiting = Box::pin(pool.lease(60, LONG));
        for _ in 0..polls {
            assert!(poll_once(waiting.as_mut()).await.is_pending());
        }
        drop(held);
        drop(waiting);
        assert_eq!(pool.used(), 0, "after {polls} polls");
    }
    assert!(pool.lease(100, Duration::ZERO).await.is_ok(), "the queue is free again");
}

#[tokio::test]
async fn what_can_never_fit_is_refused_at_once() {
    let root = Pool::root("root", 100);
    let child = root.child("child", 500);
    let refusal = child.lease(200, LONG).await.unwrap_err();
    assert_eq!((&*refusal.scope, refusal.kind), ("root", RefusalKind::TooLarge));
}

#[tokio::test]
async fn patience_ends() {
    let pool = Pool::root("pool", 100);
    let _held = pool.try_lease(100).unwrap();
    let refusal = pool.lease(1, Duration::from_millis(1)).await.unwrap_err();
    assert_eq!((refusal.kind, refusal.available), (RefusalKind::Exhausted, 0));
    assert_eq!(pool.stats().refused, 1);
}

#[tokio::test]
async fn a_waiter_hears_of_a_raised_limit_and_of_draining() {
    let root = Pool::root("root", 100);
    let child = root.child("child", 100);
    let _held = root.try_lease(100).unwrap();
    let mut first = pin!(child.lease(50, LONG));
    assert!(poll_once(first.as_mut()).await.is_pending());
    root.set_limit(150);
    let _first = first.await.unwrap();

    let mut second = pin!(child.lease(20, LONG));
    assert!(poll_once(second.as_mut()).await.is_pending());
    root.drain();
    assert_eq!(second.await.unwrap_err().kind, RefusalKind::Draining);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_waiters_on_two_leaves_is_served_to_the_last() {
    let root = Pool::root("root", 100);
    let leaves = [root.child("a", 80), root.child("b", 80)];
    let served = Arc::new(Mutex::new(0));
    let mut crowd = tokio::task::JoinSet::new();
    for index in 0..200_u64 {
        let (leaf, root, served) =
            (leaves[usize::try_from(index % 2).unwrap()].clone(), root.clone(), Arc::clone(&served));
        crowd.spawn(async move {
            let lease = leaf.lease(10 + index % 60, LONG).await.unwrap();
            assert!(root.used() <= 100);
            tokio::task::yield_now().await;
            drop(lease);
            *served.lock().unwrap() += 1;
        });
    }
    while let Some(done) = crowd.join_next().await {
        done.unwrap();
    }
    assert_eq!(*served.lock().unwrap(), 200);
    assert_eq!(root.used(), 0);
}
