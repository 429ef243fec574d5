#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
//! The leak detector on made-up heaps whose truth is known.

use headroom::StoreStats;
use headroom::heap_profile::{HeapUse, StackUse};
use headroom::leaks::{Detector, Load, STACKS, Scale, Severity, Suspect};
use proptest::prelude::*;

const WINDOW_MICROS: u64 = 30_000_000;
const REQUESTS: u64 = 600;
const MIB: u64 = 1 << 20;

/// A repeatable stream of chance.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        // The low bits of one draw tell those of the next.
        (self.next() >> 32) % end.max(1)
    }
}

/// Shows the detector windows until it has seen `windows`, each with what `at` says the stacks and the load are.
fn watch(
    detector: &mut Detector,
    windows: u64,
    mut at: impl FnMut(u64) -> (Vec<u64>, u64, Vec<StoreStats>),
) -> Vec<(u64, Vec<Suspect>)> {
    let mut verdicts = Vec::new();
    while detector.windows() < windows {
        let window = detector.windows();
        let (bytes, in_flight, stores) = at(window);
        // All of them share calls that are judged together.
        let calls: Vec<[u64; 5]> = (0..bytes.len() as u64).map(|stack| [1, 2, 3, 4, 100 + stack]).collect();
        let stacks =
            calls.iter().zip(&bytes).filter(|(_, bytes)| **bytes > 0).map(|(calls, bytes)| StackUse {
                addresses: calls,
                used: HeapUse {
                    objects: i64::try_from(*bytes / 512).unwrap(),
                    bytes: i64::try_from(*bytes).unwrap(),
                },
            });
        let load = Load { at_micros: window * WINDOW_MICROS, requests: window * REQUESTS, in_flight };
        detector.observe(load, 512 << 10, stacks, &stores, &[]);
        for calls in detector.undecided() {
            detector.decide(&calls, true);
        }
        verdicts.push((window, detector.suspects()));
    }
    verdicts
}

/// The verdicts on a heap of one stack besides a large one that stays.
fn watch_one(windows: u64, mut bytes: impl FnMut(u64) -> u64) -> Vec<(u64, Vec<Suspect>)> {
    watch(&mut Detector::default(), windows, |window| (vec![40 * MIB, bytes(window)], 4, Vec::new()))
}

fn first_verdict(verdicts: &[(u64, Vec<Suspect>)]) -> Option<(u64, &Suspect)> {
    verdicts.iter().find_map(|(window, suspects)| Some((*window, suspects.first()?)))
}

fn store(name: &str, bytes: u64, cap_bytes: u64) -> StoreStats {
    StoreStats {
        name: name.to_owned(),
        entries: 0,
        bytes,
        cap_bytes,
        max_entries: None,
        ttl_micros: None,
        eviction: headroom::Eviction::Nobody,
        hits: 0,
        misses: 0,
        evictions: 0,
        shed_bytes: 0,
    }
}

#[test]
fn a_leak_is_found_with_its_figures() {
    let verdicts = watch_one(40, |window| MIB + window * 256 * 1024);
    let (window, _) = first_verdict(&verdicts).unwrap();
    assert!(window <= 24, "only found in window {window}");
    let (_, last) = verdicts.last().unwrap();
    let [suspect] = last.as_slice() else { panic!("{last:?}") };
    assert_eq!((&*suspect.calls, suspect.stacks), (&[1, 2, 3, 4, 101][..], 1));
    assert_eq!(suspect.bytes_per_hour, 120 * 256 * 1024);
    assert_eq!(suspect.bytes_per_request, Some(256 * 1024 / REQUESTS + 1));
    assert_eq!((suspect.scale, suspect.holder.as_deref()), (Scale::Requests, None));
    assert!(suspect.confidence_percent >= 95 && suspect.samples >= 20, "{suspect:?}");
    assert_eq!(suspect.seconds_to_fill(60 * MIB), 7200);
}

