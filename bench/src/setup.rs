//! What a run works with: the binary, the folders, how much to do.

use crate::args::{AttackOptions, Options};
use anyhow::Context as _;
use serde::Serialize;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What a run works with.
#[derive(Debug)]
pub(crate) struct Setup {
    /// The repository.
    pub root: PathBuf,
    /// The server to measure.
    pub binary: PathBuf,
    /// The folder with the dockets.
    pub data: PathBuf,
    /// Where databases and files are made.
    pub scratch: PathBuf,
    /// How much to do.
    pub amounts: Amounts,
    /// How to attack.
    pub attack: AttackOptions,
    /// The PostgreSQL server of the figures about several servers.
    pub postgres: String,
}

/// How much to do.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Amounts {
    /// Whether these are the small ones.
    pub is_quick: bool,
    /// Cases in the database of `start` and `requests`.
    pub cases: u64,
    /// Starts.
    pub starts: u64,
    /// Requests of one kind in one round.
    pub requests: u64,
    /// Rounds of requests; the median counts.
    pub rounds: u64,
    /// Length of one round of writes, in milliseconds.
    pub write_millis: u64,
    /// Rounds of writes, each with and without group commit.
    pub write_rounds: u64,
    /// Size of the upload in bytes.
    pub upload_bytes: u64,
    /// What is worked through piece by piece, in bytes.
    pub stream_bytes: u64,
    /// Requests of each of 64 clients whose instructions are counted.
    pub counted_rounds: u64,
    /// Further polls that are counted.
    pub polls: u64,
}

const FULL: Amounts = Amounts {
    is_quick: false,
    cases: 1000,
    starts: 10,
    requests: 3000,
    rounds: 3,
    write_millis: 10_000,
    write_rounds: 2,
    upload_bytes: 2 << 30,
    stream_bytes: 1 << 30,
    counted_rounds: 8,
    polls: 100_000,
};

const QUICK: Amounts = Amounts {
    is_quick: true,
    cases: 1000,
    starts: 3,
    requests: 500,
    rounds: 1,
    write_millis: 2000,
    write_rounds: 1,
    upload_bytes: 128 << 20,
    stream_bytes: 64 << 20,
    counted_rounds: 2,
    polls: 20_000,
};

impl Setup {
    pub(crate) fn new(options: &Options) -> anyhow::Result<Self> {
        // A copy of this program on another machine has no repository: the record stays in the current folder then.
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize();
        let root = root.or_else(|_| std::env::current_dir())?;
        let scratch = options.scratch.clone().unwrap_or_else(|| root.join("target/bench"));
        std::fs::create_dir_all(&scratch).with_context(|| format!("cannot make {}", scratch.display()))?;
        let binary = options.binary.clone().unwrap_or_else(|| release_binary(&root));
        Ok(Self {
            binary: std::path::absolute(binary)?,
            data: options.data.clone().unwrap_or_else(|| root.join("../shared/data")),
            scratch: scratch.canonicalize()?,
            amounts: if options.quick { QUICK } else { FULL },
            postgres: options.postgres.clone(),
            attack: options.attack.clone(),
            root,
        })
    }

    /// The binary, which must be there.
    pub(crate) fn server_binary(&self) -> anyhow::Result<&Path> {
        anyhow::ensure!(
            self.binary.is_file(),
            "{} is missing: build it with `cargo build --release -p lexiflow`",
            self.binary.display()
        );
        Ok(&self.binary)
    }

    /// A folder that is removed when it is dropped.
    pub(crate) fn folder(&self) -> anyhow::Result<TempDir> {
        let made = tempfile::Builder::new().prefix("run-").tempdir_in(&self.scratch);
        made.with_context(|| format!("cannot make a folder in {}", self.scratch.display()))
    }

    /// What the disk with the databases has free, in bytes.
    pub(crate) fn free_bytes(&self) -> anyhow::Result<u64> {
        let disk = nix::sys::statvfs::statvfs(&self.scratch)?;
        Ok(disk.blocks_available().saturating_mul(disk.fragment_size()))
    }

    /// One line of progress, on standard error.
    #[expect(clippy::unused_self, reason = "whoever may speak has a setup")]
    pub(crate) fn say(&self, line: &str) {
        // Progress is no reason to stop when standard error is closed.
        drop(writeln!(std::io::stderr(), "{line}"));
    }
}

/// `lexiflow` beside this program when that is a release build, else where a release build puts it.
fn release_binary(root: &Path) -> PathBuf {
    let beside = std::env::current_exe().ok().and_then(|program| program.parent().map(Path::to_path_buf));
    let folder = beside.filter(|folder| folder.ends_with("release"));
    folder.unwrap_or_else(|| root.join("target/release")).join("lexiflow")
}
