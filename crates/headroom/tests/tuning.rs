//! Settings that change while the process runs.

use headroom::{
    Action, ActionSettings, Headroom, InjectedSource, Level, RequestMemory, Settings, Thresholds, Tuning,
};
use std::sync::Arc;

const MIB: u64 = 1 << 20;

fn engine() -> (Headroom, Arc<InjectedSource>) {
    let source = Arc::new(InjectedSource::with_limit(400 * MIB));
    (Headroom::new(Settings::default(), Arc::clone(&source) as _), source)
}

fn tuned(headroom: &Headroom, change: impl FnOnce(&mut Tuning)) {
    let mut tuning = headroom.tuning();
    change(&mut tuning);
    headroom.tune(tuning);
    assert_eq!(headroom.tuning(), tuning);
}

#[test]
fn other_marks_count_from_the_next_look() {
    let (headroom, source) = engine();
    source.hold_heap(180 * MIB);
    assert_eq!(headroom.sample_at(0), Level::Normal, "60 of 100");
    tuned(&headroom, |tuning| tuning.thresholds = Thresholds::around(500, 800).unwrap());
    assert_eq!(headroom.sample_at(100_000), Level::Warning);
    assert_eq!(headroom.snapshot().thresholds, Thresholds::around(500, 800).unwrap());
    tuned(&headroom, |tuning| tuning.thresholds = Thresholds::GUIDE);
    for second in 1..8 {
        headroom.sample_at(second * 1_000_000);
    }
    assert_eq!(headroom.level(), Level::Normal);
}

#[test]
fn another_budget_is_cut_at_the_next_look_and_is_no_change_of_the_limit() {
    let (headroom, _source) = engine();
    headroom.sample_at(0);
    assert_eq!(headroom.budget().bytes, 300 * MIB);
    tuned(&headroom, |tuning| tuning.explicit_budget_bytes = Some(100 * MIB));
    headroom.sample_at(100_000);
    assert_eq!((headroom.budget().bytes, headroom.root().limit()), (100 * MIB, 100 * MIB));
    assert_eq!(headroom.controls().limit_changes, 0);
    tuned(&headroom, |tuning| tuning.explicit_budget_bytes = None);
    headroom.sample_at(200_000);
    assert_eq!(headroom.budget().bytes, 300 * MIB);
}

#[test]
fn what_was_begun_is_taken_back_when_nothing_is_to_be_done_any_more() {
    let (headroom, source) = engine();
    source.hold_heap(280 * MIB);
    assert_eq!(headroom.sample_at(0), Level::Emergency);
    assert!(*headroom.background_paused().borrow() && headroom.closes_idle());
    let mut followed = headroom.watch_tuning();
    followed.borrow_and_update();
    tuned(&headroom, |tuning| tuning.acts = false);
    assert!(followed.has_changed().unwrap(), "who follows the level looks at the settings again");
    assert_eq!(headroom.sample_at(100_000), Level::Emergency, "the level is told all the same");
    assert!(!*headroom.background_paused().borrow() && !headroom.closes_idle());
    tuned(&headroom, |tuning| tuning.acts = true);
    headroom.sample_at(200_000);
    assert!(*headroom.background_paused().borrow());
}

#[test]
fn other_choices_of_actions_and_another_mark_for_large_requests_count() {
    let (headroom, source) = engine();
    tuned(&headroom, |tuning| {
        tuning.actions = ActionSettings { purges: false, ..tuning.actions };
        tuning.large_request_bytes = 1000;
    });
    source.hold_heap(280 * MIB);
    headroom.sample_at(0);
    let taken: Vec<_> = headroom.controls().recent.into_iter().map(|record| record.action).collect();
    assert!(!taken.is_empty() && !taken.contains(&Action::Purge), "{taken:?}");
    let request = |peak_live| RequestMemory { peak_live, ..RequestMemory::default() };
    assert!(headroom.record("/api/cases", request(1001)));
    assert!(!headroom.record("/api/cases", request(1000)));
}
