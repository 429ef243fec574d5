use crate::level::Level;

/// Something that is done against pressure, or taken back after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Every store is shrunk to this part of its cap, in percent.
    ShrinkStores(u64),
    /// Unused pages go back to the system.
    Purge,
    /// Freed pages go back by themselves after this time, in milliseconds.
    Decay(u32),
    /// Background work is held back, or let go on.
    PauseBackground(bool),
    /// Requests that move files are refused, or admitted again.
    ShedBulk(bool),
    /// The same for lists and searches.
    ShedStandard(bool),
    /// Fewer requests that can wait run at once, or any number again.
    LimitConcurrency(bool),
    /// Clients are told to close their connections after the answer, or to keep them again.
    CloseIdle(bool),
    /// Connections without a request are kept for a shorter time, or for as long as the settings say again.
    ShortenIdle(bool),
    /// Files that are begun move in smaller chunks, or in those of the settings again.
    SmallChunks(bool),
    /// The largest request of the tenant that holds most is ended.
    CancelLargest,
    /// A heap profile is written down.
    DumpHeap,
}

impl Action {
    /// The name in logs, metrics and the memory report.
    pub fn name(self) -> &'static str {
        match self {
            Self::ShrinkStores(_) => "shrink_stores",
            Self::Purge => "purge",
            Self::Decay(_) => "decay",
            Self::PauseBackground(true) => "pause_background",
            Self::PauseBackground(false) => "resume_background",
            Self::ShedBulk(true) => "shed_bulk",
            Self::ShedBulk(false) => "admit_bulk",
            Self::ShedStandard(true) => "shed_standard",
            Self::ShedStandard(false) => "admit_standard",
            Self::LimitConcurrency(true) => "limit_concurrency",
            Self::LimitConcurrency(false) => "free_concurrency",
            Self::CloseIdle(true) => "close_connections",
            Self::CloseIdle(false) => "keep_connections",
            Self::ShortenIdle(true) => "shorten_idle",
            Self::ShortenIdle(false) => "restore_idle",
            Self::SmallChunks(true) => "small_chunks",
            Self::SmallChunks(false) => "restore_chunks",
            Self::CancelLargest => "cancel_largest",
            Self::DumpHeap => "dump_heap",
        }
    }

    /// All names, for the metrics.
    pub const NAMES: [&str; 19] = [
        "shrink_stores",
        "purge",
        "decay",
        "pause_background",
        "resume_background",
        "shed_bulk",
        "admit_bulk",
        "shed_standard",
        "admit_standard",
        "limit_concurrency",
        "free_concurrency",
        "close_connections",
        "keep_connections",
        "shorten_idle",
        "restore_idle",
        "small_chunks",
        "restore_chunks",
        "cancel_largest",
        "dump_heap",
    ];
}

/// At rest, freed pages go back after a second; under pressure after a quarter.
const CALM_DECAY_MILLIS: u32 = 1_000;
const PRESSED_DECAY_MILLIS: u32 = 250;

/// At rest, dropped pages of the database wait for the next reader, however long it takes: there are no more of them than
/// there were pages in use. jemalloc's word for "until they are purged".
const KEPT_PAGES_MILLIS: isize = -1;

/// The least time between two actions of a kind, in microseconds.
const PURGE_EVERY: u64 = 1_000_000;
const SHRINK_EVERY: u64 = 1_000_000;
const CANCEL_EVERY: u64 = 250_000;
/// Files are refused first. Where that has not helped after this time, in microseconds, lists and searches are too.
const BULK_ALONE: u64 = 250_000;
/// At most two in an hour.
const DUMP_EVERY: u64 = 1_800_000_000;

/// Whether bounded stores give back under pressure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shrinking {
    /// They keep what their caps allow.
    Never,
    /// The more the level rises.
    #[default]
    ByLevel,
    /// They are emptied at [`Level::Warning`] already.
    Early,
}

/// What an operator has chosen about the actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionSettings {
    /// Unused pages are given back at once under pressure; otherwise only by their age.
    pub purges: bool,
    /// What becomes of the bounded stores under pressure.
    pub stores: Shrinking,
    /// Freed pages go back sooner at all times, which costs some speed.
    pub decays_early: bool,
}

impl Default for ActionSettings {
    fn default() -> Self {
        Self { purges: true, stores: Shrinking::ByLevel, decays_early: false }
    }
}

impl ActionSettings {
    /// After which time freed pages go back at rest, in milliseconds.
    pub(crate) fn calm_decay_millis(self) -> u32 {
        if self.decays_early { PRESSED_DECAY_MILLIS } else { CALM_DECAY_MILLIS }
    }

