mod series;

use super::arguments::ImportDocket;
use super::faults_file::FaultLine;
use super::{CommandError, Console, FaultsFile, Progress, Session, runtime, with_causes, write_table};
use crate::config::Loaded;
use access::Ctx;
use cases::Imported as Outcome;
use docket::juriscraper::{DocketFile, Limits, ReadFault, read};
use docket::{Imported, import_docket};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use streaming::{Batches, process_batch};
use tokio::sync::Semaphore;
use web::Failure as _;

/// Files on their way at once: their commits share one fsync.
const AT_ONCE: usize = 8;
/// What the files on their way may weigh together, in KiB. A larger one travels alone.
const WEIGHT_KIB: u32 = 16 << 10;
/// The most files of one command.
const MOST_FILES: usize = 1_000_000;

/// Imports every docket of the given files and folders. A file that cannot be read is a fault and stops no other.
pub(super) fn run(loaded: Loaded, args: ImportDocket, console: &mut Console) -> Result<(), CommandError> {
    let files = collect(&args.paths)?;
    if files.is_empty() {
        return Err(CommandError::NothingToImport);
    }
    runtime::in_session(loaded, console, async |session, console| {
        let mut faults =
            FaultsFile::at(args.faults, &session.parts.config.storage.data_dir, session.ctx.now());
        let summary = import(session, files, &mut faults, console).await?;
        session.settle().await?;
        summary.write(console)?;
        let count = faults.count();
        if let Some(path) = faults.finish()? {
            writeln!(console.out, "what could not be imported is in {}", path.display())?;
        }
        console.out.flush()?;
        CommandError::unless_clean(count)
    })
}

async fn import(
    session: &Session,
    files: Vec<PathBuf>,
    faults: &mut FaultsFile,
    console: &mut Console,
) -> Result<Summary, CommandError> {
    let (many, single): (Vec<_>, Vec<_>) = files.into_iter().partition(|path| has_extension(path, &SERIES));
    let mut progress = Progress::new(console, (many.len() + single.len()) as u64, "files");
    let mut summary = Summary::default();
    let mut done = single_files(&session.ctx, single);
    while let Some((path, imported)) = done.next().await {
        summary.take(&path.display().to_string(), imported, faults, &progress, console)?;
        summary.files += 1;
        progress.step(console)?;
    }
    for path in many {
        let mut done = series::import(&session.ctx, &path).await;
        while let Some((place, imported)) = done.next().await {
            summary.take(&place, imported, faults, &progress, console)?;
        }
        summary.files += 1;
        progress.step(console)?;
    }
    progress.finish();
    Ok(summary)
}

/// Files with one docket each, several on their way beside each other.
fn single_files(ctx: &Ctx, files: Vec<PathBuf>) -> BoxStream<'_, (PathBuf, Result<Imported, Fault>)> {
    let weight = Arc::new(Semaphore::new(WEIGHT_KIB as usize));
    let work = move |path: PathBuf| {
        let weight = Arc::clone(&weight);
        async move {
            let imported = import_file(ctx, &path, &weight).await;
            Ok::<_, Infallible>((path, imported))
        }
    };
    let done = process_batch(stream::iter(files), at_once(ctx), work);
    done.map(|Ok(imported)| imported).boxed()
}

/// One by one, some beside each other, in any order; nothing new while memory is scarce.
fn at_once(ctx: &Ctx) -> Batches {
    let pause = Some(ctx.app().headroom().background_paused());
    Batches { size: 1, concurrency: AT_ONCE, ordered: false, pause, ..Batches::default() }
}

/// Why a file was not imported, or not whole.
struct Fault {
    code: &'static str,
    message: String,
}

impl Fault {
    fn of_cut_title() -> Self {
        let most = cases::TITLE_CHARS;
        let message =
            format!("`case_name` is longer than {most} characters: imported with its beginning as the title");
        Self { code: "docket_title_cut", message }
    }
}

