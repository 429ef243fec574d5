use crate::allocator::Allocator;
use crate::cgroup::Cgroup;
use crate::limit_files::LimitFiles;
use crate::process::ProcessStats;
use crate::roots::SystemRoots;

/// What a machine is taken to have when nothing tells: small enough to be safe anywhere.
pub(crate) const ASSUMED_BYTES: u64 = 1 << 30;

/// Where a limit comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitSource {
    /// Set by the operator.
    Explicit,
    /// The unified control group.
    CgroupV2,
    /// The `memory` control group of version 1.
    CgroupV1,
    /// `RLIMIT_AS`, the limit on the address space (`ulimit -v`), less what is taken of that and is no memory.
    AddressSpace,
    /// The machine's memory.
    Physical,
    /// Nothing could be read; one GiB is assumed.
    Assumed,
}

impl LimitSource {
    /// The name shown in logs and in the memory report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::CgroupV2 => "cgroup_v2",
            Self::CgroupV1 => "cgroup_v1",
            Self::AddressSpace => "address_space",
            Self::Physical => "physical",
            Self::Assumed => "assumed",
        }
    }

    /// Whether the limit is the control group's.
    pub fn is_cgroup(self) -> bool {
        matches!(self, Self::CgroupV1 | Self::CgroupV2)
    }
}

/// The most memory this process can have, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// In bytes.
    pub bytes: u64,
    /// Who says so.
    pub source: LimitSource,
}

/// The memory the server plans with: the denominator of every share it reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// In bytes.
    pub bytes: u64,
    /// Who set it.
    pub source: LimitSource,
    /// What the operator asked for, when it was more than the system's limit allows.
    pub clipped_from: Option<u64>,
    /// The hard limit of the system the budget was cut from.
    pub limit: Limit,
}

/// The lowest limit in force: the operator's when it is the lowest, else the control group's, the address space's or
/// the machine's memory.
pub fn discover(explicit: Option<u64>, roots: &SystemRoots) -> Limit {
    let mut files = LimitFiles::of(&Cgroup::locate(roots), roots);
    if let Some(process) = ProcessStats::read(roots) {
        let allocator = Allocator::open().and_then(|allocator| allocator.stats());
        files.put_aside(&process, allocator.map_or(0, |allocator| allocator.retained));
    }
    let system = files.read().limit;
    match explicit {
        Some(bytes) if bytes <= system.bytes => Limit { bytes, source: LimitSource::Explicit },
        _ => system,
    }
}

/// The budget for what the operator asked and the system allows.
pub fn budget(explicit: Option<u64>, roots: &SystemRoots) -> Budget {
    budget_of(explicit, discover(None, roots))
}

/// The budget rule: an explicit budget is clipped to 90 % of the hard limit; without one it is 75 % of it. The rest is
/// for the kernel, sockets, stacks and the allocator's slack.
pub fn budget_of(explicit: Option<u64>, limit: Limit) -> Budget {
    let ceiling = share(limit.bytes, 90);
    match explicit {
        Some(asked) if asked > ceiling => {
            Budget { bytes: ceiling, source: LimitSource::Explicit, clipped_from: Some(asked), limit }
        }
        Some(asked) => Budget { bytes: asked, source: LimitSource::Explicit, clipped_from: None, limit },
        None => Budget { bytes: share(limit.bytes, 75), source: limit.source, clipped_from: None, limit },
    }
}

/// `percent` of `bytes`, without overflow.
fn share(bytes: u64, percent: u64) -> u64 {
    bytes / 100 * percent + bytes % 100 * percent / 100
}
