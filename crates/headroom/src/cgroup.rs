//! Memory control groups, version 1 and 2 (Linux `Documentation/admin-guide/cgroup-v2.rst` and `cgroup-v1/memory.rst`).

use crate::limit_files::LimitFiles;
use crate::pressure::Pressure;
use crate::roots::{SystemRoots, keyed, number, text};
use std::path::{Component, Path, PathBuf};

/// The two interfaces a kernel may offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CgroupVersion {
    /// The `memory` controller of version 1.
    V1,
    /// The unified hierarchy.
    V2,
}

/// The control group of this process in one hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroup {
    version: CgroupVersion,
    mount: PathBuf,
    dir: PathBuf,
}

/// What the kernel charges to the control group, in bytes. A part the kernel does not tell is zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CgroupStats {
    /// All that is charged, reclaimable page cache included.
    pub current: u64,
    /// The throttling mark of version 2, if one is set on this group.
    pub high: Option<u64>,
    /// The hard limit: the lowest of this group and its ancestors.
    pub max: Option<u64>,
    /// How often the kernel killed a process of this group for want of memory.
    pub oom_kills: u64,
    /// Anonymous memory: heap and stacks.
    pub anon: u64,
    /// Page cache.
    pub file: u64,
    /// Page cache that must be written before it can be dropped.
    pub file_dirty: u64,
    /// Page cache that is being written.
    pub file_writeback: u64,
    /// Shared memory, which counts as page cache but cannot be dropped without swap.
    pub shmem: u64,
    /// Socket buffers.
    pub sock: u64,
    /// Kernel memory.
    pub kernel: u64,
    /// The part of the kernel memory that can be dropped.
    pub slab_reclaimable: u64,
}

impl CgroupStats {
    /// What the kernel could not take back if the limit were reached now.
    pub fn unreclaimable(&self) -> u64 {
        self.anon
            .saturating_add(self.sock)
            .saturating_add(self.shmem)
            .saturating_add(self.unwritten())
            .saturating_add(self.kernel.saturating_sub(self.slab_reclaimable))
    }

    /// All that is charged but for page cache that can be dropped at once, in bytes. It holds also what the kernel does not
    /// tell the parts of, such as all kernel memory in version 1, some of which could be dropped too.
    pub fn undroppable(&self) -> u64 {
        let droppable = self.file.saturating_sub(self.shmem).saturating_sub(self.unwritten());
        let slab = if self.slab_reclaimable == self.kernel { 0 } else { self.slab_reclaimable };
        self.current.saturating_sub(droppable).saturating_sub(slab)
    }

    /// Page cache that is not on the disk yet.
    pub fn unwritten(&self) -> u64 {
        self.file_dirty.saturating_add(self.file_writeback)
    }
}

impl Cgroup {
    /// The groups of this process that may account memory: version 2 first, then version 1. Hybrid hosts have both.
    pub fn locate(roots: &SystemRoots) -> Vec<Self> {
        let memberships = text(&roots.proc, "self/cgroup").unwrap_or_default();
        let mounts = text(&roots.proc, "self/mountinfo").unwrap_or_default();
        let mut found = Vec::with_capacity(2);
        for version in [CgroupVersion::V2, CgroupVersion::V1] {
            let Some(path) = membership(&memberships, version) else { continue };
            let (root, mount) = match mounts.lines().find_map(|line| mount_of(line, version)) {
                Some((root, point)) => (root, roots.mount_point(&point)),
                None => (String::from("/"), usual_mount(roots, version)),
            };
            if mount.is_dir() {
                let dir = below(&mount, &root, path);
                found.push(Self { version, mount, dir });
            }
        }
        found
    }

    /// Which interface this group speaks.
    pub fn version(&self) -> CgroupVersion {
        self.version
    }

    /// The group's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The lowest hard limit of this group and its ancestors, in bytes. A process above `memory.high` is throttled to
    /// a standstill where there is no swap, so that mark counts as a limit too.
    pub fn limit(&self) -> Option<u64> {
        LimitFiles::of_groups(std::slice::from_ref(self)).read_group(0)
    }

    /// This folder and those above it, up to the mount point.
    pub(crate) fn lineage(&self) -> impl Iterator<Item = &Path> {
        self.dir.ancestors().take_while(|dir| dir.starts_with(&self.mount))
    }

    /// What is charged now; `None` where this hierarchy does not account memory.
    pub fn stats(&self) -> Option<CgroupStats> {
        self.usage().map(|usage| CgroupStats { max: self.limit(), ..usage.stats })
    }

    /// The same without the limit.
    pub(crate) fn usage(&self) -> Option<Usage> {
        match self.version {
            CgroupVersion::V2 => self.stats_v2(),
            CgroupVersion::V1 => self.stats_v1(),
        }
    }