#[test]
fn what_grows_without_requests_grows_with_time() {
    let mut detector = Detector::default();
    for window in 0..60 {
        let bytes = i64::try_from(window * 256 * 1024).unwrap();
        let stack = StackUse { addresses: &[7, 8], used: HeapUse { objects: 100, bytes } };
        // Requests come in bursts, the growth does not care.
        let requests = 1000 + window / 7 * 5000;
        let load = Load { at_micros: window * WINDOW_MICROS, requests, in_flight: 0 };
        detector.observe(load, 512 << 10, std::iter::once(stack), &[], &[]);
    }
    let [suspect] = &detector.suspects()[..] else { panic!("{:?}", detector.suspects()) };
    assert_eq!((suspect.scale, suspect.bytes_per_request), (Scale::Time, None));
}

#[test]
fn a_verdict_falls_once_the_growth_has_ended() {
    let verdicts = watch_one(120, |window| window.min(40) * 256 * 1024);
    assert!(verdicts[39].1.len() == 1 && verdicts.last().unwrap().1.is_empty(), "{:?}", verdicts.last());
}

#[test]
fn too_few_requests_or_windows_are_no_ground_for_a_verdict() {
    let mut detector = Detector::default();
    for window in 0..60 {
        let used = HeapUse { objects: 100, bytes: i64::try_from(window * MIB).unwrap() };
        let stack = StackUse { addresses: &[7], used };
        let load = Load { at_micros: window * WINDOW_MICROS, requests: window, in_flight: 0 };
        detector.observe(load, 512 << 10, std::iter::once(stack), &[], &[]);
    }
    assert_eq!(detector.suspects(), []);
    assert_eq!(first_verdict(&watch_one(9, |window| window * MIB)), None);
}

#[test]
fn a_registered_store_may_fill_and_what_it_does_not_count_is_laid_at_its_door() {
    let filling = |cap: u64, factor: u64| {
        let verdicts = watch(&mut Detector::default(), 60, |window| {
            let weight = (window * 128 * 1024).min(cap);
            (
                vec![40 * MIB, weight * factor],
                4,
                vec![store("still", 5, 10), store("cases.cache", weight, cap)],
            )
        });
        verdicts.into_iter().flat_map(|(_, suspects)| suspects).last()
    };
    assert_eq!(filling(64 * MIB, 1), None);
    assert_eq!(filling(4 * MIB, 1), None, "nor is it a leak that it has just become full");
    assert_eq!(filling(64 * MIB, 2), None, "a store may count somewhat less than it takes");
    let five_times = filling(64 * MIB, 5).unwrap();
    assert_eq!(five_times.holder.as_deref(), Some("cases.cache"));
    // A store that is full explains nothing any more.
    let verdicts = watch(&mut Detector::default(), 120, |window| {
        (vec![window * 128 * 1024], 4, vec![store("cases.cache", 2 * MIB, 2 * MIB)])
    });
    assert!(first_verdict(&verdicts).is_some_and(|(_, suspect)| suspect.holder.is_none()));
}

#[test]
fn a_leak_is_seen_through_a_wave_of_load() {
    let verdicts = watch(&mut Detector::default(), 120, |window| {
        let in_flight = 20 + 80 * (window % 24).abs_diff(12) / 12;
        (vec![in_flight * 64 * 1024 + window * 192 * 1024, in_flight * 64 * 1024], in_flight, Vec::new())
    });
    let named: Vec<_> = verdicts.iter().flat_map(|(_, suspects)| suspects).map(|s| s.calls[4]).collect();
    assert!(!named.is_empty() && named.iter().all(|call| *call == 100), "{named:?}");
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let (mut detector, mut chance) = (Detector::default(), Chance(7));
    for window in 0..80 {
        let stacks: Vec<Vec<u64>> =
            (0..600).map(|_| (0..=chance.below(120)).map(|_| chance.below(1 << 40)).collect()).collect();
        let used = HeapUse { objects: 1, bytes: 5 << 20 };
        let stacks = stacks.iter().map(|calls| StackUse { addresses: calls, used });
        let stores: Vec<_> = (0..100).map(|_| store(&"n".repeat(500), 1, 2)).collect();
        let load = Load { at_micros: window * WINDOW_MICROS, requests: window * REQUESTS, in_flight: 1 };
        detector.observe(load, 512 << 10, stacks, &stores, &[]);
        assert!(detector.bytes() <= Detector::CAP_BYTES, "{} of {}", detector.bytes(), Detector::CAP_BYTES);
        assert!(detector.stacks() <= STACKS);
    }
    const { assert!(Detector::CAP_BYTES <= 768 << 10) }
}

