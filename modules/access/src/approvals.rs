//! What users ask others to approve. Every change counts as a change of the firm's grants.

use crate::grants::{Approval, Ruling};
use crate::store::{approvals, grants};
use clock::Timestamp;
use db::{Error, Reads, Tx};
use ids::{ApprovalId, FirmId, UserId};

/// The most approvals of one user that are not over: they are looked up together.
pub const APPROVALS: usize = 20;
/// The most approvals of a firm that wait for an answer: they are listed together.
pub const OPEN: usize = 200;

/// One approval that is not over.
pub async fn find(
    db: &impl Reads,
    firm: FirmId,
    id: ApprovalId,
    now: Timestamp,
) -> Result<Option<Approval>, Error> {
    approvals::find(db, firm, id, now).await
}

/// What a user has asked for and is not over.
pub async fn of_user(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<Approval>, Error> {
    approvals::of_user(db, firm, user, now, APPROVALS).await
}

/// What waits for an answer in a firm.
pub async fn open(db: &impl Reads, firm: FirmId, now: Timestamp) -> Result<Vec<Approval>, Error> {
    approvals::open(db, firm, now, OPEN).await
}

/// Stores what is asked, in a transaction that holds the firm's approvals. `false`, and nothing is stored, when the user or the firm has as many as they may have.
pub async fn ask(tx: &mut Tx, firm: FirmId, approval: &Approval) -> Result<bool, Error> {
    let own = of_user(&*tx, firm, approval.user, approval.asked_at).await?.len();
    let all = open(&*tx, firm, approval.asked_at).await?.len();
    if own >= APPROVALS || all >= OPEN {
        return Ok(false);
    }
    approvals::insert(tx, firm, approval).await?;
    Ok(true)
}

/// Keeps the answer, and until when the approval is not over. `false` when it is not there, is over, or was answered before.
pub async fn rule(
    tx: &mut Tx,
    firm: FirmId,
    id: ApprovalId,
    ruling: &Ruling,
    over_at: Timestamp,
) -> Result<bool, Error> {
    grants::changed(tx, firm).await?;
    approvals::rule(tx, firm, id, ruling, over_at).await
}

/// Ends an approval, answered or not. `false` when it is not there, or is over.
pub async fn end(
    tx: &mut Tx,
    firm: FirmId,
    id: ApprovalId,
    by: UserId,
    at: Timestamp,
) -> Result<bool, Error> {
    grants::changed(tx, firm).await?;
    approvals::end(tx, firm, id, by, at).await
}

/// Ends all that a user has asked for: what was approved to who has left, or to another role, is not approved to who comes
/// back. Of somebody who leaves, also what they have approved. Counts the change where there was something to end, and says how much that was.
pub async fn end_of_user(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    leaves: bool,
    by: UserId,
    at: Timestamp,
) -> Result<u64, Error> {
    let ended = approvals::end_of_user(tx, firm, user, leaves, by, at).await?;
    if ended > 0 {
        grants::changed(tx, firm).await?;
    }
    Ok(ended)
}
