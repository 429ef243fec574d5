//! `cargo run -p xtask -- arch` checks the house's rules; `cargo run -p xtask -- lines` measures its files.
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next();
    let root = arguments.next().map_or_else(workspace, PathBuf::from);
    let mut out = std::io::stdout().lock();
    match task.as_deref() {
        Some("arch") => {
            let violations = xtask::check(&root)?;
            for violation in &violations {
                writeln!(out, "{violation}")?;
            }
            writeln!(out, "architecture: {} violations", violations.len())?;
            Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Some("lines") => {
            writeln!(out, "{}", xtask::measure(&root)?)?;
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            writeln!(out, "usage: cargo run -p xtask -- arch|lines [FOLDER]")?;
            Ok(ExitCode::from(2))
        }
    }
}

fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}
