//! What the levels do, that all of it is taken back, and that a thread of its own does it.

use headroom::{
    Action, ActionSettings, Cache, CacheConfig, Class, Controller, Headroom, InjectedSource, Level, Meter,
    Pace, RefusalKind, RequestMemory, Settings, Shrinking,
};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

headroom::install_allocator!();

const MIB: u64 = 1 << 20;

fn engine() -> (Headroom, Arc<InjectedSource>) {
    let source = Arc::new(InjectedSource::with_limit(400 * MIB));
    (Headroom::new(Settings::default(), Arc::clone(&source) as _), source)
}

fn actions_since(headroom: &Headroom, from: usize) -> Vec<Action> {
    let recent = headroom.controls().recent;
    let actions = recent[from..].iter().map(|record| record.action);
    // What the machine's allocator gives back is not this test's to say.
    actions.filter(|action| *action != Action::Purge).collect()
}

/// The whole way up and down, as one trace.
#[test]
fn each_level_does_its_part_and_all_of_it_is_taken_back() {
    let (headroom, source) = engine();
    let paused = headroom.background_paused();
    let step = |bytes, millis: u64| {
        let before = headroom.controls().recent.len();
        source.hold_heap(bytes);
        let level = headroom.sample_at(millis * 1000);
        (level, actions_since(&headroom, before))
    };
    assert_eq!(step(100 * MIB, 0), (Level::Normal, vec![]));
    let (level, actions) = step(215 * MIB, 100_000);
    assert_eq!((level, actions), (Level::Elevated, vec![Action::Decay(250), Action::ShrinkStores(75)]));
    let (level, actions) = step(230 * MIB, 200_000);
    let expected = [Action::PauseBackground(true), Action::CloseIdle(true), Action::ShrinkStores(50)];
    assert_eq!((level, actions), (Level::Warning, expected.to_vec()));
    assert!(*paused.borrow() && headroom.closes_idle());
    let (level, actions) = step(260 * MIB, 300_000);
    assert_eq!((level, actions), (Level::Critical, vec![Action::ShedBulk(true), Action::ShrinkStores(0)]));
    assert!(headroom.admit("/x", Class::Bulk, Meter::new(), false).is_err());
    assert_eq!(step(100 * MIB, 301_000).0, Level::Critical);
    let (level, actions) = step(100 * MIB, 303_000);
    assert_eq!(level, Level::Warning);
    assert!(actions.contains(&Action::ShedBulk(false)), "{actions:?}");
    assert!(step(100 * MIB, 303_100).1.contains(&Action::PauseBackground(false)));
    let (level, actions) = step(100 * MIB, 303_200);
    assert_eq!((level, actions), (Level::Normal, vec![Action::Decay(1000)]));
    assert!(!*paused.borrow() && !headroom.closes_idle());
    assert!(headroom.admit("/x", Class::Bulk, Meter::new(), false).is_ok());
}

#[test]
fn at_critical_what_can_wait_is_refused_and_the_rest_goes_on() {
    let (headroom, source) = engine();
    source.hold_heap(260 * MIB);
    headroom.sample_at(1);
    assert!(
        headroom.admit("/api/x", Class::Standard, Meter::new(), false).is_ok(),
        "files are refused first"
    );
    assert!(headroom.admit("/api/x", Class::Bulk, Meter::new(), false).is_err());
    headroom.sample_at(250_001);
    for class in [Class::Bulk, Class::Standard, Class::Background] {
        let refusal = headroom.admit("/api/x", class, Meter::new(), false).unwrap_err();
        assert_eq!((refusal.kind, &*refusal.scope), (RefusalKind::Exhausted, class.as_str()));
        let wait = refusal.retry_after.unwrap();
        assert!((Duration::from_secs(1)..=Duration::from_secs(30)).contains(&wait), "{wait:?}");
        assert!(headroom.admit("/api/health", class, Meter::new(), true).is_ok(), "health is exempt");
    }
    assert!(headroom.admit("/api/cases/{id}", Class::Interactive, Meter::new(), false).is_ok());
    assert_eq!(headroom.controls().shed, 4);
}

