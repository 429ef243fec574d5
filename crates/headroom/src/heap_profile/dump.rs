use super::HeapProfile;
use super::elf::Elf;
use super::text::{NotADump, program_first};
use crate::mallctl;
use rustix::fs::{MemfdFlags, memfd_create};
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::os::fd::AsRawFd as _;
use std::sync::Mutex;

/// The running program, also when its file was replaced since it started.
pub(super) const PROGRAM: &str = "/proc/self/exe";

/// Two dumps at once would hold two files in memory; whoever comes second is told so instead of waiting.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Somebody else takes one.
    #[error("another heap profile is being taken")]
    Busy,
    /// The process does not run on jemalloc, or with profiling switched off.
    #[error("the allocator of this process takes no samples")]
    Unavailable,
    /// jemalloc could not write it.
    #[error("the allocator could not write its profile")]
    Dump,
    /// There is no file to write it to.
    #[error("no file could be made in memory")]
    File(#[from] io::Error),
    /// What jemalloc wrote is not understood.
    #[error(transparent)]
    Text(#[from] NotADump),
}

/// Takes a profile of this process, without names. It writes a file that lies in memory only, since the system may have
/// no folder that can be written to. Some milliseconds: not for a thread that serves requests.
pub fn take_heap_profile() -> Result<HeapProfile, ProfileError> {
    take_charged_heap_profile(|_| ())
}

/// As [`take_heap_profile`], and tells how many bytes of memory the allocator's text takes as soon as it is written. It is
/// gone when the profile is there.
pub fn take_charged_heap_profile(charge: impl FnOnce(u64)) -> Result<HeapProfile, ProfileError> {
    let mut profile = take(charge)?;
    profile.identify();
    Ok(profile)
}

/// As [`take_heap_profile`], without the build ids, for which the files of the program and its libraries are read.
pub fn take_bare_heap_profile() -> Result<HeapProfile, ProfileError> {
    take(|_| ())
}

fn take(charge: impl FnOnce(u64)) -> Result<HeapProfile, ProfileError> {
    // A panic of an earlier holder leaves nothing half done behind the lock.
    let _alone = match ONE_AT_A_TIME.try_lock() {
        Err(std::sync::TryLockError::WouldBlock) => return Err(ProfileError::Busy),
        Ok(guard) => guard,
        Err(std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
    };
    if mallctl::read_flag(c"prof.active") != Some(true) {
        return Err(ProfileError::Unavailable);
    }
    let file = memory_file()?;
    let path = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())).map_err(io::Error::from)?;
    if !mallctl::write_text(c"prof.dump", &path) {
        return Err(ProfileError::Dump);
    }
    charge(file.metadata()?.len());
    // jemalloc opened the path anew, so this handle still stands at the beginning.
    Ok(HeapProfile::read_dump(BufReader::new(file))?)
}

/// An empty file that lies in memory outside of the heap and is gone when it is closed.
pub fn memory_file() -> io::Result<File> {
    Ok(File::from(memfd_create("heap-profile", MemfdFlags::CLOEXEC)?))
}

impl HeapProfile {
    /// Adds the build ids and puts the program first. A file that cannot be read stays without.
    fn identify(&mut self) {
        let program = fs::read_link(PROGRAM).unwrap_or_default();
        let program = program.to_string_lossy();
        let program = program.trim_end_matches(" (deleted)");
        program_first(&mut self.mappings, program);
        for mapping in &mut self.mappings {
            let path = if mapping.path == program { PROGRAM } else { &mapping.path };
            mapping.build_id = Elf::open(path).map(|elf| elf.build_id).unwrap_or_default();
        }
    }
}
