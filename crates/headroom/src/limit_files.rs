//! The files that may set the memory limit, and what each of them said when it could last be read.

use crate::cgroup::{Cgroup, CgroupVersion};
use crate::limit::{ASSUMED_BYTES, Limit, LimitSource};
use crate::process::ProcessStats;
use crate::roots::{SystemRoots, keyed, read_text};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Version 1 writes "no limit" as the largest page-aligned number; anything this large is no limit.
const NO_LIMIT: u64 = 1 << 62;

/// How a file says its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One number of bytes, or `max`.
    Whole,
    /// The number behind this key, in units of so many bytes.
    Keyed(&'static str, u64),
}

/// What a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Limit(u64),
    NoLimit,
}

/// What one look at a file finds.
enum Seen {
    Said(Said),
    Absent,
    Unreadable,
}

#[derive(Debug)]
struct LimitFile {
    folder: PathBuf,
    name: &'static str,
    form: Form,
    source: LimitSource,
    /// The place of its control group among those of this process.
    group: Option<usize>,
    known: Option<Said>,
}

/// All files that may set a limit. A file that was read once and cannot be read any more counts as it was: what becomes
/// unreadable never lifts a limit.
#[derive(Debug)]
pub(crate) struct LimitFiles {
    files: Vec<LimitFile>,
    /// Address space that is taken for good and is no memory, in bytes.
    aside: u64,
}

/// Address space is put aside in steps of so many bytes, so that a thread more or less is not another limit.
const ASIDE_STEP: u64 = 16 << 20;

/// What the files say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// The lowest limit.
    pub(crate) limit: Limit,
    /// Whether some file could not be read, or is gone: what it said last counts.
    pub(crate) is_unreadable: bool,
    /// Whether some file could never be read: what it says is not known.
    pub(crate) is_unknown: bool,
}

impl LimitFiles {
    /// The files of these groups and of those above them, and of the process and the machine.
    pub(crate) fn of(groups: &[Cgroup], roots: &SystemRoots) -> Self {
        let mut files = Self::of_groups(groups).files;
        for (name, form, source) in [
            ("self/limits", Form::Keyed("Max address space", 1), LimitSource::AddressSpace),
            ("meminfo", Form::Keyed("MemTotal", 1024), LimitSource::Physical),
        ] {
            let folder = roots.proc.clone();
            files.push(LimitFile { folder, name, form, source, group: None, known: None });
        }
        Self { files, aside: 0 }
    }

    /// Most of the address space is no memory: the program's file, the stacks' reserves, what the allocator keeps for later. Only
    /// the rest of a limit on it is a limit on memory. `kept_bytes` is what the allocator has of it for later.
    pub(crate) fn put_aside(&mut self, process: &ProcessStats, kept_bytes: u64) {
        let taken = process.address_space.saturating_sub(process.rss_anon).saturating_sub(kept_bytes);
        self.aside = self.aside.max(taken.next_multiple_of(ASIDE_STEP));
    }

    /// The files of these groups and of those above them alone.
    pub(crate) fn of_groups(groups: &[Cgroup]) -> Self {
        let of = |(index, group): (usize, &Cgroup)| {
            group.lineage().flat_map(|folder| files_of(group.version(), folder, index)).collect::<Vec<_>>()
        };
        Self { files: groups.iter().enumerate().flat_map(of).collect(), aside: 0 }
    }

    /// Reads all of them.
    pub(crate) fn read(&mut self) -> Found {
        let (mut is_unreadable, mut is_unknown) = (false, false);
        for file in &mut self.files {
            match file.look() {
                Seen::Said(said) => file.known = Some(said),
                // It never was there: the root of a hierarchy has fewer files than the groups below.
                Seen::Absent if file.known.is_none() => {}
                Seen::Unreadable if file.known.is_none() => is_unknown = true,
                Seen::Absent | Seen::Unreadable => is_unreadable = true,
            }
        }
        let assumed = Limit { bytes: ASSUMED_BYTES, source: LimitSource::Assumed };
        let limit = self.limits().min_by_key(|(_, limit)| limit.bytes).map_or(assumed, |(_, limit)| limit);
        Found { limit, is_unreadable, is_unknown }
    }

    /// The lowest limit of a control group and those above it, read now.
    pub(crate) fn read_group(&mut self, group: usize) -> Option<u64> {
        self.read();
        self.of_group(group)
    }

    /// The lowest limit of a control group and those above it, as last read.
    pub(crate) fn of_group(&self, group: usize) -> Option<u64> {
        self.limits().filter(|(of, _)| *of == Some(group)).map(|(_, limit)| limit.bytes).min()
    }

    fn limits(&self) -> impl Iterator<Item = (Option<usize>, Limit)> {
        self.files.iter().filter_map(|file| match file.known {
            Some(Said::Limit(bytes)) if file.source == LimitSource::AddressSpace => {
                // Never nothing: a budget of nothing could not even refuse.
                let bytes = bytes.saturating_sub(self.aside).max(bytes / 16);
                Some((file.group, Limit { bytes, source: file.source }))
            }
            Some(Said::Limit(bytes)) => Some((file.group, Limit { bytes, source: file.source })),
            Some(Said::NoLimit) | None => None,
        })
    }
}

/// The files of one folder of a control group. A process above `memory.high` is throttled to a standstill where there is
/// no swap, so that mark counts as a limit too. Version 1 tells in `memory.stat` of an ancestor that a container cannot
/// see.
fn files_of(version: CgroupVersion, folder: &Path, group: usize) -> [LimitFile; 2] {
    let (source, files) = match version {
        CgroupVersion::V2 => {
            (LimitSource::CgroupV2, [("memory.max", Form::Whole), ("memory.high", Form::Whole)])
        }
        CgroupVersion::V1 => {
            let inherited = Form::Keyed("hierarchical_memory_limit", 1);
            (LimitSource::CgroupV1, [("memory.limit_in_bytes", Form::Whole), ("memory.stat", inherited)])
        }
    };
    files.map(|(name, form)| LimitFile {
        folder: folder.to_path_buf(),
        name,
        form,
        source,
        group: Some(group),
        known: None,
    })
}

impl LimitFile {
    fn look(&self) -> Seen {
        let text = match read_text(&self.folder, self.name) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Seen::Absent,
            Err(_) => return Seen::Unreadable,
        };
        let number = match self.form {
            Form::Whole if text.trim() == "max" => return Seen::Said(Said::NoLimit),
            Form::Whole => text.trim().parse().ok(),
            Form::Keyed(key, unit) => match word_after(&text, key) {
                Some("unlimited") => return Seen::Said(Said::NoLimit),
                Some(_) => keyed(&text, key).and_then(|number| number.checked_mul(unit)),
                None => return Seen::Absent,
            },
        };
        match number {
            Some(bytes) if bytes < NO_LIMIT => Seen::Said(Said::Limit(bytes)),
            Some(_) => Seen::Said(Said::NoLimit),
            None => Seen::Unreadable,
        }
    }
}

/// The first word that follows `key` where a line begins with it.
fn word_after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    rest.trim_start_matches(':').split_whitespace().next()
}