#[test]
fn where_refusing_files_helps_lists_go_on() {
    let (headroom, source) = engine();
    source.hold_heap(260 * MIB);
    headroom.sample_at(1);
    source.hold_heap(230 * MIB);
    for look in 1..15 {
        assert_eq!(headroom.sample_at(look * 100_000), Level::Critical, "the level stays for a while");
        assert!(headroom.admit("/api/x", Class::Standard, Meter::new(), false).is_ok());
        assert!(headroom.admit("/api/x", Class::Bulk, Meter::new(), false).is_err());
    }
    source.hold_heap(290 * MIB);
    headroom.sample_at(1_500_000);
    assert!(headroom.admit("/api/x", Class::Standard, Meter::new(), false).is_err(), "at emergency at once");
}

#[test]
fn from_warning_on_fewer_run_at_once_and_any_number_afterwards() {
    let (headroom, source) = engine();
    let begin = || headroom.admit("/api/x", Class::Standard, Meter::new(), false);
    let mut running: Vec<_> = (0..40).map(|_| begin().unwrap()).collect();
    source.hold_heap(230 * MIB);
    assert_eq!(headroom.sample_at(100_000), Level::Warning);
    let refusal = begin().unwrap_err();
    assert_eq!((refusal.kind, headroom.controls().shed), (RefusalKind::Exhausted, 1));
    assert!(headroom.admit("/api/cases/{id}", Class::Interactive, Meter::new(), false).is_ok());
    assert!(
        headroom.admit("/api/x", Class::Standard, Meter::new(), true).is_ok(),
        "exempt ones are not counted"
    );
    running.truncate(29);
    running.push(begin().unwrap());
    assert!(begin().is_err(), "thirty of forty");
    headroom.tune(headroom::Tuning { acts: false, ..headroom.tuning() });
    for look in 1..10 {
        headroom.sample_at(1_000_000 + look * 250_000);
    }
    running.extend((0..20).map(|_| begin().unwrap()));
    let taken: Vec<Action> = headroom.controls().recent.iter().map(|record| record.action).collect();
    let limited = taken.iter().filter(|action| matches!(action, Action::LimitConcurrency(_)));
    assert_eq!(
        limited.collect::<Vec<_>>(),
        [&Action::LimitConcurrency(true), &Action::LimitConcurrency(false)]
    );
}

#[test]
fn stores_are_emptied_at_critical_and_may_fill_again() {
    let (headroom, source) = engine();
    let cache = Arc::new(Cache::<u64, Vec<u8>>::new(CacheConfig {
        name: "test".to_owned(),
        cap_bytes: MIB,
        usual_entry_bytes: 1024,
        ttl_micros: None,
        weigh: |_, value: &Vec<u8>| value.capacity() as u64,
    }));
    headroom.stores().register(Arc::clone(&cache) as _).unwrap();
    let fill = || assert!((0..500).all(|key| cache.insert(key, vec![0; 1024], 0)));
    fill();
    let full = cache.bytes();
    source.hold_heap(260 * MIB);
    headroom.sample_at(1);
    assert_eq!(cache.bytes(), 0);
    let recent = headroom.controls().recent;
    let shrunk = recent.iter().find(|record| record.action == Action::ShrinkStores(0)).unwrap();
    assert_eq!(
        shrunk.before_bytes - shrunk.after_bytes.unwrap(),
        full,
        "the other stores keep what they have"
    );
    fill();
    assert_eq!(cache.bytes(), full);
}

#[test]
fn what_others_carry_out_shows_its_effect_a_second_later() {
    let (headroom, source) = engine();
    let lease = headroom.root().try_lease(4 * MIB).unwrap();
    source.hold_heap(260 * MIB);
    headroom.sample_at(1);
    let shed = || {
        let recent = headroom.controls().recent;
        let record = recent.iter().find(|record| record.action == Action::ShedBulk(true)).unwrap();
        (record.before_bytes, record.after_bytes)
    };
    let lent = headroom.root().used();
    assert!(lent >= 4 * MIB);
    drop(lease);
    headroom.sample_at(1_000_000);
    assert_eq!(shed(), (lent, None), "it is too soon to know");
    headroom.sample_at(1_000_001);
    assert_eq!(shed(), (lent, Some(lent - 4 * MIB)));
    let _later = headroom.root().try_lease(MIB).unwrap();
    headroom.sample_at(3_000_000);
    assert_eq!(shed(), (lent, Some(lent - 4 * MIB)), "what comes later is not its effect");
}

