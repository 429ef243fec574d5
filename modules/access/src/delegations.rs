//! What users lend to each other. Every change counts as a change of the firm's grants.

use crate::grants::Delegation;
use crate::store::{delegations, grants};
use clock::Timestamp;
use db::{Error, Reads, Tx};
use ids::{DelegationId, FirmId, UserId};

/// The most delegations that count or will count of one lender, and to one delegate: they are looked up together.
pub const DELEGATIONS: usize = 20;

/// One delegation that is not over.
pub async fn find(
    db: &impl Reads,
    firm: FirmId,
    id: DelegationId,
    now: Timestamp,
) -> Result<Option<Delegation>, Error> {
    delegations::find(db, firm, id, now).await
}

/// What a user has lent and is not over.
pub async fn lent_by(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<Delegation>, Error> {
    delegations::of_user(db, firm, user, true, now, DELEGATIONS).await
}

/// What was lent to a user and is not over.
pub async fn lent_to(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<Delegation>, Error> {
    delegations::of_user(db, firm, user, false, now, DELEGATIONS).await
}

/// Stores a delegation and counts the change. `false`, and nothing is stored, when the lender or the delegate has as many as
/// they may have.
pub async fn add(tx: &mut Tx, firm: FirmId, delegation: &Delegation) -> Result<bool, Error> {
    grants::changed(tx, firm).await?;
    let now = delegation.made_at;
    let lent = lent_by(&*tx, firm, delegation.lender, now).await?.len();
    let borrowed = lent_to(&*tx, firm, delegation.delegate, now).await?.len();
    if lent.max(borrowed) >= DELEGATIONS {
        return Ok(false);
    }
    delegations::insert(tx, firm, delegation).await?;
    Ok(true)
}

/// Ends a delegation and counts the change. `false` when it is not there, or is over.
pub async fn end(
    tx: &mut Tx,
    firm: FirmId,
    id: DelegationId,
    by: UserId,
    at: Timestamp,
) -> Result<bool, Error> {
    grants::changed(tx, firm).await?;
    delegations::end(tx, firm, id, by, at).await
}

/// Ends what a user has lent, since the role that it was lent from changes; of somebody who leaves, also what was lent to
/// them. Counts the change where there was something to end, and says how much that was.
pub async fn end_of_user(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    leaves: bool,
    by: UserId,
    at: Timestamp,
) -> Result<u64, Error> {
    let ended = delegations::end_of_user(tx, firm, user, leaves, by, at).await?;
    if ended > 0 {
        grants::changed(tx, firm).await?;
    }
    Ok(ended)
}
