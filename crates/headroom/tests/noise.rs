//! Shares that waver: what looks like growth and is none, and how rarely the level changes.

use headroom::{
    CgroupStats, Headroom, InjectedSource, Level, Limit, LimitSource, Pressure, Settings, Thresholds,
};
use std::sync::Arc;

const BUDGET: u64 = 300_000_000;
const LIMIT: u64 = 400_000_000;
const TICK_MICROS: u64 = 100_000;
/// A level lasts at least so long before it is left downwards.
const DWELL_TICKS: u64 = 20;

/// An engine that is looked at ten times a second of a time of its own.
struct Server {
    headroom: Headroom,
    source: Arc<InjectedSource>,
    ticks: u64,
    /// At which ticks the level changed.
    changes: Vec<(u64, Level)>,
}

impl Server {
    fn new() -> Self {
        let source = Arc::new(InjectedSource::with_limit(LIMIT));
        let headroom = Headroom::new(Settings::default(), Arc::clone(&source) as _);
        Self { headroom, source, ticks: 0, changes: Vec::new() }
    }

    fn look(&mut self) -> Level {
        self.ticks += 1;
        let before = self.headroom.level();
        let level = self.headroom.sample_at(self.ticks * TICK_MICROS);
        if level != before {
            self.changes.push((self.ticks, level));
        }
        level
    }

    /// One look at a heap of so many thousandths of the budget.
    fn heap(&mut self, permille: u64) -> Level {
        self.source.hold_heap(BUDGET / 1000 * permille);
        self.look()
    }
}

/// Numbers from 0 to 40, the same for the same seed (an LCG; the high bits are good enough).
fn noise(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % 41
    })
}

#[test]
fn two_percent_of_noise_round_any_mark_change_the_level_once_at_most() {
    let marks = Thresholds::GUIDE;
    for level in &Level::ALL[1..] {
        for (mark, begin) in
            [(marks.enter(*level), marks.enter(*level) - 21), (marks.leave(*level), marks.enter(*level))]
        {
            for seed in 0..8 {
                let mut server = Server::new();
                for _ in 0..50 {
                    server.heap(begin.into());
                }
                server.changes.clear();
                for offset in noise(seed).take(600) {
                    server.heap(u64::from(mark) - 20 + offset);
                }
                assert!(server.changes.len() <= 1, "{level:?} at {mark}, seed {seed}: {:?}", server.changes);
            }
        }
    }
}

#[test]
fn what_wavers_far_below_a_mark_does_not_keep_its_level() {
    for seed in 0..8 {
        let mut server = Server::new();
        for _ in 0..5 {
            server.heap(950);
        }
        assert_eq!(server.headroom.level(), Level::Emergency);
        let peak = server.ticks;
        for offset in noise(seed).take(600) {
            server.heap(380 + offset);
        }
        assert_eq!(server.headroom.level(), Level::Normal, "seed {seed}");
        let (left, _) = *server.changes.last().unwrap();
        assert!(left - peak <= 5 * DWELL_TICKS, "seed {seed}: {:?}", server.changes);
    }
}

/// The heap stands at half of the budget and the charge at half of the limit: which of both is nearer to its limit changes
/// with each look, and neither grows.
#[test]
fn two_figures_that_take_turns_are_no_growth() {
    let mut server = Server::new();
    for offset in noise(1).take(600) {
        server.source.change(|reading| {
            reading.limit = Limit { bytes: LIMIT, source: LimitSource::CgroupV2 };
            let anon = LIMIT / 1000 * (520 + offset % 7);
            reading.cgroup = Some(CgroupStats { anon, ..CgroupStats::default() });
        });
        server.heap(520 + offset / 7);
    }
    assert_eq!(server.changes, []);
}

#[test]
fn stalls_that_come_and_go_raise_the_level_and_keep_it_for_as_long_as_a_share_would() {
    let mut server = Server::new();
    server.heap(300);
    for tick in 0..600 {
        let some_avg10_hundredths = if tick % 3 == 0 { 1_100 } else { 900 };
        server.source.change(|reading| {
            reading.pressure = Some(Pressure { some_avg10_hundredths, is_own: true, ..Pressure::default() });
        });
        server.look();
    }
    assert_eq!(server.changes, [(2, Level::Elevated)], "raised once, and not left while stalls go on");
    let last_stall = server.ticks - 2;
    server.source.change(|reading| reading.pressure = Some(Pressure::default()));
    while server.look() != Level::Normal {}
    assert_eq!(server.ticks, last_stall + DWELL_TICKS, "left two seconds after the last of them");
}

#[test]
fn growth_is_still_foreseen_through_the_noise() {
    for seed in 0..8 {
        let mut server = Server::new();
        for offset in noise(seed).take(50) {
            server.heap(500 + offset / 4);
        }
        assert_eq!(server.headroom.level(), Level::Normal);
        // A fifth of the budget in each second.
        for (tick, offset) in noise(seed).take(9).enumerate() {
            server.heap(500 + 22 * tick as u64 + offset / 4);
        }
        let level = server.headroom.level();
        assert!(level > Level::Normal, "seed {seed}: at 68 % with a second and a half to the limit");
    }
}