#[test]
fn switched_off_it_reports_and_does_nothing() {
    let source = Arc::new(InjectedSource::with_limit(400 * MIB));
    let settings = Settings { acts: false, ..Settings::default() };
    let headroom = Headroom::new(settings, Arc::clone(&source) as _);
    source.hold_heap(290 * MIB);
    assert_eq!(headroom.sample_at(1), Level::Emergency);
    assert!(headroom.controls().recent.is_empty());
    assert!(headroom.admit("/x", Class::Bulk, Meter::new(), false).is_ok());
}

#[test]
fn a_profile_is_written_at_emergency_at_most_twice_an_hour() {
    let (headroom, source) = engine();
    let dumps = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&dumps);
    headroom.on_emergency(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    source.hold_heap(295 * MIB);
    for second in 0..3_600u64 {
        headroom.sample_at(second * 1_000_000);
    }
    assert_eq!(dumps.load(Ordering::Relaxed), 2);
}

#[test]
fn the_thread_sees_a_burst_and_its_end_by_itself() {
    let (headroom, source) = engine();
    let pace = Pace { calm: Duration::from_millis(5), pressed: Duration::from_millis(5) };
    let controller = Controller::start(&headroom, pace).unwrap();
    source.hold_heap(260 * MIB);
    let mut changes = headroom.watch_level();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let reach = |changes: &mut tokio::sync::watch::Receiver<Level>, wanted| {
        runtime.block_on(async {
            let reached = changes.wait_for(|level| *level == wanted);
            tokio::time::timeout(Duration::from_secs(20), reached).await.unwrap().unwrap();
        });
    };
    reach(&mut changes, Level::Critical);
    source.hold_heap(10 * MIB);
    reach(&mut changes, Level::Normal);
    drop(controller);
    let last = headroom.controls().looked_at_micros;
    source.hold_heap(260 * MIB);
    std::thread::yield_now();
    assert_eq!(headroom.controls().looked_at_micros, last, "nobody looks any more");
}

#[test]
fn a_refusal_and_the_end_of_a_heavy_request_wake_the_thread_before_its_turn() {
    let (headroom, _source) = engine();
    let pace = Pace { calm: Duration::from_hours(1), pressed: Duration::from_hours(1) };
    let controller = Controller::start(&headroom, pace).unwrap();
    let looks_after = |before: u64| loop {
        let looked = headroom.controls().looked_at_micros;
        if looked != before {
            return looked;
        }
        std::thread::yield_now();
    };
    let first = looks_after(0);
    assert!(headroom.root().try_lease(u64::MAX / 2).is_err());
    let second = looks_after(first);
    let peak_live = headroom.budget().limit.bytes / 64 + 1;
    headroom.record("POST /api/cases", RequestMemory { peak_live, ..RequestMemory::default() });
    looks_after(second);
    drop(controller);
}

#[test]
fn what_an_operator_has_chosen_about_the_actions_is_done() {
    let source = Arc::new(InjectedSource::with_limit(400 * MIB));
    let actions = ActionSettings { purges: false, stores: Shrinking::Early, decays_early: true };
    let headroom = Headroom::new(Settings { actions, ..Settings::default() }, Arc::clone(&source) as _);
    let all_since = |from: usize| -> Vec<Action> {
        headroom.controls().recent[from..].iter().map(|record| record.action).collect()
    };
    source.hold_heap(230 * MIB);
    assert_eq!(headroom.sample_at(1_000_000), Level::Warning);
    let at_warning = all_since(0);
    assert!(at_warning.contains(&Action::ShrinkStores(0)), "emptied at warning already: {at_warning:?}");
    assert!(at_warning.contains(&Action::Decay(0)), "{at_warning:?}");
    source.hold_heap(290 * MIB);
    assert_eq!(headroom.sample_at(2_000_000), Level::Emergency);
    let purged = all_since(0).contains(&Action::Purge);
    assert!(!purged, "purges are switched off");
    source.hold_heap(MIB);
    for seconds in 3..20 {
        headroom.sample_at(seconds * 1_000_000);
    }
    assert_eq!(headroom.level(), Level::Normal);
    assert_eq!(all_since(0).last(), Some(&Action::Decay(250)), "pages go back early at rest as well");
}

#[test]
fn a_storm_of_refusals_keeps_the_thread_from_looking_without_a_pause() {
    let (headroom, _source) = engine();
    let pace = Pace { calm: Duration::from_hours(1), pressed: Duration::from_hours(1) };
    let controller = Controller::start(&headroom, pace).unwrap();
    let mut looks = std::collections::BTreeSet::new();
    while looks.len() < 20 {
        assert!(headroom.root().try_lease(u64::MAX / 2).is_err());
        looks.insert(headroom.controls().looked_at_micros);
    }
    drop(controller);
    let looks: Vec<u64> = looks.into_iter().filter(|at| *at > 0).collect();
    // A look says when it had read; the pause counts from when it began.
    assert!(looks.windows(5).all(|five| five[4] - five[0] >= 15_000), "{looks:?}");
}

