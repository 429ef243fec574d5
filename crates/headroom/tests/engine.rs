//! The owner of the books: budget, pools, routes and level from one source.

use headroom::{
    AllocatorStats, CgroupStats, Class, Controller, Headroom, InjectedSource, Lending, Level, Limit,
    LimitChange, LimitSource, Pace, Pressure, ProcessStats, ROUTE_CAP, RefusalKind, RequestMemory, Settings,
    SystemRoots, process_cpu_micros,
};
use std::sync::Arc;
use std::time::Duration;

const MIB: u64 = 1 << 20;

fn engine(limit_bytes: u64) -> (Headroom, Arc<InjectedSource>) {
    let source = Arc::new(InjectedSource::with_limit(limit_bytes));
    (Headroom::new(Settings::default(), Arc::clone(&source) as _), source)
}

#[test]
fn the_level_follows_the_heap_up_and_slowly_down() {
    let (headroom, source) = engine(400 * MIB);
    assert_eq!(headroom.budget().bytes, 300 * MIB);
    let changes = headroom.watch_level();
    let heap = |bytes, millis: u64| {
        source.hold_heap(bytes);
        headroom.sample_at(millis * 1000)
    };
    assert_eq!(heap(100 * MIB, 0), Level::Normal);
    assert_eq!(heap(260 * MIB, 100_000), Level::Critical);
    assert!(changes.has_changed().unwrap());
    assert_eq!(*changes.borrow(), Level::Critical);
    assert_eq!(heap(250 * MIB, 101_000), Level::Critical);
    assert_eq!(heap(10 * MIB, 102_000), Level::Critical);
    assert_eq!(heap(10 * MIB, 103_900), Level::Critical, "not yet two seconds");
    assert_eq!(heap(10 * MIB, 104_000), Level::Warning);
    assert_eq!(heap(10 * MIB, 104_100), Level::Elevated);
    assert_eq!(heap(10 * MIB, 104_200), Level::Normal);
    assert_eq!(headroom.level(), Level::Normal);
}

#[test]
fn what_is_held_back_is_never_lent_and_a_quarter_of_the_budget_always_can_be() {
    let source = Arc::new(InjectedSource::with_limit(400 * MIB));
    let settings = Settings {
        lending: Lending { held_back_bytes: 100 * MIB, ..Lending::default() },
        ..Settings::default()
    };
    let headroom = Headroom::new(settings, Arc::clone(&source) as _);
    let lendable = |headroom: &Headroom| (headroom.root().limit(), headroom.class(Class::Standard).limit());
    assert_eq!(headroom.budget().bytes, 300 * MIB);
    assert_eq!(lendable(&headroom), (200 * MIB, 200 * MIB / 100 * 60));
    let refusal = headroom.class(Class::Interactive).try_lease(201 * MIB).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::TooLarge);
    source.change(|reading| reading.limit.bytes = 160 * MIB);
    headroom.sample_at(0);
    assert_eq!(headroom.budget().bytes, 120 * MIB);
    assert_eq!(lendable(&headroom), (30 * MIB, 30 * MIB / 100 * 60));
}

#[test]
fn what_is_lent_fits_beside_what_nobody_borrows_as_long_as_the_largest_borrower_is_served() {
    let source = Arc::new(InjectedSource::with_limit(400 * MIB));
    let settings = Settings {
        lending: Lending { held_back_bytes: 20 * MIB, unlent_bytes: 150 * MIB, needed_bytes: 70 * MIB },
        ..Settings::default()
    };
    let headroom = Headroom::new(settings, Arc::clone(&source) as _);
    for (limit, lent) in [(400, 250), (1_000, 730), (240, 90), (160, 70), (80, 40), (400, 250)] {
        source.change(|reading| reading.limit.bytes = limit * MIB);
        headroom.sample_at(0);
        assert_eq!(headroom.root().limit(), lent * MIB, "{limit} MiB");
    }
}

#[test]
fn who_follows_the_limit_is_told_of_it_and_says_what_is_lent_within_it() {
    let (headroom, source) = engine(400 * MIB);
    let mut budget = headroom.watch_budget();
    source.change(|reading| reading.limit.bytes = 200 * MIB);
    headroom.sample();
    assert!(budget.has_changed().unwrap());
    assert_eq!(budget.borrow_and_update().limit.bytes, 200 * MIB);
    headroom.sample();
    assert!(!budget.has_changed().unwrap(), "the same limit is no news");
    let lending = Lending { unlent_bytes: 120 * MIB, ..Lending::default() };
    headroom.lend_by(lending);
    assert_eq!((headroom.root().limit(), headroom.lending()), (80 * MIB, lending));
    assert_eq!(headroom.class(Class::Standard).limit(), 80 * MIB / 100 * 60);
    source.change(|reading| reading.limit.bytes = 180 * MIB);
    headroom.sample();
    assert_eq!(headroom.root().limit(), 60 * MIB, "by the new figures, whatever the limit becomes");
}

