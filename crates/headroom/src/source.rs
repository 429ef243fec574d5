use crate::allocator::{Allocator, AllocatorStats};
use crate::cgroup::{Cgroup, CgroupStats};
use crate::limit::Limit;
use crate::limit_files::LimitFiles;
use crate::pressure::Pressure;
use crate::process::ProcessStats;
use crate::roots::{SystemRoots, text};
use std::sync::{Mutex, PoisonError};

/// All that is known about the process's memory at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The hard limit in force, which may change while the process runs.
    pub limit: Limit,
    /// The kernel's view of the process.
    pub process: ProcessStats,
    /// The control group, where there is one that accounts memory.
    pub cgroup: Option<CgroupStats>,
    /// Stalls for want of memory, where the kernel tells.
    pub pressure: Option<Pressure>,
    /// The allocator's view.
    pub allocator: Option<AllocatorStats>,
    /// What of this could not be read now.
    pub unreadable: Unreadable,
}

/// What the kernel does not tell. The reading has what comes nearest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each part may be told or not, whatever the others are")]
pub struct Unreadable {
    /// A file that may set the limit: the limit is the one that was last read.
    pub limit: bool,
    /// A file that may set the limit could not be read since the start: a limit that it sets is not known, and the next
    /// one counts.
    pub limit_unknown: bool,
    /// What is charged to the control group: the process's own anonymous memory stands for that of the group, and the
    /// other parts are those last read.
    pub usage: bool,
    /// The process's own figures: what the allocator holds stands for the anonymous memory.
    pub process: bool,
}

impl Unreadable {
    /// The names of the parts in logs, metrics and the memory report, and whether each could not be read.
    pub fn parts(self) -> [(&'static str, bool); 4] {
        [
            ("limit", self.limit),
            ("limit_unknown", self.limit_unknown),
            ("usage", self.usage),
            ("process", self.process),
        ]
    }

    /// Whether anything could not be read.
    pub fn any(self) -> bool {
        self.parts().into_iter().any(|(_, is_unreadable)| is_unreadable)
    }
}

/// Where readings come from: the system, or a test.
pub trait MemorySource: Send + Sync {
    /// Reads everything now. It costs some tens of microseconds and does not block on input or output.
    fn read(&self) -> Reading;
}

/// The running system.
#[derive(Debug)]
pub struct SystemSource {
    roots: SystemRoots,
    cgroups: Vec<Cgroup>,
    allocator: Option<Allocator>,
    known: Mutex<Known>,
}

/// What was last read.
#[derive(Debug)]
struct Known {
    limits: LimitFiles,
    /// By the place of the group.
    usage: Option<(usize, CgroupStats)>,
    process: Option<ProcessStats>,
}

impl SystemSource {
    /// Finds the control groups of this process; they do not change while it runs.
    pub fn open(roots: SystemRoots) -> Self {
        let cgroups = Cgroup::locate(&roots);
        let known = Known { limits: LimitFiles::of(&cgroups, &roots), usage: None, process: None };
        Self { roots, cgroups, allocator: Allocator::open(), known: Mutex::new(known) }
    }
}

impl Known {
    /// The process's figures, and whether they could not be read.
    fn process(&mut self, roots: &SystemRoots, allocator: Option<AllocatorStats>) -> (ProcessStats, bool) {
        if let Some(now) = ProcessStats::read(roots) {
            self.process = Some(now);
            return (now, false);
        }
        // Where there never was a process file system, nothing has become worse.
        let last = self.process.unwrap_or_default();
        let rss_anon = allocator.map_or(last.rss_anon, |allocator| allocator.resident);
        (ProcessStats { rss_anon, ..last }, self.process.is_some())
    }

    /// What is charged to the group, and whether that could not be read.
    fn usage(&mut self, groups: &[Cgroup], process: &ProcessStats) -> (Option<CgroupStats>, bool) {
        let now = groups.iter().enumerate().find_map(|(index, group)| Some((index, group.usage()?)));
        let (index, usage, is_unreadable) = match (now, self.usage) {
            (Some((index, usage)), last) if usage.is_whole || last.is_none() => {
                self.usage = usage.is_whole.then_some((index, usage.stats));
                (index, usage.stats, false)
            }
            (_, Some((index, last))) => (index, CgroupStats { anon: process.rss_anon, ..last }, true),
            (_, None) => return (None, false),
        };
        (Some(CgroupStats { max: self.limits.of_group(index), ..usage }), is_unreadable)
    }
}

impl MemorySource for SystemSource {
    fn read(&self) -> Reading {
        let pressure = self
            .cgroups
            .iter()
            .find_map(Cgroup::pressure)
            .or_else(|| Pressure::parse(&text(&self.roots.proc, "pressure/memory")?));
        let allocator = self.allocator.and_then(|allocator| allocator.stats());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (process, no_process) = known.process(&self.roots, allocator);
        if !no_process {
            known.limits.put_aside(&process, allocator.map_or(0, |allocator| allocator.retained));
        }
        let found = known.limits.read();
        let (cgroup, no_usage) = known.usage(&self.cgroups, &process);
        let unreadable = Unreadable {
            limit: found.is_unreadable,
            limit_unknown: found.is_unknown,
            usage: no_usage,
            process: no_process,
        };
        Reading { limit: found.limit, process, cgroup, pressure, allocator, unreadable }
    }
}
