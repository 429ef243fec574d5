//! The leak verdict: which call stacks hold more and more.
//!
//! A [`Detector`] is shown the live heap by stack at regular moments, its windows. It remembers the largest stacks in
//! fixed memory and judges each: a leak's bytes rise from window to window at a comparable load, fast enough to matter,
//! no slower of late than before (surely so, where anything was given back), by more than chance would move them, and
//! neither as the requests in flight do nor as a registered store does that may still fill. What is too little in each of
//! many stacks is judged by what the stacks have in common: their innermost calls. It knows no names and no clock: the
//! caller says when a window was, and which shared calls are more than the allocator's.

mod counts;
mod groups;
mod judgement;
mod series;
pub mod statistics;
mod suspect;
mod table;

pub use counts::{COUNTS, CountGrowth, CountTrend};
pub use suspect::{Scale, Severity, Suspect};

use crate::heap_profile::StackUse;
use crate::stores::StoreStats;
use counts::Counts;
use groups::Groups;
use judgement::{Bar, Finding, Judgement, Mind, Phase};
use series::{Rungs, STRIDES, has_point};
use table::Table;

/// The most stacks that are followed.
pub const STACKS: usize = 256;
/// The most beginnings of stacks that are followed.
pub const GROUPS: usize = 256;
/// The fewest frames of such a beginning: what stacks share below is the allocator.
const SHALLOWEST: usize = 3;
/// The most frames of a stack that are kept, innermost first.
pub const FRAMES: usize = 64;
/// The most stores whose filling is followed.
pub const STORES: usize = 64;
/// The fewest windows of a verdict.
pub const MIN_WINDOWS: usize = 6;
/// The fewest requests before a verdict: what fewer leave behind is warm-up.
pub const MIN_REQUESTS: u64 = 1_000;
/// The first windows, in which a process fills what it needs anyway.
pub const WARM_UP_WINDOWS: u64 = 4;
/// How often in a row a stack must be found growing, on each rung: the points of the wider ones take longer anyway.
const CONFIRMATIONS: [u8; STRIDES.len()] = [14, 6, 4];
/// As often for the sum of many stacks: where one of them is a leak by itself, it has been named before.
const SHARED_CONFIRMATIONS: [u8; STRIDES.len()] = [18, 8, 5];
/// A verdict that was confirmed more often than it needed does not fall by one better window.
const SPARE: u8 = 4;

/// How busy the process is at a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// When, in microseconds since any fixed moment.
    pub at_micros: u64,
    /// Requests finished since the process began.
    pub requests: u64,
    /// Requests in flight, as a mean over the window where that is known.
    pub in_flight: u64,
}

/// Watches the heap for stacks that only grow.
#[derive(Debug)]
pub struct Detector {
    windows: u64,
    first: Load,
    loads: Rungs<Load>,
    table: Table,
    groups: Groups,
    counts: Counts,
    live_bytes: u64,
}

impl Default for Detector {
    fn default() -> Self {
        Self {
            windows: 0,
            first: Load::default(),
            loads: Rungs::new(),
            table: Table::default(),
            groups: Groups::default(),
            counts: Counts::default(),
            live_bytes: 0,
        }
    }
}

impl Detector {
    /// The most bytes that it holds, whatever it is shown.
    pub const CAP_BYTES: u64 =
        table::CAP_BYTES + groups::CAP_BYTES + counts::CAP_BYTES + series::bytes_of::<Load>() + 1024;

