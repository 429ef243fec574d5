#![expect(dead_code, unreachable_pub, reason = "the library's own files, of which each model uses some")]
//! The budget tree under every order in which threads can meet: loom runs each model once for each of them.
//!
//! The files of the tree are compiled here a second time, with loom's primitives in the place of the standard library's.

#[path = "../src/bell.rs"]
mod bell;
#[path = "../src/faults.rs"]
mod faults;
#[path = "../src/lease.rs"]
mod lease;
#[path = "../src/node.rs"]
mod node;
#[path = "../src/pool.rs"]
mod pool;
#[path = "../src/queue.rs"]
mod queue;
#[path = "../src/refusal.rs"]
mod refusal;
#[path = "../src/retry.rs"]
mod retry;
#[path = "../src/tree.rs"]
mod tree;
#[path = "../src/waiting.rs"]
mod waiting;

mod sync {
    pub(crate) use loom::sync::Mutex;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    pub(crate) use std::sync::PoisonError;
}

use lease::Lease;
use loom::future::block_on;
use loom::thread;
use pool::Pool;
use queue::{OVERTAKES, WAITERS_CAP};
use refusal::RefusalKind;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

/// Every order with at most two changes of thread where none is forced: what goes wrong, goes wrong with few of them.
fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(check);
}

/// Waits without a clock.
async fn lease(pool: &Pool, bytes: u64) -> Result<Lease, RefusalKind> {
    waiting::in_turn(pool, 0, bytes).await.map_err(|blocked| blocked.kind)?;
    Ok(Lease::of(pool.clone(), bytes))
}

fn request(class: &Pool) -> Pool {
    class.request("request".into())
}

#[test]
fn charges_that_meet_at_the_root_never_pass_its_limit_and_leave_nothing() {
    model(|| {
        let root = Pool::root("root", 10);
        let leaves = [root.child("a", 8), root.child("b", 8)];
        let takers = leaves.clone().map(|leaf| {
            let root = root.clone();
            thread::spawn(move || {
                let lease = leaf.try_lease(6);
                assert!(root.used() <= 10 && leaf.used() <= 8);
                lease.is_ok()
            })
        });
        let served = takers.map(|taker| taker.join().unwrap());
        assert!(served.contains(&true), "whoever comes to the root first is served");
        assert_eq!((root.used(), leaves[0].used(), leaves[1].used()), (0, 0, 0));
        assert!(root.stats().peak <= 10);
    });
}

#[test]
fn a_request_that_joins_while_it_borrows_and_gives_back_is_counted_once_everywhere() {
    model(|| {
        let class = Pool::root("class", 100);
        let (firm, request) = (class.share("firm".into(), 100), request(&class));
        let mut early = request.try_lease(10).unwrap();
        let (joining, joined) = (request.clone(), firm.clone());
        let join = thread::spawn(move || {
            joining.join(&joined).unwrap();
            assert!(joined.used() <= 100);
        });
        let late = request.try_lease(5).unwrap();
        assert!(class.used() >= 15, "at no moment is a byte uncounted");
        early.shrink(4);
        assert!(class.used() >= 11);
        join.join().unwrap();
        assert_eq!((request.used(), firm.used(), class.used()), (11, 11, 11));
        drop((early, late));
        assert_eq!((request.used(), firm.used(), class.used()), (0, 0, 0));
    });
}

#[test]
fn a_charge_that_is_refused_above_while_its_request_joins_is_taken_back_everywhere() {
    model(|| {
        let class = Pool::root("class", 10);
        let (firm, request) = (class.share("firm".into(), 100), request(&class));
        let _held = request.try_lease(6).unwrap();
        let (joining, joined) = (request.clone(), firm.clone());
        let join = thread::spawn(move || joining.join(&joined).unwrap());
        assert!(request.try_lease(5).is_err());
        join.join().unwrap();
        assert_eq!((request.used(), firm.used(), class.used()), (6, 6, 6));
    });
}

#[test]
fn a_join_that_is_refused_leaves_the_share_empty_and_may_be_tried_again() {
    model(|| {
        let class = Pool::root("class", 100);
        let (firm, request) = (class.share("firm".into(), 5), request(&class));
        let held = request.try_lease(10).unwrap();
        let (joining, joined) = (request.clone(), firm.clone());
        let join = thread::spawn(move || joining.join(&joined).is_ok());
        drop(held);
        let is_joined = join.join().unwrap();
        assert_eq!((request.used(), firm.used(), class.used()), (0, 0, 0));
        request.join(&firm).unwrap();
        let _lease = request.try_lease(3).unwrap();
        assert_eq!(firm.used(), 3, "joined at the first try: {is_joined}");
    });
}

#[test]
fn who_waits_is_called_however_giving_back_and_falling_asleep_meet() {
    model(|| {
        let root = Pool::root("root", 10);
        let leaf = root.child("leaf", 10);
        let held = root.try_lease(8).unwrap();
        let giver = thread::spawn(move || drop(held));
        let lease = block_on(lease(&leaf, 5)).unwrap();
        giver.join().unwrap();
        assert_eq!((root.used(), lease.bytes()), (5, 5));
    });
}

#[test]
fn two_that_wait_are_both_called_by_one_that_gives_back() {
    model(|| {
        let root = Pool::root("root", 10);
        let held = root.try_lease(10).unwrap();
        let other = root.clone();
        let waiter = thread::spawn(move || block_on(lease(&other, 4)).unwrap());
        drop(held);
        let own = block_on(lease(&root, 4)).unwrap();
        let its = waiter.join().unwrap();
        assert_eq!(root.used(), own.bytes() + its.bytes());
    });
}

#[test]
fn one_that_leaves_when_it_is_called_hands_the_call_on() {
    model(|| {
        let root = Pool::root("root", 10);
        let held = root.try_lease(10).unwrap();
        let other = root.clone();
        let leaver = thread::spawn(move || {
            block_on(async {
                let mut waiting = std::pin::pin!(lease(&other, 10));
                // It may stand before the other in line, and then the call is for it; but it does not come.
                let polled = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context))).await;
                drop(polled);
                drop(held);
            });
        });
        let lease = block_on(lease(&root, 10)).unwrap();
        leaver.join().unwrap();
        assert_eq!(root.used(), lease.bytes());
    });
}

#[test]
fn who_waits_hears_of_a_raised_limit_and_of_the_end() {
    model(|| {
        let root = Pool::root("root", 10);
        let _held = root.try_lease(10).unwrap();
        let other = root.clone();
        let raiser = thread::spawn(move || other.set_limit(20));
        let _lease = block_on(lease(&root, 5)).unwrap();
        raiser.join().unwrap();
    });
    model(|| {
        let root = Pool::root("root", 10);
        let _held = root.try_lease(10).unwrap();
        let other = root.clone();
        let end = thread::spawn(move || other.drain());
        assert_eq!(block_on(lease(&root, 5)).unwrap_err(), RefusalKind::Draining);
        end.join().unwrap();
    });
}

#[test]
fn one_in_a_hurry_and_one_that_waits_meet_at_the_same_bytes() {
    model(|| {
        let root = Pool::root("root", 10);
        let held = root.try_lease(10).unwrap();
        let other = root.clone();
        let hurried = thread::spawn(move || {
            drop(held);
            drop(other.try_lease(10));
        });
        let lease = block_on(lease(&root, 10)).unwrap();
        hurried.join().unwrap();
        assert_eq!(root.used(), lease.bytes());
        assert!(OVERTAKES > 0 && WAITERS_CAP > 0 && Arc::strong_count(&root.node) > 0);
    });
}