    fn pressed_decay_millis(self) -> u32 {
        if self.decays_early { 0 } else { PRESSED_DECAY_MILLIS }
    }
}

/// How long dropped pages of the database are kept while other freed pages are kept for `decay_millis`: for good where a
/// server is at rest and need not give back early, else no longer than others.
pub(crate) fn kept_pages_millis(decay_millis: isize) -> isize {
    let at_rest = isize::try_from(CALM_DECAY_MILLIS).unwrap_or(isize::MAX);
    if decay_millis >= at_rest { KEPT_PAGES_MILLIS } else { decay_millis }
}

/// Which actions follow from the level. Knows what is in force, so that everything that was begun is taken back.
#[derive(Debug, Default)]
pub struct Plan {
    settings: ActionSettings,
    level: Level,
    bulk_shed_at: Option<u64>,
    sheds_standard: bool,
    purged_at: Option<u64>,
    shrunk_at: Option<u64>,
    cancelled_at: Option<u64>,
    dumped_at: Option<u64>,
}

impl Plan {
    /// A plan at rest.
    pub fn new(settings: ActionSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Other choices count from the next actions on.
    pub fn retune(&mut self, settings: ActionSettings) {
        self.settings = settings;
    }

    /// The actions of this moment, in their order.
    ///
    /// `is_scarce` says that the share is still where work must end: the level stays up a little longer than that.
    pub fn next(&mut self, level: Level, is_scarce: bool, at_micros: u64) -> Vec<Action> {
        let mut actions = Vec::new();
        self.lasting(level, &mut actions);
        self.shed(level, is_scarce, at_micros, &mut actions);
        let rose = level > self.level;
        self.level = level;
        let shrinks = level >= Level::Elevated && self.settings.stores != Shrinking::Never;
        if shrinks && (rose || is_due(&mut self.shrunk_at, at_micros, SHRINK_EVERY)) {
            self.shrunk_at = Some(at_micros);
            actions.push(Action::ShrinkStores(match level {
                Level::Normal | Level::Elevated => 75,
                Level::Warning if self.settings.stores != Shrinking::Early => 50,
                Level::Warning | Level::Critical | Level::Emergency => 0,
            }));
        }
        // A purge belongs to leaving Critical as well: the figure that opens the door again is one that it lowers.
        let purges = level >= Level::Critical || (level == Level::Warning && rose);
        if self.settings.purges && purges && is_due(&mut self.purged_at, at_micros, PURGE_EVERY) {
            actions.push(Action::Purge);
        }
        if level >= Level::Critical && is_scarce && is_due(&mut self.cancelled_at, at_micros, CANCEL_EVERY) {
            actions.push(Action::CancelLargest);
        }
        if level == Level::Emergency && is_due(&mut self.dumped_at, at_micros, DUMP_EVERY) {
            actions.push(Action::DumpHeap);
        }
        actions
    }

    /// What is in force from one level on and ends below it.
    fn lasting(&self, level: Level, actions: &mut Vec<Action>) {
        let crossed = |mark: Level| match (self.level >= mark, level >= mark) {
            (false, true) => Some(true),
            (true, false) => Some(false),
            _ => None,
        };
        if let Some(pressed) = crossed(Level::Elevated) {
            let settings = self.settings;
            actions.push(Action::Decay(if pressed {
                settings.pressed_decay_millis()
            } else {
                settings.calm_decay_millis()
            }));
        }
        if let Some(on) = crossed(Level::Warning) {
            actions.extend([Action::PauseBackground(on), Action::CloseIdle(on)]);
        }
    }

    /// What is refused, the largest first. All of it is admitted again when the level ends.
    fn shed(&mut self, level: Level, is_scarce: bool, at_micros: u64, actions: &mut Vec<Action>) {
        if level < Level::Critical {
            if self.bulk_shed_at.take().is_some() {
                actions.push(Action::ShedBulk(false));
            }
            if std::mem::take(&mut self.sheds_standard) {
                actions.push(Action::ShedStandard(false));
            }
            return;
        }
        if self.bulk_shed_at.is_none() {
            actions.push(Action::ShedBulk(true));
        }
        let since = *self.bulk_shed_at.get_or_insert(at_micros);
        let is_long = is_scarce && at_micros.saturating_sub(since) >= BULK_ALONE;
        if !self.sheds_standard && (is_long || level == Level::Emergency) {
            self.sheds_standard = true;
            actions.push(Action::ShedStandard(true));
        }
    }
}

/// Whether enough time has passed since the last time; notes this one if so.
pub(crate) fn is_due(last: &mut Option<u64>, at_micros: u64, every: u64) -> bool {
    let due = last.is_none_or(|last| at_micros.saturating_sub(last) >= every);
    if due {
        *last = Some(at_micros);
    }
    due
}
