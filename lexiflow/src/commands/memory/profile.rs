use super::flame;
use super::http::Server;
use super::sites::{self, Site};
use super::symbols::Symbols;
use crate::commands::arguments::{Diff, Named, Profile};
use crate::commands::{CommandError, Console};
use headroom::heap_profile::{HeapProfile, OtherProgram};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

const PATH: &str = "/api/monitoring/memory/profile";

/// Fetches a profile, keeps it where it was asked to, and prints what holds most.
pub(super) fn take(server: &Server, asked: &Profile, console: &mut Console) -> Result<(), CommandError> {
    if asked.keep {
        let kept = server.post(PATH)?;
        let (id, bytes) = (super::text(&kept, "/id"), super::number(&kept, "/liveBytes"));
        writeln!(console.out, "{id}: kept by the server; {bytes} live bytes. Compare with --base {id}")?;
        return Ok(());
    }
    let query = match (&asked.base, asked.seconds) {
        (Some(base), _) => format!("&base={}", plain(base)?),
        (None, Some(seconds)) => format!("&seconds={seconds}"),
        (None, None) => String::new(),
    };
    let longer = Duration::from_secs(asked.seconds.unwrap_or(0));
    let bytes = server.ask_within(longer, "GET", &format!("{PATH}?format=pprof{query}"))?;
    let profile = HeapProfile::read_pprof(&bytes)
        .map_err(|error| CommandError::Memory(format!("the server's profile cannot be read: {error}")))?;
    if let Some(path) = &asked.out {
        let written = for_this_user(path).and_then(|mut file| file.write_all(&bytes));
        written.map_err(|source| failed(path, source))?;
        writeln!(console.out, "written to {}", path.display())?;
    }
    let is_difference = asked.base.is_some() || asked.seconds.is_some();
    let word = if is_difference { "grown" } else { "live" };
    show(&profile, word, &asked.named, console)
}

/// Compares two profiles that were written to files.
pub(super) fn compare(asked: &Diff, console: &mut Console) -> Result<(), CommandError> {
    let (older, newer) = (read(&asked.older)?, read(&asked.newer)?);
    let growth = newer.since(&older).map_err(|OtherProgram| {
        CommandError::Memory(format!("{OtherProgram}: compare two of the same build"))
    })?;
    show(&growth, "grown", &asked.named, console)
}

fn show(profile: &HeapProfile, word: &str, named: &Named, console: &mut Console) -> Result<(), CommandError> {
    let mut symbols = Symbols::of(profile.mappings(), named.binary.as_deref());
    for warning in symbols.warnings() {
        writeln!(console.err, "lexiflow: {warning}")?;
    }
    let stacks = sites::resolve(profile, &mut symbols);
    let sites = Site::group(&stacks);
    sites::write_table(&mut console.out, &sites, profile.total(), word, named.top)?;
    if let Some(path) = &named.flame {
        let file = for_this_user(path).map_err(|source| failed(path, source))?;
        let mut out = BufWriter::new(file);
        flame::write(&mut out, &stacks, word)?;
        out.flush()?;
        writeln!(console.out, "flame graph written to {}", path.display())?;
    }
    Ok(())
}

/// An empty file that nobody else on the machine may read: a profile tells how the server is built and what it does.
fn for_this_user(path: &Path) -> io::Result<File> {
    const MODE: u32 = 0o600;
    let file = OpenOptions::new().create(true).truncate(true).write(true).mode(MODE).open(path)?;
    // The mode counts for a new file only; a device or a pipe stays as it is.
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(MODE))?;
    }
    Ok(file)
}

fn read(path: &Path) -> Result<HeapProfile, CommandError> {
    let bytes = fs::read(path).map_err(|source| failed(path, source))?;
    HeapProfile::read_pprof(&bytes)
        .map_err(|error| CommandError::Memory(format!("cannot read {}: {error}", path.display())))
}

pub(super) fn failed(path: &Path, source: std::io::Error) -> CommandError {
    CommandError::Path { path: path.to_owned(), source }
}

/// An id has hexadecimal digits and hyphens; nothing else may get into the request's line.
fn plain(id: &str) -> Result<&str, CommandError> {
    if !id.is_empty() && id.chars().all(|char| char.is_ascii_hexdigit() || char == '-') {
        return Ok(id);
    }
    Err(CommandError::Memory(format!(
        "`{id}` is not the id of a profile: --keep prints the id of one that it keeps"
    )))
}
