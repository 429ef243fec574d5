//! The only place that names this module's table. Whoever is kept from a case does not see its walls: they are read with
//! the caller's eyes.

use crate::Error;
use crate::model::{Lifting, Members, Wall, WallFilter};
use access::Sight;
use db::{Reads, Stamp, Tx};
use ids::{FirmId, Id, WallId};
use sea_orm::sea_query::Value;
use uuid::Uuid;
use web::Page;

const COLUMNS: &str = "id, case_id, reason, raised_by, raised_at, lifted_by, lifted_at, lift_reason, last_members, \
                       version, updated_at";

const INSERT: &str = "INSERT INTO ethical_walls (firm_id, id, case_id, reason, raised_by, raised_at, version, updated_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const TOUCH: &str = "UPDATE ethical_walls SET version = $3, updated_at = $4 WHERE firm_id = $1 AND id = $2";

const LIFT: &str = "UPDATE ethical_walls SET version = $3, updated_at = $4, lifted_by = $5, lifted_at = $4, \
                    lift_reason = $6, last_members = $7 WHERE firm_id = $1 AND id = $2";

/// Stores a new wall.
pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, wall: &Wall) -> Result<(), Error> {
    let values = [
        Value::from(firm.uuid()),
        Value::from(wall.id.uuid()),
        Value::from(wall.case.uuid()),
        Value::from(wall.reason.as_str()),
        Value::from(wall.raised_by.uuid()),
        Value::from(Stamp(wall.raised_at)),
        Value::from(wall.version),
        Value::from(Stamp(wall.updated_at)),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// Counts a change of the members of a wall that the caller holds.
pub(crate) async fn touch(tx: &mut Tx, firm: FirmId, wall: &Wall) -> Result<(), Error> {
    let values = [
        Value::from(firm.uuid()),
        Value::from(wall.id.uuid()),
        Value::from(wall.version),
        Value::from(Stamp(wall.updated_at)),
    ];
    tx.run(db::sql(tx.dialect(), TOUCH, values)).await?;
    Ok(())
}

/// Notes the end of a wall that the caller holds, with whom it screened at last.
pub(crate) async fn lift(tx: &mut Tx, firm: FirmId, wall: &Wall, lifting: &Lifting) -> Result<(), Error> {
    let values = [
        Value::from(firm.uuid()),
        Value::from(wall.id.uuid()),
        Value::from(wall.version),
        Value::from(Stamp(wall.updated_at)),
        Value::from(lifting.by.uuid()),
        Value::from(lifting.reason.as_str()),
        Value::from(serde_json::json!(wall.members)),
    ];
    tx.run(db::sql(tx.dialect(), LIFT, values)).await?;
    Ok(())
}

/// One wall. `NotFound` also where its case is hidden.
pub(crate) async fn find(db: &impl Reads, sight: Sight, id: WallId) -> Result<Wall, Error> {
    let mut values = vec![Value::from(sight.firm().uuid()), Value::from(id.uuid())];
    let seen = sight.and_sees("ethical_walls.case_id", &mut values);
    let text = format!("SELECT {COLUMNS} FROM ethical_walls WHERE firm_id = $1 AND id = $2{seen}");
    let rows = db.rows(db::sql(db.dialect(), text, values)).await?;
    let wall = read(rows.first().ok_or(Error::NotFound(id))?)?;
    with_members(db, sight.firm(), wall).await
}

/// A page of walls, the newest first, and how many there are in all.
pub(crate) async fn list(
    db: &impl Reads,
    sight: Sight,
    filter: &WallFilter,
    page: Page,
) -> Result<(Vec<Wall>, u64), Error> {
    let mut values = vec![Value::from(sight.firm().uuid())];
    let mut condition = "firm_id = $1".to_owned();
    if let Some(case) = filter.case {
        values.push(case.uuid().into());
        condition.push_str(" AND case_id = $2");
    }
    match filter.standing {
        Some(true) => condition.push_str(" AND lifted_at IS NULL"),
        Some(false) => condition.push_str(" AND lifted_at IS NOT NULL"),
        None => {}
    }
    condition.push_str(&sight.and_sees("ethical_walls.case_id", &mut values));
    let text = format!("SELECT count(*) FROM ethical_walls WHERE {condition}");
    let counted = db.rows(db::sql(db.dialect(), text, values.clone())).await?;
    let total: i64 = counted.first().map_or(Ok(0), |row| row.at(0)).map_err(db::Error::from)?;
    let rows = [page.limit(), page.offset()].map(|rows| Value::from(i64::try_from(rows).unwrap_or(i64::MAX)));
    values.extend(rows);
    let text = format!(
        "SELECT {COLUMNS} FROM ethical_walls WHERE {condition} ORDER BY raised_at DESC, id DESC \
         LIMIT ${} OFFSET ${}",
        values.len() - 1,
        values.len()
    );
    let mut walls = Vec::new();
    for row in db.rows(db::sql(db.dialect(), text, values)).await? {
        walls.push(with_members(db, sight.firm(), read(&row)?).await?);
    }
    Ok((walls, total.unsigned_abs()))
}

/// A standing wall's members are those that bind; a lifted one's were kept when it was lifted.
async fn with_members(db: &impl Reads, firm: FirmId, mut wall: Wall) -> Result<Wall, Error> {
    if wall.lifted.is_none() {
        let closed = access::is_closed(db, firm, wall.id).await?;
        wall.members.screened = access::wall_members(db, firm, wall.id, false).await?;
        wall.members.admitted =
            if closed { Some(access::wall_members(db, firm, wall.id, true).await?) } else { None };
    }
    Ok(wall)
}

fn read(row: &db::Row) -> Result<Wall, Error> {
    read_fields(row).map_err(|error| Error::Database(error.into()))
}

fn read_fields(row: &db::Row) -> Result<Wall, db::Misread> {
    let (by, at): (Option<Uuid>, Option<Stamp>) = (row.at(5)?, row.at(6)?);
    let (reason, members): (Option<String>, Option<serde_json::Value>) = (row.at(7)?, row.at(8)?);
    let lifted =
        by.zip(at).map(|(by, at)| Lifting { by: by.into(), at: at.0, reason: reason.unwrap_or_default() });
    let members: Option<Members> = members.and_then(|members| serde_json::from_value(members).ok());
    Ok(Wall {
        id: row.at::<Uuid>(0)?.into(),
        case: row.at::<Uuid>(1)?.into(),
        reason: row.at(2)?,
        members: members.unwrap_or_default(),
        raised_by: row.at::<Uuid>(3)?.into(),
        raised_at: row.at::<Stamp>(4)?.0,
        lifted,
        version: row.at(9)?,
        updated_at: row.at::<Stamp>(10)?.0,
    })
}
