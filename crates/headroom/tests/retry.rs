#![expect(clippy::unwrap_used, reason = "a scene that cannot be set up has failed")]
//! When a refused caller is told to come back: as soon as what is missing has come back, give or take a fifth.

use headroom::{Class, Headroom, InjectedSource, Settings};
use std::sync::Arc;
use std::time::Duration;

const MIB: u64 = 1 << 20;
const LOOK_MICROS: u64 = 100_000;

/// An engine of 300 MiB that lends and gets back `per_look` bytes in each of forty looks, and then is full.
fn engine(seed: u64, per_look: u64) -> (Headroom, headroom::Lease) {
    let source = Arc::new(InjectedSource::with_limit(400 * MIB));
    let headroom = Headroom::new(Settings { jitter_seed: seed, ..Settings::default() }, source as _);
    let pool = headroom.class(Class::Interactive).clone();
    for look in 1..=40 {
        drop(pool.try_lease(per_look).unwrap());
        headroom.sample_at(look * LOOK_MICROS);
    }
    let full = pool.try_lease(pool.available()).unwrap();
    (headroom, full)
}

fn waits(headroom: &Headroom, bytes: u64, times: usize) -> Vec<Duration> {
    let pool = headroom.class(Class::Interactive);
    (0..times).map(|_| pool.try_lease(bytes).unwrap_err().retry_after.unwrap()).collect()
}

#[test]
fn the_wait_is_what_the_missing_bytes_take_to_come_back() {
    // Ten looks a second: 10 MiB come back in each second.
    let (headroom, _full) = engine(7, MIB);
    let rate = headroom.drain_per_second();
    assert!((9 * MIB..=10 * MIB).contains(&rate), "{rate}");
    let waits = waits(&headroom, 100 * MIB, 200);
    let (shortest, longest) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
    let seconds = 100 * MIB / rate + 1;
    assert!(*shortest >= Duration::from_millis(seconds * 800), "{shortest:?} of {seconds} s");
    assert!(*longest <= Duration::from_millis(seconds * 1200), "{longest:?} of {seconds} s");
    assert!(
        longest.saturating_sub(*shortest) > Duration::from_secs(2),
        "those refused together come back apart"
    );
}

#[test]
fn the_series_follows_from_its_seed() {
    let series = |seed| waits(&engine(seed, MIB).0, 100 * MIB, 20);
    assert_eq!(series(7), series(7));
    assert_ne!(series(7), series(8));
}

#[test]
fn no_wait_is_shorter_than_a_second_or_longer_than_thirty() {
    let (fast, _full) = engine(1, 90 * MIB);
    assert!(waits(&fast, MIB, 50).iter().all(|wait| (1_000..=1_200).contains(&wait.as_millis())));
    let (slow, _full) = engine(1, 1024);
    let waits = waits(&slow, 250 * MIB, 50);
    assert!(waits.iter().all(|wait| (24_000..=30_000).contains(&wait.as_millis())), "{waits:?}");
}

#[test]
fn before_anything_was_measured_the_wait_is_short_and_rest_says_nothing_about_the_rate() {
    let source = Arc::new(InjectedSource::with_limit(400 * MIB));
    let headroom = Headroom::new(Settings::default(), source as _);
    let pool = headroom.class(Class::Interactive);
    let full = pool.try_lease(pool.available()).unwrap();
    assert!(waits(&headroom, MIB, 1)[0] < Duration::from_secs(2));
    headroom.sample_at(LOOK_MICROS);
    drop(full);
    headroom.sample_at(2 * LOOK_MICROS);
    let rate = headroom.drain_per_second();
    assert!(rate > 0);
    for look in 3..100 {
        headroom.sample_at(look * LOOK_MICROS);
    }
    assert_eq!(headroom.drain_per_second(), rate);
}
