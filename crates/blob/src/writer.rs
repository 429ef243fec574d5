use crate::intake::{Intake, Stored};
use crate::store::Inner;
use crate::{Error, blocking};
use std::sync::Arc;

/// A blob being written. It holds one buffer of four chunks, whatever the size of the file.
///
/// Dropped before [`BlobWriter::finish`], it leaves nothing behind. After an error, and when a future of its was
/// dropped before completion, it refuses everything with [`Error::Abandoned`].
#[derive(Debug)]
pub struct BlobWriter {
    store: Arc<Inner>,
    /// Away while a blocking thread works on it, and for good after an error.
    intake: Option<Box<Intake>>,
}

impl BlobWriter {
    pub(crate) fn new(store: Arc<Inner>, intake: Intake) -> Self {
        Self { store, intake: Some(Box::new(intake)) }
    }

    /// Lowers the limit for this blob; it cannot be raised over the store's own.
    #[must_use]
    pub fn with_limit(mut self, limit_bytes: u64) -> Self {
        if let Some(intake) = &mut self.intake {
            intake.set_limit(limit_bytes.min(intake.limit_bytes()));
        }
        self
    }

    /// Refuses at once a blob that is announced to have `size_bytes` when that is too large or does not fit on the
    /// disk. An announcement only: fewer bytes may come.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::DiskFull`], [`Error::Io`] or [`Error::Abandoned`].
    pub async fn expect_size(&mut self, size_bytes: u64) -> Result<(), Error> {
        let intake = self.intake.take().ok_or(Error::Abandoned)?;
        let store = Arc::clone(&self.store);
        // Nothing is written: no turn is needed.
        let checked = blocking(move || {
            let more_bytes = size_bytes.saturating_sub(intake.received_bytes());
            intake.check_limit(more_bytes)?;
            store.check_space(more_bytes)?;
            Ok(intake)
        });
        self.intake = Some(checked.await?);
        Ok(())
    }

    /// Adds the next piece, of any length.
    ///
    /// # Errors
    /// [`Error::TooLarge`] before anything of the piece is written; [`Error::DiskFull`], [`Error::Io`] or
    /// [`Error::Abandoned`].
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        if let Err(error) = self.intake.as_ref().ok_or(Error::Abandoned)?.check_limit(piece.len() as u64) {
            self.intake = None;
            return Err(error);
        }
        let mut rest = piece;
        while !rest.is_empty() {
            let intake = self.intake.as_mut().ok_or(Error::Abandoned)?;
            rest = &rest[intake.buffer(rest)..];
            if intake.is_full() {
                self.work(Intake::flush).await?;
            }
        }
        Ok(())
    }

    /// Puts the blob into the store. On return it is durable, unless the settings forgo that.
    ///
    /// # Errors
    /// [`Error::DiskFull`], [`Error::Io`] or [`Error::Abandoned`].
    pub async fn finish(mut self) -> Result<Stored, Error> {
        let intake = self.intake.take().ok_or(Error::Abandoned)?;
        Arc::clone(&self.store).in_turn(move |store| intake.finish(store).map(|(stored, _)| stored)).await
    }

    /// Lends the intake to a blocking thread when it is this writer's turn. When `task` fails, or this future is dropped, it does
    /// not come back, and the temporary file goes with it.
    async fn work(
        &mut self,
        task: impl FnOnce(&mut Intake, &Inner) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let mut intake = self.intake.take().ok_or(Error::Abandoned)?;
        let worked = Arc::clone(&self.store).in_turn(move |store| {
            task(&mut intake, store)?;
            Ok(intake)
        });
        self.intake = Some(worked.await?);
        Ok(())
    }
}
