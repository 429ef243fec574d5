//! How a file of the store and the rows that name it keep together.
//!
//! An upload first stores and syncs the file, then commits the row; a removal first commits that no row is left, then
//! removes the file. Between the two an upload of the same content can slip in: it finds the file known, the removal
//! takes it away, and the row would name nothing. What prevents it is one row for each file in `document_blobs`, which
//! both sides lock in their transaction:
//!
//! - An upload's transaction takes the row as `kept` (`hold`). If it is `removing` or `removed` the upload does not
//!   commit: the caller is asked to send the file again.
//! - A removal's transaction locks the row, looks whether any version names the file, and if none does makes it
//!   `removing`. Only then is the file removed, and the row becomes `removed`; from that state nothing removes it again.
//! - An upload that finds `removed` looks whether the file is there: its own bytes may have been placed before or after
//!   the removal. If it is, it is there for good, and the row becomes `kept` again; if not, the caller sends it again.
//!
//! The row of a removed file is forgotten after a day: longer than any upload takes from storing its file to its
//! commit. The job that removes is idempotent, and its lease lets one worker at a time remove a file.

use crate::Error;
use crate::jobs::RemoveBlobs;
use crate::model::{Digest, Files};
use crate::store::{self, BlobState};
use access::Ctx;
use clock::Timestamp;
use db::Tx;
use queue::NewJob;

/// Files that one job removes.
const PER_JOB: usize = 100;

/// Before the upload's transaction: clears the way for a file that was removed once and is back.
pub(crate) async fn make_sure(ctx: &Ctx, files: &Files, digest: Digest) -> Result<(), Error> {
    if store::blob_state(ctx.reader(), digest).await? != Some(BlobState::Removed) {
        return Ok(());
    }
    match files.blobs.get(digest.0).await {
        Ok(_) => {}
        Err(blob::Error::Missing) => return Err(Error::BeingRemoved),
        Err(error) => return Err(error.into()),
    }
    let mut tx = ctx.app().db().writer().begin().await?;
    store::revive_blob(&mut tx, digest, ctx.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// In the upload's transaction, before its rows: lets them name the file.
pub(crate) async fn hold(tx: &mut Tx, digest: Digest, now: Timestamp) -> Result<(), Error> {
    if store::hold_blob(tx, digest, now).await? { Ok(()) } else { Err(Error::BeingRemoved) }
}

/// In the transaction that removed rows: has files removed that no row names any more.
pub(crate) async fn let_go(tx: &mut Tx, ctx: &Ctx, digests: &[Digest]) -> Result<(), Error> {
    for some in digests.chunks(PER_JOB) {
        let job = RemoveBlobs { sha256: some.iter().map(Digest::to_string).collect() };
        let new = NewJob { id: ctx.new_id(), firm: Some(ctx.firm()), run_at: ctx.now(), dedup_key: None };
        ctx.app().jobs().enqueue(tx, new, &job).await?;
    }
    Ok(())
}

/// After an upload whose rows were not committed: has its file removed, unless others name it. A failure is logged and
/// costs only disk space.
pub(crate) async fn abandon(ctx: &Ctx, digest: Digest) {
    let abandoned = async {
        let mut tx = ctx.app().db().writer().begin().await?;
        store::note_blob(&mut tx, digest, ctx.now()).await?;
        let_go(&mut tx, ctx, &[digest]).await?;
        tx.commit().await?;
        Ok::<(), Error>(())
    };
    if let Err(error) = abandoned.await {
        tracing::warn!(%error, sha256 = %digest, "a stored file that nothing refers to could not be queued for removal");
    }
}
