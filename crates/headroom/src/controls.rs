use crate::class::Class;
use crate::concurrency::Concurrency;
use crate::ending::EndingAllowance;
use crate::history::Fates;
use crate::judge::{Cause, Judge, Observation};
use crate::level::{Level, Thresholds};
use crate::limit::Limit;
use crate::plan::{Action, ActionSettings, Plan, is_due};
use crate::pressure::Pressure;
use crate::source::Unreadable;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// From this share of the last ten seconds on in which nothing ran for want of memory, in hundredths of a percent, a process
/// does no work worth speaking of, until the share is below the other one.
const STANDSTILL: u32 = 5_000;
const MOVES_AGAIN: u32 = 3_000;

/// How many actions are remembered for the memory report.
pub const RECORDS: usize = 64;

/// A look that comes so much later than it should is overdue, in microseconds.
const OVERDUE_MICROS: u64 = 1_000_000;

/// After a heavy request unused pages go back, but no sooner than this after the last time, in microseconds.
const HEAVY_PURGE_EVERY: u64 = 10_000_000;

/// Pages that are free and not given back yet may be this part of the limit; what is more goes back, no sooner than this after
/// the last time, in microseconds: a little less than lies between two looks that follow closely, so that none is passed over.
const UNUSED_PART: u64 = 64;
const UNUSED_PURGE_EVERY: u64 = 15_000;

/// Whether so many unused bytes are too many for the limit.
pub(crate) fn is_too_much_unused(unused_bytes: u64, limit_bytes: u64) -> bool {
    unused_bytes > limit_bytes / UNUSED_PART
}

/// How long it takes until the effect of an action can be seen that others carry out, in microseconds.
const SHOWS_AFTER: u64 = 1_000_000;

/// How long refused callers are told to wait, in seconds.
const RETRY_SECONDS: std::ops::RangeInclusive<u64> = 1..=30;

/// One action that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRecord {
    /// In microseconds since the engine began.
    pub at_micros: u64,
    /// The level that called for it.
    pub level: Level,
    /// What was done.
    pub action: Action,
    /// What counted before it, in bytes: the stores for a shrinking, the allocator's resident pages for a purge, a decay or a
    /// profile; for what shows its effect later, such as a cancellation, what is lent.
    pub before_bytes: u64,
    /// The same afterwards. What shows its effect later has none until a second has passed; then it is what is lent by then,
    /// whoever took or gave it back meanwhile.
    pub after_bytes: Option<u64>,
}

/// A limit of the system that became another while the process ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitChange {
    /// When it was found, in microseconds since the engine began. From then on the new budget holds.
    pub at_micros: u64,
    /// How long before that the old limit was still found: it changed within this time, in microseconds.
    pub within_micros: u64,
    /// The limit before, in bytes.
    pub from_bytes: u64,
    /// The limit now, in bytes.
    pub to_bytes: u64,
}

/// How often the level changed, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Transitions([[[u64; Cause::ALL.len()]; Level::ALL.len()]; Level::ALL.len()]);

impl Transitions {
    fn note(&mut self, from: Level, to: Level, cause: Cause) {
        self.0[from as usize][to as usize][cause as usize] += 1;
    }

    /// Those that there were: from, to, the cause of the new level, and how often.
    pub fn counts(&self) -> impl Iterator<Item = (Level, Level, Cause, u64)> + '_ {
        let each = |from| Level::ALL.into_iter().map(move |to| (from, to));
        let pairs = Level::ALL.into_iter().flat_map(each);
        let all = pairs.flat_map(|(from, to)| Cause::ALL.into_iter().map(move |cause| (from, to, cause)));
        all.map(|(from, to, cause)| (from, to, cause, self.0[from as usize][to as usize][cause as usize]))
            .filter(|(.., count)| *count > 0)
    }
}

