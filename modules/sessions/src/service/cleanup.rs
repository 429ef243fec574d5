use super::Sessions;
use crate::{Error, store};
use clock::Timestamp;

/// How many rows of a kind are removed in one transaction.
const BATCH: u32 = 500;

/// Removes one batch of logins of any firm that ended long ago, with their tokens, of attempts and devices as old, and of
/// challenges and single-use tokens whose time is over.
/// `true` when there may be more.
pub async fn remove_expired(sessions: &Sessions, now: Timestamp) -> Result<bool, Error> {
    let before = now - sessions.settings().kept;
    let mut tx = sessions.db().writer().begin().await?;
    store::refused::remove(&mut tx, before).await?;
    let removed = [
        store::sessions::remove(&mut tx, before, BATCH).await?,
        store::sign_ins::remove(&mut tx, before, BATCH).await?,
        store::devices::remove(&mut tx, before, BATCH).await?,
        store::challenges::remove_expired(&mut tx, now, BATCH).await?,
        store::spent::remove(&mut tx, now, BATCH).await?,
    ];
    tx.commit().await?;
    Ok(removed.contains(&u64::from(BATCH)))
}
