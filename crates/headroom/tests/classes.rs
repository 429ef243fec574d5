//! What the classes of work leave each other.

use headroom::{Class, Headroom, InjectedSource, Lease, RefusalKind, Settings};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

const MIB: u64 = 1 << 20;
const OTHERS: [Class; 5] = [Class::Standard, Class::Bulk, Class::Background, Class::Realtime, Class::Caches];

/// Books of 300 MiB.
fn engine() -> (Headroom, Arc<InjectedSource>) {
    let source = Arc::new(InjectedSource::with_limit(400 * MIB));
    (Headroom::new(Settings::default(), Arc::clone(&source) as _), source)
}

/// Takes all that these classes are lent, a MiB at a time.
fn take_all(headroom: &Headroom, classes: &[Class]) -> Vec<Lease> {
    let one = |class: &Class| headroom.class(*class).try_lease(MIB).ok();
    classes.iter().flat_map(|class| std::iter::from_fn(move || one(class))).collect()
}

#[test]
fn a_tenth_is_left_to_interactive_work_whatever_all_others_take() {
    let (headroom, _source) = engine();
    let taken = take_all(&headroom, &OTHERS);
    assert_eq!(taken.len(), 270);
    let refusal = headroom.class(Class::Bulk).try_lease(MIB).unwrap_err();
    assert_eq!((&*refusal.scope, refusal.kind), ("unreserved", RefusalKind::Exhausted));
    let interactive = take_all(&headroom, &[Class::Interactive]);
    assert_eq!(interactive.len(), 30);
    let refusal = headroom.class(Class::Interactive).try_lease(MIB).unwrap_err();
    assert_eq!((&*refusal.scope, refusal.kind), ("root", RefusalKind::Exhausted));
}

#[test]
fn interactive_work_may_have_more_than_its_tenth_while_nobody_else_wants_it() {
    let (headroom, _source) = engine();
    let interactive = take_all(&headroom, &[Class::Interactive]);
    assert_eq!(interactive.len(), 300);
    let refusal = headroom.class(Class::Bulk).try_lease(MIB).unwrap_err();
    assert_eq!((&*refusal.scope, refusal.kind), ("root", RefusalKind::Exhausted));
}

#[test]
fn the_tenth_follows_the_limit() {
    let (headroom, source) = engine();
    source.change(|reading| reading.limit.bytes = 200 * MIB);
    headroom.sample();
    let taken = take_all(&headroom, &OTHERS);
    assert_eq!(taken.len(), 135);
    assert_eq!(take_all(&headroom, &[Class::Interactive]).len(), 15);
}

#[tokio::test]
async fn who_waits_for_what_is_not_reserved_keeps_no_interactive_work_waiting() {
    let (headroom, _source) = engine();
    let mut taken = take_all(&headroom, &OTHERS);
    let mut waiting = pin!(headroom.class(Class::Bulk).lease(2 * MIB, Duration::from_mins(1)));
    let first = poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx))).await;
    assert!(first.is_pending());
    assert!(headroom.class(Class::Interactive).try_lease(MIB).is_ok());
    taken.truncate(200);
    assert!(waiting.await.is_ok());
}

#[tokio::test]
async fn who_waited_for_all_and_now_waits_for_what_is_not_reserved_keeps_nothing_from_interactive_work() {
    let (headroom, _source) = engine();
    let people = headroom.class(Class::Interactive);
    let crowd = people.try_lease(100 * MIB).unwrap();
    let mut taken = take_all(&headroom, &OTHERS);
    assert_eq!(taken.len(), 200);
    let mut waiting = pin!(headroom.class(Class::Bulk).lease(4 * MIB, Duration::from_mins(1)));
    let mut is_waiting = async || poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx))).await.is_pending();
    assert!(is_waiting().await, "at the root");
    drop(crowd);
    taken.extend(take_all(&headroom, &OTHERS));
    assert_eq!(taken.len(), 270);
    assert!(is_waiting().await, "where the reserved tenth is no more in it");
    for round in 0..40 {
        let all = take_all(&headroom, &[Class::Interactive]);
        assert_eq!(all.len(), 30, "in round {round}");
    }
}
