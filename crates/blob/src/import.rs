use crate::intake::{Intake, Stored};
use crate::store::Inner;
use crate::{Error, blocking, disk};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many buffers one turn on a blocking thread copies: long enough to be cheap, short enough to be stopped.
const BUFFERS_PER_TURN: usize = 32;

/// A local file that is now in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// The blob.
    pub stored: Stored,
    /// The MD5 of the content (RFC 1321), when it was asked for: productions publish it. Not a safeguard.
    pub md5: Option<[u8; 16]>,
}

pub(crate) async fn import(store: Arc<Inner>, path: PathBuf, want_md5: bool) -> Result<Imported, Error> {
    let shared = Arc::clone(&store);
    let (mut source, mut intake) = blocking(move || start(&shared, &path, want_md5)).await?;
    loop {
        let shared = Arc::clone(&store);
        let turn = blocking(move || {
            for _ in 0..BUFFERS_PER_TURN {
                if !intake.pull(&shared, &mut source)? {
                    return Ok((source, intake, true));
                }
            }
            Ok((source, intake, false))
        });
        let is_over;
        (source, intake, is_over) = turn.await?;
        if is_over {
            break;
        }
    }
    let (stored, md5) = blocking(move || intake.finish(&store)).await?;
    Ok(Imported { stored, md5 })
}

/// Opens the file, which must be a regular one: opening a pipe would wait for ever.
fn start(store: &Inner, path: &Path, want_md5: bool) -> Result<(File, Box<Intake>), Error> {
    let metadata = std::fs::metadata(path).map_err(Error::io("open the file to import"))?;
    if !metadata.is_file() {
        return Err(Error::NotAFile);
    }
    let source = File::open(path).map_err(Error::io("open the file to import"))?;
    disk::will_read_in_order(&source);
    let limit_bytes = store.settings.max_file_bytes;
    if metadata.len() > limit_bytes {
        return Err(Error::TooLarge { limit_bytes });
    }
    store.check_space(metadata.len())?;
    Ok((source, Box::new(Intake::start(store, limit_bytes, want_md5)?)))
}
