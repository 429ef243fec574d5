use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::ffi::OsStrExt as _;
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

/// The longest path that is put together on the stack.
const PATH_BYTES: usize = 512;

/// Hands the path of a file in a folder to `work`, without allocating unless it is long.
pub(crate) fn in_folder<T>(folder: &Path, name: &str, work: impl FnOnce(&Path) -> T) -> T {
    let (begin, name) = (folder.as_os_str().as_bytes(), name.as_bytes());
    let length = begin.len() + 1 + name.len();
    let mut joined = [0; PATH_BYTES];
    let Some(path) = joined.get_mut(..length) else {
        return work(&folder.join(OsStr::from_bytes(name)));
    };
    path[..begin.len()].copy_from_slice(begin);
    path[begin.len()] = b'/';
    path[begin.len() + 1..].copy_from_slice(name);
    work(Path::new(OsStr::from_bytes(path)))
}

/// The whole of a kernel file; `None` when it is absent, unreadable or not text.
pub(crate) fn text(folder: &Path, name: &str) -> Option<Text> {
    read_text(folder, name).ok()
}

/// The whole of a kernel file, which must be text.
pub(crate) fn read_text(folder: &Path, name: &str) -> io::Result<Text> {
    let mut file = in_folder(folder, name, |path| File::open(path))?;
    let mut text = Text::default();
    while text.length < SMALL {
        match file.read(&mut text.small[text.length..]) {
            Ok(0) => {
                std::str::from_utf8(&text.small[..text.length]).map_err(io::Error::other)?;
                return Ok(text);
            }
            Ok(count) => text.length += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let mut whole = text.small.to_vec();
    file.read_to_end(&mut whole)?;
    text.large = String::from_utf8(whole).map_err(io::Error::other)?;
    Ok(text)
}

/// A file that holds one number; `max`, an empty file and anything else that is no number give `None`.
pub(crate) fn number(folder: &Path, name: &str) -> Option<u64> {
    text(folder, name)?.trim().parse().ok()
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
            assert_eq!(&*text(folder.path(), "file").unwrap(), whole);
        }
        for bytes in [&b"\xff"[..], &[0xff; 2 * SMALL]] {
            std::fs::write(&path, bytes).unwrap();
            assert!(text(folder.path(), "file").is_none());
        }
        assert!(text(folder.path(), "").is_none() && text(folder.path(), "none").is_none());
    }

    #[test]
    fn a_path_is_joined_whatever_its_length() {
        for length in [1, PATH_BYTES - 6, PATH_BYTES - 5, PATH_BYTES] {
            let folder = Path::new("/").join("x".repeat(length));
            in_folder(&folder, "name", |path| assert_eq!(path, folder.join("name")));
        }
    }
}
