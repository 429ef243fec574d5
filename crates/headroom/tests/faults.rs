//! Reservations that are refused at random: by the seed, as often as was said, and never for ever.
#![expect(clippy::disallowed_methods, reason = "these are the tests that the faults are for")]

use headroom::{Class, Faults, Headroom, InjectedSource, Pool, RefusalKind, Settings};
use std::sync::Arc;
use std::time::Duration;

fn books(seed: u64) -> (Headroom, Arc<Faults>) {
    let (faults, source) = (Faults::seeded(seed), InjectedSource::with_limit(400 << 20));
    (Headroom::with_faults(Settings::default(), Arc::new(source), Arc::clone(&faults)), faults)
}

/// Which of so many reservations are refused.
fn series(pool: &Pool, length: usize) -> Vec<bool> {
    (0..length).map(|_| pool.try_lease(4096).is_err()).collect()
}

#[test]
fn the_seed_decides_and_the_share_is_kept() {
    for (per_million, expected) in [(0, 0..=0), (1_000, 1..=40), (100_000, 900..=1_100)] {
        let of = |seed| {
            let (headroom, faults) = books(seed);
            faults.refuse(per_million);
            let refused = series(headroom.class(Class::Interactive), 11_000);
            assert_eq!(faults.refused(), refused.iter().filter(|refused| **refused).count() as u64);
            assert_eq!(headroom.root().used(), 0);
            refused
        };
        let refused = of(1);
        // For each six that are refused, 16 are granted for sure.
        let count = refused.iter().filter(|refused| **refused).count();
        let drawn = refused.len() - count / 6 * 16;
        assert!(expected.contains(&(count * 10_000 / drawn)), "{count} of {drawn} at {per_million}");
        assert_eq!(of(1), refused);
        assert!(per_million == 0 || of(2) != refused);
    }
}

#[test]
fn however_likely_a_refusal_is_six_of_them_are_followed_by_a_rest() {
    let (headroom, faults) = books(3);
    faults.refuse(1_000_000);
    let refused = series(headroom.class(Class::Bulk), 44);
    let expected: Vec<bool> = [true; 6].into_iter().chain([false; 16]).collect();
    assert_eq!(refused, expected.repeat(2));
}

#[test]
fn every_way_to_borrow_is_refused_and_leaves_nothing_charged() {
    let (headroom, faults) = books(5);
    let class = headroom.class(Class::Interactive);
    let request = class.request(Arc::from("request"));
    let share = class.share(Arc::from("firm"), 1 << 30);
    let mut held = request.try_lease(1000).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let patient = Duration::from_hours(1);
    faults.refuse(1_000_000);
    let refusals = [
        request.try_lease(4096).map(|lease| lease.bytes()),
        request.try_lease(1 << 20).map(|lease| lease.bytes()),
        held.grow(4096).map(|()| 0),
        request.join(&share).map(|()| 0),
        // Who would wait an hour does not wait: nobody would call it.
        runtime.block_on(request.lease(4096, patient)).map(|lease| lease.bytes()),
        runtime.block_on(held.grow_within(100, patient)).map(|()| 0),
    ];
    for refusal in refusals {
        let refusal = refusal.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Exhausted, "{refusal}");
        let wait = refusal.retry_after.unwrap();
        assert!((Duration::from_secs(1)..=Duration::from_secs(30)).contains(&wait), "{wait:?}");
    }
    assert_eq!((request.used(), share.used(), class.used(), headroom.root().used()), (1000, 0, 1000, 1000));
    assert!(request.try_lease(0).is_ok(), "nothing is never refused");
    faults.refuse(0);
    request.join(&share).unwrap();
    assert_eq!((share.used(), headroom.root().used()), (1000, 1000));
    drop(held);
    assert_eq!((share.used(), headroom.root().used()), (0, 0));
}

#[test]
fn other_books_know_no_faults() {
    let headroom = Headroom::new(Settings::default(), Arc::new(InjectedSource::with_limit(400 << 20)));
    let (_struck, faults) = books(7);
    faults.refuse(1_000_000);
    assert!(!series(headroom.class(Class::Bulk), 1_000).contains(&true));
}
