//! What the leak detector says of things that are counted: made-up counts whose truth is known.

use headroom::heap_profile::StackUse;
use headroom::leaks::{COUNTS, CountTrend, Detector, Load};
use proptest::prelude::*;
use std::iter::empty;

const WINDOW_MICROS: u64 = 30_000_000;
const REQUESTS: u64 = 600;

/// Shows so many windows, with `open` things and `in_flight` requests in each.
fn watch(windows: u64, open: impl Fn(u64) -> u64, in_flight: impl Fn(u64) -> u64) -> CountTrend {
    let mut detector = Detector::default();
    for window in 0..windows {
        see(&mut detector, window, in_flight(window), &[("steady", 7), ("open", open(window))]);
    }
    let trends: Vec<_> = detector.counts().collect();
    assert!(trends[0].name == "steady" && trends[0].growth.is_none(), "{trends:?}");
    trends[1]
}

fn see(detector: &mut Detector, window: u64, in_flight: u64, counts: &[(&'static str, u64)]) {
    let load = Load { at_micros: window * WINDOW_MICROS, requests: window * REQUESTS, in_flight };
    detector.observe(load, 512 << 10, empty::<StackUse<'_>>(), &[], counts);
}

#[test]
fn files_that_stay_open_are_told_with_their_number_and_speed() {
    // One in a minute: too few bytes for anybody to see.
    let trend = watch(80, |window| 40 + window / 2, |_| 4);
    assert_eq!((trend.name, trend.now), ("open", 79));
    let growth = trend.growth.expect("a verdict");
    assert!((58..=63).contains(&growth.per_hour), "{growth:?}");
    assert!(growth.confidence_percent >= 90 && growth.since_micros < 79 * WINDOW_MICROS, "{growth:?}");
}

#[test]
fn a_server_that_nobody_asks_for_anything_is_watched_too() {
    let mut detector = Detector::default();
    for window in 0..80 {
        let load = Load { at_micros: window * WINDOW_MICROS, requests: 3, in_flight: 0 };
        detector.observe(load, 512 << 10, empty::<StackUse<'_>>(), &[], &[("sockets", 9 + window / 2)]);
    }
    assert!(detector.counts().all(|count| count.growth.is_some()));
}

#[test]
fn a_slow_leak_is_found_in_a_working_day() {
    // One in four minutes.
    let day = 8 * 120;
    let trend = watch(day, |window| 40 + window / 8, |_| 4);
    assert!(trend.growth.is_some_and(|growth| (14..=16).contains(&growth.per_hour)), "{trend:?}");
}

#[test]
fn what_comes_and_goes_with_the_load_or_fills_up_is_no_leak() {
    let busy = |window: u64| 4 + window / 2;
    assert_eq!(watch(80, |window| 40 + busy(window), busy).growth, None, "each request has one");
    assert_eq!(watch(200, |window| 40 + (window % 24), |_| 4).growth, None, "a saw");
    assert_eq!(watch(400, |window| 40 + window.min(12) * 8, |_| 4).growth, None, "a pool that is filled");
    assert_eq!(watch(400, |_| 40, |_| 4).growth, None);
}

#[test]
fn what_is_given_back_is_no_longer_told() {
    let mut detector = Detector::default();
    let mut told = Vec::new();
    for window in 0..300 {
        let open = if window < 60 { 40 + window * 2 } else { 40 };
        see(&mut detector, window, 4, &[("open", open)]);
        told.push(detector.counts().any(|count| count.growth.is_some()));
    }
    assert!(told[..60].contains(&true));
    assert_eq!(told.last(), Some(&false));
}

#[test]
fn only_so_many_things_are_counted_and_those_that_are_gone_are_forgotten() {
    const NAMES: [&str; COUNTS + 1] =
        ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"];
    let mut detector = Detector::default();
    let all: Vec<_> = NAMES.map(|name| (name, 1)).into();
    see(&mut detector, 0, 0, &all);
    assert_eq!(detector.counts().count(), COUNTS);
    see(&mut detector, 1, 0, &all[COUNTS..]);
    let left: Vec<_> = detector.counts().map(|count| count.name).collect();
    assert_eq!(left, ["q"]);
    assert!(detector.bytes() <= Detector::CAP_BYTES);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What hovers round a level is never told, however it jumps about.
    #[test]
    fn noise_is_no_leak(steps in proptest::collection::vec(0_u64..12, 120)) {
        let trend = watch(120, |window| 40 + steps[usize::try_from(window).unwrap_or(0)], |_| 4);
        prop_assert_eq!(trend.growth, None);
    }
}
