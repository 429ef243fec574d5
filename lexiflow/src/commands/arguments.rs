//! The words of the command line.

mod people;

pub use people::{AddFirm, AddUser, DisableUser, Firm, ListUsers, NamedUser, ResetPassword, User};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clock::Timestamp;
use ids::{CaseId, UserId};
use std::path::PathBuf;

/// The practice server of a law firm: cases, dockets, documents and search in one program.
#[derive(Debug, Parser)]
#[command(name = "lexiflow", version = crate::about::VERSION, long_version = super::version::LONG, propagate_version = true)]
pub struct Cli {
    /// A TOML file with settings (also `LEXIFLOW_CONFIG`).
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A set of settings for a purpose: default, high-concurrency or memory-constrained (also `LEXIFLOW_PROFILE`).
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// One setting, such as `server.port=8080` or `PORT=8080`; may be given more than once.
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server.
    Serve,
    /// Read court records or a production into the firm.
    Import {
        /// What to read.
        #[command(subcommand)]
        what: Import,
    },
    /// Fill the firm with made-up people, clients, cases, dockets and documents.
    Demo(Demo),
    /// Check or show the settings.
    Config {
        /// What to do with them.
        #[command(subcommand)]
        what: Settings,
    },
    /// Look at or change the database's schema.
    Migrate {
        /// What to do with it.
        #[command(subcommand)]
        what: Migrate,
    },
    /// Print the OpenAPI description as JSON.
    Openapi,
    /// Compare the generated files in the source tree with what the code says.
    CheckGenerated {
        /// The root of the source tree.
        #[arg(long, value_name = "DIR", default_value = ".")]
        folder: PathBuf,
    },
    /// Look after users without the server's pages.
    User {
        /// What to do.
        #[command(subcommand)]
        what: User,
    },
    /// Verify the record of who did what, give it out, and look after its keys.
    Audit {
        /// What to do.
        #[command(subcommand)]
        what: Audit,
    },
    /// Look after the firms of this server.
    Firm {
        /// What to do.
        #[command(subcommand)]
        what: Firm,
    },
    /// Look at the memory of a running server; for administrators.
    Memory(Memory),
    /// Ask the server on the configured port how it is; for container probes.
    Healthcheck,
    /// Print version, commit, build time, allocator and target.
    Version,
}

/// `audit`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Read every firm's chain, or an export, and tell whether anything was altered, removed, moved, added or cut off.
    #[command(
        after_help = "Exit codes: 0 intact; 4 not intact; 1 it could not be read; 2 the command was not understood."
    )]
    Verify(VerifyLog),
    /// Write the firm's audit log to the standard output.
    Export(ExportLog),
    /// Print the public keys whose signatures count: keep them where the server cannot change them.
    Keys,
    /// Remove what is older than `AUDIT_RETENTION_DAYS`, as the server does once a day where its role may.
    Purge,
    /// Sign with a new key from the next start on. What the old one signed stays verifiable.
    RotateKey,
}

/// `audit verify`
#[derive(Debug, Clone, Args)]
pub struct VerifyLog {
    /// An export in the form NDJSON, instead of the database.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "to"])]
    pub file: Option<PathBuf>,
    /// A public key whose signatures count, as `audit keys` printed it. With --file only those that are given count.
    #[arg(long, value_name = "HEX", value_parser = crypto::ed25519::PublicKey::parse)]
    pub public_key: Vec<crypto::ed25519::PublicKey>,
    /// From this entry.
    #[arg(long, value_name = "SEQ", value_parser = clap::value_parser!(i64).range(1..))]
    pub from: Option<i64>,
    /// To this entry.
    #[arg(long, value_name = "SEQ", value_parser = clap::value_parser!(i64).range(1..))]
    pub to: Option<i64>,
}

/// `audit export`
#[derive(Debug, Clone, Args)]
pub struct ExportLog {
    /// At this moment or later, such as 2026-03-01T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Before this moment.
    #[arg(long, value_name = "TIME")]
    pub to: Option<Timestamp>,
    /// In this case.
    #[arg(long, value_name = "ID")]
    pub case: Option<CaseId>,
    /// Done by this user.
    #[arg(long, value_name = "ID")]
    pub user: Option<UserId>,
    /// In which form.
    #[arg(long, value_enum, default_value = "ndjson")]
    pub format: ExportFormat,
}

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A JSON object on each line: what can be verified.
    Ndjson,
    /// The same objects in one array.
    Json,
    /// For spreadsheets.
    Csv,
    /// To be printed: 10,000 entries at most.
    Pdf,
}

const IMPORT_CODES: &str = "Exit codes: 0 everything was imported; 3 what could be imported was, and the faults file says what \
                            could not; 1 the import failed or was cut short; 2 the command was not understood.";

/// What can be imported.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Federal dockets in the JSON form of juriscraper.
    #[command(after_help = IMPORT_CODES)]
    Docket(ImportDocket),
    /// An e-discovery production: a load file with natives and text.
    #[command(after_help = IMPORT_CODES)]
    Production(ImportProduction),
}

