use crate::store::Inner;
use crate::{Error, Sha256, blocking, disk};
use crypto::digest::Sha256Stream;
use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;

/// How many buffers one turn on a blocking thread reads: long enough to be cheap, short enough to be stopped.
const BUFFERS_PER_TURN: usize = 32;

/// Whether a blob's content is what its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// It is.
    Verified {
        /// The size in bytes.
        size_bytes: u64,
    },
    /// It is not: restore the blob from a backup.
    Corrupt {
        /// The SHA-256 of what is there.
        actual: Sha256,
    },
}

struct Check {
    file: File,
    digest: Sha256Stream,
    buffer: Vec<u8>,
}

pub(crate) async fn verify(store: Arc<Inner>, sha256: Sha256) -> Result<Verification, Error> {
    let mut check = blocking(move || {
        let file = File::open(store.layout.blob(&sha256)).map_err(Error::opening)?;
        disk::will_read_in_order(&file);
        Ok(Check { file, digest: Sha256Stream::new(), buffer: vec![0; store.settings.buffer_bytes()] })
    })
    .await?;
    loop {
        let (next, is_over) = blocking(move || check.turn()).await?;
        check = next;
        if is_over {
            break;
        }
    }
    let size_bytes = check.digest.seen_bytes();
    let actual = check.digest.finish();
    Ok(if actual == sha256 {
        Verification::Verified { size_bytes }
    } else {
        Verification::Corrupt { actual }
    })
}

impl Check {
    fn turn(mut self) -> Result<(Self, bool), Error> {
        for _ in 0..BUFFERS_PER_TURN {
            let read = self.file.read(&mut self.buffer).map_err(Error::io("read a stored file"))?;
            if read == 0 {
                return Ok((self, true));
            }
            self.digest.update(&self.buffer[..read]);
        }
        Ok((self, false))
    }
}
