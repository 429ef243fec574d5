use crate::model::{Act, Entity, Pending};
use crate::{Error, service};
use access::{App, Ctx};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A file beside the database, for records that it cannot take at the moment. Its methods block.
pub trait SpillFile: Send + Sync + std::fmt::Debug {
    /// Adds a record; when this returns it is on the disk.
    ///
    /// # Errors
    /// Whatever the disk says, also that the file has the most bytes that it may have.
    fn append(&self, record: &[u8]) -> io::Result<()>;

    /// The oldest records, at most so many, and how many bytes of the file they take.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn oldest(&self, limit: usize) -> io::Result<(Vec<Vec<u8>>, u64)>;

    /// Forgets so many bytes from the file's beginning.
    ///
    /// # Errors
    /// Whatever the disk says.
    fn forget(&self, bytes: u64) -> io::Result<()>;
}

/// Where records of reading go when the database cannot take them: the reader need not wait for it, and nothing is lost.
#[derive(Debug, Clone)]
pub struct Spill(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    file: Option<Box<dyn SpillFile>>,
    spilled: AtomicU64,
    replayed: AtomicU64,
}

/// Records that one transaction takes back.
const BATCH: usize = 100;

impl Spill {
    /// Into this file.
    pub fn into_file(file: Box<dyn SpillFile>) -> Self {
        Self(Arc::new(Parts { file: Some(file), spilled: AtomicU64::new(0), replayed: AtomicU64::new(0) }))
    }

    /// Nowhere: what cannot be recorded in the database is refused.
    pub fn nowhere() -> Self {
        Self(Arc::new(Parts { file: None, spilled: AtomicU64::new(0), replayed: AtomicU64::new(0) }))
    }

    /// Records since the start that went into the file, and that came back from it.
    pub fn counts(&self) -> (u64, u64) {
        (self.0.spilled.load(Ordering::Relaxed), self.0.replayed.load(Ordering::Relaxed))
    }

    /// Whether records wait in the file for the database, also those of an earlier run.
    ///
    /// # Errors
    /// [`Error::Spill`] when the file cannot be read.
    pub async fn is_waiting(&self) -> Result<bool, Error> {
        Ok(!self.oldest(1).await?.0.is_empty())
    }

    /// The oldest records of the file, and how many bytes of it they take.
    async fn oldest(&self, limit: usize) -> Result<(Vec<Vec<u8>>, u64), Error> {
        let parts = Arc::clone(&self.0);
        let oldest = headroom::spawn_blocking(move || {
            parts.file.as_ref().map_or(Ok((Vec::new(), 0)), |file| file.oldest(limit))
        });
        oldest.await.map_err(|_| Error::Interrupted)?.map_err(Error::Spill)
    }

    async fn append(&self, entry: Pending) -> Result<(), Error> {
        let record = serde_json::to_vec(&entry).map_err(Error::Unwritable)?;
        let parts = Arc::clone(&self.0);
        let written = headroom::spawn_blocking(move || match &parts.file {
            Some(file) => file.append(&record),
            None => Err(io::Error::from(io::ErrorKind::Unsupported)),
        });
        written.await.map_err(|_| Error::Interrupted)?.map_err(Error::Spill)?;
        self.0.spilled.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Keeps a record beside the database where that cannot take it at the moment.
    ///
    /// # Errors
    /// What the database says when it refuses for good; [`Error::Spill`] when neither takes the record.
    pub(crate) async fn keep_if_it_fails(
        &self,
        kept: Pending,
        recorded: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        match recorded.await {
            Err(Error::Database(error) | Error::Access(access::Error::Database(error)))
                if error.is_transient() && self.0.file.is_some() =>
            {
                tracing::warn!(%error, "an audit record is kept in the spill file until the database takes it");
                self.append(kept).await
            }
            outcome => outcome,
        }
    }

    /// Writes what lies in the file into the chains of its firms. A crash at the worst moment writes a batch twice, under
    /// the same ids; nothing is left out.
    pub(crate) async fn replay(&self, app: &App) -> Result<u64, Error> {
        let mut replayed = 0;
        loop {
            let (records, bytes) = self.oldest(BATCH).await?;
            if bytes == 0 {
                return Ok(replayed);
            }
            let mut tx = app.db().writer().begin().await?;
            for record in &records {
                match serde_json::from_slice::<Pending>(record) {
                    Ok(entry) => service::record_spilled(&mut tx, app, entry).await?,
                    // The last line before a crash: nobody was told that it was kept.
                    Err(error) => {
                        tracing::warn!(%error, "a spilled audit record cannot be read: it was cut off");
                    }
                }
            }
            tx.commit().await?;
            let parts = Arc::clone(&self.0);
            let forgotten = headroom::spawn_blocking(move || {
                parts.file.as_ref().map_or(Ok(()), |file| file.forget(bytes))
            });
            forgotten.await.map_err(|_| Error::Interrupted)?.map_err(Error::Spill)?;
            replayed += records.len() as u64;
            self.0.replayed.fetch_add(records.len() as u64, Ordering::Relaxed);
        }
    }
}

/// Records that something was read, before it is shown. What the database cannot take now is kept beside it and written
/// into the chain when it can again.
///
/// # Errors
/// What the database says when it refuses for good; [`Error::Spill`] when neither takes the record: then nothing may be
/// shown.
pub async fn record_reading(ctx: &Ctx, spill: &Spill, entity: Entity) -> Result<(), Error> {
    let kept = Pending::of(ctx, Act::Read, entity.clone());
    spill.keep_if_it_fails(kept, record_alone(ctx, Act::Read, entity)).await
}

/// Records in a transaction of its own.
async fn record_alone(ctx: &Ctx, act: Act, entity: Entity) -> Result<(), Error> {
    let mut tx = ctx.begin().await?;
    service::record(&mut tx, ctx, act, entity).await?;
    Ok(tx.commit().await?)
}

/// Records what must be done soon, such as giving memory back: what the database did not take within `patience`, for
/// whatever reason, is kept beside it and written into the chain later. Where the database took it in the very moment that
/// the patience ended, the chain has it twice.
///
/// # Errors
/// [`Error::Spill`] when neither takes the record.
pub async fn record_within(
    patience: Duration,
    ctx: &Ctx,
    spill: &Spill,
    act: Act,
    entity: Entity,
) -> Result<(), Error> {
    let kept = Pending::of(ctx, act, entity.clone());
    let failed = match tokio::time::timeout(patience, record_alone(ctx, act, entity)).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(late) => late.to_string(),
    };
    tracing::warn!(error = failed, "an audit record is kept in the spill file until the database takes it");
    spill.append(kept).await
}
