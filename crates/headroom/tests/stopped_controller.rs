//! A controller whose thread does not come: what is lent keeps within its limits, and that nobody looks is known.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use headroom::{
    BoundedStore, Cache, CacheConfig, Class, Controller, Headroom, InjectedSource, Lease, Level,
    MemorySource, Meter, Pace, Reading, RefusalKind, Settings,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

const MIB: u64 = 1 << 20;
const SECOND: u64 = 1_000_000;

/// A source that keeps whoever reads it for as long as it is closed.
struct Gate {
    source: InjectedSource,
    is_closed: Mutex<bool>,
    opened: Condvar,
    is_kept: AtomicBool,
}

impl Gate {
    fn set(&self, is_closed: bool) {
        *self.is_closed.lock().unwrap() = is_closed;
        self.opened.notify_all();
    }
}

/// Opens it also where a test fails: the controller's end waits for its thread.
struct Closed<'a>(&'a Gate);

impl<'a> Closed<'a> {
    fn new(gate: &'a Gate) -> Self {
        gate.set(true);
        Self(gate)
    }
}

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl MemorySource for Gate {
    fn read(&self) -> Reading {
        let mut is_closed = self.is_closed.lock().unwrap();
        while *is_closed {
            self.is_kept.store(true, Ordering::Release);
            is_closed = self.opened.wait(is_closed).unwrap();
        }
        self.source.read()
    }
}

fn until(done: impl Fn() -> bool) {
    while !done() {
        thread::yield_now();
    }
}

/// Borrows in sizes from one KiB to a MiB, below and above what the controller is woken for, until all classes refuse.
fn borrow_all(headroom: &Headroom, seed: u64) -> Vec<Lease> {
    let (mut held, mut refusals, mut state) = (Vec::new(), 0, seed);
    while refusals < 200 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let class = Class::ALL[(state >> 60) as usize % Class::ALL.len()];
        match headroom.class(class).try_lease(1024 << ((state >> 40) % 11)) {
            Ok(lease) => held.push(lease),
            Err(refusal) => {
                assert_eq!(refusal.kind, RefusalKind::Exhausted, "{refusal}");
                let wait = refusal.retry_after.unwrap();
                assert!((Duration::from_secs(1)..=Duration::from_secs(30)).contains(&wait), "{wait:?}");
                refusals += 1;
            }
        }
        assert!(headroom.root().used() <= headroom.root().limit());
    }
    held
}

#[test]
fn a_controller_that_does_not_come_lets_nobody_pass_a_limit_and_catches_up() {
    let gate = Arc::new(Gate {
        source: InjectedSource::with_limit(400 * MIB),
        is_closed: Mutex::new(false),
        opened: Condvar::new(),
        is_kept: AtomicBool::new(false),
    });
    let headroom = Headroom::new(Settings::default(), Arc::clone(&gate) as _);
    let controller = Controller::start(&headroom, Pace::default()).unwrap();
    until(|| headroom.controls().looked_at_micros > 0);
    let closed = Closed::new(&gate);
    until(|| gate.is_kept.load(Ordering::Acquire));
    let last = headroom.controls().looked_at_micros;

    gate.source.hold_heap(290 * MIB);
    let held: Vec<Lease> = thread::scope(|scope| {
        let borrowers: Vec<_> = (1..=4)
            .map(|seed| {
                scope.spawn({
                    let headroom = &headroom;
                    move || borrow_all(headroom, seed)
                })
            })
            .collect();
        borrowers.into_iter().flat_map(|borrower| borrower.join().unwrap()).collect()
    });
    let lent: u64 = held.iter().map(Lease::bytes).sum();
    assert_eq!((lent, headroom.controls().looked_at_micros), (headroom.root().used(), last));
    assert!(lent > headroom.root().limit() / 100 * 95, "{lent}");
    assert_eq!(headroom.level(), Level::Normal, "nobody looked");
    assert_eq!(headroom.overdue_at(last + SECOND), Duration::ZERO);
    assert_eq!(headroom.overdue_at(last + 2 * SECOND), Duration::from_millis(900));

    drop(closed);
    until(|| headroom.level() == Level::Emergency);
    assert_eq!(headroom.overdue_at(headroom.controls().looked_at_micros), Duration::ZERO);
    // The level is told before the actions that follow from it are done.
    until(|| headroom.admit("/x", Class::Bulk, Meter::new(), false).is_err());
    drop((held, controller));
    assert_eq!(headroom.root().used(), 0);
}

/// Cannot be shrunk.
struct Broken(AtomicBool);

impl BoundedStore for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn entries(&self) -> u64 {
        1
    }

    fn bytes(&self) -> u64 {
        MIB
    }

    fn cap_bytes(&self) -> u64 {
        MIB
    }

    fn shrink_to(&self, _bytes: u64) -> u64 {
        self.0.store(true, Ordering::Release);
        panic!("this store breaks on purpose")
    }
}

/// Its turn comes after the other one's: its bytes are dearer.
fn sound_store() -> Cache<u64, Vec<u8>> {
    let cache = Cache::new(CacheConfig {
        name: "sound".to_owned(),
        cap_bytes: MIB,
        usual_entry_bytes: 1024,
        ttl_micros: None,
        weigh: |_, value: &Vec<u8>| value.capacity() as u64,
    });
    assert!((0..100).all(|key| cache.insert(key, vec![0; 1024], 0)));
    cache.costing(300)
}

#[test]
fn a_store_that_panics_does_not_end_the_watch() {
    let source = Arc::new(InjectedSource::with_limit(400 * MIB));
    let headroom = Headroom::new(Settings::default(), Arc::clone(&source) as _);
    let broken = Arc::new(Broken(AtomicBool::new(false)));
    headroom.stores().register(Arc::clone(&broken) as _).unwrap();
    let sound = Arc::new(sound_store());
    headroom.stores().register(Arc::clone(&sound) as _).unwrap();
    let pace = Pace { calm: Duration::from_millis(1), pressed: Duration::from_millis(1) };
    let controller = Controller::start(&headroom, pace).unwrap();
    source.hold_heap(260 * MIB);
    until(|| broken.0.load(Ordering::Acquire));
    let last = headroom.controls().looked_at_micros;
    until(|| headroom.controls().looked_at_micros > last);
    // So sudden a rise may be taken for growth, which raises the level by one more.
    assert!(headroom.level() >= Level::Critical);
    until(|| headroom.admit("/x", Class::Bulk, Meter::new(), false).is_err());
    until(|| sound.bytes() == 0);
    drop(controller);
}

#[test]
fn looks_that_come_late_are_counted_and_those_in_time_are_not() {
    let headroom = Headroom::new(Settings::default(), Arc::new(InjectedSource::with_limit(400 * MIB)));
    let overdue = |millis: u64| {
        headroom.sample_at(millis * 1000);
        headroom.controls().overdue
    };
    let seen = [60_000, 60_100, 61_100, 63_200, 63_300, 65_300].map(overdue);
    assert_eq!(seen, [0, 0, 0, 1, 1, 2], "the first look is late for nothing");
}
