//! Case teams: who has which role on which case. What such a role allows is allowed on that case alone. Every change counts
//! as a change of the firm's grants.

use crate::Role;
use crate::store::{case_teams, grants};
use clock::Timestamp;
use db::{Error, Reads, Tx};
use ids::{CaseId, FirmId, UserId};
use serde::Serialize;

/// The most users on the team of a case.
pub const CASE_MEMBERS: usize = 200;
/// The most cases on whose teams a user is: the database gathers them for a list.
pub const CASES_OF_MEMBER: usize = 10_000;

/// A user on the team of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseMember {
    /// The user.
    pub user: UserId,
    /// What they are on this case: see [`Role::allows_on_case`].
    pub role: Role,
    /// Who gave them the role.
    pub added_by: UserId,
    /// When.
    pub added_at: Timestamp,
}

/// The role of a user on a case, where they are on its team.
pub async fn find(
    db: &impl Reads,
    firm: FirmId,
    case: CaseId,
    user: UserId,
) -> Result<Option<CaseMember>, Error> {
    case_teams::find(db, firm, case, user).await
}

/// Everybody on the team of a case, in the order in which they came.
pub async fn members(db: &impl Reads, firm: FirmId, case: CaseId) -> Result<Vec<CaseMember>, Error> {
    case_teams::members(db, firm, case, CASE_MEMBERS).await
}

/// Gives a user a role on a case in a transaction that holds the firm's case teams; `before` is what they were on it.
/// `false`, and nothing is stored, when the team or the user has as many as they may have.
pub async fn put(
    tx: &mut Tx,
    firm: FirmId,
    case: CaseId,
    before: Option<&CaseMember>,
    member: &CaseMember,
) -> Result<bool, Error> {
    if before.is_some() {
        // The new role may show less than the old one.
        case_teams::departed(tx, firm).await?;
    } else {
        let in_team = case_teams::count_members(&*tx, firm, case).await?;
        let of_user = case_teams::count_cases(&*tx, firm, member.user).await?;
        if in_team >= CASE_MEMBERS as u64 || of_user >= CASES_OF_MEMBER as u64 {
            return Ok(false);
        }
    }
    case_teams::put(tx, firm, case, member).await?;
    Ok(true)
}

/// Takes a user off the team of a case, in a transaction that holds the firm's case teams. `false` when they are not on it.
pub async fn remove(tx: &mut Tx, firm: FirmId, case: CaseId, user: UserId) -> Result<bool, Error> {
    let was_there = case_teams::remove(tx, firm, case, user).await?;
    if was_there {
        case_teams::departed(tx, firm).await?;
    }
    Ok(was_there)
}

/// Takes somebody who leaves off every team. Counts the change where there was one, and says how many teams it was.
pub async fn leave_all(tx: &mut Tx, firm: FirmId, user: UserId) -> Result<u64, Error> {
    let left = case_teams::remove_user(tx, firm, user).await?;
    if left > 0 {
        grants::changed(tx, firm).await?;
        case_teams::departed(tx, firm).await?;
    }
    Ok(left)
}

/// Ends the team of a case that goes. Nothing is counted: there is nothing left that it could show.
pub async fn end_of_case(tx: &mut Tx, firm: FirmId, case: CaseId) -> Result<u64, Error> {
    case_teams::remove_case(tx, firm, case).await
}
