//! Teams: groups of users that grants are given to. Every change counts as a change of the firm's grants.

use crate::note_departure;
use crate::store::teams;
use clock::Timestamp;
use db::{Error, Reads, Tx};
use ids::{FirmId, TeamId, UserId};
use serde::Serialize;

/// The most teams of a firm.
pub const TEAMS: usize = 200;
/// The most users of a team.
pub const TEAM_MEMBERS: usize = 500;
/// The most teams that a user is in: their grants are looked up together.
pub const TEAMS_OF_USER: usize = 20;

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Team {
    /// The team.
    pub id: TeamId,
    /// Its name, of which the firm has one.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// How many users are in it.
    pub members: i64,
    /// Moves on with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Team {
    /// What two teams of a firm may not share: their names differ by more than letters' case.
    pub fn name_key(&self) -> String {
        self.name.to_lowercase()
    }
}

/// One team.
pub async fn find(db: &impl Reads, firm: FirmId, team: TeamId) -> Result<Option<Team>, Error> {
    teams::find(db, firm, team).await
}

/// Teams in the order of their names, at most `limit` from the `offset`-th on, and how many there are in all.
pub async fn list(
    db: &impl Reads,
    firm: FirmId,
    (limit, offset): (u64, u64),
) -> Result<(Vec<Team>, u64), Error> {
    teams::list(db, firm, (limit, offset)).await
}

/// Who is in a team.
pub async fn members(db: &impl Reads, firm: FirmId, team: TeamId) -> Result<Vec<UserId>, Error> {
    teams::members(db, firm, team, TEAM_MEMBERS).await
}

/// The teams that a user is in.
pub async fn of_user(db: &impl Reads, firm: FirmId, user: UserId) -> Result<Vec<TeamId>, Error> {
    teams::of_user(db, firm, user, TEAMS_OF_USER).await
}

/// Stores a new team in a transaction that holds the firm's teams. `false`, and nothing is stored, when there are too many.
pub async fn add(tx: &mut Tx, firm: FirmId, team: &Team) -> Result<bool, Error> {
    if teams::count(&*tx, firm).await? >= TEAMS as u64 {
        return Ok(false);
    }
    teams::insert(tx, firm, team).await?;
    Ok(true)
}

/// Stores a team's name, description, number of members and version.
pub async fn save(tx: &mut Tx, firm: FirmId, team: &Team) -> Result<(), Error> {
    teams::update(tx, firm, team).await
}

/// Removes a team, whose members leave it.
pub async fn remove(tx: &mut Tx, firm: FirmId, team: TeamId) -> Result<(), Error> {
    teams::delete(tx, firm, team).await?;
    note_departure(tx, firm).await
}

/// Puts a user into a team, which may deny something. `false` when they were in it.
pub async fn join(tx: &mut Tx, firm: FirmId, team: TeamId, user: UserId) -> Result<bool, Error> {
    note_departure(tx, firm).await?;
    teams::add(tx, firm, team, user).await
}

/// Takes a user out of a team. `false` when they were not in it.
pub async fn leave(tx: &mut Tx, firm: FirmId, team: TeamId, user: UserId) -> Result<bool, Error> {
    note_departure(tx, firm).await?;
    teams::remove(tx, firm, team, user).await
}
