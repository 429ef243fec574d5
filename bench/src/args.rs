//! The command line.

use crate::attack::{Attacker, Defence, bytes};
use clap::{Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Measures the release binary as a process of its own, over HTTP, and prints one table.
#[derive(Debug, Parser)]
#[command(name = "bench", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// What to measure. `all` is everything but `profiles`, `soak`, `limits`, `walls`, `replicas`, `attack` and `build`.
    #[arg(value_enum, default_value = "all")]
    pub figure: Figure,
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub inner: Option<Inner>,
}

/// What may be chosen.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// The server to measure; without it `lexiflow` of the release build.
    #[arg(long, value_name = "PATH")]
    pub binary: Option<PathBuf>,
    /// The folder with `cm-ecf/dockets`; without it `../shared/data` beside the repository.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where databases and files are made and removed again; without it `target/bench`. The figures of writing are
    /// those of this disk.
    #[arg(long, value_name = "DIR")]
    pub scratch: Option<PathBuf>,
    /// Fewer requests, shorter runs, a smaller upload: to see that everything works, not to quote.
    #[arg(long)]
    pub quick: bool,
    /// `replicas`: the PostgreSQL server, by a database that is there. One of its own is made and removed with `psql`.
    #[arg(long, value_name = "URL", default_value = "postgres://postgres@127.0.0.1:5432/postgres")]
    pub postgres: String,
    #[command(flatten)]
    pub attack: AttackOptions,
}

/// How to attack.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct AttackOptions {
    /// `attack`: the memory that the server may have.
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = bytes)]
    pub limit: u64,
    /// `attack`: the server starts within this much more, and its limit is lowered while it runs, before the attack.
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub lowered_from: Option<u64>,
    /// `attack`, `soak`: how long it lasts; 600 and 1800 unless told, 30 for each defence and 75 for `stall`.
    #[arg(long, value_name = "N")]
    pub seconds: Option<u64>,
    /// `attack`: the size of the large upload, and ten times that of each small one; 10 GiB unless the disk is small.
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub upload_size: Option<u64>,
    /// `attack`: only these attackers, besides the writers and the prober, which are always there.
    #[arg(long, value_name = "NAME", value_enum)]
    pub only: Vec<Attacker>,
    /// `attack`: weakens a defence, to see that the gates notice.
    #[arg(long, value_name = "DEFENCE", value_enum)]
    pub without: Vec<Defence>,
    /// `attack`: weakens each defence in turn, or each that `--without` names, and tells which gates notice.
    #[arg(long)]
    pub show_defences: bool,
}

/// The figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Figure {
    /// Everything but `profiles`, `soak`, `limits`, `walls`, `replicas`, `attack` and `build`.
    All,
    /// Resident memory at rest.
    Idle,
    /// Memory of an idle connection.
    Connections,
    /// Time to the first healthy answer.
    Start,
    /// CPU time of three requests.
    Requests,
    /// Creations by 64 clients, with and without group commit.
    Writes,
    /// Import of the dockets.
    Import,
    /// Verification and export of the audit log.
    Audit,
    /// Upload and download of 2 GiB within 256 MiB.
    Upload,
    /// Instructions of the request meter.
    Meter,
    /// What the functions for more than fits into memory take for 1 GiB.
    Streams,
    /// Thirteen leaks that must be named, and twelve shapes that are none.
    Leaks,
    /// Pages of the allocator that hold nothing after work whose sizes change.
    Fragmentation,
    /// What each profile of settings costs.
    Profiles,
    /// A thousand people at work for half an hour.
    Soak,
    /// A limit that is lowered and a mark for throttling that is too low, both under a running server.
    Limits,
    /// Pages of a large firm as the screened see them.
    Walls,
    /// What is decided on one server, and when it counts on another one on the same PostgreSQL.
    Replicas,
    /// Everything at once against a server in a small control group; takes minutes.
    Attack,
    /// A clean release build; takes minutes.
    Build,
}

impl Figure {
    /// Whether the server's binary must be there.
    pub(crate) fn needs_server(self) -> bool {
        !matches!(self, Self::Streams | Self::Build)
    }

    /// The name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// How the program calls itself. Not for people.
#[derive(Debug, Subcommand)]
pub(crate) enum Inner {
    /// Becomes the command, after joining a control group, and ends with whoever started it.
    #[command(name = "become", hide = true)]
    Become {
        #[arg(long)]
        cgroup: Option<PathBuf>,
        /// The command does not find the group's limit.
        #[arg(long, requires = "cgroup")]
        unseen: bool,
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
    /// Runs the command to its end and writes what it used as JSON.
    #[command(hide = true)]
    Usage {
        #[arg(long)]
        out: PathBuf,
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}