#[test]
fn severity_is_the_time_that_is_left() {
    let day = 86_400;
    let cases = [
        (0, Severity::Critical),
        (day - 1, Severity::Critical),
        (day, Severity::High),
        (7 * day, Severity::Medium),
        (30 * day, Severity::Low),
        (u64::MAX, Severity::Low),
    ];
    for (seconds, severity) in cases {
        assert_eq!(Severity::of(seconds), severity, "{seconds}");
    }
}

/// The verdicts on a helper (the calls 1, 2, 3, 7) that so many callers use, each of which leaves `bytes` behind by a window,
/// besides other calls by the same allocator that come and go.
fn watch_helper(
    windows: u64,
    callers: u64,
    stores: impl Fn(u64) -> Vec<StoreStats>,
    mut bytes: impl FnMut(u64, u64) -> u64,
) -> Vec<(u64, Vec<Suspect>)> {
    let (mut detector, mut chance, mut verdicts) = (Detector::default(), Chance(3), Vec::new());
    for window in 0..windows {
        let ways = (0..callers).map(|caller| (vec![1, 2, 3, 7, 200 + caller, 9], bytes(caller, window)));
        let others = (0..20).map(|other| (vec![1, 2, 3, 8, 300 + other], MIB + chance.below(MIB)));
        let held: Vec<(Vec<u64>, u64)> = ways.collect::<Vec<_>>().into_iter().chain(others).collect();
        let stacks = held.iter().filter(|(_, bytes)| *bytes > 0).map(|(calls, bytes)| StackUse {
            addresses: calls,
            used: HeapUse { objects: 8, bytes: i64::try_from(*bytes).unwrap() },
        });
        let load = Load { at_micros: window * WINDOW_MICROS, requests: window * REQUESTS, in_flight: 4 };
        detector.observe(load, 128 << 10, stacks, &stores(window), &[]);
        for calls in detector.undecided() {
            // The first three calls are the allocator's.
            detector.decide(&calls, calls.len() > 3);
        }
        verdicts.push((window, detector.suspects()));
    }
    verdicts
}

#[test]
fn a_helper_that_leaks_too_little_for_each_caller_is_named_by_all_of_them() {
    for seed in 1..=10 {
        // 5 KiB in a window for each of twenty, seen through samples of 128 KiB: 200 KiB a minute.
        let (mut chance, mut live) = (Chance(seed * 7919), vec![0; 20]);
        let verdicts = watch_helper(
            160,
            20,
            |_| Vec::new(),
            |caller, _| {
                let bytes: &mut u64 = &mut live[usize::try_from(caller).unwrap()];
                *bytes += if chance.below(128) < 5 { 128 << 10 } else { 0 };
                *bytes
            },
        );
        let all: Vec<&Suspect> = verdicts.iter().flat_map(|(_, suspects)| suspects).collect();
        assert!(all.iter().all(|suspect| *suspect.calls == [1, 2, 3, 7]), "seed {seed}: {all:?}");
        let (_, last) = verdicts.last().unwrap();
        let [suspect] = last.as_slice() else { panic!("seed {seed}: {last:?}") };
        assert!((15..=20).contains(&suspect.stacks), "{suspect:?}");
        assert!(suspect.bytes_per_hour.abs_diff(12 * MIB) < 4 * MIB, "{suspect:?}");
    }
}