async fn import_file(ctx: &Ctx, path: &Path, weight: &Semaphore) -> Result<Imported, Fault> {
    let kib = fs::metadata(path).map_or(0, |meta| meta.len()).div_ceil(1024);
    let share = u32::try_from(kib).unwrap_or(WEIGHT_KIB).clamp(1, WEIGHT_KIB);
    // The semaphore is never closed; without a permit the file would only weigh nothing.
    let _held = weight.acquire_many(share).await;
    let mut again = true;
    loop {
        let file = read_file(path).await?;
        match import_docket(ctx, file).await {
            Ok(imported) => return Ok(imported),
            Err(error) if again && is_worth_another_try(&error) => again = false,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Two files of one case that travel together may both find it missing, and somebody may change an entry meanwhile; the
/// second try finds what is there.
fn is_worth_another_try(error: &docket::Error) -> bool {
    matches!(error, docket::Error::Database(_) | docket::Error::Case(_) | docket::Error::Stale { .. })
}

async fn read_file(path: &Path) -> Result<DocketFile, Fault> {
    let source = open(path).await?;
    let read = headroom::spawn_blocking(move || read(source, &Limits::default()));
    Ok(read.await.map_err(|_| cut_short())??)
}

/// Opens a regular file: a pipe would wait for its other end for ever, and a device may have no end.
async fn open(path: &Path) -> Result<File, Fault> {
    let path = path.to_owned();
    let opened = headroom::spawn_blocking(move || {
        if fs::metadata(&path)?.is_file() { File::open(&path).map(Some) } else { Ok(None) }
    });
    match opened.await {
        Ok(Ok(Some(file))) => Ok(file),
        Ok(Ok(None)) => Err(Fault {
            code: "not_a_file",
            message: "is not a regular file: name a file or a folder".to_owned(),
        }),
        Ok(Err(source)) => Err(ReadFault::Io(source).into()),
        Err(_) => Err(cut_short()),
    }
}

fn cut_short() -> Fault {
    Fault { code: "docket_unreadable", message: "the reading was cut short".to_owned() }
}

impl From<docket::Error> for Fault {
    fn from(error: docket::Error) -> Self {
        Self { code: error.code().name, message: explained(&error) }
    }
}

impl From<ReadFault> for Fault {
    fn from(fault: ReadFault) -> Self {
        Self { code: fault.code(), message: explained(&fault) }
    }
}

/// An error with its causes, in one line.
fn explained(error: &dyn std::error::Error) -> String {
    with_causes(error).replace(['\n', '\r'], " ")
}

/// Files of these names hold many dockets, one after the other.
const SERIES: [&str; 2] = ["ndjson", "jsonl"];

fn has_extension(path: &Path, wanted: &[&str]) -> bool {
    path.extension().is_some_and(|extension| wanted.iter().any(|name| extension == *name))
}

/// The files to read: those that are named, and the files with dockets in and below the folders that are named, each once
/// and in order. Links inside of folders are not followed, so that no folder is entered twice.
fn collect(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CommandError> {
    let mut files = BTreeSet::new();
    let mut folders = Vec::new();
    for path in paths {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => folders.push(path.clone()),
            // Beside others, a path that is not there is a fault like a file that cannot be read: it stops none of them.
            Err(source) if paths.len() == 1 => return Err(CommandError::Path { path: path.clone(), source }),
            Ok(_) | Err(_) => drop(files.insert(path.clone())),
        }
    }
    while let Some(folder) = folders.pop() {
        let failed = |source| CommandError::Path { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (kind, path) = (entry.file_type().map_err(failed)?, entry.path());
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && (has_extension(&path, &["json"]) || has_extension(&path, &SERIES)) {
                files.insert(path);
            }
            if files.len() + folders.len() > MOST_FILES {
                return Err(CommandError::TooManyFiles { path: folder, limit: MOST_FILES });
            }
        }
    }
    Ok(files.into_iter().collect())
}

/// What became of all files.
#[derive(Debug, Default)]
struct Summary {
    files: u64,
    created: u64,
    changed: u64,
    unchanged: u64,
    parties_added: u64,
    attorneys_added: u64,
    entries_added: u64,
    entries_changed: u64,
    faults: u64,
}

impl Summary {
    /// Adds what became of one docket; a fault is told and goes into the file.
    fn take(
        &mut self,
        place: &str,
        imported: Result<Imported, Fault>,
        faults: &mut FaultsFile,
        progress: &Progress,
        console: &mut Console,
    ) -> Result<(), CommandError> {
        let fault = match imported {
            Ok(imported) => {
                self.add(&imported);
                imported.title_was_cut.then(Fault::of_cut_title)
            }
            Err(fault) => Some(fault),
        };
        if let Some(Fault { code, message }) = fault {
            progress.note(console, &format!("{place}: {message}"))?;
            faults.add(&FaultLine { file: place, row: None, code, message: &message })?;
            self.faults += 1;
        }
        Ok(())
    }

    fn add(&mut self, imported: &Imported) {
        match imported.outcome {
            Outcome::Created => self.created += 1,
            Outcome::Changed => self.changed += 1,
            Outcome::Unchanged => self.unchanged += 1,
        }
        self.parties_added += imported.parties_added;
        self.attorneys_added += imported.attorneys_added;
        self.entries_added += imported.entries_added as u64;
        self.entries_changed += imported.entries_changed as u64;
    }

    fn write(&self, console: &mut Console) -> Result<(), CommandError> {
        let rows = [
            ("files read", self.files),
            ("cases new", self.created),
            ("cases changed", self.changed),
            ("cases unchanged", self.unchanged),
            ("parties new", self.parties_added),
            ("attorney links new", self.attorneys_added),
            ("entries new", self.entries_added),
            ("entries changed", self.entries_changed),
            ("faults", self.faults),
        ];
        Ok(write_table(&mut console.out, &rows)?)
    }
}
