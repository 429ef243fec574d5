use crate::roots::{SystemRoots, in_folder, keyed, text};

/// This process as the kernel sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProcessStats {
    /// Resident memory, in bytes.
    pub rss: u64,
    /// The anonymous part (heap and stacks), in bytes.
    pub rss_anon: u64,
    /// The file-backed part (code, mapped files), in bytes.
    pub rss_file: u64,
    /// The highest resident memory since the start, in bytes.
    pub peak_rss: u64,
    /// The address space in use, in bytes: memory or not.
    pub address_space: u64,
    /// Threads.
    pub threads: u64,
    /// Open file descriptors.
    pub fds: u64,
    /// Processor time of all threads, user and system, in microseconds.
    pub cpu_time_micros: u64,
}

impl ProcessStats {
    /// Reads `/proc/self/status` once and counts the descriptors; never the per-mapping files, which cost
    /// milliseconds. `None` where there is no process file system.
    pub fn read(roots: &SystemRoots) -> Option<Self> {
        let status = text(&roots.proc, "self/status")?;
        let bytes = |key| keyed(&status, key).unwrap_or(0).saturating_mul(1024);
        Some(Self {
            rss: bytes("VmRSS"),
            rss_anon: bytes("RssAnon"),
            rss_file: bytes("RssFile"),
            peak_rss: bytes("VmHWM"),
            address_space: bytes("VmSize"),
            threads: keyed(&status, "Threads").unwrap_or(0),
            fds: open_descriptors(roots),
            cpu_time_micros: process_cpu_micros(),
        })
    }
}

/// Linux 6.2 and later tell the count as the folder's size; before that the entries are counted.
fn open_descriptors(roots: &SystemRoots) -> u64 {
    let told = in_folder(&roots.proc, "self/fd", |path| std::fs::metadata(path)).map_or(0, |meta| meta.len());
    // An ordinary folder (as in tests) has a size of whole blocks, which is not a count.
    if told > 0 && !told.is_multiple_of(4096) {
        return told;
    }
    let entries = std::fs::read_dir(roots.proc.join("self/fd")).map_or(0, Iterator::count);
    u64::try_from(entries).unwrap_or(u64::MAX)
}

/// Processor time of all threads of this process, in microseconds; zero where the system has no such clock.
#[expect(unsafe_code, reason = "the standard library has no processor-time clock")]
pub fn process_cpu_micros() -> u64 {
    let mut spent = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `spent` is a valid, writable timespec for the length of the call, which keeps no pointer to it.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut spent) };
    if result != 0 {
        return 0;
    }
    let seconds = u64::try_from(spent.tv_sec).unwrap_or(0);
    let micros = u64::try_from(spent.tv_nsec).unwrap_or(0) / 1000;
    seconds.saturating_mul(1_000_000).saturating_add(micros)
}