    /// Takes in a window: the stacks of a heap profile that samples one in `sample_bytes`, largest first, the
    /// bounded stores at that moment, and what is counted beside the memory, by names of at most [`COUNTS`] things.
    pub fn observe<'a>(
        &mut self,
        load: Load,
        sample_bytes: u64,
        stacks: impl Iterator<Item = StackUse<'a>>,
        stores: &[StoreStats],
        counts: &[(&'static str, u64)],
    ) {
        if self.windows == 0 {
            self.first = load;
        }
        let window = self.windows;
        self.windows += 1;
        self.counts.take(window, counts);
        if window < WARM_UP_WINDOWS {
            let bytes = stacks.map(|stack| u64::try_from(stack.used.bytes).unwrap_or(0));
            self.live_bytes = bytes.fold(0, u64::saturating_add);
            return;
        }
        self.loads.push(window, load);
        // bounded: the stacks of one profile, for this call.
        let mut stacks: Vec<StackUse<'a>> = stacks.collect();
        self.live_bytes = self.table.take(window, sample_bytes, &stacks, stores);
        self.groups.take(window, sample_bytes, &mut stacks);
        // Requests warm up what is allocated; what is counted here needs none.
        let has_warmed_up = load.requests.saturating_sub(self.first.requests) >= MIN_REQUESTS;
        for rung in (0..STRIDES.len()).filter(|rung| has_point(*rung, window)) {
            self.counts.judge(&Phase::of(&self.loads, rung), rung, load.at_micros);
            if has_warmed_up {
                self.judge(rung, load.at_micros);
            }
        }
    }

    fn judge(&mut self, rung: usize, at_micros: u64) {
        let (phase, stores) = (Phase::of(&self.loads, rung), &self.table.stores);
        let bar = Bar::of_stacks(self.live_bytes);
        for stack in &mut self.table.stacks {
            let points = phase.points(&stack.kib, rung);
            let judgement = judgement::judge(&points, bar, |points| judgement::holder(points, stores, rung));
            stack.minds[rung].hear(judgement, CONFIRMATIONS[rung], at_micros);
        }
        let moving: Vec<&[u64]> = self
            .table
            .stacks
            .iter()
            .filter(|stack| stack.minds[rung].moves)
            .map(|stack| &*stack.calls)
            .collect();
        for group in &mut self.groups.followed {
            // What moves by itself is judged by itself.
            let judgement = if moving.iter().any(|calls| calls.starts_with(&group.calls)) {
                Judgement::Explained
            } else {
                let points = phase.points(&group.kib, rung);
                judgement::judge(&points, bar, |points| judgement::holders(points, stores, rung))
            };
            group.minds[rung].hear(judgement, SHARED_CONFIRMATIONS[rung], at_micros);
        }
    }

    /// Windows so far.
    pub fn windows(&self) -> u64 {
        self.windows
    }

    /// Stacks that are followed.
    pub fn stacks(&self) -> usize {
        self.table.stacks.len()
    }

    /// What the last window's stacks held together, in bytes.
    pub fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    /// What the detector holds, in bytes.
    pub fn bytes(&self) -> u64 {
        self.table.bytes() + self.groups.bytes() + self.counts.bytes() + series::bytes_of::<Load>()
    }

    /// Calls that many stacks share and that would be suspects if they were known to have reached the program: what the whole
    /// program allocates by one way through the standard library is nobody's line.
    pub fn undecided(&self) -> Vec<Box<[u64]>> {
        let unknown = self.groups.suspects().filter(|group| group.is_beyond_runtime.is_none());
        unknown.map(|group| group.calls.clone()).collect()
    }

    /// Says of such calls whether they have, for as long as they are followed.
    pub fn decide(&mut self, calls: &[u64], is_beyond_runtime: bool) {
        if let Some(group) = self.groups.followed.iter_mut().find(|group| *group.calls == *calls) {
            group.is_beyond_runtime = Some(is_beyond_runtime);
        }
    }

    /// What is counted beside the memory, in the order in which it came, and which of it only grows.
    pub fn counts(&self) -> impl Iterator<Item = CountTrend> + '_ {
        self.counts.trends()
    }

    /// What leaks, the fastest first: stacks, and calls that many stacks share, of which none leaks alone.
    pub fn suspects(&self) -> Vec<Suspect> {
        let alone = self.table.stacks.iter().filter(|stack| stack.is_suspect());
        let shared = || self.groups.suspects().filter(|group| group.is_beyond_runtime == Some(true));
        // Of calls within calls the most particular are told: that is where the line is.
        let is_told = |group: &&table::Stack| {
            let within = |other: &table::Stack| other.calls.starts_with(&group.calls);
            !alone.clone().any(within)
                && !shared().any(|other| other.calls.len() > group.calls.len() && within(other))
        };
        let all = alone.clone().chain(shared().filter(is_told));
        let mut found: Vec<Suspect> = all.filter_map(table::Stack::suspect).collect();
        found.sort_by(|a, b| b.bytes_per_hour.cmp(&a.bytes_per_hour).then_with(|| a.calls.cmp(&b.calls)));
        found
    }
}

impl Mind {
    /// Whether it has been sure for long enough.
    fn verdict(&self) -> Option<&Finding> {
        self.finding.as_ref().filter(|_| self.stands)
    }

    /// The verdict of the rung with the longest look that has one, and since when one has stood.
    fn of_all(minds: &[Self; STRIDES.len()]) -> Option<(&Finding, u64)> {
        let since =
            minds.iter().filter(|mind| mind.verdict().is_some()).map(|mind| mind.since_micros).min()?;
        Some((minds.iter().rev().find_map(Self::verdict)?, since))
    }

    /// Follows one more judgement. A window that cannot be compared with others says nothing either way.
    fn hear(&mut self, judgement: Judgement, needed: u8, at_micros: u64) {
        self.moves = match judgement {
            Judgement::Unknown => self.moves,
            Judgement::Quiet => false,
            Judgement::Explained | Judgement::Grows(_) => true,
        };
        match judgement {
            Judgement::Unknown => {}
            Judgement::Grows(finding) => {
                self.finding = Some(finding);
                self.confirmed = (self.confirmed + 1).min(needed + SPARE);
                if self.confirmed >= needed && !self.stands {
                    (self.stands, self.since_micros) = (true, at_micros);
                }
            }
            Judgement::Quiet | Judgement::Explained => {
                self.confirmed = if self.stands { self.confirmed.saturating_sub(2) } else { 0 };
                if self.confirmed == 0 {
                    (self.stands, self.finding) = (false, None);
                }
            }
        }
    }
}
