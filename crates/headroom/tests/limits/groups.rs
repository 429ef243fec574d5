//! A process in a control group of each kind, whose files a test changes while the engine looks.

use crate::machine::{Machine, V1_MOUNT, V2_MOUNT};
use headroom::{Headroom, Settings, SystemSource};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

pub(super) const MIB: u64 = 1 << 20;

/// Where the kernel of one kind says what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    memberships: &'static str,
    mount: &'static str,
    pub(super) limit: &'static str,
    pub(super) usage: &'static str,
    pub(super) parts: &'static str,
    anon: &'static str,
    shmem: &'static str,
}

/// Version 2, version 1, and version 2 where the limit is that of a group above.
pub(super) const KINDS: [Kind; 3] = [
    Kind {
        memberships: "0::/app\n",
        mount: V2_MOUNT,
        limit: "app/memory.max",
        usage: "app/memory.current",
        parts: "app/memory.stat",
        anon: "anon",
        shmem: "shmem",
    },
    Kind {
        memberships: "4:memory:/job\n",
        mount: V1_MOUNT,
        limit: "memory/job/memory.limit_in_bytes",
        usage: "memory/job/memory.usage_in_bytes",
        parts: "memory/job/memory.stat",
        anon: "total_rss",
        shmem: "total_shmem",
    },
    Kind {
        memberships: "0::/pod/app\n",
        mount: V2_MOUNT,
        limit: "pod/memory.max",
        usage: "pod/app/memory.current",
        parts: "pod/app/memory.stat",
        anon: "anon",
        shmem: "shmem",
    },
];

/// The engine of a process in such a group.
pub(super) struct Watched {
    pub(super) machine: Machine,
    pub(super) kind: Kind,
    pub(super) headroom: Headroom,
}

impl Watched {
    /// In a group of so many bytes, with ten MiB of heap.
    pub(super) fn start(kind: Kind, limit: u64) -> io::Result<Self> {
        let machine = Machine::new(kind.memberships, kind.mount)?;
        machine.proc("self/status", "VmRSS:\t  20480 kB\nRssAnon:\t  10240 kB\nThreads:\t4\n")?;
        machine.group(kind.limit, &format!("{limit}\n"))?;
        put_usage(&machine, kind, 10 * MIB, 0)?;
        let source = SystemSource::open(machine.roots.clone());
        let headroom = Headroom::new(Settings::default(), Arc::new(source));
        Ok(Self { machine, kind, headroom })
    }

    pub(super) fn limit(&self, bytes: u64) -> io::Result<()> {
        self.machine.group(self.kind.limit, &format!("{bytes}\n"))
    }

    /// What the kernel charges: anonymous and shared memory.
    pub(super) fn usage(&self, anon: u64, shmem: u64) -> io::Result<()> {
        put_usage(&self.machine, self.kind, anon, shmem)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.machine.roots.cgroup.join(name)
    }
}

fn put_usage(machine: &Machine, kind: Kind, anon: u64, shmem: u64) -> io::Result<()> {
    machine.group(kind.usage, &format!("{}\n", anon + shmem))?;
    machine.group(kind.parts, &format!("{} {anon}\n{} {shmem}\n", kind.anon, kind.shmem))
}

/// How a file stops telling what it told. Whoever runs as root may read everything, so that a link to itself stands for
/// what must not be opened, and a folder for what opens and cannot be read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Failure {
    Gone,
    Empty,
    Garbage,
    NoText,
    NotOpened,
    NotRead,
}

impl Failure {
    pub(super) const ALL: [Self; 6] =
        [Self::Gone, Self::Empty, Self::Garbage, Self::NoText, Self::NotOpened, Self::NotRead];

    pub(super) fn befall(self, path: &PathBuf) -> io::Result<()> {
        fs::remove_file(path)?;
        match self {
            Self::Gone => Ok(()),
            Self::Empty => fs::write(path, ""),
            Self::Garbage => fs::write(path, "plenty of it\n"),
            Self::NoText => fs::write(path, [0xff, 0xfe, 0]),
            Self::NotOpened => std::os::unix::fs::symlink(path, path),
            Self::NotRead => fs::create_dir(path),
        }
    }

    /// Takes away what stands there instead of the file.
    pub(super) fn end(self, path: &PathBuf) -> io::Result<()> {
        match self {
            Self::Gone => Ok(()),
            Self::NotRead => fs::remove_dir(path),
            _ => fs::remove_file(path),
        }
    }
}
