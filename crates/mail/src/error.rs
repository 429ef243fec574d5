use std::io;
use std::path::PathBuf;

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The address is not `name@host`, or is longer than 254 bytes (RFC 5321, 4.5.3.1.3).
    #[error("the address is not one that mail can be sent to: write it as name@example.com")]
    Address,
    /// A header would break into several lines.
    #[error("the {0} holds a line break or another control character: leave it out")]
    Control(&'static str),
    /// The subject is empty or longer than 200 characters.
    #[error("the subject is empty or too long: use 1 to 200 characters")]
    Subject,
    /// The whole message is larger than [`MESSAGE_BYTES`](crate::MESSAGE_BYTES).
    #[error("the message is too large: at most 256 KiB")]
    TooLarge,
}

/// Why a mail was not delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The message cannot be sent as it is.
    #[error("the mail cannot be sent")]
    Message(#[from] Fault),
    /// The folder could not be made, listed or given its permissions.
    #[error("the folder {path} for mail cannot be used: check that the server's user may write to it")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The file could not be written.
    #[error("the mail could not be written to {path}: check the free space and the permissions")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The work was cancelled because the server is stopping.
    #[error("the server is stopping: the mail is delivered after the restart")]
    Stopping,
}
