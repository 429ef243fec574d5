use super::chains::Chains;
use super::checkpoint::keep;
use super::record::{record_own, whole_micros};
use super::verify::{Against, verify_chain};
use crate::model::{Asked, Mark};
use crate::{Act, Entity, Error, Notary, Retention, store};
use access::App;
use chrono::TimeDelta;
use db::Stamp;
use ids::FirmId;
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// Entries that one transaction removes.
const BATCH: i64 = 1000;

/// Removes what is too old from every firm's chain. How many entries went.
///
/// # Errors
/// Those of a verification, which comes first, and [`Error::Database`].
pub async fn purge(
    app: &App,
    notary: &Notary,
    retention: Retention,
    stop: &CancellationToken,
) -> Result<u64, Error> {
    let Some(kept) = retention.kept.filter(|_| !retention.legal_hold) else { return Ok(0) };
    let (mut removed, mut firms) = (0, Chains::new());
    while let Some(firm) = firms.next(app.db().reader()).await? {
        removed += purge_firm(app, notary, firm, kept, stop).await?;
    }
    Ok(removed)
}

/// Removes what is older than `kept` from a firm's chain, and leaves a signed tombstone that the rest follows. What is not
/// intact is not removed: it is evidence.
async fn purge_firm(
    app: &App,
    notary: &Notary,
    firm: FirmId,
    kept: TimeDelta,
    stop: &CancellationToken,
) -> Result<u64, Error> {
    let (db, now) = (app.db().reader(), whole_micros(app.clock().now()));
    let buried = store::checkpoints::newest(db, firm, Mark::Tombstone).await?.map_or(0, |last| last.seq);
    let last = store::log::first_since(db, firm, Stamp(now - kept)).await? - 1;
    if last > buried {
        let Some(link) = store::log::link(db, firm, last).await? else { return Ok(0) };
        let asked = Asked { from: None, to: Some(last) };
        let against = Against { trust: notary.trust(), witnessed: None };
        let verdict = Box::pin(verify_chain(db, notary.memory(), firm, against, asked, stop)).await?;
        if !verdict.is_intact() {
            tracing::error!(%firm, faults = verdict.fault_count, "old audit entries are kept: they are not intact");
            return Ok(0);
        }
        let tombstone = notary.checkpoint(firm, Mark::Tombstone, link.seq, link.hash, now);
        let span = json!({ "from": buried + 1, "to": link.seq, "before": now - kept });
        let mut tx = app.db().writer().begin().await?;
        store::checkpoints::insert(&mut tx, firm, &tombstone).await?;
        record_own(&mut tx, app, firm, Act::Purge, Entity::of(firm).changed(span)).await?;
        tx.commit().await?;
        keep(notary, &tombstone).await?;
    }
    remove(app, firm, last.max(buried), stop).await
}

/// Also what a purge that was cut short has left.
async fn remove(app: &App, firm: FirmId, up_to: i64, stop: &CancellationToken) -> Result<u64, Error> {
    let mut removed = 0;
    while !stop.is_cancelled() {
        let mut tx = app.db().writer().begin().await?;
        let gone = store::log::remove(&mut tx, firm, up_to, BATCH).await?;
        tx.commit().await?;
        if gone == 0 {
            break;
        }
        removed += gone;
    }
    Ok(removed)
}
