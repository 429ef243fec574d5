use crate::jobs::JobDeps;
use crate::{Error, store};
use chrono::TimeDelta;

/// How long ended links, invitations and keys are kept, so that their holders are told what became of them.
const KEPT: TimeDelta = TimeDelta::days(90);
/// How many rows of a table are removed in one transaction.
const BATCH: u32 = 500;

/// Removes one batch of what ended long ago, of any firm, and says how much that was.
pub(crate) async fn remove_ended(deps: &JobDeps) -> Result<u64, Error> {
    let before = deps.app.clock().now() - KEPT;
    let mut tx = deps.app.db().writer().begin().await?;
    let removed = store::password_resets::remove(&mut tx, before, BATCH).await?
        + store::invitations::remove(&mut tx, before, BATCH).await?
        + store::api_keys::remove(&mut tx, before, BATCH).await?;
    tx.commit().await?;
    Ok(removed)
}
