use super::chains::Chains;
use super::record::whole_micros;
use crate::model::Mark;
use crate::{Checkpoint, Error, Notary, store};
use access::App;
use chrono::TimeDelta;
use ids::FirmId;
use tokio_util::sync::CancellationToken;

/// So many new entries are signed at once, however fresh the last signature is.
const ENTRIES: i64 = 1000;

/// What was written is signed after so long at the latest: who cuts the end of the log off unseen gets no more than this.
pub(crate) const LATEST: TimeDelta = TimeDelta::minutes(1);

/// Signs the end of every firm's chain that has grown enough, or that has waited long enough. How many were signed.
pub(crate) async fn checkpoint_all(
    app: &App,
    notary: &Notary,
    stop: &CancellationToken,
) -> Result<u64, Error> {
    let (mut signed, mut firms) = (0, Chains::new());
    while let Some(firm) = firms.next(app.db().reader()).await? {
        if stop.is_cancelled() {
            break;
        }
        if is_due(app, firm).await? && checkpoint(app, notary, firm).await?.is_some() {
            signed += 1;
        }
    }
    Ok(signed)
}

async fn is_due(app: &App, firm: FirmId) -> Result<bool, Error> {
    let db = app.db().reader();
    let end = store::log::end(db, firm).await?;
    let Some(last) = store::checkpoints::newest(db, firm, Mark::Head).await? else { return Ok(end.seq > 0) };
    let (grown, age) = (end.seq - last.seq, app.clock().now() - last.at);
    Ok(grown >= ENTRIES || (grown > 0 && age >= LATEST))
}

/// Signs the end of a firm's chain now, in the database and with the witness. Nothing when it is signed already.
pub async fn checkpoint(app: &App, notary: &Notary, firm: FirmId) -> Result<Option<Checkpoint>, Error> {
    let db = app.db().reader();
    let end = store::log::end(db, firm).await?;
    let newest = store::checkpoints::newest(db, firm, Mark::Head).await?;
    if end.seq == 0 || newest.is_some_and(|signed| signed.seq >= end.seq) {
        return Ok(None);
    }
    let now = whole_micros(app.clock().now());
    let signed = notary.checkpoint(firm, Mark::Head, end.seq, end.hash, now);
    let mut tx = app.db().writer().begin().await?;
    store::checkpoints::insert(&mut tx, firm, &signed).await?;
    tx.commit().await?;
    keep(notary, &signed).await?;
    Ok(Some(signed))
}

/// Gives the witness its copy.
pub(super) async fn keep(notary: &Notary, checkpoint: &Checkpoint) -> Result<(), Error> {
    let (witness, copy) = (notary.witness(), checkpoint.clone());
    let kept = headroom::spawn_blocking(move || witness.keep(&copy)).await;
    kept.map_err(|_| Error::Interrupted)?.map_err(Error::Witness)
}

/// The newest checkpoint of the firm that the witness has.
pub(super) async fn witnessed(notary: &Notary, firm: FirmId) -> Result<Option<Checkpoint>, Error> {
    let witness = notary.witness();
    let newest = headroom::spawn_blocking(move || witness.newest(firm)).await;
    newest.map_err(|_| Error::Interrupted)?.map_err(Error::Witness)
}