/// The controller's own figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ControlStats {
    /// Why the level is what it is.
    pub cause: Cause,
    /// Since when, in microseconds since the engine began.
    pub since_micros: u64,
    /// Changes of the level.
    pub transitions: Transitions,
    /// How often each action was taken, in the order of [`Action::NAMES`].
    pub taken: [u64; Action::NAMES.len()],
    /// The latest actions, oldest first.
    pub recent: Vec<ActionRecord>,
    /// Requests refused because their class can wait.
    pub shed: u64,
    /// Requests that were ended.
    pub cancelled: u64,
    /// How long the last look took, in microseconds.
    pub tick_micros: u64,
    /// Looks that came more than a second late. One that has not come yet is not among them; see
    /// [`Headroom::overdue`](crate::Headroom::overdue).
    pub overdue: u64,
    /// When the limit is reached at the present growth, in microseconds.
    pub micros_to_limit: Option<u64>,
    /// When the last look was, in microseconds since the engine began.
    pub looked_at_micros: u64,
    /// How often the system's limit changed while the process ran.
    pub limit_changes: u64,
    /// The last such change.
    pub limit_change: Option<LimitChange>,
    /// Whether nothing runs for want of memory: [`Headroom::is_at_standstill`](crate::Headroom::is_at_standstill).
    pub is_at_standstill: bool,
    /// What the kernel did not tell at the last look.
    pub unreadable: Unreadable,
    /// How many lists and searches may run at once, where that is limited, and how many requests that move files.
    pub at_once: [Option<u32>; 2],
}

/// What the controller knows and what it has set.
#[derive(Debug)]
pub(crate) struct Controls {
    mind: Mutex<Mind>,
    pub(crate) sheds_bulk: AtomicBool,
    pub(crate) sheds_standard: AtomicBool,
    pub(crate) concurrency: Concurrency,
    pub(crate) closes_idle: AtomicBool,
    pub(crate) background_paused: watch::Sender<bool>,
    retry_seconds: AtomicU32,
    heavy_ended: AtomicBool,
    is_at_standstill: AtomicBool,
    pub(crate) ending: EndingAllowance,
    pub(crate) shed: AtomicU64,
    pub(crate) tick_micros: AtomicU64,
    overdue: AtomicU64,
    looked_at_micros: AtomicU64,
    /// When the next look is overdue, in microseconds after the last one.
    overdue_after_micros: AtomicU64,
}

#[derive(Debug)]
struct Mind {
    judge: Judge,
    plan: Plan,
    since_micros: u64,
    transitions: Transitions,
    taken: [u64; Action::NAMES.len()],
    // bounded: the latest `RECORDS`.
    recent: VecDeque<ActionRecord>,
    cancelled: u64,
    micros_to_limit: Option<u64>,
    limit_changes: u64,
    limit_change: Option<LimitChange>,
    unreadable: Unreadable,
    heavy_purged_at: Option<u64>,
    unused_purged_at: Option<u64>,
}

/// What one look led to.
pub(crate) struct Decision {
    pub(crate) before: Level,
    pub(crate) level: Level,
    pub(crate) cause: Cause,
    pub(crate) actions: Vec<Action>,
}

impl Controls {
    pub(crate) fn new(thresholds: Thresholds, actions: ActionSettings) -> Self {
        Self {
            mind: Mutex::new(Mind {
                judge: Judge::new(thresholds),
                plan: Plan::new(actions),
                since_micros: 0,
                transitions: Transitions::default(),
                taken: [0; Action::NAMES.len()],
                recent: VecDeque::with_capacity(RECORDS),
                cancelled: 0,
                micros_to_limit: None,
                limit_changes: 0,
                limit_change: None,
                unreadable: Unreadable::default(),
                heavy_purged_at: None,
                unused_purged_at: None,
            }),
            sheds_bulk: AtomicBool::new(false),
            sheds_standard: AtomicBool::new(false),
            concurrency: Concurrency::default(),
            closes_idle: AtomicBool::new(false),
            background_paused: watch::Sender::new(false),
            retry_seconds: AtomicU32::new(1),
            heavy_ended: AtomicBool::new(false),
            is_at_standstill: AtomicBool::new(false),
            ending: EndingAllowance::default(),
            shed: AtomicU64::new(0),
            tick_micros: AtomicU64::new(0),
            overdue: AtomicU64::new(0),
            looked_at_micros: AtomicU64::new(0),
            overdue_after_micros: AtomicU64::new(OVERDUE_MICROS),
        }
    }

    /// Whether requests of this class, which can wait, are refused.
    pub(crate) fn is_shed(&self, class: Class) -> bool {
        let sheds = if class == Class::Standard { &self.sheds_standard } else { &self.sheds_bulk };
        sheds.load(Ordering::Relaxed)
    }

