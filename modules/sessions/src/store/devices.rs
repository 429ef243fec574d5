use crate::Error;
use crate::model::Device;
use clock::Timestamp;
use db::{Reads, Stamp, Tx};
use ids::{DeviceId, FirmId, SessionId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const INSERT: &str = "INSERT INTO devices (id, firm_id, user_id, first_seen_at, last_seen_at) \
                      VALUES ($1, $2, $3, $4, $4)";
const FIND: &str = "SELECT id, trusted_until FROM devices WHERE firm_id = $1 AND user_id = $2 AND id = $3";
const SEEN: &str = "UPDATE devices SET last_seen_at = $3 WHERE firm_id = $1 AND id = $2";
const ANY: &str = "SELECT id FROM devices WHERE firm_id = $1 AND user_id = $2 LIMIT 1";
const TRUST: &str = "UPDATE devices SET trusted_until = $4 WHERE firm_id = $1 AND user_id = $2 AND id = (\
                     SELECT device_id FROM sessions WHERE firm_id = $1 AND user_id = $2 AND id = $3)";
const TRUST_NONE: &str = "UPDATE devices SET trusted_until = NULL WHERE firm_id = $1 AND user_id = $2 \
                          AND trusted_until IS NOT NULL AND id <> $3";
const REMOVE: &str = "DELETE FROM devices WHERE id IN (\
                      SELECT id FROM devices WHERE last_seen_at < $1 ORDER BY last_seen_at, id LIMIT $2)";

/// Adds a device that the user has signed in with.
pub(crate) async fn insert(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    device: DeviceId,
    now: Timestamp,
) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(device)),
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(Stamp(now)),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// A device of the user.
pub(crate) async fn find(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    device: DeviceId,
) -> Result<Option<Device>, Error> {
    let values =
        [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user)), Value::from(Uuid::from(device))];
    let rows = db.rows(db::sql(db.dialect(), FIND, values)).await?;
    Ok(rows.first().map(read).transpose().map_err(db::Error::from)?)
}

/// Whether any device of the user is known.
pub(crate) async fn any(db: &impl Reads, firm: FirmId, user: UserId) -> Result<bool, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user))];
    Ok(!db.rows(db::sql(db.dialect(), ANY, values)).await?.is_empty())
}

/// Notes that the device was used.
pub(crate) async fn seen(tx: &mut Tx, firm: FirmId, device: DeviceId, now: Timestamp) -> Result<(), Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(device)), Value::from(Stamp(now))];
    tx.run(db::sql(tx.dialect(), SEEN, values)).await?;
    Ok(())
}

/// Trusts the device of a login up to a moment, or not any more. `false` when the login has none.
pub(crate) async fn trust(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    session: SessionId,
    until: Option<Timestamp>,
) -> Result<bool, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(Uuid::from(session)),
        Value::from(until.map(Stamp)),
    ];
    Ok(tx.run(db::sql(tx.dialect(), TRUST, values)).await? == 1)
}

/// Trusts none of the user's devices any more, but for `kept`.
pub(crate) async fn trust_none(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    kept: Option<DeviceId>,
) -> Result<u64, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(kept.map_or(Uuid::nil(), Uuid::from)),
    ];
    Ok(tx.run(db::sql(tx.dialect(), TRUST_NONE, values)).await?)
}

/// Removes at most `limit` devices of any firm that were not used since `before`.
pub(crate) async fn remove(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, Error> {
    let values = [Value::from(Stamp(before)), Value::from(i64::from(limit))];
    Ok(tx.run(db::sql(tx.dialect(), REMOVE, values)).await?)
}

fn read(row: &db::Row) -> Result<Device, db::Misread> {
    Ok(Device {
        id: row.get::<Uuid>("id")?.into(),
        trusted_until: row.get::<Option<Stamp>>("trusted_until")?.map(|stamp| stamp.0),
    })
}
