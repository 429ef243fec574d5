//! A machine made of plain files: what the kernel says of it, and of its control groups, is written by the test.

use headroom::{Limit, SystemRoots, discover};
use std::fs;
use std::io;
use std::path::Path;
use tempfile::TempDir;

pub(super) const PHYSICAL: u64 = 8 << 30;

pub(super) const V2_MOUNT: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
pub(super) const V1_MOUNT: &str =
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";
pub(super) const UNIFIED_MOUNT: &str =
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

/// A machine of 8 GiB without control groups.
pub(super) struct Machine {
    _dir: TempDir,
    pub(super) roots: SystemRoots,
}

impl Machine {
    pub(super) fn new(memberships: &str, mounts: &str) -> io::Result<Self> {
        let dir = TempDir::new()?;
        let roots = SystemRoots { proc: dir.path().join("proc"), cgroup: dir.path().join("cgroup") };
        let machine = Self { roots, _dir: dir };
        machine.proc("meminfo", "MemTotal:        8388608 kB\nMemFree:         100 kB\n")?;
        machine.proc("self/cgroup", memberships)?;
        machine.proc("self/mountinfo", mounts)?;
        machine.proc(
            "self/limits",
            "Max address space         unlimited            unlimited            bytes\n",
        )?;
        fs::create_dir_all(&machine.roots.cgroup)?;
        Ok(machine)
    }

    pub(super) fn proc(&self, name: &str, text: &str) -> io::Result<()> {
        put(&self.roots.proc.join(name), text)
    }

    pub(super) fn group(&self, name: &str, text: &str) -> io::Result<()> {
        put(&self.roots.cgroup.join(name), text)
    }

    pub(super) fn limit(&self) -> Limit {
        discover(None, &self.roots)
    }
}

pub(super) fn put(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, text)
}
