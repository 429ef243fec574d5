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
use access::{App, Ctx};
use clock::Timestamp;
use db::Tx;
use ids::FirmId;
use queue::NewJob;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

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
    have_removed(tx, ctx.app(), Some(ctx.firm()), digests).await
}

async fn have_removed(tx: &mut Tx, app: &App, firm: Option<FirmId>, digests: &[Digest]) -> Result<(), Error> {
    for some in digests.chunks(PER_JOB) {
        let job = RemoveBlobs { sha256: some.iter().map(Digest::to_string).collect() };
        let new = NewJob { id: app.new_id(), firm, run_at: app.clock().now(), dedup_key: None };
        app.jobs().enqueue(tx, new, &job).await?;
    }
    Ok(())
}

/// After an upload whose rows were not committed: has its file removed, unless others name it. A failure is logged and
/// costs only disk space, until the file is found as an orphan.
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

/// So old a file is that no upload is about to name it any more.
const ORPHAN_AGE: Duration = Duration::from_hours(24);

/// Has those files removed that no row ever named: of uploads whose client left, or whose server ended, between the file and
/// its row. Tells how many they are.
pub(crate) async fn forget_orphans(app: &App, files: &Files, stop: &CancellationToken) -> Result<u64, Error> {
    let (mut orphans, mut from) = (0, Some(0));
    while let Some(place) = from.filter(|_| !stop.is_cancelled()) {
        let Some((folder, old)) = files.blobs.old_files(place, ORPHAN_AGE).await? else { break };
        let old: Vec<Digest> = old.into_iter().map(Digest).collect();
        for some in old.chunks(PER_JOB) {
            orphans += forget_unknown(app, some).await?;
        }
        from = folder.checked_add(1);
    }
    Ok(orphans)
}

async fn forget_unknown(app: &App, old: &[Digest]) -> Result<u64, Error> {
    let unknown = store::unknown_blobs(app.db().reader(), old).await?;
    if unknown.is_empty() {
        return Ok(0);
    }
    let mut tx = app.db().writer().begin().await?;
    for digest in &unknown {
        store::note_blob(&mut tx, *digest, app.clock().now()).await?;
    }
    have_removed(&mut tx, app, None, &unknown).await?;
    tx.commit().await?;
    Ok(unknown.len() as u64)
}