#[test]
fn resident_memory_warns_at_three_quarters_and_is_critical_at_the_whole_budget() {
    let (headroom, source) = engine(400 * MIB);
    let resident = |bytes| {
        source.change(|reading| {
            reading.process = ProcessStats { rss_anon: bytes, ..ProcessStats::default() };
        });
        headroom.sample()
    };
    assert_eq!(resident(225 * MIB), Level::Warning);
    assert_eq!(resident(290 * MIB), Level::Warning);
    assert_eq!(resident(300 * MIB), Level::Critical);
}

#[test]
fn sockets_charged_to_the_group_raise_the_level_though_the_heap_is_small() {
    let (headroom, source) = engine(400 * MIB);
    source.change(|reading| {
        reading.limit = Limit { bytes: 256 * MIB, source: LimitSource::CgroupV2 };
        reading.cgroup =
            Some(CgroupStats { sock: 240 * MIB, anon: MIB, file: 15 * MIB, ..CgroupStats::default() });
    });
    assert_eq!(headroom.sample(), Level::Emergency);
}

#[test]
fn a_process_that_stood_still_for_half_of_ten_seconds_is_told_apart_from_one_that_stalls() {
    let (headroom, source) = engine(400 * MIB);
    let stands_at = |full: u32| {
        source.change(|reading| {
            let own = Pressure { full_avg10_hundredths: full, is_own: true, ..Pressure::default() };
            reading.pressure = Some(own);
        });
        headroom.sample();
        headroom.is_at_standstill()
    };
    assert!(!stands_at(4_999));
    assert!(stands_at(5_000));
    assert!(headroom.level() < Level::Critical, "nobody's work is ended for it");
    assert!(stands_at(3_000), "it does not waver round one mark");
    assert!(!stands_at(2_999));
    source.change(|reading| {
        reading.pressure = Some(Pressure { full_avg10_hundredths: 9_000, ..Pressure::default() });
    });
    headroom.sample();
    assert!(!headroom.is_at_standstill(), "another program's trouble is not its own");
}

#[test]
fn a_lowered_limit_is_followed_by_every_pool() {
    let (headroom, source) = engine(400 * MIB);
    let held = headroom.class(Class::Bulk).try_lease(100 * MIB).unwrap();
    source.change(|reading| reading.limit = Limit { bytes: 100 * MIB, source: LimitSource::CgroupV1 });
    headroom.sample();
    assert_eq!(headroom.budget().bytes, 75 * MIB);
    assert_eq!(headroom.root().limit(), 75 * MIB);
    assert_eq!(headroom.class(Class::Bulk).limit(), 75 * MIB / 100 * 40);
    assert!(
        headroom.class(Class::Interactive).try_lease(1).is_err(),
        "more is lent than the new limit allows"
    );
    drop(held);
    assert!(headroom.class(Class::Interactive).try_lease(75 * MIB).is_ok());
}

#[test]
fn a_changed_limit_is_in_force_with_the_look_that_finds_it_and_on_record() {
    let (headroom, source) = engine(400 * MIB);
    source.hold_heap(130 * MIB);
    headroom.sample_at(1_000_000);
    assert_eq!((headroom.controls().limit_changes, headroom.controls().limit_change), (0, None));
    source.change(|reading| {
        reading.limit = Limit { bytes: 200 * MIB, source: LimitSource::CgroupV1 };
    });
    let level = headroom.sample_at(1_100_000);
    assert_eq!((level, headroom.budget().bytes), (Level::Critical, 150 * MIB), "130 of 150 MiB");
    let expected = LimitChange {
        at_micros: 1_100_000,
        within_micros: 100_000,
        from_bytes: 400 * MIB,
        to_bytes: 200 * MIB,
    };
    assert_eq!(headroom.controls().limit_change, Some(expected));
    headroom.sample_at(1_200_000);
    assert_eq!(headroom.controls().limit_changes, 1, "once for each change");
    // The thread of the controller never pauses for longer than a tenth of the second that is promised.
    assert!(
        Pace::default().calm <= Duration::from_millis(100) && Pace::default().pressed <= Pace::default().calm
    );
}

/// By the controller's own thread and its own record.
#[test]
fn the_controller_follows_a_limit_by_itself() {
    let (headroom, source) = engine(400 * MIB);
    let controller = Controller::start(&headroom, Pace::default()).unwrap();
    let until = |done: &dyn Fn() -> bool| {
        while !done() {
            std::thread::yield_now();
        }
    };
    until(&|| headroom.controls().looked_at_micros > 0);
    source.change(|reading| reading.limit = Limit { bytes: 200 * MIB, source: LimitSource::CgroupV2 });
    until(&|| headroom.controls().limit_changes == 1);
    assert_eq!(headroom.root().limit(), 150 * MIB);
    let controls = headroom.controls();
    let within_micros = controls.limit_change.map_or(u64::MAX, |change| change.within_micros);
    assert!(within_micros <= 1_000_000 || controls.overdue > 0, "{within_micros}");
    drop(controller);
}

