use crate::Error;
use crate::model::{Reason, Session, Standing};
use access::Role;
use clock::Timestamp;
use db::{Reads, Stamp, Tx};
use ids::{FirmId, SessionId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const INSERT: &str = "INSERT INTO sessions (id, firm_id, user_id, created_at, last_seen_at, expires_at, address, \
                      user_agent) VALUES ($1, $2, $3, $4, $4, $5, $6, $7)";
/// The question of every request: one look-up by two primary keys. Role and activity are read here and nowhere kept.
const STANDING: &str = "SELECT s.id, s.firm_id, s.user_id, s.created_at, s.last_seen_at, s.expires_at, \
                        s.revoked_at, u.role, u.active, u.signed_out_at FROM sessions s \
                        JOIN users u ON u.id = s.user_id AND u.firm_id = s.firm_id \
                        WHERE s.firm_id = $1 AND s.id = $2";
const SEEN: &str = "UPDATE sessions SET last_seen_at = $3 \
                    WHERE firm_id = $1 AND id = $2 AND last_seen_at < $3 AND revoked_at IS NULL";
const REVOKE: &str = "UPDATE sessions SET revoked_at = $3, revoked_reason = $4 \
                      WHERE firm_id = $1 AND id = $2 AND revoked_at IS NULL";
const REVOKE_OTHERS: &str = "UPDATE sessions SET revoked_at = $4, revoked_reason = $5 WHERE id IN (\
                             SELECT id FROM sessions WHERE firm_id = $1 AND user_id = $2 AND expires_at > $4 \
                             AND revoked_at IS NULL AND id <> $3 LIMIT $6) RETURNING id";
const REMOVE_TOKENS: &str = "DELETE FROM refresh_tokens WHERE session_id IN (\
                             SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2)";
const REMOVE: &str = "DELETE FROM sessions WHERE id IN (\
                      SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2)";

/// From where and with what a login began.
#[derive(Debug)]
pub(crate) struct Device<'a> {
    pub(crate) address: Option<String>,
    pub(crate) user_agent: Option<&'a str>,
}

pub(crate) async fn insert(
    tx: &mut Tx,
    firm: FirmId,
    session: &Session,
    device: Device<'_>,
) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(session.id)),
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(session.user)),
        Value::from(Stamp(session.created_at)),
        Value::from(Stamp(session.expires_at)),
        Value::from(device.address),
        Value::from(device.user_agent),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// A login and what its user may do now.
pub(crate) async fn standing(
    db: &impl Reads,
    firm: FirmId,
    session: SessionId,
) -> Result<Option<Standing>, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(session))];
    let rows = db.rows(db::sql(db.dialect(), STANDING, values)).await?;
    Ok(rows.first().map(read).transpose().map_err(db::Error::from)?)
}

/// Notes that the login was used.
pub(crate) async fn seen(tx: &mut Tx, firm: FirmId, session: SessionId, now: Timestamp) -> Result<(), Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(session)), Value::from(Stamp(now))];
    tx.run(db::sql(tx.dialect(), SEEN, values)).await?;
    Ok(())
}

/// Ends a login. `false` when it had ended before.
pub(crate) async fn revoke(
    tx: &mut Tx,
    firm: FirmId,
    session: SessionId,
    reason: Reason,
    now: Timestamp,
) -> Result<bool, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(session)),
        Value::from(Stamp(now)),
        Value::from(reason.as_str()),
    ];
    Ok(tx.run(db::sql(tx.dialect(), REVOKE, values)).await? == 1)
}

/// Ends at most `limit` of the user's logins other than `kept` and tells which.
pub(crate) async fn revoke_others(
    tx: &mut Tx,
    firm: FirmId,
    (user, kept): (UserId, Option<SessionId>),
    reason: Reason,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<SessionId>, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(kept.map_or(Uuid::nil(), Uuid::from)),
        Value::from(Stamp(now)),
        Value::from(reason.as_str()),
        Value::from(i64::from(limit)),
    ];
    let rows = tx.rows(db::sql(tx.dialect(), REVOKE_OTHERS, values)).await?;
    let ids = rows.iter().map(|row| row.get::<Uuid>("id").map(SessionId::from));
    Ok(ids.collect::<Result<_, _>>().map_err(db::Error::from)?)
}

/// Removes at most `limit` logins of any firm that ended before `before`, with their tokens, and tells how many.
pub(crate) async fn remove(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, Error> {
    let values = || [Value::from(Stamp(before)), Value::from(i64::from(limit))];
    tx.run(db::sql(tx.dialect(), REMOVE_TOKENS, values())).await?;
    Ok(tx.run(db::sql(tx.dialect(), REMOVE, values())).await?)
}

fn read(row: &db::Row) -> Result<Standing, db::Misread> {
    let role: String = row.get("role")?;
    let time = |column: &str| row.get::<Stamp>(column).map(|stamp| stamp.0);
    let maybe = |column: &str| row.get::<Option<Stamp>>(column).map(|stamp| stamp.map(|stamp| stamp.0));
    Ok(Standing {
        session: Session {
            id: row.get::<Uuid>("id")?.into(),
            firm: row.get::<Uuid>("firm_id")?.into(),
            user: row.get::<Uuid>("user_id")?.into(),
            created_at: time("created_at")?,
            last_seen_at: time("last_seen_at")?,
            expires_at: time("expires_at")?,
            revoked_at: maybe("revoked_at")?,
        },
        role: role.parse::<Role>().map_err(|error| db::Misread::new("role", error.to_string()))?,
        active: row.get("active")?,
        signed_out_at: maybe("signed_out_at")?,
    })
}
