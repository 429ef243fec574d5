use std::io;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The chunk size is out of bounds.
    #[error("the blob store's chunk size must be from 4096 to 1048576 bytes")]
    Settings,
    /// Storing more would leave less free space than is kept in reserve, or the disk or a quota is full.
    #[error(
        "the disk is full: {free_bytes} bytes are free and {min_free_bytes} must stay so; free some space"
    )]
    DiskFull {
        /// Free space for this process, in bytes.
        free_bytes: u64,
        /// The reserve, in bytes.
        min_free_bytes: u64,
    },
    /// The content is larger than this upload may be.
    #[error("the file is larger than the {limit_bytes} bytes that are allowed")]
    TooLarge {
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// No such blob.
    #[error("the stored file is missing: restore it from a backup")]
    Missing,
    /// The blob ended before its length: it was cut from outside.
    #[error("the stored file is shorter than when it was opened: restore it from a backup")]
    Shortened,
    /// The range does not lie inside the blob.
    #[error("the range {start}..{end} does not lie inside the file's {size_bytes} bytes")]
    Range {
        /// The first byte asked for.
        start: u64,
        /// The byte after the last one asked for.
        end: u64,
        /// The size of the blob in bytes.
        size_bytes: u64,
    },
    /// The file to import is a folder, a pipe or a device.
    #[error("is not a regular file")]
    NotAFile,
    /// The stream that was to be stored failed.
    #[error("the upload broke off: send it again")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A write to this writer failed or was cancelled before; nothing of it is kept.
    #[error("the upload failed before it was complete: send it again")]
    Abandoned,
    /// The file system refused.
    #[error("could not {action}: check that the folder exists and that the server may write to it")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The work was cancelled because the server is stopping.
    #[error("the server is stopping: try again")]
    Stopping,
}

impl Error {
    pub(crate) fn io(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, source }
    }

    /// As [`Error::io`] for opening a blob, where absence has its own meaning.
    pub(crate) fn opening(source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::NotFound {
            Self::Missing
        } else {
            Self::Io { action: "open a stored file", source }
        }
    }
}
