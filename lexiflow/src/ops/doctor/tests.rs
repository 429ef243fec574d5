use super::*;
use crate::ops::trend::Trend;
use headroom::{
    Action, ActionRecord, ActionSettings, AllocatorStats, CgroupStats, Class, InjectedSource, Meter,
    Pressure, RequestMemory, Settings, Shrinking,
};
use std::sync::Arc;

/// What is found of `headroom` by somebody of this machine. The findings' ten minutes begin with `trend`.
fn told_at(headroom: &Headroom, trend: &Trend, at_micros: u64, names: Names) -> Vec<String> {
    let (snapshot, controls) = (headroom.snapshot(), headroom.controls());
    Examined {
        overdue: headroom.overdue_at(at_micros),
        suspects: Vec::new(),
        counts: Vec::new(),
        acts: headroom.tuning().acts,
        shrinks: headroom.tuning().actions.stores != Shrinking::Never,
        window: trend.window(&snapshot, &controls, at_micros),
        holder: holders(headroom).first().copied(),
        snapshot: &snapshot,
        controls: &controls,
        names,
        lost: None,
    }
    .findings()
}

fn told(headroom: &Headroom) -> Vec<String> {
    told_at(headroom, &Trend::default(), 1, Names::All)
}

/// A server of 400 MiB, of which the budget is 300, that holds so many MiB of heap.
fn holding(heap_mib: u64, settings: Settings) -> (Headroom, Arc<InjectedSource>) {
    let source = Arc::new(InjectedSource::with_limit(400 << 20));
    source.hold_heap(heap_mib << 20);
    let headroom = Headroom::new(settings, Arc::clone(&source) as _);
    headroom.sample_at(1);
    (headroom, source)
}

#[test]
fn figures_that_cannot_be_read_and_a_watcher_that_does_not_come_are_told() {
    let (headroom, source) = holding(0, Settings::default());
    headroom.sample_at(1_000_000);
    let told = |at_micros| told_at(&headroom, &Trend::default(), at_micros, Names::All);
    assert_eq!(told(2_000_000), ["Nothing is wrong."]);
    let late = told(3_500_000);
    assert!(late[0].contains("overdue by 2 s"), "{late:?}");
    let unreadable = Unreadable { limit: true, usage: true, ..Unreadable::default() };
    source.change(|reading| reading.unreadable = unreadable);
    let blind = told(2_000_000);
    assert!(blind[0].contains("said last, 400 MiB (physical)"), "{blind:?}");
    assert!(blind[1].contains("does not tell any more") && blind.len() == 2, "{blind:?}");
    let unknown = Unreadable { limit_unknown: true, ..Unreadable::default() };
    source.change(|reading| reading.unreadable = unknown);
    let unknown = told(2_000_000);
    assert!(unknown[0].contains("since the start") && unknown[0].contains("MEMORY_BUDGET_MB"), "{unknown:?}");
    assert!(!unknown[0].contains("any more") && unknown.len() == 1, "{unknown:?}");
}

#[test]
fn a_server_on_which_nothing_runs_for_want_of_memory_names_what_to_raise() {
    let (headroom, source) = holding(10, Settings::default());
    source.change(|reading| {
        let pressure = Pressure { full_avg10_hundredths: 7_000, is_own: true, ..Pressure::default() };
        reading.pressure = Some(pressure);
        reading.cgroup = Some(CgroupStats { high: Some(24 << 20), ..CgroupStats::default() });
    });
    headroom.sample_at(1_000_000);
    let told = told(&headroom);
    assert!(
        told[0].contains("Nothing ran") && told[0].contains("memory.high of the control group, 24 MiB"),
        "{told:?}"
    );
}

#[test]
fn stores_that_keep_what_they_hold_by_a_setting_are_told() {
    let actions = ActionSettings { stores: Shrinking::Never, ..ActionSettings::default() };
    let told = told(&holding(260, Settings { actions, ..Settings::default() }).0);
    assert!(told[0].contains("MEMORY_SHRINK_STORES is false"), "{told:?}");
}

#[test]
fn a_healthy_server_says_so_and_an_ailing_one_says_what_to_do() {
    assert_eq!(told(&holding(10, Settings::default()).0), ["Nothing is wrong."]);
    let critical = told(&holding(260, Settings::default()).0);
    assert!(critical[0].contains("has allocated 260 MiB, 86 % of the budget of 300 MiB"), "{critical:?}");
    assert!(critical[0].contains("MEMORY_BUDGET_MB"), "{critical:?}");
    let asks = Settings { explicit_budget_bytes: Some(900 << 20), ..Settings::default() };
    let clipped = told(&holding(10, asks).0);
    assert!(clipped[0].contains("asks for 900 MiB, but only 360 MiB"), "{clipped:?}");
}

