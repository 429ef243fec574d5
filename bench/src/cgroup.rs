//! A control group with a memory limit, version 1 or 2.

use anyhow::Context as _;
use std::path::{Path, PathBuf};

const ROOT: &str = "/sys/fs/cgroup";

/// The memory that a server may have in here is bounded. The group is removed when this is dropped, once it is empty.
#[derive(Debug)]
pub(crate) struct Cgroup {
    path: PathBuf,
    version: Version,
}

/// Memory that stands for no file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pinned {
    /// Heap and stacks.
    pub anonymous: u64,
    /// Buffers of sockets.
    pub sockets: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Cgroup {
    /// A group of this name with a limit in bytes; an error says why this machine grants none.
    pub(crate) fn limited(name: &str, limit_bytes: u64) -> anyhow::Result<Self> {
        let (parent, version) = if Path::new(ROOT).join("cgroup.controllers").exists() {
            (PathBuf::from(ROOT), Version::Two)
        } else {
            (Path::new(ROOT).join("memory"), Version::One)
        };
        anyhow::ensure!(parent.is_dir(), "there is no memory controller in {ROOT}");
        let path = parent.join(name);
        std::fs::create_dir(&path)
            .with_context(|| format!("cannot make the control group {} (needs root)", path.display()))?;
        let group = Self { path, version };
        if version == Version::Two {
            // Where no service manager hands the controller down, the group would have no memory files. Where it
            // cannot be handed down, setting the limit says so.
            drop(std::fs::write(parent.join("cgroup.subtree_control"), "+memory"));
        }
        group.set_limit(limit_bytes)?;
        group.forbid_swap(limit_bytes);
        group.count_sockets();
        Ok(group)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Another limit, also under a running server. The kernel drops page cache to keep to a lower one.
    pub(crate) fn set_limit(&self, bytes: u64) -> anyhow::Result<()> {
        let file = if self.version == Version::Two { "memory.max" } else { "memory.limit_in_bytes" };
        self.write(file, bytes)
    }

    /// The mark above which the kernel lets the group's processes wait instead of ending them; version 2 alone has it.
    pub(crate) fn throttle_above(&self, bytes: u64) -> anyhow::Result<()> {
        anyhow::ensure!(self.version == Version::Two, "control groups of version 1 have no memory.high");
        self.write("memory.high", bytes)
    }

    /// The most that the group held at once, page cache included, in bytes.
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        let file = if self.version == Version::Two { "memory.peak" } else { "memory.max_usage_in_bytes" };
        self.read(file)?.trim().parse().ok()
    }

    /// The peak counts from now on. Version 2 before Linux 6.12 keeps it: then it is as if it was reached again.
    pub(crate) fn forget_peak(&self) {
        let (file, word) = match self.version {
            Version::One => ("memory.max_usage_in_bytes", "0"),
            Version::Two => ("memory.peak", "reset"),
        };
        drop(std::fs::write(self.path.join(file), word));
    }

    /// How far the peak may lie above the limit without anybody having done wrong. In version 2 a packet that is taken in
    /// an interrupt is charged also when the group is full of page cache: the kernel cannot wait there until some is
    /// dropped. Version 1 does not charge sockets.
    pub(crate) fn allowance_bytes(&self) -> u64 {
        if self.version == Version::Two { 1 << 20 } else { 0 }
    }

    /// How many processes the kernel ended for want of memory.
    pub(crate) fn kills(&self) -> anyhow::Result<u64> {
        let file = if self.version == Version::Two { "memory.events" } else { "memory.oom_control" };
        let text = self.read(file).with_context(|| format!("cannot read {file} of the control group"))?;
        let kills = text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok());
        kills.with_context(|| format!("{file} of the control group tells no oom_kill"))
    }

    /// What the group holds that the kernel cannot drop, in bytes.
    pub(crate) fn pinned(&self) -> Pinned {
        let stat = self.read("memory.stat").unwrap_or_default();
        let number = |text: &str| text.trim().parse().unwrap_or(0);
        let field =
            |name: &str| stat.lines().find_map(|line| Some(number(line.strip_prefix(name)?))).unwrap_or(0);
        match self.version {
            Version::One => Pinned {
                anonymous: field("total_rss "),
                sockets: self.read("memory.kmem.tcp.usage_in_bytes").map_or(0, |text| number(&text)),
            },
            Version::Two => Pinned { anonymous: field("anon "), sockets: field("sock ") },
        }
    }

    /// Version 1 counts the buffers of sockets only once they have a limit of their own, and never against the group's.
    fn count_sockets(&self) {
        if self.version == Version::One {
            drop(self.write("memory.kmem.tcp.limit_in_bytes", 1 << 40));
        }
    }

    /// Memory that is moved to disk would hide growth. Not every kernel counts swap, and not every machine has it.
    fn forbid_swap(&self, limit_bytes: u64) {
        let (file, value) = match self.version {
            Version::One => ("memory.memsw.limit_in_bytes", limit_bytes),
            Version::Two => ("memory.swap.max", 0),
        };
        drop(self.write(file, value));
    }

    fn write(&self, file: &str, value: u64) -> anyhow::Result<()> {
        let path = self.path.join(file);
        std::fs::write(&path, value.to_string()).with_context(|| format!("cannot write {}", path.display()))
    }

    fn read(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(self.path.join(file)).ok()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // A group that still has a member cannot be removed; its members are ended before.
        drop(std::fs::remove_dir(&self.path));
    }
}
