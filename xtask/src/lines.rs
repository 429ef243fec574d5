use crate::tree;
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// How long the source files are, in lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lengths {
    /// Source files.
    pub files: usize,
    /// Lines of all of them.
    pub total: usize,
    /// Half of the files have at most so many.
    pub median: usize,
    /// Nine of ten files have at most so many.
    pub p90: usize,
    /// The longest.
    pub max: usize,
    /// Which one that is.
    pub longest: PathBuf,
}

impl fmt::Display for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} source files, {} lines", self.files, self.total)?;
        write!(f, "median {} · p90 {} · max {} ({})", self.median, self.p90, self.max, self.longest.display())
    }
}

/// Measures the Rust files of the workspace.
pub fn measure(root: &Path) -> io::Result<Lengths> {
    let mut lengths = Vec::new();
    for path in tree::files(root)? {
        if path.extension().is_some_and(|extension| extension == "rs") {
            let lines = fs::read_to_string(root.join(&path))?.lines().count();
            lengths.push((lines, path));
        }
    }
    lengths.sort();
    // Nearest rank: the smallest length that so many percent of the files do not exceed.
    let rank = |percent: usize| {
        let at = (lengths.len() * percent).div_ceil(100).saturating_sub(1);
        lengths.get(at).map_or(0, |(lines, _)| *lines)
    };
    let (max, longest) = lengths.last().cloned().unwrap_or_default();
    Ok(Lengths {
        files: lengths.len(),
        total: lengths.iter().map(|(lines, _)| lines).sum(),
        median: rank(50),
        p90: rank(90),
        max,
        longest,
    })
}
