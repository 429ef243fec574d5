use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Built, fetched or written by a running server; looked for at the root alone.
const SKIPPED_AT_ROOT: [&str; 3] = [".git", "data", "node_modules"];
/// Built, wherever a crate is built on its own.
const SKIPPED: [&str; 2] = ["target", "proptest-regressions"];

/// All files below the root, relative to it, sorted; without what is built or fetched.
pub(crate) fn files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let path = folder.join(entry.file_name());
            let is_named = |names: &[&str]| names.iter().any(|name| entry.file_name() == *name);
            let is_skipped =
                is_named(&SKIPPED) || folder.as_os_str().is_empty() && is_named(&SKIPPED_AT_ROOT);
            if kind.is_dir() && !is_skipped {
                folders.push(path);
            } else if kind.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Where a source file stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    parts: &'a Path,
}

impl<'a> Place<'a> {
    pub(crate) fn of(path: &'a Path) -> Self {
        Self { parts: path }
    }

    /// Tests, benches and the programs that exist for tests and measurements alone.
    pub(crate) fn is_test(self) -> bool {
        let has = |name: &str| self.parts.components().any(|part| part.as_os_str() == name);
        has("tests")
            || has("benches")
            || self.is_in("e2e")
            || self.is_in("bench")
            || self.is_in("crates/testkit")
    }

    pub(crate) fn is_in(self, folder: &str) -> bool {
        self.parts.starts_with(folder)
    }

    /// Whether the file is the room of this name: `store.rs`, or a file below `store/`.
    pub(crate) fn is_room(self, room: &str) -> bool {
        let stem = self.parts.file_stem().is_some_and(|stem| stem == room);
        let folders = self.parts.parent().into_iter().flat_map(Path::components);
        stem || folders.into_iter().any(|part| part.as_os_str() == room)
    }
}