#[test]
fn routes_are_told_apart_up_to_a_bound() {
    let (headroom, _source) = engine(400 * MIB);
    let small = RequestMemory {
        allocated: 10,
        freed: 10,
        peak_live: 5,
        polls: 1,
        registered_peak: 3,
        ..RequestMemory::default()
    };
    let large = RequestMemory { peak_live: 60 * MIB, ..small };
    for index in 0..ROUTE_CAP * 2 {
        assert!(!headroom.record(&format!("/api/things/{index}"), small));
    }
    assert!(headroom.record("/api/things/0", large));
    let all = headroom.top_routes(usize::MAX);
    assert_eq!(all.len(), ROUTE_CAP);
    assert_eq!(all.iter().map(|route| route.count).sum::<u64>(), ROUTE_CAP as u64 * 2 + 1);
    assert_eq!((&*all[0].route, all[0].peak_max, all[0].large), ("/api/things/0", 60 * MIB, 1));
    let snapshot = headroom.snapshot();
    assert_eq!((snapshot.requests, snapshot.large_requests), (ROUTE_CAP as u64 * 2 + 1, 1));
    assert_eq!(snapshot.routes.len(), 20);
}

#[test]
fn a_stopping_server_lends_nothing_more() {
    let (headroom, _source) = engine(400 * MIB);
    headroom.drain();
    let refusal = headroom.class(Class::Standard).try_lease(1).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Draining);
}

#[test]
fn the_running_system_tells_its_figures() {
    let headroom = Headroom::system(Settings::default());
    let snapshot = headroom.snapshot();
    let process = snapshot.reading.process;
    assert!(process.rss > MIB && process.peak_rss >= process.rss_anon && process.threads >= 1);
    assert!(process.rss_anon + process.rss_file <= process.rss + MIB);
    assert!(snapshot.budget.bytes > 0 && snapshot.reading.limit.bytes > snapshot.budget.bytes / 2);
    assert_eq!(snapshot.pools.len(), 2 + Class::ALL.len());
    assert_eq!(&*snapshot.pools[0].name, "root");
}

#[test]
fn open_descriptors_are_counted() {
    let before = ProcessStats::read(&SystemRoots::default()).unwrap().fds;
    let files: Vec<_> = (0..50).map(|_| std::fs::File::open("/proc/self/status").unwrap()).collect();
    let with = ProcessStats::read(&SystemRoots::default()).unwrap().fds;
    assert!(with >= before + 40, "{before} then {with}");
    drop(files);
}

#[test]
fn work_costs_processor_time() {
    let before = process_cpu_micros();
    let mut sum = 0_u64;
    while process_cpu_micros() < before + 1_000 {
        sum = std::hint::black_box(sum.wrapping_add(1));
    }
    let spent = process_cpu_micros() - before;
    // A wrong unit would make this millions (of seconds) or never end.
    assert!((1_000..60_000_000).contains(&spent));
}

#[test]
fn registered_measured_and_charged_memory_are_held_against_each_other() {
    let (headroom, source) = engine(400 * MIB);
    let held = headroom.class(Class::Bulk).try_lease(10 * MIB).unwrap();
    source.change(|reading| {
        reading.allocator = Some(AllocatorStats { allocated: 25 * MIB, ..AllocatorStats::default() });
        reading.process = ProcessStats { rss_anon: 32 * MIB, ..ProcessStats::default() };
    });
    // The engine's own stores, of which the history has its place from the start.
    let own: u64 = headroom.stores().snapshot().iter().map(|store| store.bytes).sum();
    let gaps = headroom.snapshot().gaps();
    assert_eq!((gaps.registered, gaps.stored), (10 * MIB + own, own));
    assert_eq!((gaps.measured, gaps.charged), (25 * MIB, 32 * MIB));
    let unregistered = i64::try_from(15 * MIB - own).unwrap();
    assert_eq!((gaps.unregistered(), gaps.unmeasured()), (unregistered, 7 << 20));
    drop(held);
    source.change(|reading| {
        reading.limit = Limit { bytes: 400 * MIB, source: LimitSource::CgroupV2 };
        reading.cgroup = Some(CgroupStats { anon: 20 * MIB, sock: MIB, ..CgroupStats::default() });
    });
    headroom.sample();
    let gaps = headroom.snapshot().gaps();
    assert_eq!((gaps.registered, gaps.charged), (own, 21 * MIB));
    assert_eq!(gaps.unmeasured(), -(4 << 20), "a heap page that was never touched is not charged");
}

#[test]
fn a_route_remembers_what_its_requests_took_beyond_what_they_borrowed() {
    let (headroom, _source) = engine(400 * MIB);
    for (peak_live, registered_peak) in [(100, 80), (5_000, 4_990), (60, 0)] {
        headroom.record("/api/x", RequestMemory { peak_live, registered_peak, ..RequestMemory::default() });
    }
    let route = headroom.top_routes(1).remove(0);
    assert_eq!((route.peak_max, route.registered_max, route.unregistered_max), (5_000, 4_990, 60));
}
