use crate::state::StartError;
use std::io;
use std::path::PathBuf;

/// `EX_CONFIG` of sysexits.h.
const CONFIGURATION: u8 = 78;
const USAGE: u8 = 2;
const FAILED: u8 = 1;
/// Apart from `USAGE`, which a script must not take for an import that went through.
const DONE_WITH_FAULTS: u8 = 3;
/// The audit log is not intact.
const NOT_INTACT: u8 = 4;
/// What a shell says of a program that SIGPIPE ended: the reader, such as `head`, has seen enough.
pub(super) const BROKEN_PIPE: u8 = 128 + 13;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The parts could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The configuration has faults, and the answer names them.
    #[error("the configuration has faults: correct those that are named")]
    Faulty,
    /// The answer could not be written.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
    /// What lies at this path cannot be opened, read or written.
    #[error("cannot use {path}: check the path, its permissions and the room on its disk ({source})")]
    Path {
        /// The path.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// More files than are taken at once.
    #[error("{path} holds more than {limit} files: import its folders one by one")]
    TooManyFiles {
        /// The folder.
        path: PathBuf,
        /// The most that are taken.
        limit: usize,
    },
    /// Nothing to import.
    #[error("there is no .json, .ndjson or .jsonl file in the given paths")]
    NothingToImport,
    /// An import went through, and left something out.
    #[error("done, with {0} {noun}: everything else was imported", noun = if *.0 == 1 { "fault" } else { "faults" })]
    DoneWithFaults(u64),
    /// The id of the case is none.
    #[error("`{0}` is not the id of a case: copy it from the case's address, or use --case-title")]
    CaseId(String),
    /// A production could not be imported at all.
    #[error("the production cannot be imported: {0}")]
    Production(#[from] documents::ProductionError),
    /// The events could not be handed out.
    #[error("the search index could not be brought up to date; the server does it when it starts ({0})")]
    Index(#[from] queue::Error),
    /// Nobody signs in with this address.
    #[error("no user of this server signs in as `{0}`")]
    NoSuchUser(String),
    /// No firm has this short name.
    #[error("no firm of this server has the short name `{0}`: `lexiflow firm list` shows them")]
    NoSuchFirm(String),
    /// Nobody manages the firm.
    #[error("the firm has no active administrator, for whom the command could act")]
    NoAdministrator,
    /// The accounts refused.
    #[error(transparent)]
    Accounts(#[from] accounts::Error),
    /// The audit log could not be read or written.
    #[error(transparent)]
    Audit(#[from] audit::Error),
    /// A file is no export of the audit log.
    #[error(transparent)]
    AuditExport(#[from] audit::ExportFault),
    /// The audit log was tampered with, or is damaged.
    #[error(
        "the audit log is not intact: keep the database, its backups and the folder `audit` as they are, and find out who had access"
    )]
    AuditNotIntact,
    /// The generated files do not say what the code says.
    #[error("generated files are out of date")]
    Drift,
    /// The server does not answer, or is not well.
    #[error("{0}")]
    Unhealthy(String),
    /// The memory of a server could not be looked at.
    #[error("{0}")]
    Memory(String),
    /// A made-up firm could not be made.
    #[error("the demonstration firm could not be made: {0}")]
    Demo(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl CommandError {
    /// The end of an import that reported so many faults.
    pub(super) fn unless_clean(faults: u64) -> Result<(), Self> {
        if faults == 0 { Ok(()) } else { Err(Self::DoneWithFaults(faults)) }
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Start(StartError::Config(_) | StartError::Memory { .. }) | Self::Faulty => CONFIGURATION,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => BROKEN_PIPE,
            Self::DoneWithFaults(_) => DONE_WITH_FAULTS,
            Self::AuditNotIntact => NOT_INTACT,
            Self::CaseId(_)
            | Self::NothingToImport
            | Self::Production(documents::ProductionError::Title(_)) => USAGE,
            _ => FAILED,
        }
    }
}