#[test]
fn the_share_that_makes_the_level_is_named() {
    let pressed = |heap_mib: u64, anon_mib: u64| {
        let (headroom, source) = holding(heap_mib, Settings::default());
        source.change(|reading| reading.process.rss_anon = anon_mib << 20);
        headroom.sample_at(2);
        told(&headroom).remove(0)
    };
    let heap = pressed(260, 10);
    assert!(heap.contains("has allocated 260 MiB, 86 % of the budget"), "{heap}");
    let resident = pressed(10, 310);
    assert!(resident.contains("resident memory is 310 MiB, 103 % of the budget of 300 MiB"), "{resident}");
    let (headroom, source) =
        holding(10, Settings { explicit_budget_bytes: Some(360 << 20), ..Settings::default() });
    source.change(|reading| reading.process.rss_anon = 398 << 20);
    headroom.sample_at(2);
    let charged = told(&headroom).remove(0);
    assert!(
        charged.contains("cannot take back, 398 MiB, 99 % of the limit (physical) of 400 MiB"),
        "{charged}"
    );
}

#[test]
fn what_was_done_is_told_and_not_what_would_have_been() {
    let acting = told(&holding(260, Settings::default()).0).remove(0);
    for done in ["stores were shrunk 1 time(s)", "are refused with 503", "background jobs wait"] {
        assert!(acting.contains(done), "{acting}");
    }
    assert!(!acting.contains("heap profile"), "none was taken: {acting}");
    let idle = told(&holding(260, Settings { acts: false, ..Settings::default() }).0).remove(0);
    assert!(idle.contains("MEMORY_MONITORING_ENABLED is false"), "{idle}");
    assert!(!idle.contains("refused") && !idle.contains("shrunk"), "{idle}");

    let (headroom, source) = holding(10, Settings::default());
    headroom.on_emergency(|| ());
    source.hold_heap(295 << 20);
    headroom.sample_at(2);
    let emergency = told(&headroom).remove(0);
    assert!(emergency.contains("a heap profile was taken"), "{emergency}");
    let on_record = |record: &ActionRecord| record.action == Action::DumpHeap;
    assert!(headroom.controls().recent.iter().any(on_record));
}

#[test]
fn whoever_holds_most_is_named_to_those_who_may_know() {
    let (headroom, _source) = holding(260, Settings { acts: false, ..Settings::default() });
    let memory = RequestMemory { peak_live: 5 << 20, ..RequestMemory::default() };
    headroom.record("/api/reports", memory);
    headroom.record("/api/cases", RequestMemory { peak_live: 1 << 20, ..RequestMemory::default() });
    let firm = FirmId::from_bytes([7; 16]);
    let request = headroom.admit("/api/reports", Class::Bulk, Meter::new(), false).unwrap();
    request.flight().belongs_to([7; 16]).unwrap();
    let lent = request.flight().pool().unwrap().try_lease(3 << 20).unwrap();
    let said = |names| told_at(&headroom, &Trend::default(), 1, names).remove(0);
    let here = said(Names::All);
    assert!(here.contains("the route `/api/reports` (up to 5120 KiB for one request)"), "{here}");
    assert!(here.contains(&format!("the firm `{firm}`")) && here.contains("the store `"), "{here}");
    assert_eq!(said(Names::Own(firm)), here);
    let elsewhere = said(Names::Own(FirmId::from_bytes([8; 16])));
    assert!(elsewhere.contains("another firm (") && !elsewhere.contains(&firm.to_string()), "{elsewhere}");
    drop(lent);
}

#[test]
fn a_burst_that_is_over_is_told_for_ten_minutes() {
    let (headroom, _source) = holding(10, Settings::default());
    let bulk = headroom.class(Class::Bulk);
    let lent = bulk.try_lease(bulk.available()).unwrap();
    assert!(bulk.try_lease(1).is_err());
    drop(lent);
    let trend = Trend::default();
    let now = headroom.uptime_micros();
    let burst = told_at(&headroom, &trend, 1, Names::All);
    assert!(burst[0].contains("`bulk` of the budget has refused 1 request(s)"), "{burst:?}");
    assert!(burst[0].contains("raise the memory limit"), "{burst:?}");
    trend.note_at(&headroom, now);
    let later = told_at(&headroom, &trend, now + 600_000_000, Names::All);
    assert!(!later.iter().any(|finding| finding.contains("bulk")), "{later:?}");
}

#[test]
fn allocators_that_tell_nothing_leave_the_other_shares() {
    let (headroom, source) = holding(0, Settings::default());
    source.change(|reading| {
        reading.allocator = None::<AllocatorStats>;
        reading.process.rss_anon = 310 << 20;
    });
    headroom.sample_at(2);
    assert!(told(&headroom)[0].contains("resident memory is 310 MiB"));
}

#[test]
fn what_there_is_ever_more_of_is_told_with_its_speed() {
    use headroom::leaks::{CountGrowth, CountTrend};
    let growth = CountGrowth { per_hour: 60, confidence_percent: 97, since_micros: 1 };
    let told = |name, growth| {
        let mut found = Vec::new();
        counts(&[CountAnswer::of(CountTrend { name, now: 79, growth })], &mut found);
        found
    };
    assert!(told("files", None).is_empty());
    let found = told("sockets", Some(growth));
    assert!(
        found[0].contains("open sockets that are no client's: 79 now, and about 60 more each hour"),
        "{found:?}"
    );
}
