//! Writes what the binary tells about itself: its target, and the table of the error pages.
#![expect(clippy::disallowed_methods, reason = "Cargo talks to a build script through its environment")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let of = |name: &str| env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")));
    let pages = Path::new(&of("CARGO_MANIFEST_DIR")?).join("../docs/errors");
    let out = PathBuf::from(of("OUT_DIR")?).join("error_pages.rs");
    fs::write(out, table(&pages)?)?;
    let mut cargo = io::stdout();
    writeln!(cargo, "cargo:rerun-if-changed={}", pages.display())?;
    for name in ["LEXIFLOW_COMMIT", "LEXIFLOW_BUILT_AT"] {
        let told = env::var(name).ok();
        // The time is never guessed, so that a build can be repeated. The commit is read for releases alone: a build
        // for tests need not start over at each commit.
        let found = match name {
            "LEXIFLOW_COMMIT" if of("PROFILE")? == "release" => commit(&mut cargo)?,
            _ => None,
        };
        let value = told.or(found).unwrap_or_else(|| "unknown".to_owned());
        writeln!(cargo, "cargo:rerun-if-env-changed={name}")?;
        writeln!(cargo, "cargo:rustc-env={name}={value}")?;
    }
    writeln!(cargo, "cargo:rustc-env=LEXIFLOW_TARGET={}", of("TARGET")?)
}

/// The commit that is checked out, where the source lies in a repository; a build from a plain folder has none.
fn commit(cargo: &mut impl io::Write) -> io::Result<Option<String>> {
    let repository = Path::new("../.git");
    let Ok(head) = fs::read_to_string(repository.join("HEAD")) else { return Ok(None) };
    writeln!(cargo, "cargo:rerun-if-changed=../.git/HEAD")?;
    let Some(branch) = head.trim().strip_prefix("ref: ") else { return Ok(Some(head.trim().to_owned())) };
    writeln!(cargo, "cargo:rerun-if-changed=../.git/{branch}")?;
    if let Ok(commit) = fs::read_to_string(repository.join(branch)) {
        return Ok(Some(commit.trim().to_owned()));
    }
    let packed = fs::read_to_string(repository.join("packed-refs")).unwrap_or_default();
    let line = packed.lines().find_map(|line| line.strip_suffix(branch));
    Ok(line.map(|commit| commit.trim().to_owned()))
}

/// `&[(name, text)]`, sorted by name; the texts stay where they are and are compiled in.
fn table(folder: &Path) -> io::Result<String> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path.canonicalize()?);
        }
    }
    pages.sort();
    let mut text = String::from("&[\n");
    for path in pages {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        writeln!(text, "    ({name:?}, include_str!({:?})),", path.display().to_string())
            .map_err(io::Error::other)?;
    }
    text.push_str("]\n");
    Ok(text)
}