    pub(crate) fn note_stalls(&self, pressure: Option<Pressure>) {
        let mark = if self.is_at_standstill() { MOVES_AGAIN } else { STANDSTILL };
        let stands =
            pressure.is_some_and(|pressure| pressure.is_own && pressure.full_avg10_hundredths >= mark);
        self.is_at_standstill.store(stands, Ordering::Relaxed);
    }

    pub(crate) fn is_at_standstill(&self) -> bool {
        self.is_at_standstill.load(Ordering::Relaxed)
    }

    /// Takes an observation in and says what has to be done. `acts` is false where an operator has switched the actions
    /// off.
    pub(crate) fn decide(&self, seen: &Observation, scarce_from: u32, acts: bool) -> Decision {
        // The first look is late for nothing.
        let is_first = self.looked_at_micros.load(Ordering::Relaxed) == 0;
        if !is_first && self.overdue_micros(seen.at_micros) > 0 {
            self.overdue.fetch_add(1, Ordering::Relaxed);
        }
        self.looked_at_micros.store(seen.at_micros, Ordering::Relaxed);
        self.with(|mind| {
            let before = mind.judge.level();
            let level = mind.judge.judge(seen);
            if level != before {
                mind.transitions.note(before, level, mind.judge.cause());
                mind.since_micros = seen.at_micros;
            }
            mind.micros_to_limit = mind.judge.micros_to_limit(seen);
            self.retry_seconds.store(retry_seconds(seen, &mind.judge, scarce_from), Ordering::Relaxed);
            // Where nothing is done, it is as if there were no pressure: what was begun before is taken back.
            let acted_on = if acts { level } else { Level::Normal };
            let actions = mind.plan.next(acted_on, seen.share >= scarce_from, seen.at_micros);
            Decision { before, level, cause: mind.judge.cause(), actions }
        })
    }

    /// Goes by other marks and other choices from here on.
    pub(crate) fn retune(&self, thresholds: Thresholds, actions: ActionSettings) {
        self.with(|mind| {
            mind.judge.retune(thresholds);
            mind.plan.retune(actions);
        });
    }

    pub(crate) fn record(&self, record: ActionRecord) {
        self.with(|mind| {
            if let Some(place) = Action::NAMES.iter().position(|name| *name == record.action.name()) {
                mind.taken[place] += 1;
            }
            mind.cancelled += u64::from(record.action == Action::CancelLargest);
            if mind.recent.len() == RECORDS {
                mind.recent.pop_front();
            }
            mind.recent.push_back(record);
        });
    }

    /// Completes the oldest record whose effect can be seen by now.
    pub(crate) fn show_effect(&self, at_micros: u64, lent: u64) -> Option<ActionRecord> {
        let is_due = |record: &&mut ActionRecord| {
            record.after_bytes.is_none() && record.at_micros.saturating_add(SHOWS_AFTER) <= at_micros
        };
        self.with(|mind| {
            let record = mind.recent.iter_mut().find(is_due)?;
            record.after_bytes = Some(lent);
            Some(record.clone())
        })
    }

    /// The system's limit is found to be another.
    pub(crate) fn limit_changed(&self, at_micros: u64, from_bytes: u64, to_bytes: u64) {
        let within_micros = at_micros.saturating_sub(self.looked_at_micros.load(Ordering::Relaxed));
        self.with(|mind| {
            mind.judge.limit_changed();
            mind.limit_changes += 1;
            mind.limit_change = Some(LimitChange { at_micros, within_micros, from_bytes, to_bytes });
        });
    }

    /// A request has ended that held much.
    pub(crate) fn note_heavy(&self) {
        self.heavy_ended.store(true, Ordering::Relaxed);
    }

    /// Whether unused pages should go back because such a request has ended; it is done then.
    pub(crate) fn is_purge_due_after_heavy(&self, at_micros: u64) -> bool {
        let is_due = self.heavy_ended.load(Ordering::Relaxed)
            && self.with(|mind| is_due(&mut mind.heavy_purged_at, at_micros, HEAVY_PURGE_EVERY));
        if is_due {
            self.heavy_ended.store(false, Ordering::Relaxed);
        }
        is_due
    }

    /// Whether so many unused bytes should go back now; it is done then.
    pub(crate) fn is_purge_due_for(&self, unused_bytes: u64, limit_bytes: u64, at_micros: u64) -> bool {
        is_too_much_unused(unused_bytes, limit_bytes)
            && self.with(|mind| is_due(&mut mind.unused_purged_at, at_micros, UNUSED_PURGE_EVERY))
    }

