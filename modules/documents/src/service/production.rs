//! The import of an e-discovery production: its load file, the natives and the texts.
//!
//! Rows are read one at a time; each good one becomes a document in a transaction of its own, after its native is in
//! the store with the digest that the production published. A bad row is a fault and never stops the others. A document
//! is known again by its control number in its case: importing twice adds nothing, a newer native becomes a new
//! version, and only what the production itself changed is changed, so that people's own edits stay.

mod case;
mod document;
mod fields;
mod files;

use crate::load_file::{Checker, Field, FindingCode, Header, LoadFileFault, LoadRow, PathFault, RowFault};
use crate::{Error, Files};
use access::{Action, Ctx};
pub use case::CaseTarget;
use case::Target;
use document::Outcome;
use files::{OpenLoadFile, open_load_file};
use ids::CaseId;
use std::path::{Path, PathBuf};

/// How a production is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions {
    /// The case.
    pub case: CaseTarget,
    /// The load file, from the production's folder; without it there must be exactly one `*.dat`.
    pub load_file: Option<String>,
}

/// What an import has done so far, and in the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows read.
    pub rows: u64,
    /// Documents that are new.
    pub added: u64,
    /// Documents whose native is newer: they have a new version.
    pub new_versions: u64,
    /// Documents of which the production says something else than before.
    pub changed: u64,
    /// Documents that stand as they stood.
    pub unchanged: u64,
    /// Rows that did not become documents.
    pub refused: u64,
    /// Faults, also of rows that became documents.
    pub faults: u64,
    /// Natives read, in bytes.
    pub size_bytes: u64,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductionReport {
    /// The case; nothing when no row became a document and there was no such case before.
    pub case: Option<CaseId>,
    /// The load file, from the production's folder.
    pub load_file: PathBuf,
    /// The counts.
    pub total: Progress,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductionFault {
    /// The row, counted from 1 behind the header.
    pub row: u64,
    /// The line of the load file.
    pub line: u64,
    /// The document, where the row says.
    pub control_number: Option<String>,
    /// The column at fault.
    pub field: Option<String>,
    /// What is wrong, in a word that stays the same.
    pub code: &'static str,
    /// What is wrong, and what to do.
    pub message: String,
    /// Whether the row did not become a document because of it.
    pub refused: bool,
}

/// Takes the faults of an import as they are found.
pub trait FaultSink {
    /// Takes one.
    fn fault(&mut self, fault: ProductionFault);
}

/// Why a production could not be imported, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ProductionError {
    /// No load file.
    #[error("there is no load file (*.dat) in the folder: name it")]
    NoLoadFile,
    /// More than one load file.
    #[error("there are several load files, such as {first} and {second}: name the one to read")]
    SeveralLoadFiles {
        /// One.
        first: String,
        /// Another.
        second: String,
    },
    /// The load file that was named cannot be used.
    #[error("the load file cannot be used: {0}")]
    LoadFilePath(#[source] PathFault),
    /// The load file cannot be read at all.
    #[error(transparent)]
    LoadFile(#[from] LoadFileFault),
    /// The first row does not name a column without which nothing can be imported.
    #[error(
        "the first row of the load file names no column of {0}: add the row that names the columns, or correct it"
    )]
    NoColumn(&'static str),
    /// The title of the case cannot be one.
    #[error("the case cannot have this title ({0}): give another")]
    Title(String),
    /// The folder cannot be read.
    #[error("the folder cannot be read: check that it is there, and the permissions")]
    Folder(#[source] std::io::Error),
    /// The server is stopping.
    #[error("the server is stopping: import again, what is done is kept")]
    Stopping,
    /// The documents cannot be stored.
    #[error(transparent)]
    Documents(#[from] Error),
}

/// Imports the production in the folder `dir`.
pub async fn import_production(
    ctx: &Ctx,
    files: &Files,
    dir: &Path,
    options: &ImportOptions,
    progress: &(dyn Fn(Progress) + Send + Sync),
    faults: &mut (dyn FaultSink + Send),
) -> Result<ProductionReport, ProductionError> {
    ctx.require(Action::Import).map_err(Error::from)?;
    options.case.check()?;
    let opened = open_load_file(dir.to_owned(), options.load_file.clone()).await?;
    check_header(&opened.header)?;
    let case = Target::find(ctx, &options.case).await?;
    let OpenLoadFile { root, name, mut rows, header } = opened;
    let mut import = Import {
        ctx,
        files,
        root,
        case,
        header,
        checker: Checker::default(),
        total: Progress::default(),
        faults,
    };
    loop {
        let (back, next) = files::next_row(rows).await?;
        rows = back;
        match next {
            None => break,
            Some(Err(fault)) => import.unread(&fault),
            Some(Ok(row)) => Box::pin(import.row(&row)).await?,
        }
        progress(import.total);
    }
    Ok(ProductionReport { case: import.case.known(), load_file: name, total: import.total })
}

/// Without these columns no row can become a document, and the first row is most likely one of them.
fn check_header(header: &Header) -> Result<(), ProductionError> {
    let has = |fields: &[Field]| fields.iter().any(|field| header.column(*field).is_some());
    if !has(&[Field::ControlNumber, Field::BeginBates]) {
        return Err(ProductionError::NoColumn(
            "the documents' control or Bates numbers, such as DOCID or BEGBATES",
        ));
    }
    if !has(&[Field::NativePath]) {
        return Err(ProductionError::NoColumn("the native files, such as NATIVELINK"));
    }
    Ok(())
}

/// An import under way.
struct Import<'a> {
    ctx: &'a Ctx,
    files: &'a Files,
    root: PathBuf,
    case: Target,
    header: Header,
    checker: Checker,
    total: Progress,
    faults: &'a mut (dyn FaultSink + Send),
}

/// Why a row does not become a document, or what else is wrong with it.
struct Fault {
    field: Option<crate::load_file::Field>,
    code: &'static str,
    message: String,
}

impl Import<'_> {
    fn unread(&mut self, fault: &RowFault) {
        self.total.rows += 1;
        self.total.refused += 1;
        self.total.faults += 1;
        self.faults.fault(ProductionFault {
            row: fault.row,
            line: fault.line,
            control_number: None,
            field: None,
            code: fault.code.as_str(),
            message: fault.to_string(),
            refused: true,
        });
    }

    async fn row(&mut self, row: &LoadRow) -> Result<(), ProductionError> {
        self.total.rows += 1;
        let control_number = fields::control_number(row);
        let mut is_repeated = false;
        for finding in self.checker.check(row) {
            let refused = fields::is_refused(row, finding.code);
            is_repeated |= refused;
            let fault = Fault {
                field: Some(finding.field),
                code: finding.code.as_str(),
                message: advice(finding.code).to_owned(),
            };
            self.tell(row, control_number.as_deref(), fault, refused);
        }
        if is_repeated {
            self.total.refused += 1;
            return Ok(());
        }
        match document::import(self, row, control_number.as_deref()).await? {
            Outcome::Added => self.total.added += 1,
            Outcome::NewVersion => self.total.new_versions += 1,
            Outcome::Changed => self.total.changed += 1,
            Outcome::Unchanged => self.total.unchanged += 1,
            Outcome::Refused(fault) => {
                self.total.refused += 1;
                self.tell(row, control_number.as_deref(), fault, true);
            }
        }
        Ok(())
    }

    fn tell(&mut self, row: &LoadRow, control_number: Option<&str>, fault: Fault, refused: bool) {
        let column = fault.field.and_then(|field| self.header.column(field));
        self.total.faults += 1;
        self.faults.fault(ProductionFault {
            row: row.row(),
            line: row.line(),
            control_number: control_number.map(str::to_owned),
            field: column.and_then(|at| self.header.names().get(at).cloned()),
            code: fault.code,
            message: fault.message,
            refused,
        });
    }
}

fn advice(code: FindingCode) -> &'static str {
    match code {
        FindingCode::DuplicateControlNumber => {
            "another row has this control number: give each document its own"
        }
        FindingCode::BatesReversed => "the last Bates number lies before the first, or has another prefix",
        FindingCode::BatesOverlap => "another row has some of the same Bates numbers",
        FindingCode::BatesUnreadable => "is not a Bates number: it is kept as text and not found by number",
        FindingCode::OutsideFamily => "the Bates range is not within that of the family",
        FindingCode::ImpossibleDate => "no calendar has this date: it is kept as written",
        FindingCode::UnreadableDate => "cannot be read as a date: it is kept as written",
        FindingCode::BadNumber => "is not a whole number: it is kept as written",
        FindingCode::BadHash => "is not a hash of this kind: the file cannot be checked against it",
        FindingCode::CheckLimit => "too many numbers to look for further duplicates: split the load file",
    }
}