#[test]
fn a_caller_that_leaks_by_itself_is_not_told_again_with_the_others() {
    let verdicts = watch_helper(
        120,
        20,
        |_| Vec::new(),
        |caller, window| window * if caller == 0 { 256 << 10 } else { 5 << 10 },
    );
    let told: Vec<&Suspect> = verdicts.iter().flat_map(|(_, suspects)| suspects).collect();
    assert!(!told.is_empty());
    assert!(
        told.iter().all(|suspect| *suspect.calls == [1, 2, 3, 7, 200, 9] && suspect.stacks == 1),
        "{told:?}"
    );
}

#[test]
fn stores_that_fill_account_together_for_what_all_callers_hold() {
    let filling = |full_from: u64| {
        let stores = move |window: u64| {
            let each = |name: &str| store(name, window.min(full_from) * (20 << 10), 16 * MIB);
            vec![each("cases.cache"), each("clients.cache"), each("sessions.known")]
        };
        let verdicts = watch_helper(120, 20, stores, |_, window| window * (5 << 10));
        verdicts.into_iter().flat_map(|(_, suspects)| suspects).collect::<Vec<_>>()
    };
    assert_eq!(filling(u64::MAX >> 32), []);
    assert!(!filling(10).is_empty(), "the stores hardly grew");
}

/// What the sampling of the allocator makes of so many objects that are `born`, 512 KiB for each that is seen: `one_in` is,
/// and stands for as many.
fn sampled(
    chance: &mut Chance,
    live: &mut Vec<u64>,
    (born, one_in): (u64, u64),
    life: impl Fn(&mut Chance) -> u64,
    now: u64,
) -> u64 {
    live.retain(|end| *end > now);
    for _ in 0..born {
        if chance.below(one_in) == 0 {
            let end = now + life(chance);
            live.push(end);
        }
    }
    live.len() as u64 * 1024 * 512
}

#[test]
fn a_leak_is_found_through_the_samples() {
    for seed in 1..=20 {
        let (mut chance, mut live) = (Chance(seed * 7919), Vec::new());
        // Half an object for each request: 150 KiB in a window, 300 KiB a minute.
        let verdicts = watch_one(160, |window| {
            sampled(&mut chance, &mut live, (REQUESTS / 2, 1024), |_| u64::MAX / 2, window)
        });
        let found = first_verdict(&verdicts);
        assert!(found.is_some_and(|(_, suspect)| suspect.calls[4] == 101), "seed {seed}: {found:?}");
    }
}

#[test]
fn churn_seen_through_samples_is_silent() {
    for seed in 1..=3 {
        let mut chance = Chance(seed * 104_729);
        let mut live: Vec<Vec<u64>> = vec![Vec::new(); 64];
        let verdicts = watch(&mut Detector::default(), 400, |window| {
            let each = live.iter_mut().enumerate().map(|(stack, live)| {
                // Lives of up to an hour, so that the windows depend on each other.
                let life = 1 + stack as u64;
                sampled(
                    &mut chance,
                    live,
                    (4_000 / life, 1024),
                    |chance| 1 + chance.below(2 * life),
                    window + 1000,
                )
            });
            (each.collect(), 4, Vec::new())
        });
        let warm = verdicts.iter().filter(|(window, _)| *window >= 150);
        let alarms: usize = warm.map(|(_, suspects)| suspects.len()).sum();
        assert_eq!(alarms, 0, "seed {seed}");
    }
}

#[test]
fn what_fills_by_taking_the_place_of_something_else_is_silent_through_the_samples() {
    let mut alarms = Vec::new();
    for seed in 1..=200 {
        let (mut chance, mut live) = (Chance(seed * 15_485_863), Vec::new());
        // 6 samples in a window, of things that live for 16 windows on average and 2 hours at most: a hundred in the end.
        let verdicts = watch_one(240, |window| {
            sampled(&mut chance, &mut live, (60, 10), |chance| lifetime(chance, 16), window)
        });
        alarms.extend(first_verdict(&verdicts).map(|(window, _)| (seed, window)));
    }
    assert!(alarms.len() <= 2, "{alarms:?}");
}

