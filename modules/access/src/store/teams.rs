//! Teams and who is in them.

use super::row_limit;
use crate::teams::Team;
use db::{Error, Reads, Stamp, Tx};
use ids::{FirmId, Id, TeamId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const COLUMNS: &str = "id, name, description, members, version, created_at, updated_at";

const INSERT: &str = "INSERT INTO teams (firm_id, id, name, name_key, description, members, version, created_at, updated_at) \
                      VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8)";
const UPDATE: &str = "UPDATE teams SET name = $3, name_key = $4, description = $5, members = $6, version = $7, updated_at = $8 \
                      WHERE firm_id = $1 AND id = $2";
const COUNT: &str = "SELECT count(*) FROM teams WHERE firm_id = $1";
const DELETE: &str = "DELETE FROM teams WHERE firm_id = $1 AND id = $2";
const CLEAR: &str = "DELETE FROM team_members WHERE firm_id = $1 AND team_id = $2";
const ADD: &str =
    "INSERT INTO team_members (firm_id, user_id, team_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const REMOVE: &str = "DELETE FROM team_members WHERE firm_id = $1 AND user_id = $2 AND team_id = $3";
const OF_USER: &str =
    "SELECT team_id FROM team_members WHERE firm_id = $1 AND user_id = $2 ORDER BY team_id LIMIT $3";
const MEMBERS: &str =
    "SELECT user_id FROM team_members WHERE firm_id = $1 AND team_id = $2 ORDER BY user_id LIMIT $3";

pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, team: &Team) -> Result<(), Error> {
    let values = [
        firm.uuid().into(),
        team.id.uuid().into(),
        team.name.as_str().into(),
        team.name_key().into(),
        team.description.clone().into(),
        team.version.into(),
        Stamp(team.created_at).into(),
        Stamp(team.updated_at).into(),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

pub(crate) async fn update(tx: &mut Tx, firm: FirmId, team: &Team) -> Result<(), Error> {
    let values = [
        firm.uuid().into(),
        team.id.uuid().into(),
        team.name.as_str().into(),
        team.name_key().into(),
        team.description.clone().into(),
        team.members.into(),
        team.version.into(),
        Stamp(team.updated_at).into(),
    ];
    tx.run(db::sql(tx.dialect(), UPDATE, values)).await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut Tx, firm: FirmId, team: TeamId) -> Result<(), Error> {
    for text in [CLEAR, DELETE] {
        tx.run(db::sql(tx.dialect(), text, [firm.uuid(), team.uuid()].map(Value::from))).await?;
    }
    Ok(())
}

pub(crate) async fn find(db: &impl Reads, firm: FirmId, team: TeamId) -> Result<Option<Team>, Error> {
    let text = format!("SELECT {COLUMNS} FROM teams WHERE firm_id = $1 AND id = $2");
    let rows = db.rows(db::sql(db.dialect(), text, [firm.uuid(), team.uuid()].map(Value::from))).await?;
    rows.first().map(read).transpose()
}

/// Teams in the order of their names, and how many there are in all.
pub(crate) async fn list(
    db: &impl Reads,
    firm: FirmId,
    (limit, offset): (u64, u64),
) -> Result<(Vec<Team>, u64), Error> {
    let total = count(db, firm).await?;
    let text =
        format!("SELECT {COLUMNS} FROM teams WHERE firm_id = $1 ORDER BY name_key, id LIMIT $2 OFFSET $3");
    let rows_of = |rows: u64| Value::from(i64::try_from(rows).unwrap_or(i64::MAX));
    let rows =
        db.rows(db::sql(db.dialect(), text, [firm.uuid().into(), rows_of(limit), rows_of(offset)])).await?;
    Ok((rows.iter().map(read).collect::<Result<_, _>>()?, total))
}

pub(crate) async fn count(db: &impl Reads, firm: FirmId) -> Result<u64, Error> {
    super::count(db, COUNT, [firm.uuid().into()]).await
}

/// Puts a user into a team. `false` when they were in it.
pub(crate) async fn add(tx: &mut Tx, firm: FirmId, team: TeamId, user: UserId) -> Result<bool, Error> {
    let values = [firm.uuid(), user.uuid(), team.uuid()].map(Value::from);
    Ok(tx.run(db::sql(tx.dialect(), ADD, values)).await? > 0)
}

/// Takes a user out of a team. `false` when they were not in it.
pub(crate) async fn remove(tx: &mut Tx, firm: FirmId, team: TeamId, user: UserId) -> Result<bool, Error> {
    let values = [firm.uuid(), user.uuid(), team.uuid()].map(Value::from);
    Ok(tx.run(db::sql(tx.dialect(), REMOVE, values)).await? > 0)
}

/// The teams of a user.
pub(crate) async fn of_user(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    most: usize,
) -> Result<Vec<TeamId>, Error> {
    let values = [firm.uuid().into(), user.uuid().into(), row_limit(most)];
    let rows = db.rows(db::sql(db.dialect(), OF_USER, values)).await?;
    rows.iter().map(|row| Ok(TeamId::from_uuid(row.at(0)?))).collect()
}

/// Who is in a team.
pub(crate) async fn members(
    db: &impl Reads,
    firm: FirmId,
    team: TeamId,
    most: usize,
) -> Result<Vec<UserId>, Error> {
    let values = [firm.uuid().into(), team.uuid().into(), row_limit(most)];
    let rows = db.rows(db::sql(db.dialect(), MEMBERS, values)).await?;
    rows.iter().map(|row| Ok(UserId::from_uuid(row.at(0)?))).collect()
}

fn read(row: &db::Row) -> Result<Team, Error> {
    Ok(Team {
        id: TeamId::from_uuid(row.at::<Uuid>(0)?),
        name: row.at(1)?,
        description: row.at(2)?,
        members: row.at(3)?,
        version: row.at(4)?,
        created_at: row.at::<Stamp>(5)?.0,
        updated_at: row.at::<Stamp>(6)?.0,
    })
}
