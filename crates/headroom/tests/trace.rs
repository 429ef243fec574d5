//! A scripted ramp through all levels and back, look by look, as one trace.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use headroom::{Action, AllocatorStats, Cause, Class, Headroom, InjectedSource, Meter, Pressure, Settings};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const BUDGET: u64 = 300_000_000;

/// Raises the heap from 60 to 96 % in 36 s and lowers it to 55 % in 41 s, a tenth of a percent with each look; in between
/// it stays for three seconds. What changed at each look is a line: the share in thousandths, the level, its cause, and the
/// actions with how often each was repeated since.
fn ramp(headroom: &Headroom, source: &InjectedSource) -> Vec<String> {
    let (mut lines, mut seen, mut level, mut repeated) = (Vec::new(), 0, headroom.level(), 0);
    let shares = (600..=960).chain([960; 30]).chain((550..960).rev()).chain([550; 30]);
    for (look, share) in shares.enumerate() {
        source.change(|reading| {
            let allocated = BUDGET / 1000 * share;
            reading.allocator = Some(AllocatorStats { allocated, ..AllocatorStats::default() });
        });
        let now = headroom.sample_at((look as u64 + 1) * 100_000);
        let controls = headroom.controls();
        let total: u64 = controls.taken.iter().sum();
        let fresh = usize::try_from(total - seen).unwrap();
        seen = total;
        let latest = controls.recent.iter().rev().take(fresh).rev();
        // What the machine's allocator gives back is not this test's to say.
        let actions: Vec<Action> =
            latest.map(|record| record.action).filter(|action| *action != Action::Purge).collect();
        if now == level {
            repeated += actions.len();
            continue;
        }
        let cause = if controls.cause == Cause::None { "" } else { controls.cause.as_str() };
        lines.push(format!("+{repeated} {share} {} {cause} {actions:?}", now.as_str()));
        (level, repeated) = (now, 0);
    }
    lines.push(format!("+{repeated}"));
    lines
}

#[test]
fn up_and_down_through_all_levels_each_does_its_part_and_takes_it_back() {
    let source = Arc::new(InjectedSource::with_limit(BUDGET / 3 * 4));
    let headroom = Headroom::new(Settings::default(), Arc::clone(&source) as _);
    let dumps = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&dumps);
    headroom.on_emergency(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let trace = ramp(&headroom, &source);
    let expected = [
        "+0 700 elevated share [Decay(250), ShrinkStores(75)]",
        "+4 750 warning share [PauseBackground(true), CloseIdle(true), ShrinkStores(50)]",
        "+9 850 critical share [ShedBulk(true), ShrinkStores(0)]",
        "+8 930 emergency share [ShrinkStores(0), DumpHeap]",
        "+16 859 critical share []",
        "+10 759 warning share [ShedBulk(false), ShedStandard(false)]",
        "+8 679 elevated share [PauseBackground(false), CloseIdle(false)]",
        "+5 629 normal  [Decay(1000)]",
        "+0",
    ];
    assert_eq!(trace, expected, "two seconds below 88, 78, 70 and 65 %");
    assert_eq!(dumps.load(Ordering::Relaxed), 1);
    assert!(!*headroom.background_paused().borrow() && !headroom.closes_idle());
    assert!(headroom.admit("/x", Class::Bulk, Meter::new(), false).is_ok());
    let taken = |name: &str| {
        let place = Action::NAMES.iter().position(|known| *known == name).unwrap();
        headroom.controls().taken[place]
    };
    for (begun, ended) in [
        ("pause_background", "resume_background"),
        ("shed_bulk", "admit_bulk"),
        ("shed_standard", "admit_standard"),
        ("close_connections", "keep_connections"),
    ] {
        assert_eq!((taken(begun), taken(ended)), (1, 1), "{begun}");
    }
    assert_eq!(taken("decay"), 2);
}

/// By the engine, with what follows from it.
#[test]
fn stalls_call_for_what_the_level_above_calls_for_and_it_is_taken_back() {
    let source = Arc::new(InjectedSource::with_limit(BUDGET / 3 * 4));
    let headroom = Headroom::new(Settings::default(), Arc::clone(&source) as _);
    source.hold_heap(BUDGET / 1000 * 720);
    let look = |look: u64, some_avg10_hundredths: u32| {
        source.change(|reading| {
            reading.pressure = Some(Pressure { some_avg10_hundredths, ..Pressure::default() });
        });
        (headroom.sample_at(look * 100_000).as_str(), headroom.controls().cause, headroom.closes_idle())
    };
    assert_eq!(look(1, 0), ("elevated", Cause::Share, false));
    assert_eq!(look(2, 1_500), ("warning", Cause::Stalls, true));
    assert_eq!(look(21, 0), ("warning", Cause::Stalls, true));
    assert_eq!(look(22, 0), ("warning", Cause::Stalls, true), "72 % is not yet below where warning ends");
    source.hold_heap(BUDGET / 1000 * 690);
    assert_eq!(look(23, 0), ("warning", Cause::Stalls, true));
    assert_eq!(look(43, 0), ("elevated", Cause::Share, false));
}