#[test]
fn a_profile_that_takes_its_time_keeps_nobody_from_looking() {
    let (headroom, source) = engine();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let (end, ends) = std::sync::mpsc::channel::<()>();
    let ends = std::sync::Mutex::new(ends);
    headroom.on_emergency(move || {
        begun.send(std::thread::current().name().map(str::to_owned)).unwrap();
        // As a disk that does not answer.
        let _ended = ends.lock().unwrap().recv();
    });
    let pace = Pace { calm: Duration::from_millis(5), pressed: Duration::from_millis(5) };
    let controller = Controller::start(&headroom, pace).unwrap();
    source.hold_heap(290 * MIB);
    assert_eq!(has_begun.recv().unwrap().as_deref(), Some("headroom-dump"));
    let then = headroom.controls().looked_at_micros;
    while headroom.controls().looked_at_micros <= then + 20_000 {
        std::thread::yield_now();
    }
    let dumped = |headroom: &Headroom| {
        headroom.controls().recent.iter().any(|record| record.action == Action::DumpHeap)
    };
    assert!(!dumped(&headroom), "it is on record when it is done");
    end.send(()).unwrap();
    while !dumped(&headroom) {
        std::thread::yield_now();
    }
    drop(controller);
}

#[test]
fn after_a_heavy_request_pages_go_back_once_in_ten_seconds() {
    let (headroom, _source) = engine();
    let purges = |headroom: &Headroom| headroom.snapshot().purges;
    let heavy = headroom::RequestMemory { peak_live: 60 << 20, ..headroom::RequestMemory::default() };
    let mut seen = Vec::new();
    for second in 0..25 {
        headroom.record("/api/x", heavy);
        headroom.sample_at(second * 1_000_000);
        seen.push(purges(&headroom));
    }
    assert_eq!((seen[0], seen[9], seen[10], seen[24]), (1, 1, 2, 3), "{seen:?}");
    for second in 25..60 {
        headroom.sample_at(second * 1_000_000);
    }
    assert_eq!(purges(&headroom), 4, "the last one is remembered, and nothing goes on by itself");
}

#[test]
fn a_request_above_the_operators_most_is_ended_at_the_next_look() {
    let (headroom, _source) = engine();
    let meter = Meter::new();
    let entry = headroom.admit("/api/x", Class::Standard, meter.clone(), false).unwrap();
    let _held = meter.around(|| vec![1_u8; 8 << 20]);
    headroom.sample_at(0);
    assert!(!entry.flight().is_cancelled(), "there is no such bound by itself");
    let tuning = headroom::Tuning { max_request_bytes: Some(4 << 20), ..headroom.tuning() };
    headroom.tune(headroom::Tuning { acts: false, ..tuning });
    headroom.sample_at(100_000);
    assert!(!entry.flight().is_cancelled());
    headroom.tune(tuning);
    headroom.sample_at(200_000);
    assert!(entry.flight().is_cancelled());
    assert_eq!(headroom.controls().cancelled, 1);
}

#[test]
fn stores_that_may_keep_what_they_have_are_left_alone() {
    let source = Arc::new(InjectedSource::with_limit(400 * MIB));
    let actions = ActionSettings { stores: Shrinking::Never, ..ActionSettings::default() };
    let headroom = Headroom::new(Settings { actions, ..Settings::default() }, Arc::clone(&source) as _);
    source.hold_heap(290 * MIB);
    assert_eq!(headroom.sample_at(1_000_000), Level::Emergency);
    let taken: Vec<Action> = headroom.controls().recent.iter().map(|record| record.action).collect();
    assert!(taken.contains(&Action::ShedBulk(true)), "{taken:?}");
    assert!(!taken.iter().any(|action| matches!(action, Action::ShrinkStores(_))), "{taken:?}");
}

/// So much is free and not given back.
fn leave_unused(source: &InjectedSource, bytes: u64) {
    source.change(|reading| {
        let active = 8 * MIB;
        reading.allocator = Some(headroom::AllocatorStats {
            allocated: 7 * MIB,
            active,
            metadata: MIB,
            resident: active + MIB + bytes,
            ..headroom::AllocatorStats::default()
        });
    });
}