    fn stats_v2(&self) -> Option<Usage> {
        let current = number(&self.dir, "memory.current")?;
        let stat = text(&self.dir, "memory.stat").unwrap_or_default();
        let events = text(&self.dir, "memory.events").unwrap_or_default();
        let part = |key| keyed(&stat, key).unwrap_or(0);
        let stats = CgroupStats {
            current,
            high: number(&self.dir, "memory.high"),
            max: None,
            oom_kills: keyed(&events, "oom_kill").unwrap_or(0),
            anon: part("anon"),
            file: part("file"),
            file_dirty: part("file_dirty"),
            file_writeback: part("file_writeback"),
            shmem: part("shmem"),
            sock: part("sock"),
            // Linux before 5.18 does not tell the sum.
            kernel: keyed(&stat, "kernel").unwrap_or_else(|| {
                ["slab", "kernel_stack", "pagetables", "percpu"].into_iter().map(part).sum()
            }),
            slab_reclaimable: part("slab_reclaimable"),
        };
        Some(Usage { stats, is_whole: keyed(&stat, "anon").is_some() })
    }

    fn stats_v1(&self) -> Option<Usage> {
        let current = number(&self.dir, "memory.usage_in_bytes")?;
        let stat = text(&self.dir, "memory.stat").unwrap_or_default();
        let control = text(&self.dir, "memory.oom_control").unwrap_or_default();
        let part = |key| keyed(&stat, key).unwrap_or(0);
        // Version 1 does not say how much kernel memory is reclaimable; taking all of it as such errs towards calm. Near the
        // limit all of it counts, see `undroppable`.
        let kernel = number(&self.dir, "memory.kmem.usage_in_bytes").unwrap_or(0);
        let stats = CgroupStats {
            current,
            high: None,
            max: None,
            oom_kills: keyed(&control, "oom_kill").unwrap_or(0),
            anon: part("total_rss"),
            file: part("total_cache"),
            file_dirty: part("total_dirty"),
            file_writeback: part("total_writeback"),
            shmem: part("total_shmem"),
            sock: number(&self.dir, "memory.kmem.tcp.usage_in_bytes").unwrap_or(0),
            kernel,
            slab_reclaimable: kernel,
        };
        Some(Usage { stats, is_whole: keyed(&stat, "total_rss").is_some() })
    }

    /// How long this group's tasks stalled for want of memory, where the kernel tells. The root of all groups, which alone has no
    /// `cgroup.type`, is the whole machine.
    pub fn pressure(&self) -> Option<Pressure> {
        let told = Pressure::parse(&text(&self.dir, "memory.pressure")?)?;
        Some(Pressure { is_own: text(&self.dir, "cgroup.type").is_some(), ..told })
    }
}

/// What is charged to a group, the limit left out.
pub(crate) struct Usage {
    pub(crate) stats: CgroupStats,
    /// Whether the kernel told of which parts it is made.
    pub(crate) is_whole: bool,
}

/// The path of this process in a hierarchy, from `/proc/self/cgroup` (`id:controllers:path`).
fn membership(lines: &str, version: CgroupVersion) -> Option<&str> {
    lines.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (id, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let matches = match version {
            CgroupVersion::V2 => id == "0" && controllers.is_empty(),
            CgroupVersion::V1 => controllers.split(',').any(|name| name == "memory"),
        };
        matches.then_some(path)
    })
}

/// The root and the mount point of a hierarchy, from a line of `/proc/self/mountinfo` (see proc(5)).
fn mount_of(line: &str, version: CgroupVersion) -> Option<(String, String)> {
    let (before, after) = line.split_once(" - ")?;
    let mut fields = before.split(' ').skip(3);
    let (root, point) = (fields.next()?, fields.next()?);
    let mut fields = after.split(' ');
    let kind = fields.next()?;
    let matches = match version {
        CgroupVersion::V2 => kind == "cgroup2",
        CgroupVersion::V1 => kind == "cgroup" && fields.nth(1)?.split(',').any(|option| option == "memory"),
    };
    matches.then(|| (unescaped(root), unescaped(point)))
}

/// Mountinfo writes a space as `\040`.
fn unescaped(field: &str) -> String {
    field.replace("\\040", " ")
}

fn usual_mount(roots: &SystemRoots, version: CgroupVersion) -> PathBuf {
    let unified = roots.cgroup.join("unified");
    match version {
        CgroupVersion::V1 => roots.cgroup.join("memory"),
        CgroupVersion::V2 if unified.is_dir() => unified,
        CgroupVersion::V2 => roots.cgroup.clone(),
    }
}

/// The folder of `path` in a hierarchy whose `root` is mounted at `mount`. A path outside of what is mounted, as a
/// container without a namespace of its own sees it, is the mount point itself.
fn below(mount: &Path, root: &str, path: &str) -> PathBuf {
    let Ok(rest) = Path::new(path).strip_prefix(root) else { return mount.to_path_buf() };
    let rest = rest.strip_prefix("/").unwrap_or(rest);
    if rest.components().any(|part| part == Component::ParentDir) {
        return mount.to_path_buf();
    }
    let dir = if rest.as_os_str().is_empty() { mount.to_path_buf() } else { mount.join(rest) };
    if dir.is_dir() { dir } else { mount.to_path_buf() }
}