/// `import docket`
#[derive(Debug, Args)]
pub struct ImportDocket {
    /// Files, or folders whose `.json` files are read, and `.ndjson` or `.jsonl` files with one docket on each line.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Where to write what could not be read; made only when there is something to write.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}

/// `import production`
#[derive(Debug, Args)]
pub struct ImportProduction {
    /// The production's folder.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The id of the case that it belongs to.
    #[arg(long, value_name = "ID", conflicts_with = "case_title")]
    pub case: Option<String>,
    /// The title of the case; a case of this title is opened when there is none.
    #[arg(long, value_name = "TITLE")]
    pub case_title: Option<String>,
    /// The load file, when the folder has more than one.
    #[arg(long, value_name = "FILE")]
    pub load_file: Option<PathBuf>,
    /// Where to write what is wrong; made only when there is something to write.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}

/// `demo`
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// How many cases to make.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub cases: u32,
    /// The same seed makes the same firm.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Go on in a firm that has made-up people already.
    #[arg(long)]
    pub again: bool,
}

/// `config`
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Settings {
    /// Report every fault at once.
    Check,
    /// Show every setting that is in force, with its source.
    Print {
        /// What is in force is what is shown in any case; for scripts that say so.
        #[arg(long)]
        effective: bool,
    },
    /// Print a JSON Schema of the settings file.
    Schema,
}

/// `migrate`
#[derive(Debug, Clone, Subcommand)]
pub enum Migrate {
    /// List the migrations and whether the database has them.
    Status,
    /// Bring the schema up to date.
    Up,
    /// Print the whole schema as SQL.
    Ddl {
        /// For which database.
        #[arg(long, value_enum)]
        dialect: DialectName,
    },
    /// Print the SQL that lets a PostgreSQL role serve without being able to rewrite the audit log. The owner runs it,
    /// again after each `migrate up`.
    Grants {
        /// The role, which exists already.
        #[arg(long, value_name = "NAME")]
        role: String,
    },
}

/// A database by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DialectName {
    /// The embedded one.
    Sqlite,
    /// A server.
    Postgres,
}

/// `memory`
#[derive(Debug, Args)]
pub struct Memory {
    /// Where the server is; on this machine at the configured port unless told.
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// An administrator's access token (better in `LEXIFLOW_TOKEN`, which other users of the machine do not see).
    #[arg(long, global = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// What to look at or do.
    #[command(subcommand)]
    pub what: MemoryView,
}

/// What can be asked of a server's memory.
#[derive(Debug, Subcommand)]
pub enum MemoryView {
    /// Show the memory in use, against the budget.
    Status,
    /// Show every cache and queue with its cap.
    Stores,
    /// Show the routes whose requests used most.
    Requests {
        /// How many routes to list, those with the highest peaks; all that are known when nothing is said.
        #[arg(long, value_name = "N")]
        top: Option<usize>,
    },
    /// Show what the memory was like lately, and when it was critical.
    History {
        /// How many minutes back: up to two by the second, a day at most.
        #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=1440))]
        minutes: u64,
    },
    /// Take a heap profile and show which lines of code hold most.
    Profile(Profile),
    /// Compare two profiles that were written with `profile --out`.
    Diff(Diff),
    /// Show which lines of code leak, how fast, and when the limit is reached.
    Leaks(Leaks),
    /// Follow the memory: level, use, actions against pressure and, by line of code, what grew.
    Trace(Trace),
    /// Give unused memory back to the system.
    Purge,
    /// Empty a cache down to what it keeps even when memory is scarce; it fills again by itself.
    Shed {
        /// Its name, as `stores` lists it.
        store: String,
    },
}

/// `memory profile`
#[derive(Debug, Args)]
pub struct Profile {
    /// Where to write the profile, for `diff` and for pprof.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The id of a profile that the server keeps: show what grew since then.
    #[arg(long, value_name = "ID")]
    pub base: Option<String>,
    /// Show what is allocated within so many seconds and lives at their end, instead of all that lives.
    #[arg(long, value_name = "N", conflicts_with = "base", value_parser = clap::value_parser!(u64).range(1..=300))]
    pub seconds: Option<u64>,
    /// Have the server keep a profile to compare with, instead of showing it.
    #[arg(long, conflicts_with_all = ["out", "base", "flame", "seconds"])]
    pub keep: bool,
    /// How it is shown.
    #[command(flatten)]
    pub named: Named,
}

/// `memory diff`
#[derive(Debug, Args)]
pub struct Diff {
    /// The earlier profile.
    pub older: PathBuf,
    /// The later one.
    pub newer: PathBuf,
    /// How it is shown.
    #[command(flatten)]
    pub named: Named,
}

/// `memory leaks`
#[derive(Debug, Args)]
pub struct Leaks {
    /// Have the server take another look first.
    #[arg(long, conflicts_with = "file")]
    pub check: bool,
    /// A report that was saved from `/api/monitoring/memory/leaks`, instead of a server.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The server's program file, if it is not this one.
    #[arg(long, value_name = "FILE")]
    pub binary: Option<PathBuf>,
}

/// `memory trace`
#[derive(Debug, Args)]
pub struct Trace {
    /// For how long; until it is interrupted when nothing is said.
    #[arg(long, value_name = "N")]
    pub seconds: Option<u64>,
    /// Seconds between two lines.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..))]
    pub every: u64,
    /// Seconds between two lists of what grew. Each takes a heap profile, which the audit log records.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    pub growth: u64,
    /// How many lines of code to list.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub top: usize,
    /// The server's program file, if it is not this one.
    #[arg(long, value_name = "FILE")]
    pub binary: Option<PathBuf>,
}

/// How a profile is shown by name.
#[derive(Debug, Args)]
pub struct Named {
    /// Draw a flame graph.
    #[arg(long, value_name = "FILE.svg")]
    pub flame: Option<PathBuf>,
    /// The server's program file, if it is not this one.
    #[arg(long, value_name = "FILE")]
    pub binary: Option<PathBuf>,
    /// How many lines of code to list.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as key=value, such as server.port=8080")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}
