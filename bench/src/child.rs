//! Processes: started through this program itself, so that they end with it and can be put into a control group, and
//! ended by their id.

use anyhow::Context as _;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeVal;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

/// A process that ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Guard {
    child: Child,
    is_over: bool,
}

impl Guard {
    pub(crate) fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        let program = command.get_program().to_owned();
        let child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { child, is_over: false })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How the process ended, if it did.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        self.is_over |= status.is_some();
        Ok(status)
    }

    /// Waits for the end, at most for `limit`.
    pub(crate) async fn end_within(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            anyhow::ensure!(begun.elapsed() < limit, "process {} did not end in {limit:?}", self.pid());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        anyhow::ensure!(!self.is_over, "process {} is over already", self.pid());
        Ok(kill(Pid::from_raw(i32::try_from(self.pid())?), signal)?)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.is_over {
            // Both fail only for a process that is gone.
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// The control group that a command runs in.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub path: PathBuf,
    /// Whether the command takes it for the root of all groups, and so does not find its limit.
    pub is_unseen: bool,
}

/// The command through this program, to end with it, and in the control group if there is one.
pub(crate) fn through_self(program: &Path, group: Option<&Group>) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("become");
    if let Some(group) = group {
        command.arg("--cgroup").arg(&group.path);
        if group.is_unseen {
            command.arg("--unseen");
        }
    }
    command.arg("--").arg(program);
    Ok(command)
}

/// The command through this program, which writes its [`Usage`] to `out`.
pub(crate) fn with_usage(program: &Path, out: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("usage").arg("--out").arg(out).arg("--").arg(program);
    Ok(command)
}

/// Becomes the command. Returns only when that fails.
pub(crate) fn become_command(group: Option<&Group>, command: &[OsString]) -> anyhow::Result<ExitCode> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    if let Some(group) = group {
        let members = group.path.join("cgroup.procs");
        std::fs::write(&members, std::process::id().to_string())
            .with_context(|| format!("cannot join {}", members.display()))?;
        if group.is_unseen {
            // In a namespace of its own the group is called `/`, which has no limit where the groups are mounted.
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWCGROUP).context("cannot hide the limit")?;
        }
    }
    let (program, arguments) = split(command)?;
    Err(Command::new(program).args(arguments).exec()).with_context(|| program.display().to_string())
}

/// What a process used over its life.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    /// Whether it ended well.
    pub is_success: bool,
    /// Time by the clock on the wall, in nanoseconds.
    pub wall_nanos: u64,
    /// Time of the processors, in nanoseconds.
    pub cpu_nanos: u64,
    /// The most memory that was resident at once, in bytes.
    pub peak_bytes: u64,
}

/// Runs the command to its end. It is the only child of this process, so what the kernel counts for the children is its.
pub(crate) fn run_to_end(out: &Path, command: &[OsString]) -> anyhow::Result<ExitCode> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)?;
    let (program, arguments) = split(command)?;
    let begun = Instant::now();
    let status = through_self(Path::new(program), None)?.args(arguments).status()?;
    let wall = begun.elapsed();
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let usage = Usage {
        is_success: status.success(),
        wall_nanos: u64::try_from(wall.as_nanos())?,
        cpu_nanos: nanos(used.user_time()) + nanos(used.system_time()),
        peak_bytes: u64::try_from(used.max_rss())? << 10,
    };
    std::fs::write(out, serde_json::to_vec(&usage)?)?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

fn split(command: &[OsString]) -> anyhow::Result<(&OsStr, &[OsString])> {
    let (program, arguments) = command.split_first().context("no command")?;
    Ok((program, arguments))
}

fn nanos(time: TimeVal) -> u64 {
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(time.tv_usec()).unwrap_or(0) * 1000
}
