use super::arguments::ImportProduction;
use super::faults_file::FaultLine;
use super::{CommandError, Console, FaultsFile, Session, runtime, write_table};
use crate::config::Loaded;
use documents::{CaseTarget, FaultSink, ImportOptions, ProductionFault, Progress, import_production};
use indicatif::{ProgressBar, ProgressDrawTarget};
use std::io::Write as _;
use std::path::Path;

/// Imports a production and makes its documents searchable.
pub(super) fn run(loaded: Loaded, args: ImportProduction, console: &mut Console) -> Result<(), CommandError> {
    let options = ImportOptions { case: case_of(&args)?, load_file: load_file(&args) };
    options.case.check()?;
    runtime::in_session(loaded, console, async |session, console| {
        let path = args.faults;
        let mut faults = Collected::into_file(path, session);
        let shown = shown(console);
        let tell = |progress: Progress| shown.set_position(progress.rows);
        let files = &session.parts.files;
        let report =
            Box::pin(import_production(&session.ctx, files, &args.folder, &options, &tell, &mut faults))
                .await;
        shown.finish_and_clear();
        let report = report?;
        session.settle().await?;
        faults.failed.map_or(Ok(()), Err)?;
        write_summary(report.total, console)?;
        if let Some(path) = faults.file.finish()? {
            writeln!(console.out, "what is wrong is in {}", path.display())?;
        }
        match report.case {
            Some(case) => writeln!(console.out, "case {case}")?,
            None => writeln!(console.out, "no document was imported and no case opened")?,
        }
        console.out.flush()?;
        CommandError::unless_clean(report.total.faults)
    })
}

/// Without a word about the case, the folder's name is its title.
fn case_of(args: &ImportProduction) -> Result<CaseTarget, CommandError> {
    if let Some(id) = &args.case {
        return id.parse().map(CaseTarget::Case).map_err(|_| CommandError::CaseId(id.clone()));
    }
    let title = args.case_title.clone().unwrap_or_else(|| {
        let folder = args.folder.canonicalize().unwrap_or_else(|_| args.folder.clone());
        folder.file_name().map_or_else(|| "Production".to_owned(), |name| name.to_string_lossy().into_owned())
    });
    Ok(CaseTarget::Titled(title))
}

/// The load file as the production knows it: from its own folder.
fn load_file(args: &ImportProduction) -> Option<String> {
    let given: &Path = args.load_file.as_deref()?;
    let inside = given.strip_prefix(&args.folder).unwrap_or(given);
    Some(inside.to_string_lossy().into_owned())
}

fn shown(console: &Console) -> ProgressBar {
    let target = if console.is_terminal {
        ProgressDrawTarget::stderr_with_hz(10)
    } else {
        ProgressDrawTarget::hidden()
    };
    ProgressBar::with_draw_target(None, target)
}

fn write_summary(total: Progress, console: &mut Console) -> Result<(), CommandError> {
    let rows = [
        ("rows read", total.rows),
        ("documents new", total.added),
        ("new versions", total.new_versions),
        ("documents changed", total.changed),
        ("documents unchanged", total.unchanged),
        ("rows refused", total.refused),
        ("faults", total.faults),
    ];
    Ok(write_table(&mut console.out, &rows)?)
}

/// Writes faults as they come; a file that cannot be written is told at the end.
struct Collected {
    file: FaultsFile,
    failed: Option<CommandError>,
}

impl Collected {
    fn into_file(path: Option<std::path::PathBuf>, session: &Session) -> Self {
        let data_dir = &session.parts.config.storage.data_dir;
        Self { file: FaultsFile::at(path, data_dir, session.ctx.now()), failed: None }
    }
}

impl FaultSink for Collected {
    fn fault(&mut self, fault: ProductionFault) {
        let file = fault.control_number.as_deref().unwrap_or_default();
        let message = match &fault.field {
            Some(field) => format!("{field}: {}", fault.message),
            None => fault.message.clone(),
        };
        let line = FaultLine { file, row: Some(fault.row), code: fault.code, message: &message };
        if let Err(error) = self.file.add(&line) {
            self.failed = Some(error);
        }
    }
}
