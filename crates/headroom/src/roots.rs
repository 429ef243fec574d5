use std::path::{Path, PathBuf};

/// Where the mount point of the control groups lies on a usual Linux system.
const USUAL_CGROUP_ROOT: &str = "/sys/fs/cgroup";

/// The two folders the kernel speaks through. Tests point them at folders of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemRoots {
    /// The process file system, normally `/proc`.
    pub proc: PathBuf,
    /// The mount point of the control groups, normally `/sys/fs/cgroup`.
    pub cgroup: PathBuf,
}

impl Default for SystemRoots {
    fn default() -> Self {
        Self { proc: PathBuf::from("/proc"), cgroup: PathBuf::from(USUAL_CGROUP_ROOT) }
    }
}

impl SystemRoots {
    /// A file of this process, such as `status`.
    pub(crate) fn own(&self, name: &str) -> PathBuf {
        self.proc.join("self").join(name)
    }

    /// A mount point named by the kernel, moved below the injected root.
    pub(crate) fn mount_point(&self, named: &str) -> PathBuf {
        match Path::new(named).strip_prefix(USUAL_CGROUP_ROOT) {
            Ok(rest) if rest.as_os_str().is_empty() => self.cgroup.clone(),
            Ok(rest) => self.cgroup.join(rest),
            Err(_) => PathBuf::from(named),
        }
    }
}

/// The whole of a small kernel file; `None` when it is absent, unreadable or not text.
pub(crate) fn text(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// A file that holds one number; `max`, an empty file and anything else that is no number give `None`.
pub(crate) fn number(path: &Path) -> Option<u64> {
    text(path)?.trim().parse().ok()
}

/// The number that follows `key` in a file of `key value` lines (with or without a colon and a unit).
pub(crate) fn keyed(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix(key)?;
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        if !rest.starts_with([' ', '\t']) {
            return None;
        }
        rest.split_whitespace().next()?.parse().ok()
    })
}