#[test]
fn after_unused_pages_went_back_the_next_look_comes_soon() {
    let (headroom, source) = engine();
    let limit = headroom.budget().limit.bytes;
    let mut looks = (0..).map(|look| look * 20_000);
    // The allocator is everybody's: another test may give back what was freed here, and allocate meanwhile.
    let mut free_and_look = || {
        drop(black_box(vec![1_u8; 8 << 20]));
        headroom.sample_at(looks.next().unwrap());
        headroom.is_pressed()
    };
    leave_unused(&source, limit / 64);
    assert!((0..10).all(|_| !free_and_look()), "so much may lie idle");
    leave_unused(&source, limit / 64 + 1);
    assert!((0..500).any(|_| free_and_look()), "more may follow soon");
}

#[test]
fn what_is_free_goes_back_at_any_level_when_it_is_more_than_a_part_of_the_limit() {
    let (headroom, source) = engine();
    let purges = || headroom.snapshot().purges;
    let limit = headroom.budget().limit.bytes;
    leave_unused(&source, limit / 64);
    headroom.sample_at(0);
    assert_eq!(purges(), 0, "so much may lie idle");
    leave_unused(&source, limit / 64 + 1);
    for quarter in 1..=8 {
        headroom.sample_at(quarter * 250_000);
        headroom.sample_at(quarter * 250_000 + 10_000);
        headroom.sample_at(quarter * 250_000 + 20_000);
    }
    assert_eq!((headroom.level(), purges()), (headroom::Level::Normal, 16), "at no two looks within 15 ms");
    assert_eq!(headroom.controls().recent, [], "it is no action against pressure");
    let tuning = headroom.tuning();
    headroom.tune(headroom::Tuning { acts: false, ..tuning });
    let before = purges();
    headroom.sample_at(90_000_000);
    assert_eq!(purges(), before, "nothing is done where the operator wants nothing done");
}

#[test]
fn while_memory_is_critical_it_is_witnessed_every_five_seconds_and_once_when_it_is_over() {
    let (headroom, source) = engine();
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let witness = Arc::clone(&seen);
    headroom.on_critical(move |level| {
        witness.lock().unwrap().push(level);
        true
    });
    let look = |second: u64| {
        headroom.sample_at(second * 1_000_000);
        seen.lock().unwrap().len()
    };
    // From the first look on, so that nothing counts as growth.
    source.hold_heap(265 * MIB);
    let told: Vec<usize> = (0..=11).map(look).collect();
    assert_eq!(told, [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3]);
    source.change(|reading| reading.limit.bytes = 370 * MIB);
    assert_eq!((look(12), look(13)), (4, 4), "what is worse is told at once");
    assert_eq!(*seen.lock().unwrap(), [[Level::Critical; 3].as_slice(), &[Level::Emergency]].concat());
    source.hold_heap(10 * MIB);
    let mut after = 0;
    for second in 14..40 {
        after = look(second);
    }
    assert_eq!(after, 5, "once when it is over, and then no more");
    assert!(seen.lock().unwrap().last().is_some_and(|level| *level < headroom::Level::Critical));
    source.hold_heap(260 * MIB);
    assert_eq!(look(40), 6, "the next spell is told at once");
}

#[test]
fn a_last_word_that_could_not_be_written_comes_again_every_five_seconds() {
    let (headroom, source) = engine();
    let (asked, works) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(true)));
    let (count, does_work) = (Arc::clone(&asked), Arc::clone(&works));
    headroom.on_critical(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        does_work.load(Ordering::Relaxed)
    });
    let look = |second: u64| {
        headroom.sample_at(second * 1_000_000);
        asked.load(Ordering::Relaxed)
    };
    source.hold_heap(265 * MIB);
    assert_eq!(look(0), 1);
    works.store(false, Ordering::Relaxed);
    source.hold_heap(10 * MIB);
    let over = (1..60).find(|second| look(*second) > 1).unwrap();
    let again: Vec<u64> = (1..=10).map(|later| look(over + later)).collect();
    assert_eq!(again, [2, 2, 2, 2, 3, 3, 3, 3, 3, 4]);
    works.store(true, Ordering::Relaxed);
    let done: Vec<u64> = (11..=30).map(|later| look(over + later)).collect();
    assert_eq!((done[3], done[4], done[19]), (4, 5, 5), "and no more when it is written");
}
