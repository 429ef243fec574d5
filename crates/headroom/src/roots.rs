use std::fs::File;
use std::io::{ErrorKind, Read as _};
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

/// As long as the files are that every sample reads.
const SMALL: usize = 4096;

/// The text of a kernel file, on the stack when it is small: what is read every second, also while nothing else happens,
/// shall not allocate.
pub(crate) struct Text {
    small: [u8; SMALL],
    length: usize,
    /// The whole text, when it is longer.
    large: String,
}

impl Default for Text {
    fn default() -> Self {
        Self { small: [0; SMALL], length: 0, large: String::new() }
    }
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        if self.large.is_empty() {
            std::str::from_utf8(&self.small[..self.length]).unwrap_or_default()
        } else {
            &self.large
        }
    }
}

/// The whole of a kernel file; `None` when it is absent, unreadable or not text.
pub(crate) fn text(path: &Path) -> Option<Text> {
    let mut file = File::open(path).ok()?;
    let mut text = Text::default();
    while text.length < SMALL {
        match file.read(&mut text.small[text.length..]) {
            Ok(0) => {
                std::str::from_utf8(&text.small[..text.length]).ok()?;
                return Some(text);
            }
            Ok(count) => text.length += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    let mut whole = text.small.to_vec();
    file.read_to_end(&mut whole).ok()?;
    text.large = String::from_utf8(whole).ok()?;
    Some(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_any_length_are_read_whole_and_only_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for length in [0, 1, SMALL - 1, SMALL, SMALL + 1, 3 * SMALL] {
            let whole = "x".repeat(length);
            std::fs::write(&path, &whole).unwrap();
            assert_eq!(&*text(&path).unwrap(), whole);
        }
        for bytes in [&b"\xff"[..], &[0xff; 2 * SMALL]] {
            std::fs::write(&path, bytes).unwrap();
            assert!(text(&path).is_none());
        }
        assert!(text(folder.path()).is_none());
    }
}
