//! Rules of the workspace that no compiler checks: who may import whom, where SQL and HTTP may stand, how long a
//! file may be. A violation says where it is and which rule it breaks.

mod floors;
mod functions;
mod lines;
mod names;
mod scrub;
mod source;
mod stores;
mod text;
mod tree;

pub use lines::{Lengths, measure};

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// The rules, by their numbers in ARCHITECTURE.md's list of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A crate imports only what stands on a lower floor.
    Floors,
    /// SQL in stores and migrations, HTTP in routes.
    Layers,
    /// Files of 500 lines and functions of 60 at most.
    Length,
    /// No file or crate with a name that says nothing.
    Names,
    /// Macros are declared in `crates/ids` alone.
    Macros,
    /// No global state.
    Globals,
    /// `unsafe` stands in `crates/headroom` alone.
    Unsafe,
    /// The project names no folder outside itself.
    Words,
    /// A store reads pages, never a whole table.
    Unbounded,
    /// What grows is registered, or says what bounds it.
    Stores,
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Relative to the workspace.
    pub path: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// Which.
    pub rule: Rule,
    /// What to do.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {:?}: {}", self.path.display(), self.line, self.rule, self.message)
    }
}

/// Checks the workspace at `root`; the violations come sorted by path and line.
pub fn check(root: &Path) -> io::Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for path in tree::files(root)? {
        names::check(&path, &mut violations);
        let Ok(content) = std::fs::read_to_string(root.join(&path)) else { continue };
        text::check(&path, &content, &mut violations);
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => source::check(&path, &content, &mut violations),
            Some("toml") if path.ends_with("Cargo.toml") => floors::check(&path, &content, &mut violations),
            _ => {}
        }
    }
    violations.sort();
    Ok(violations)
}