/// In windows, of which each is the last with a probability of one in `mean`.
fn lifetime(chance: &mut Chance, mean: u64) -> u64 {
    (1..mean * 15).find(|_| chance.below(mean) == 0).unwrap_or(mean * 15)
}

#[test]
fn a_leak_is_found_where_much_comes_and_goes_beside_it() {
    for seed in 1..=20 {
        let mut chance = Chance(seed * 32_452_843);
        // Between 0 and 2 MiB at the same line in each window, and a sixteenth of one that stays.
        let verdicts = watch_one(520, |window| 8 * MIB + chance.below(2 * MIB) + window * MIB / 16);
        let found = first_verdict(&verdicts);
        assert!(found.is_some_and(|(_, suspect)| suspect.calls[4] == 101), "seed {seed}: {found:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_steady_leak_is_always_found(
        seed in 1_u64..u64::MAX,
        rate_kib in 80_u64..4096,
        base_mib in 0_u64..32,
        noise_percent in 0_u64..30,
    ) {
        let mut chance = Chance(seed);
        let verdicts = watch_one(64, |window| {
            let noise = chance.below(rate_kib * noise_percent / 100 * 2 + 1);
            base_mib * MIB + (window * rate_kib + noise) * 1024
        });
        let (_, last) = verdicts.last().unwrap();
        prop_assert!(last.len() == 1 && last[0].calls[4] == 101, "{last:?}");
        let per_hour = rate_kib * 1024 * 120;
        prop_assert!(last[0].bytes_per_hour.abs_diff(per_hour) * 10 < per_hour, "{last:?}");
    }

    #[test]
    fn noise_is_silent(seed in 1_u64..u64::MAX, mib in 1_u64..200, percent in 1_u64..60) {
        let mut chance = Chance(seed);
        let verdicts = watch_one(200, |_| mib * MIB + chance.below(mib * MIB * percent / 100));
        prop_assert_eq!(first_verdict(&verdicts), None);
    }

    #[test]
    fn a_sawtooth_is_silent(mib in 1_u64..200, period in 2_u64..12, phase in 0_u64..12) {
        let verdicts = watch_one(300, |window| mib * MIB * ((window + phase) % period) / period);
        prop_assert_eq!(first_verdict(&verdicts), None);
    }

    #[test]
    fn what_fills_ever_more_slowly_is_silent(mib in 1_u64..200, halving in 1_u64..6) {
        // Half of what is missing comes in so many windows.
        let mut missing = mib * MIB;
        let verdicts = watch_one(200, |_| {
            missing -= missing / (halving * 3 / 2 + 1);
            mib * MIB - missing
        });
        prop_assert_eq!(first_verdict(&verdicts), None);
    }

    #[test]
    fn a_step_is_silent(mib in 1_u64..200, at in 0_u64..100) {
        let verdicts = watch_one(200, |window| if window < at { MIB } else { mib * MIB });
        prop_assert_eq!(first_verdict(&verdicts), None);
    }

    #[test]
    fn what_the_requests_in_flight_hold_is_silent(seed in 1_u64..u64::MAX, kib in 16_u64..2048, slope in 1_u64..20) {
        let mut chance = Chance(seed);
        let verdicts = watch(&mut Detector::default(), 200, |window| {
            let in_flight = 10 + window * slope + chance.below(4);
            (vec![MIB, in_flight * kib * 1024], in_flight, Vec::new())
        });
        prop_assert_eq!(first_verdict(&verdicts), None);
    }

    #[test]
    fn too_slow_a_growth_is_silent(kib in 0_u64..31) {
        let verdicts = watch_one(200, |window| MIB + window * kib * 1024);
        prop_assert_eq!(first_verdict(&verdicts), None);
    }
}
