//! Roles that firms have made, and who has one.

use super::row_limit;
use crate::custom_roles::CustomRole;
use db::{Error, Misread, Reads, Stamp, Tx};
use ids::{CustomRoleId, FirmId, Id, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const COLUMNS: &str = "r.id, r.name, r.base, r.description, r.version, r.created_at, r.updated_at";

const INSERT: &str = "INSERT INTO custom_roles (firm_id, id, name, base, description, version, created_at, updated_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const UPDATE: &str = "UPDATE custom_roles SET name = $3, description = $4, version = $5, updated_at = $6 \
                      WHERE firm_id = $1 AND id = $2";
const DELETE: &str = "DELETE FROM custom_roles WHERE firm_id = $1 AND id = $2";
const GIVE: &str = "INSERT INTO custom_role_holders (firm_id, user_id, role_id) VALUES ($1, $2, $3) \
                    ON CONFLICT (firm_id, user_id) DO UPDATE SET role_id = excluded.role_id";
const TAKE: &str = "DELETE FROM custom_role_holders WHERE firm_id = $1 AND user_id = $2";
const COUNT: &str = "SELECT count(*) FROM custom_roles WHERE firm_id = $1";
const HOLDERS: &str = "SELECT user_id FROM custom_role_holders WHERE firm_id = $1 AND role_id = $2 \
                       ORDER BY user_id LIMIT $3";

pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, role: &CustomRole) -> Result<(), Error> {
    let values = [
        firm.uuid().into(),
        role.id.uuid().into(),
        role.name.as_str().into(),
        role.base.as_str().into(),
        role.description.clone().into(),
        role.version.into(),
        Stamp(role.created_at).into(),
        Stamp(role.updated_at).into(),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

pub(crate) async fn update(tx: &mut Tx, firm: FirmId, role: &CustomRole) -> Result<(), Error> {
    let values = [
        firm.uuid().into(),
        role.id.uuid().into(),
        role.name.as_str().into(),
        role.description.clone().into(),
        role.version.into(),
        Stamp(role.updated_at).into(),
    ];
    tx.run(db::sql(tx.dialect(), UPDATE, values)).await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut Tx, firm: FirmId, id: CustomRoleId) -> Result<(), Error> {
    tx.run(db::sql(tx.dialect(), DELETE, [firm.uuid(), id.uuid()].map(Value::from))).await?;
    Ok(())
}

pub(crate) async fn find(
    db: &impl Reads,
    firm: FirmId,
    id: CustomRoleId,
) -> Result<Option<CustomRole>, Error> {
    let text = format!("SELECT {COLUMNS} FROM custom_roles r WHERE r.firm_id = $1 AND r.id = $2");
    let rows = db.rows(db::sql(db.dialect(), text, [firm.uuid(), id.uuid()].map(Value::from))).await?;
    Ok(rows.first().map(read).transpose()?)
}

pub(crate) async fn named(db: &impl Reads, firm: FirmId, name: &str) -> Result<Option<CustomRole>, Error> {
    let text = format!("SELECT {COLUMNS} FROM custom_roles r WHERE r.firm_id = $1 AND r.name = $2");
    let rows = db.rows(db::sql(db.dialect(), text, [firm.uuid().into(), name.into()])).await?;
    Ok(rows.first().map(read).transpose()?)
}

/// In the order of their names.
pub(crate) async fn list(db: &impl Reads, firm: FirmId, most: usize) -> Result<Vec<CustomRole>, Error> {
    let text = format!("SELECT {COLUMNS} FROM custom_roles r WHERE r.firm_id = $1 ORDER BY r.name LIMIT $2");
    let rows = db.rows(db::sql(db.dialect(), text, [firm.uuid().into(), row_limit(most)])).await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

pub(crate) async fn of_user(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
) -> Result<Option<CustomRole>, Error> {
    let text = format!(
        "SELECT {COLUMNS} FROM custom_role_holders h JOIN custom_roles r ON r.firm_id = h.firm_id AND r.id = h.role_id \
         WHERE h.firm_id = $1 AND h.user_id = $2"
    );
    let rows = db.rows(db::sql(db.dialect(), text, [firm.uuid(), user.uuid()].map(Value::from))).await?;
    Ok(rows.first().map(read).transpose()?)
}

pub(crate) async fn count(db: &impl Reads, firm: FirmId) -> Result<u64, Error> {
    super::count(db, COUNT, [firm.uuid().into()]).await
}

pub(crate) async fn holders(
    db: &impl Reads,
    firm: FirmId,
    id: CustomRoleId,
    most: usize,
) -> Result<Vec<UserId>, Error> {
    let values = [firm.uuid().into(), id.uuid().into(), row_limit(most)];
    let rows = db.rows(db::sql(db.dialect(), HOLDERS, values)).await?;
    rows.iter().map(|row| Ok(UserId::from_uuid(row.at(0)?))).collect()
}

pub(crate) async fn give(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    role: Option<CustomRoleId>,
) -> Result<(), Error> {
    let statement = match role {
        Some(role) => db::sql(tx.dialect(), GIVE, [firm.uuid(), user.uuid(), role.uuid()].map(Value::from)),
        None => db::sql(tx.dialect(), TAKE, [firm.uuid(), user.uuid()].map(Value::from)),
    };
    tx.run(statement).await?;
    Ok(())
}

fn read(row: &db::Row) -> Result<CustomRole, Misread> {
    let base: String = row.at(2)?;
    Ok(CustomRole {
        id: CustomRoleId::from_uuid(row.at::<Uuid>(0)?),
        name: row.at(1)?,
        base: base.parse().map_err(|error: crate::UnknownRole| Misread::new("base", error.to_string()))?,
        description: row.at(3)?,
        version: row.at(4)?,
        created_at: row.at::<Stamp>(5)?.0,
        updated_at: row.at::<Stamp>(6)?.0,
    })
}
