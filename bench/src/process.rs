//! What the kernel says about a process.

use anyhow::Context as _;
use nix::time::ClockId;
use nix::unistd::Pid;
use std::path::PathBuf;

/// Memory of a process, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident now.
    pub resident: u64,
    /// The part of it that stands for no file.
    pub anonymous: u64,
    /// The most that was resident at once.
    pub peak: u64,
    /// Threads, which are no bytes.
    pub threads: u64,
}

/// The memory that a process has resident.
pub(crate) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let path = PathBuf::from(format!("/proc/{pid}/status"));
    let status = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(str::trim).with_context(|| format!("{} has no {name}", path.display()))
    };
    let bytes = |name: &str| {
        let kib = field(name)?.strip_suffix(" kB").and_then(|kib| kib.trim().parse::<u64>().ok());
        kib.map(|kib| kib << 10).with_context(|| format!("{} has no size of {name}", path.display()))
    };
    Ok(Memory {
        resident: bytes("VmRSS")?,
        anonymous: bytes("RssAnon")?,
        peak: bytes("VmHWM")?,
        threads: field("Threads")?.parse()?,
    })
}

/// Sets the peak back to what is resident now. `false` when that is not allowed.
pub(crate) fn reset_peak(pid: u32) -> bool {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").is_ok()
}

/// CPU time of all threads of a process, also of those that ended, in nanoseconds.
pub(crate) fn cpu_nanos(pid: u32) -> anyhow::Result<u64> {
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(i32::try_from(pid)?))?;
    let time = clock.now()?;
    Ok(u64::try_from(time.tv_sec())? * 1_000_000_000 + u64::try_from(time.tv_nsec())?)
}
