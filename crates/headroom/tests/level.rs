//! The five levels: up at once, down slowly, no wavering.

use headroom::{Level, Thresholds, permille};
use proptest::prelude::*;

const MARKS: Thresholds = Thresholds::GUIDE;

proptest! {
    #[test]
    fn a_level_rises_at_once_to_what_the_share_asks(start in 0usize..5, share in 0u32..1200) {
        let start = Level::ALL[start];
        let next = start.next(share, &MARKS);
        for level in Level::ALL {
            if share >= MARKS.enter(level) {
                prop_assert!(next >= level, "{share} must be at least {level:?}, not {next:?}");
            }
        }
    }

    #[test]
    fn a_level_falls_one_step_and_only_below_its_own_mark(start in 0usize..5, share in 0u32..1200) {
        let level = Level::ALL[start];
        let next = level.next(share, &MARKS);
        if next < level {
            prop_assert_eq!(next as u8 + 1, level as u8);
            prop_assert!(share < MARKS.leave(level));
        } else if next == level && level > Level::Normal {
            prop_assert!(share >= MARKS.leave(level));
        }
    }

    #[test]
    fn a_share_that_wavers_less_than_the_gap_changes_the_level_once(
        mark in 1usize..5, noise in prop::collection::vec(-25i32..25, 1..200)
    ) {
        let mark = MARKS.enter(Level::ALL[mark]);
        let mut level = Level::Normal.next(mark, &MARKS);
        let first = level;
        let mut changes = 0;
        for offset in noise {
            let next = level.next(mark.saturating_add_signed(offset), &MARKS);
            changes += u32::from(next != level);
            level = next;
        }
        prop_assert_eq!((changes, level), (0, first));
    }

    #[test]
    fn a_constant_share_settles(start in 0usize..5, share in 0u32..1200, warning in 100u32..950, gap in 1u32..300) {
        let critical = (warning + gap).min(990);
        let Some(marks) = Thresholds::around(warning, critical) else { return Ok(()) };
        let mut level = Level::ALL[start];
        for _ in 0..5 {
            level = level.next(share, &marks);
        }
        prop_assert_eq!(level.next(share, &marks), level, "{:?} at {}", marks, share);
    }

    #[test]
    fn own_marks_keep_their_order(warning in 0u32..1100, critical in 0u32..1100) {
        let Some(marks) = Thresholds::around(warning, critical) else {
            prop_assert!(warning < 100 || warning >= critical || critical > 990);
            return Ok(());
        };
        prop_assert_eq!((marks.enter(Level::Warning), marks.enter(Level::Critical)), (warning, critical));
        for pair in Level::ALL.windows(2) {
            prop_assert!(marks.enter(pair[0]) < marks.enter(pair[1]));
            prop_assert!(marks.leave(pair[1]) < marks.enter(pair[1]));
        }
    }
}

#[test]
fn a_full_rise_and_fall() {
    let shares = [100, 720, 690, 640, 960, 890, 870, 790, 770, 690, 640];
    let mut level = Level::Normal;
    let seen: Vec<&str> = shares
        .iter()
        .map(|share| {
            level = level.next(*share, &MARKS);
            level.as_str()
        })
        .collect();
    assert_eq!(
        seen,
        [
            "normal",
            "elevated",
            "elevated",
            "normal",
            "emergency",
            "emergency",
            "critical",
            "critical",
            "warning",
            "elevated",
            "normal",
        ]
    );
    assert_eq!(Level::Elevated.status(), "healthy");
    assert_eq!((Level::Warning.status(), Level::Emergency.status()), ("warning", "critical"));
}

#[test]
fn a_share_of_nothing_is_more_than_everything() {
    assert_eq!(permille(0, 0), u32::MAX);
    assert_eq!(permille(u64::MAX, u64::MAX), 1000);
    assert_eq!(permille(999, 1_000_000), 0);
}
