//! The one table without a firm: equal files of two firms are one file, so whether a file may go is a question about
//! all of them.

use crate::Error;
use crate::model::{Digest, UnknownName};
use clock::Timestamp;
use db::{Reads, Stamp, Tx};

/// How things stand with a file of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlobState {
    /// Rows may name it.
    Kept,
    /// No row names it, and it is being removed: no row may name it.
    Removing,
    /// It was removed. A row may name it again once the file is seen to be back.
    Removed,
}

const KEPT: &str = "kept";
const REMOVING: &str = "removing";
const REMOVED: &str = "removed";

const HOLD: &str = "INSERT INTO document_blobs (sha256, state, at) VALUES ($1, 'kept', $2) \
                    ON CONFLICT (sha256) DO UPDATE SET at = excluded.at WHERE document_blobs.state = 'kept'";
const NOTE: &str =
    "INSERT INTO document_blobs (sha256, state, at) VALUES ($1, 'kept', $2) ON CONFLICT (sha256) DO NOTHING";
const STATE: &str = "SELECT state FROM document_blobs WHERE sha256 = $1";
const REVIVE: &str =
    "UPDATE document_blobs SET state = 'kept', at = $2 WHERE sha256 = $1 AND state = 'removed'";
const LOCK: &str = "UPDATE document_blobs SET at = $2 WHERE sha256 = $1 AND state <> 'removed'";
const NAMED: &str = "SELECT 1 FROM document_versions WHERE sha256 = $1 LIMIT 1";
const CONDEMN: &str = "UPDATE document_blobs SET state = 'removing', at = $2 WHERE sha256 = $1";
const GONE: &str =
    "UPDATE document_blobs SET state = 'removed', at = $2 WHERE sha256 = $1 AND state = 'removing'";
const FORGET: &str = "DELETE FROM document_blobs WHERE state = 'removed' AND at < $1";

fn bound(digest: Digest, now: Timestamp) -> [sea_orm::Value; 2] {
    [digest.0.to_vec().into(), Stamp(now).into()]
}

/// Lets the rows of this transaction name the file; `false` when it is being removed or was.
pub(crate) async fn hold(tx: &mut Tx, digest: Digest, now: Timestamp) -> Result<bool, Error> {
    Ok(tx.run(db::sql(tx.dialect(), HOLD, bound(digest, now))).await? > 0)
}

/// Makes a file known that no row names yet, so that it can be removed.
pub(crate) async fn note(tx: &mut Tx, digest: Digest, now: Timestamp) -> Result<(), Error> {
    tx.run(db::sql(tx.dialect(), NOTE, bound(digest, now))).await?;
    Ok(())
}

/// How things stand with a file; nothing for one that was never named.
pub(crate) async fn state(db: &impl Reads, digest: Digest) -> Result<Option<BlobState>, Error> {
    let rows = db.rows(db::sql(db.dialect(), STATE, [digest.0.to_vec().into()])).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let name: String = row.at(0).map_err(db::Error::from)?;
    match name.as_str() {
        KEPT => Ok(Some(BlobState::Kept)),
        REMOVING => Ok(Some(BlobState::Removing)),
        REMOVED => Ok(Some(BlobState::Removed)),
        _ => Err(UnknownName(name).into()),
    }
}

/// Those of these files that no upload ever came to name: the rest of those that were cut off.
pub(crate) async fn unknown(db: &impl Reads, digests: &[Digest]) -> Result<Vec<Digest>, Error> {
    let places: Vec<String> = (1..=digests.len()).map(|place| format!("${place}")).collect();
    let text = format!("SELECT sha256 FROM document_blobs WHERE sha256 IN ({})", places.join(", "));
    let bound: Vec<sea_orm::Value> = digests.iter().map(|digest| digest.0.to_vec().into()).collect();
    let rows = db.rows(db::sql(db.dialect(), text, bound)).await?;
    let known: Vec<Vec<u8>> =
        rows.iter().map(|row| row.at(0)).collect::<Result<_, _>>().map_err(db::Error::from)?;
    Ok(digests.iter().filter(|digest| !known.iter().any(|one| *one == digest.0)).copied().collect())
}

/// Lets rows name a removed file again, which the caller has seen to be back.
pub(crate) async fn revive(tx: &mut Tx, digest: Digest, now: Timestamp) -> Result<(), Error> {
    tx.run(db::sql(tx.dialect(), REVIVE, bound(digest, now))).await?;
    Ok(())
}

/// Forbids to name the file if no row does; `false` when it must stay, or is gone already.
pub(crate) async fn condemn(tx: &mut Tx, digest: Digest, now: Timestamp) -> Result<bool, Error> {
    // The lock comes first: whoever is about to name the file either committed before, and its row is seen below, or
    // waits here and then finds the file condemned.
    if tx.run(db::sql(tx.dialect(), LOCK, bound(digest, now))).await? == 0 {
        return Ok(false);
    }
    if !tx.rows(db::sql(tx.dialect(), NAMED, [digest.0.to_vec().into()])).await?.is_empty() {
        return Ok(false);
    }
    tx.run(db::sql(tx.dialect(), CONDEMN, bound(digest, now))).await?;
    Ok(true)
}

/// Notes that a condemned file was removed.
pub(crate) async fn removed(tx: &mut Tx, digest: Digest, now: Timestamp) -> Result<(), Error> {
    tx.run(db::sql(tx.dialect(), GONE, bound(digest, now))).await?;
    Ok(())
}

/// Forgets files that were removed before `before`.
pub(crate) async fn forget_removed(tx: &mut Tx, before: Timestamp) -> Result<(), Error> {
    tx.run(db::sql(tx.dialect(), FORGET, [Stamp(before).into()])).await?;
    Ok(())
}
