use crate::allocator::{Allocator, AllocatorStats};
use crate::cgroup::{Cgroup, CgroupStats};
use crate::limit::{Limit, system_limit};
use crate::pressure::Pressure;
use crate::process::ProcessStats;
use crate::roots::{SystemRoots, text};

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
}

impl SystemSource {
    /// Finds the control groups of this process; they do not change while it runs.
    pub fn open(roots: SystemRoots) -> Self {
        let cgroups = Cgroup::locate(&roots);
        Self { roots, cgroups, allocator: Allocator::open() }
    }
}

impl MemorySource for SystemSource {
    fn read(&self) -> Reading {
        let pressure = self
            .cgroups
            .iter()
            .find_map(Cgroup::pressure)
            .or_else(|| Pressure::parse(&text(&self.roots.proc, "pressure/memory")?));
        Reading {
            limit: system_limit(&self.cgroups, &self.roots),
            process: ProcessStats::read(&self.roots).unwrap_or_default(),
            cgroup: self.cgroups.iter().find_map(Cgroup::stats),
            pressure,
            allocator: self.allocator.and_then(|allocator| allocator.stats()),
        }
    }
}
