use crate::intake::{Intake, Stored};
use crate::store::Inner;
use crate::turns::in_turns;
use crate::{Error, blocking, disk};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A local file that is now in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// The blob.
    pub stored: Stored,
    /// The MD5 of the content (RFC 1321), when it was asked for: productions publish it. Not a safeguard.
    pub md5: Option<[u8; 16]>,
}

/// A file on its way into the store.
struct Importing {
    store: Arc<Inner>,
    source: File,
    intake: Box<Intake>,
}

pub(crate) async fn import(store: Arc<Inner>, path: PathBuf, want_md5: bool) -> Result<Imported, Error> {
    let importing = blocking(move || Importing::start(store, &path, want_md5)).await?;
    let Importing { store, intake, .. } = in_turns(importing, Importing::step, |_| ()).await?;
    let (stored, md5) = blocking(move || intake.finish(&store)).await?;
    Ok(Imported { stored, md5 })
}

impl Importing {
    fn start(store: Arc<Inner>, path: &Path, want_md5: bool) -> Result<Self, Error> {
        let (source, size_bytes) = disk::open_regular(path)?;
        let limit_bytes = store.settings.max_file_bytes;
        if size_bytes > limit_bytes {
            return Err(Error::TooLarge { limit_bytes });
        }
        store.check_space(size_bytes)?;
        let intake = Box::new(Intake::start(&store, limit_bytes, want_md5)?);
        Ok(Self { store, source, intake })
    }

    /// One buffer; `false` at the end.
    fn step(&mut self) -> Result<bool, Error> {
        self.intake.pull(&self.store, &mut self.source)
    }
}