    /// The budget is another one, within the same limit.
    pub(crate) fn budget_changed(&self) {
        self.with(|mind| mind.judge.limit_changed());
    }

    /// Whoever watches looks at least so often.
    pub(crate) fn expect_looks_every(&self, pause: Duration) {
        let micros = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
        self.overdue_after_micros.store(micros.saturating_add(OVERDUE_MICROS), Ordering::Relaxed);
    }

    /// By how much the next look is overdue, in microseconds.
    pub(crate) fn overdue_micros(&self, at_micros: u64) -> u64 {
        let since = at_micros.saturating_sub(self.looked_at_micros.load(Ordering::Relaxed));
        since.saturating_sub(self.overdue_after_micros.load(Ordering::Relaxed))
    }

    /// Keeps what could not be read at this look, and logs each part once when it begins and once when it ends.
    pub(crate) fn note_unreadable(&self, now: Unreadable, limit: &Limit) {
        let before = self.with(|mind| std::mem::replace(&mut mind.unreadable, now));
        for ((part, was), (_, is)) in before.parts().into_iter().zip(now.parts()) {
            let (limit_bytes, source) = (limit.bytes, limit.source.as_str());
            match (was, is) {
                (false, true) if part == "limit_unknown" => tracing::warn!(
                    part,
                    limit_bytes,
                    source,
                    "a file that may set the memory limit could never be read: what it says is not known, the next limit \
                     counts"
                ),
                (false, true) => tracing::warn!(
                    part,
                    limit_bytes,
                    source,
                    "the kernel's memory figures cannot be read: what they said last counts"
                ),
                (true, false) => {
                    tracing::info!(part, limit_bytes, source, "the kernel's memory figures can be read");
                }
                _ => {}
            }
        }
    }

    /// How long a refused caller should wait: as long as what is too much takes to come back at the rate at which memory
    /// came back lately.
    pub(crate) fn retry_seconds(&self) -> u32 {
        self.retry_seconds.load(Ordering::Relaxed)
    }

    /// What became of requests since the start, of which the pools have refused so many.
    pub(crate) fn fates(&self, refused: u64) -> Fates {
        let ended = self.with(|mind| mind.cancelled);
        Fates { refused, shed: self.shed.load(Ordering::Relaxed), ended }
    }

    pub(crate) fn stats(&self) -> ControlStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        self.with(|mind| ControlStats {
            cause: mind.judge.cause(),
            since_micros: mind.since_micros,
            transitions: mind.transitions,
            taken: mind.taken,
            recent: mind.recent.iter().cloned().collect(),
            shed: read(&self.shed),
            cancelled: mind.cancelled,
            tick_micros: read(&self.tick_micros),
            overdue: read(&self.overdue),
            micros_to_limit: mind.micros_to_limit,
            looked_at_micros: read(&self.looked_at_micros),
            limit_changes: mind.limit_changes,
            limit_change: mind.limit_change,
            is_at_standstill: self.is_at_standstill(),
            unreadable: mind.unreadable,
            at_once: [Class::Standard, Class::Bulk].map(|class| self.concurrency.most(class)),
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Mind) -> T) -> T {
        work(&mut self.mind.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn retry_seconds(seen: &Observation, judge: &Judge, scarce_from: u32) -> u32 {
    let excess = u128::from(seen.limit) * u128::from(seen.share.saturating_sub(scarce_from)) / 1000;
    let rate = u128::from(judge.release_per_second(seen.limit));
    let seconds =
        if excess == 0 { 1 } else { excess.checked_div(rate).map_or(u128::MAX, |seconds| seconds + 1) };
    let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
    u32::try_from(seconds.clamp(*RETRY_SECONDS.start(), *RETRY_SECONDS.end())).unwrap_or(30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted_by_where_from_where_to_and_why() {
        let mut changes = Transitions::default();
        assert_eq!(changes.counts().count(), 0);
        changes.note(Level::Normal, Level::Critical, Cause::Share);
        changes.note(Level::Normal, Level::Critical, Cause::Share);
        changes.note(Level::Critical, Level::Warning, Cause::Growth);
        let counts: Vec<_> = changes.counts().collect();
        let expected = [
            (Level::Normal, Level::Critical, Cause::Share, 2),
            (Level::Critical, Level::Warning, Cause::Growth, 1),
        ];
        assert_eq!(counts, expected);
    }
}
