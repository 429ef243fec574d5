//! What the kernel tells about the process beyond its memory.

use std::fs;

/// Address space in bytes.
pub(super) fn virtual_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kibibytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0).saturating_mul(1024)
}

/// How many descriptors may be open.
pub(super) fn max_descriptors() -> u64 {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// How many of the open descriptors are sockets.
pub(super) fn sockets() -> u64 {
    let Ok(open) = fs::read_dir("/proc/self/fd") else { return 0 };
    let is_socket = |entry: &fs::DirEntry| {
        fs::read_link(entry.path())
            .is_ok_and(|target| target.as_os_str().as_encoded_bytes().starts_with(b"socket:"))
    };
    let sockets = open.flatten().filter(is_socket).count();
    u64::try_from(sockets).unwrap_or(u64::MAX)
}

/// What the machine's processors did since it started, in the kernel's ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CpuTime {
    /// Work.
    pub(super) busy: u64,
    /// Work and rest.
    pub(super) all: u64,
}

impl CpuTime {
    /// What was done since an earlier look.
    pub(super) fn since(self, before: Self) -> Self {
        Self { busy: self.busy.saturating_sub(before.busy), all: self.all.saturating_sub(before.all) }
    }

    /// The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal. What guests use is in the
    /// first two already.
    fn parse(text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let ticks: Vec<u64> = line.split_whitespace().take(8).map_while(|tick| tick.parse().ok()).collect();
        let all = ticks.iter().sum();
        let rest: u64 = ticks.get(3..5)?.iter().sum();
        Some(Self { busy: u64::saturating_sub(all, rest), all })
    }
}

/// The machine's processor time; nothing where the kernel does not tell.
pub(super) fn cpu_time() -> Option<CpuTime> {
    CpuTime::parse(&fs::read_to_string("/proc/stat").ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn sockets_are_told_from_files() {
        let open: Vec<_> = (0..50).map(|_| UdpSocket::bind(("127.0.0.1", 0)).unwrap()).collect();
        let files: Vec<_> = (0..50).map(|_| fs::File::open("/proc/self/status").unwrap()).collect();
        let descriptors = fs::read_dir("/proc/self/fd").unwrap().count() as u64;
        let sockets = sockets();
        // Other tests of this process have some of their own.
        assert!(sockets >= 50 && sockets + 50 <= descriptors + 25, "{sockets} of {descriptors}");
        drop((open, files));
    }

    #[test]
    fn waiting_for_a_disk_is_rest_and_guests_are_not_counted_twice() {
        let before = CpuTime::parse("cpu  10 0 5 80 5 0 0 0 7 0\ncpu0 1 2 3 4 5\n").expect("a line of all");
        assert_eq!(before, CpuTime { busy: 15, all: 100 });
        let now = CpuTime::parse("cpu  20 0 10 150 15 0 0 5 9 0\n").expect("a line of all");
        assert_eq!(now.since(before), CpuTime { busy: 20, all: 100 });
        assert_eq!(CpuTime::parse("intr 1 2 3\n"), None);
    }
}
