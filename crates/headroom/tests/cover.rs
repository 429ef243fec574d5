//! What work holds beyond what it asked for beforehand is borrowed as it grows.

use headroom::{
    Class, Headroom, InjectedSource, Meter, RefusalKind, Registered, Settings, Unrefused, cover, cover_only,
};
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
        cover().map(|()| held)
    })
}

#[test]
fn what_is_gathered_is_borrowed_and_given_back_with_the_request() {
    let (engine, meter) = (engine(), Meter::new());
    let pool = engine.class(Class::Standard);
    let entry = engine.admit("/x", Class::Standard, meter.clone(), false).unwrap();
    let charged = pool.used();
    meter.around(cover).unwrap();
    assert_eq!(pool.used(), charged, "so much is charged already");
    let first = gather(&meter, 3).unwrap();
    let borrowed = pool.used() - charged;
    assert!((3 * MIB - 2 * charged..=3 * MIB + STEP).contains(&borrowed), "{borrowed}");
    let again = gather(&meter, 2).unwrap();
    let borrowed = pool.used() - charged;
    assert!((5 * MIB - 2 * charged..=5 * MIB + STEP).contains(&borrowed), "both are there: {borrowed}");
    drop((first, again));
    meter.around(cover).unwrap();
    assert_eq!(pool.used() - charged, borrowed, "it is not given back piece by piece");
    let totals = meter.totals();
    assert!(totals.registered_peak >= 5 * MIB - 2 * charged, "{totals:?}");
    meter.around(|| cover_only(0));
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
    meter.around(cover).unwrap();
    assert!(pool.used() >= 2 * MIB - STEP, "now it stands on no other book");
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
    assert!(refusal.wanted >= 5 * MIB - 3 * STEP, "all of it would be gathered anew: {refusal:?}");
    assert_eq!((refusal.kind, refusal.retry_after), (RefusalKind::TooLarge, None));
    pool.set_limit(6 * MIB);
    let other = pool.try_lease(3 * MIB).unwrap();
    let refusal = gather(&meter, 3).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Exhausted, "it would fit alone");
    drop(other);
    drop((kept, entry));
    assert_eq!(pool.used(), 0);
    let (engine, meter) = (self::engine(), Meter::new());
    let _exempt = engine.admit("/api/health", Class::Standard, meter.clone(), true).unwrap();
    engine.class(Class::Standard).set_limit(MIB);
    let held = gather(&meter, 3);
    assert!(held.is_ok(), "what is let on when nothing is left is let on here too");
    let refused = engine.class(Class::Standard).stats().refused;
    for _row in 0..99 {
        meter.around(cover).unwrap();
    }
    assert_eq!(
        engine.class(Class::Standard).stats().refused,
        refused,
        "the same is not asked for again and again"
    );
}

#[test]
fn what_has_been_done_is_told_whatever_is_left() {
    let (engine, meter) = (engine(), Meter::new());
    let pool = engine.class(Class::Interactive);
    let entry = engine.admit("/x", Class::Interactive, meter.clone(), false).unwrap();
    pool.set_limit(MIB);
    let told = meter.around(Unrefused::here);
    assert!(gather(&meter, 3).is_ok());
    drop(told);
    let more = gather(&meter, 9);
    assert!(more.is_err(), "and then as before");
    drop(entry);
    assert_eq!((pool.used(), engine.root().used()), (0, 0));
}

#[test]
fn of_what_was_borrowed_no_more_stays_than_is_left() {
    let (engine, meter) = (engine(), Meter::new());
    let pool = engine.class(Class::Standard);
    let mut entry = engine.admit("/x", Class::Standard, meter.clone(), false).unwrap();
    let charged = pool.used();
    drop(gather(&meter, 4).unwrap());
    assert_eq!(meter.around(|| cover_only(MIB)), 0);
    assert_eq!(pool.used(), charged + MIB);
    assert_eq!(meter.around(|| cover_only(3 * MIB)), 2 * MIB, "so much is to be had elsewhere");
    entry.settle(4 * KIB);
    assert_eq!(pool.used(), 4 * KIB, "the work is done");
}

#[test]
fn work_that_nobody_measures_borrows_nothing() {
    assert!(cover().is_ok() && cover_only(7) == 7);
    let meter = Meter::new();
    assert!(gather(&meter, 1).is_ok(), "no pool, nothing to borrow from");
    assert_eq!(meter.totals().registered_peak, 0);
}
