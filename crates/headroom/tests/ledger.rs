//! Who runs, who holds most, and who is told to end.

use headroom::{Class, Headroom, InjectedSource, Ledger, Level, Meter, Settings};
use std::sync::Arc;

headroom::install_allocator!();

fn holding(bytes: usize) -> (Meter, Vec<u8>) {
    let meter = Meter::new();
    let held = meter.around(|| vec![1; bytes]);
    (meter, held)
}

#[test]
fn the_largest_of_the_tenant_that_holds_most_is_ended_and_nobody_twice() {
    let ledger = Ledger::default();
    let sizes = [(1_u8, 5 << 20), (2, 3 << 20), (2, 4 << 20), (3, 1 << 10)];
    let running: Vec<_> = sizes
        .iter()
        .map(|(tenant, bytes)| {
            let (meter, held) = holding(*bytes);
            let entry = ledger.enter("/api/x", Class::Interactive, meter, true);
            entry.flight().belongs_to([*tenant; 16]).unwrap();
            (entry, held)
        })
        .collect();
    // Tenant 2 holds 7 MiB in two requests; tenant 1 has the largest single one.
    let ended: Vec<u64> =
        std::iter::from_fn(|| ledger.cancel_largest()).map(|one| one.live_bytes >> 20).collect();
    assert_eq!(ended, [4, 5, 3], "what is ending counts no more, and what holds next to nothing never ends");
    assert!(running[2].0.flight().is_cancelled() && !running[3].0.flight().is_cancelled());
    assert_eq!(ledger.len(), 4);
    drop(running);
    assert!(ledger.is_empty());
}

#[test]
fn who_holds_more_than_one_may_is_ended_once_and_the_others_go_on() {
    let ledger = Ledger::default();
    let running: Vec<_> = [(8, true), (2, true), (8, false)]
        .into_iter()
        .map(|(mib, is_expendable)| {
            let (meter, held) = holding(mib << 20);
            (ledger.enter("/api/x", Class::Interactive, meter, is_expendable), held)
        })
        .collect();
    let ended = ledger.cancel_above(4 << 20);
    assert_eq!(ended.iter().map(|one| one.live_bytes >> 20).collect::<Vec<_>>(), [8]);
    assert!(ledger.cancel_above(4 << 20).is_empty());
    let is_over: Vec<_> = running.iter().map(|(entry, _)| entry.flight().is_cancelled()).collect();
    assert_eq!(is_over, [true, false, false]);
}

#[test]
fn at_critical_ten_are_ended_and_then_one_for_twenty_that_end_by_themselves_and_at_emergency_all() {
    let source = Arc::new(InjectedSource::with_limit(400 << 20));
    let headroom = Headroom::new(Settings::default(), Arc::clone(&source) as _);
    let (ledger, mut at) = (headroom.ledger().clone(), 0);
    let (meter, _held) = holding(8 << 20);
    let running: Vec<_> =
        (0..40).map(|_| ledger.enter("/api/x", Class::Interactive, meter.clone(), true)).collect();
    let ended = || running.iter().filter(|entry| entry.flight().is_cancelled()).count();
    let mut look = |heap_mib: u64, times: u64| {
        source.hold_heap(heap_mib << 20);
        for _ in 0..times {
            at += 250_000;
            headroom.sample_at(at);
        }
        ended()
    };
    assert_eq!((look(258, 16), headroom.level()), (10, Level::Critical), "four seconds give no eleventh");
    for _ in 0..20 {
        drop(ledger.enter("/api/x", Class::Interactive, Meter::new(), true));
    }
    assert_eq!(look(258, 1), 11);
    assert_eq!(look(258, 20), 12, "nobody else comes to an end, and five seconds are over");
    assert_eq!(look(285, 8), 20, "the limit itself is at stake");
}

#[test]
fn what_is_exempt_is_never_ended() {
    let ledger = Ledger::default();
    let (meter, _held) = holding(8 << 20);
    let entry = ledger.enter("/api/health", Class::Interactive, meter, false);
    assert!(ledger.cancel_largest().is_none());
    assert_eq!(ledger.largest(5).len(), 1);
    assert!(!entry.flight().is_cancelled());
}

#[tokio::test]
async fn whoever_waits_for_the_end_hears_it_also_when_it_came_before() {
    let ledger = Ledger::default();
    let (meter, _held) = holding(8 << 20);
    let entry = ledger.enter("/api/x", Class::Bulk, meter, true);
    let ended = async { ledger.cancel_largest().unwrap() };
    tokio::join!(biased; entry.flight().cancelled(), ended);
    entry.flight().cancelled().await;
}

#[test]
fn places_are_used_again_and_their_number_is_bounded() {
    let ledger = Ledger::default();
    for _ in 0..3 {
        let entries: Vec<_> = (0..headroom::LEDGER_CAP + 10)
            .map(|_| ledger.enter("/api/x", Class::Standard, Meter::new(), true))
            .collect();
        assert_eq!(ledger.len(), headroom::LEDGER_CAP);
        drop(entries);
        assert!(ledger.is_empty());
    }
}

#[test]
fn what_was_ended_may_come_again_when_as_much_as_it_held_has_come_back() {
    let source = Arc::new(InjectedSource::with_limit(400 << 20));
    let headroom = Headroom::new(Settings::default(), Arc::clone(&source) as _);
    source.hold_heap(100 << 20);
    let (meter, held) = holding(40 << 20);
    let entry = headroom.admit("/x", Class::Standard, meter, false).unwrap();
    drop(held);
    let wait = || headroom.wait_after_ending(entry.flight()).as_secs();
    let (pool, mut look) = (headroom.class(Class::Standard), 0);
    let mut give_back = |bytes: u64| {
        drop(pool.try_lease(bytes).unwrap());
        look += 1;
        headroom.sample_at(look * 100_000);
    };
    give_back(1);
    assert!(wait() >= 24, "nothing comes back to speak of: {} s", wait());
    for _ in 0..50 {
        give_back(512 << 10);
    }
    assert!((6..=11).contains(&wait()), "40 MiB at 5 MiB a second: {} s", wait());
    for _ in 0..50 {
        give_back(20 << 20);
    }
    assert_eq!(wait(), 1, "40 MiB at 200 MiB a second");
    source.hold_heap(290 << 20);
    headroom.sample_at((look + 1) * 100_000);
    assert!(wait() > 1, "memory is still too scarce: {} s", wait());
    let mut tuning = headroom.tuning();
    tuning.max_request_bytes = Some(39 << 20);
    headroom.tune(tuning);
    assert!(wait() >= 24, "it would be ended again: {} s", wait());
}
