//! A content-addressed file store that streams and never holds a file in memory.
//!
//! A blob is named by the SHA-256 of its content, so that equal files are kept once and a name never changes its
//! meaning. A blob appears whole or not at all: it is written to a temporary file, synced, and renamed into place.
//! File work runs on blocking threads, one bounded buffer at a time.
//!
//! The store knows nothing of who refers to a blob; removing those that nobody refers to is the caller's part.

mod copy;
mod disk;
mod error;
mod import;
mod intake;
mod layout;
mod reader;
mod settings;
mod sink;
mod store;
mod turns;
mod verify;
mod writer;

pub use copy::{Copied, stream_copy_file};
pub use disk::Space;
pub use error::Error;
pub use import::Imported;
pub use intake::Stored;
pub use reader::BlobReader;
pub use settings::Settings;
pub use store::{BlobStore, Swept, Usage};
pub use verify::Verification;
pub use writer::BlobWriter;

/// The SHA-256 digest that names a blob.
pub type Sha256 = [u8; 32];

/// Runs file work off the async threads. Dropping the future does not stop work that has begun; what the work
/// returns is then dropped, which removes its temporary file.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    headroom::spawn_blocking(work).await.map_err(|_| Error::Stopping)?
}
