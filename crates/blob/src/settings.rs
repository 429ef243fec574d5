use crate::sink::{LEAST_UNWRITTEN_BYTES, MOST_UNWRITTEN_BYTES};
use std::path::PathBuf;

const KIB: usize = 1024;
const MIB: u64 = 1024 * 1024;

/// How a store keeps its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The folder that holds everything; it is created when missing and must be on one file system.
    pub root: PathBuf,
    /// The size of one chunk read, in bytes: 4 KiB to 1 MiB. A writer buffers four.
    pub chunk_bytes: usize,
    /// Free space that writing never eats into, in bytes.
    pub min_free_bytes: u64,
    /// The largest blob, in bytes.
    pub max_file_bytes: u64,
    /// Whether a stored blob must survive a power failure. Off only for tests and throw-away data.
    pub fsync: bool,
    /// How much of a file that comes in may wait in the page cache for the disk, in bytes: 64 KiB to 8 MiB. What is written counts
    /// against the memory of the server's control group until it is on the disk, and cannot be taken back before. Below
    /// 8 MiB, a writer waits for the disk after so much.
    pub unwritten_bytes: u64,
    /// How many writers the disk may keep waiting at once, at least 1. They wait on the threads that everything else that blocks
    /// runs on too: were all of them taken, nothing could be read while the disk is slow.
    pub writers: usize,
}

impl Settings {
    /// A store at `root` with chunks of 64 KiB, 256 MiB kept free, blobs up to 4 GiB, and fsync.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            chunk_bytes: 64 * KIB,
            min_free_bytes: 256 * MIB,
            max_file_bytes: 4 * 1024 * MIB,
            fsync: true,
            unwritten_bytes: MOST_UNWRITTEN_BYTES,
            writers: 4,
        }
    }

    pub(crate) fn are_usable(&self) -> bool {
        Self::is_usable_chunk(self.chunk_bytes)
    }

    pub(crate) fn is_usable_chunk(chunk_bytes: usize) -> bool {
        (4 * KIB..=1024 * KIB).contains(&chunk_bytes)
    }

    /// What of a file may wait for the disk, within its bounds.
    pub(crate) fn unwritten_bytes(&self) -> u64 {
        self.unwritten_bytes.clamp(LEAST_UNWRITTEN_BYTES, MOST_UNWRITTEN_BYTES)
    }

    /// What a writer gathers before it writes.
    pub(crate) fn buffer_bytes(&self) -> usize {
        Self::gathered_bytes(self.chunk_bytes)
    }

    /// The same for chunks of another size.
    pub(crate) fn gathered_bytes(chunk_bytes: usize) -> usize {
        chunk_bytes * 4
    }
}
