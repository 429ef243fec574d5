//! The level over time: noise, growth, stalls, and the way down.

use headroom::{Cause, Judge, Level, Observation, Pressure, Thresholds};
use proptest::prelude::*;

const LIMIT: u64 = 1_000_000_000;
const TICK: u64 = 100_000;

fn seen(at_micros: u64, share: u32) -> Observation {
    let used = LIMIT / 1000 * u64::from(share);
    Observation { at_micros, share, used, limit: LIMIT, pressure: None }
}

/// The same at each look for so many looks.
fn hold(judge: &mut Judge, at: &mut u64, share: u32, looks: u64) -> Vec<Level> {
    let mut levels = Vec::new();
    for _ in 0..looks {
        *at += TICK;
        levels.push(judge.judge(&seen(*at, share)));
    }
    levels
}

#[test]
fn up_at_once_and_down_step_by_step_after_two_calm_seconds() {
    let (mut judge, mut at) = (Judge::new(Thresholds::GUIDE), 0);
    hold(&mut judge, &mut at, 400, 50);
    assert_eq!(judge.judge(&seen(at + 1, 940)), Level::Emergency);
    assert_eq!(judge.cause(), Cause::Share);
    let down = hold(&mut judge, &mut at, 100, 30);
    assert!(down[..20].iter().all(|level| *level == Level::Emergency), "{down:?}");
    assert_eq!(
        down[20..25],
        [Level::Critical, Level::Warning, Level::Elevated, Level::Normal, Level::Normal]
    );
    assert_eq!(judge.cause(), Cause::None);
}

#[test]
fn a_share_that_rises_again_on_the_way_down_starts_the_wait_anew() {
    let (mut judge, mut at) = (Judge::new(Thresholds::GUIDE), 0);
    hold(&mut judge, &mut at, 860, 1);
    hold(&mut judge, &mut at, 740, 15);
    let again = hold(&mut judge, &mut at, 770, 15);
    assert!(again.iter().all(|level| *level == Level::Critical), "{again:?}");
    assert_eq!(hold(&mut judge, &mut at, 770, 6).last(), Some(&Level::Warning));
    // Far below the mark it may waver as it likes.
    hold(&mut judge, &mut at, 860, 1);
    hold(&mut judge, &mut at, 600, 15);
    assert_eq!(hold(&mut judge, &mut at, 640, 6).last(), Some(&Level::Warning));
}

#[test]
fn growth_that_would_reach_the_limit_soon_raises_the_level_before_it_does() {
    let (mut judge, mut at) = (Judge::new(Thresholds::GUIDE), 0);
    hold(&mut judge, &mut at, 300, 20);
    let mut share = 300;
    let mut raised = None;
    while share < 700 {
        share += 40;
        at += TICK;
        if judge.judge(&seen(at, share)) > Level::Normal {
            raised = Some(share);
            break;
        }
    }
    assert!(raised.is_some_and(|share| share < 700), "{raised:?}");
    assert_eq!(judge.cause(), Cause::Growth);
}

#[test]
fn stalls_raise_by_one_and_never_to_where_work_is_ended() {
    let mut judge = Judge::new(Thresholds::GUIDE);
    let stalling = |at, share, some, full| Observation {
        pressure: Some(Pressure {
            some_avg10_hundredths: some,
            full_avg10_hundredths: full,
            some_total_micros: 0,
            is_own: true,
        }),
        ..seen(at, share)
    };
    assert_eq!(judge.judge(&stalling(1, 100, 1_000, 500)), Level::Normal, "exactly the marks is not above");
    assert_eq!(judge.judge(&stalling(2, 100, 1_001, 0)), Level::Elevated);
    assert_eq!(judge.cause(), Cause::Stalls);
    let mut judge = Judge::new(Thresholds::GUIDE);
    assert_eq!(judge.judge(&stalling(1, 760, 9_000, 9_000)), Level::Warning);
    for (share, level) in [(499, Level::Normal), (500, Level::Elevated)] {
        let mut machine = stalling(1, share, 9_000, 9_000);
        machine.pressure = machine.pressure.map(|pressure| Pressure { is_own: false, ..pressure });
        assert_eq!(Judge::new(Thresholds::GUIDE).judge(&machine), level, "a neighbour's stalls at {share}");
    }
}

proptest! {
    #[test]
    fn noise_round_any_mark_changes_the_level_at_most_once_in_two_seconds(
        mark in 1usize..5, noise in prop::collection::vec(-60i32..60, 1..400)
    ) {
        let mark = Thresholds::GUIDE.enter(Level::ALL[mark]);
        let (mut judge, mut last, mut falls) = (Judge::new(Thresholds::GUIDE), Level::Normal, 0u64);
        for (look, offset) in noise.iter().enumerate() {
            let at = (look as u64 + 1) * TICK;
            // A limit far away: this is about the share alone.
            let seen = Observation { used: 0, ..seen(at, mark.saturating_add_signed(*offset)) };
            let level = judge.judge(&seen);
            falls += u64::from(level < last);
            last = level;
        }
        let seconds = noise.len() as u64 / 10;
        prop_assert!(falls <= seconds / 2 * 4, "{} falls in {} s", falls, seconds);
    }

    #[test]
    fn the_level_is_never_below_what_the_share_asks(shares in prop::collection::vec(0u32..1200, 1..200)) {
        let mut judge = Judge::new(Thresholds::GUIDE);
        for (look, share) in shares.into_iter().enumerate() {
            let level = judge.judge(&seen((look as u64 + 1) * TICK, share));
            for known in Level::ALL {
                prop_assert!(share < Thresholds::GUIDE.enter(known) || level >= known);
            }
        }
    }

    #[test]
    fn whatever_was_before_calm_ends_at_normal_within_three_seconds(shares in prop::collection::vec(0u32..1200, 1..50)) {
        let (mut judge, mut at) = (Judge::new(Thresholds::GUIDE), 0);
        for share in shares {
            hold(&mut judge, &mut at, share, 1);
        }
        let calm = hold(&mut judge, &mut at, 100, 30);
        prop_assert_eq!(calm.last(), Some(&Level::Normal));
    }
}

/// The averages of ten seconds say nothing yet.
#[test]
fn a_stall_is_seen_within_the_look_that_follows_it() {
    let mut judge = Judge::new(Thresholds::GUIDE);
    let stalled = |millis: u64, total_millis: u64| Observation {
        at_micros: millis * 1_000,
        share: 100,
        used: 100,
        limit: 1_000,
        pressure: Some(Pressure {
            some_total_micros: total_millis * 1_000,
            is_own: true,
            ..Pressure::default()
        }),
    };
    for tenth in 0..50 {
        assert_eq!(judge.judge(&stalled(tenth * 100, 70_000 + tenth * 4)), Level::Normal, "{tenth}");
    }
    assert_eq!(judge.judge(&stalled(5_000, 70_320)), Level::Elevated);
    assert_eq!(judge.cause(), Cause::Stalls);
    let after = (51..120).map(|tenth| judge.judge(&stalled(tenth * 100, 70_320))).collect::<Vec<_>>();
    assert_eq!(after.last(), Some(&Level::Normal), "what is over ends");
    assert_eq!(after[10], Level::Elevated, "but not at once");
}
