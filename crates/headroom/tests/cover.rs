//! What work holds beyond what it asked for beforehand is borrowed as it grows.

use headroom::{Class, Headroom, InjectedSource, Meter, Registered, Settings, cover, uncover};
use std::hint::black_box;
use std::sync::Arc;

headroom::install_allocator!();

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
/// More than the borrowed is by a step at most.
const STEP: u64 = 64 * KIB;

fn engine() -> Headroom {
    Headroom::new(Settings::default(), Arc::new(InjectedSource::with_limit(400 * MIB)) as _)
}

fn gather(meter: &Meter, mebibytes: usize) -> Result<Vec<u8>, headroom::Refusal> {
    meter.around(|| {
        let held = black_box(vec![1_u8; mebibytes << 20]);
        cover(0).map(|()| held)
    })
}

#[test]
fn what_is_gathered_is_borrowed_and_given_back_with_the_request() {
    let (engine, meter) = (engine(), Meter::new());
    let pool = engine.class(Class::Standard);
    let entry = engine.admit("/x", Class::Standard, meter.clone(), false).unwrap();
    let charged = pool.used();
    meter.around(|| cover(charged)).unwrap();
    assert_eq!(pool.used(), charged, "so much is charged already");
    let first = gather(&meter, 3).unwrap();
    let borrowed = pool.used() - charged;
    assert!((3 * MIB - charged..=3 * MIB + STEP).contains(&borrowed), "{borrowed}");
    let again = gather(&meter, 2).unwrap();
    let borrowed = pool.used() - charged;
    assert!((5 * MIB - charged..=5 * MIB + STEP).contains(&borrowed), "both are there: {borrowed}");
    drop((first, again));
    meter.around(|| cover(0)).unwrap();
    assert_eq!(pool.used() - charged, borrowed, "it is not given back piece by piece");
    let totals = meter.totals();
    assert!(totals.registered_peak >= 5 * MIB - charged, "{totals:?}");
    meter.around(uncover);
    assert_eq!(pool.used(), charged);
    let _more = gather(&meter, 1).unwrap();
    assert!(pool.used() > charged);
    drop(entry);
    assert_eq!((pool.used(), engine.root().used()), (0, 0));
    assert!(gather(&meter, 9).is_ok(), "what goes on after its request has no pool");
    assert_eq!(pool.used(), 0);
}

#[test]
fn what_stands_on_the_books_already_is_not_borrowed_twice() {
    let (engine, meter) = (engine(), Meter::new());
    let pool = engine.class(Class::Standard);
    let entry = engine.admit("/x", Class::Standard, meter.clone(), false).unwrap();
    let charged = pool.used();
    let lease = entry.flight().pool().unwrap().try_lease(2 * MIB).unwrap();
    let noted = meter.around(|| Registered::here(2 * MIB));
    let _held = gather(&meter, 2).unwrap();
    assert_eq!(pool.used(), charged + 2 * MIB);
    drop((lease, noted));
    meter.around(|| cover(0)).unwrap();
    assert!(pool.used() >= 2 * MIB, "now it stands on no other book");
}

#[test]
fn what_finds_no_room_is_refused_and_nothing_of_it_stays_borrowed() {
    let (engine, meter) = (engine(), Meter::new());
    let pool = engine.class(Class::Standard);
    let entry = engine.admit("/x", Class::Standard, meter.clone(), false).unwrap();
    pool.set_limit(4 * MIB);
    let kept = gather(&meter, 2).unwrap();
    let used = pool.used();
    let refusal = gather(&meter, 3).unwrap_err();
    assert_eq!((&*refusal.scope, pool.used()), ("standard", used));
    drop((kept, entry));
    assert_eq!(pool.used(), 0);
    let (engine, meter) = (self::engine(), Meter::new());
    let _exempt = engine.admit("/api/health", Class::Standard, meter.clone(), true).unwrap();
    engine.class(Class::Standard).set_limit(MIB);
    assert!(gather(&meter, 3).is_ok(), "what is let on when nothing is left is let on here too");
}

#[test]
fn work_that_nobody_measures_borrows_nothing() {
    assert!(cover(u64::MAX).is_ok());
    uncover();
    let meter = Meter::new();
    assert!(gather(&meter, 1).is_ok(), "no pool, nothing to borrow from");
    assert_eq!(meter.totals().registered_peak, 0);
}
