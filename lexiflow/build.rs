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
    // Nothing is guessed, so that a build can be repeated.
    for name in ["LEXIFLOW_COMMIT", "LEXIFLOW_BUILT_AT"] {
        let value = env::var(name).unwrap_or_else(|_| "unknown".to_owned());
        writeln!(cargo, "cargo:rerun-if-env-changed={name}")?;
        writeln!(cargo, "cargo:rustc-env={name}={value}")?;
    }
    writeln!(cargo, "cargo:rustc-env=LEXIFLOW_TARGET={}", of("TARGET")?)
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
