use crate::Error;
use crate::model::{Reason, Session, Standing};
use access::{Request, Role};
use chrono::TimeDelta;
use clock::Timestamp;
use db::{Reads, Stamp, Tx};
use ids::{FirmId, SessionId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const INSERT: &str = "INSERT INTO sessions (id, firm_id, user_id, created_at, last_seen_at, expires_at, address, \
                      user_agent, device_id, proved_at, passkey_id, provider_factor) \
                      VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9, $10, $11)";
/// The question of every request: three look-ups by primary keys. Role and activity are read here and nowhere kept; the
/// version is of the same moment.
const STANDING: &str = "SELECT s.id, s.firm_id, s.user_id, s.device_id, s.created_at, s.last_seen_at, s.expires_at, \
                        s.revoked_at, s.proved_at, s.passkey_id, s.provider_factor, u.role, u.active, u.second_factor, \
                        u.signed_out_at, COALESCE((SELECT v.version FROM standing_versions v WHERE v.firm_id = s.firm_id), 0) \
                        AS version FROM sessions s \
                        JOIN users u ON u.id = s.user_id AND u.firm_id = s.firm_id \
                        WHERE s.firm_id = $1 AND s.id = $2";
const VERSION: &str = "SELECT version FROM standing_versions WHERE firm_id = $1";
const PROVED: &str = "UPDATE sessions SET proved_at = $3 WHERE firm_id = $1 AND id = $2";
/// The user's logins beyond the `$5` that were used last, the newest one always among those.
const BEYOND: &str = "SELECT id FROM sessions WHERE firm_id = $1 AND user_id = $2 AND revoked_at IS NULL \
                      AND expires_at > $3 AND last_seen_at > $4 AND id <> $6 \
                      ORDER BY last_seen_at DESC, id DESC LIMIT $7 OFFSET $5";
/// Logins of any firm whose time is over, or whose user was signed out, and which nobody has ended.
const OVER: &str = "SELECT s.id, s.firm_id, s.user_id, s.device_id, s.created_at, s.last_seen_at, s.expires_at, \
                    s.revoked_at, s.proved_at, s.passkey_id, s.provider_factor, u.role, u.active, u.second_factor, \
                    u.signed_out_at, CAST(0 AS bigint) AS version FROM sessions s \
                    JOIN users u ON u.id = s.user_id AND u.firm_id = s.firm_id \
                    WHERE s.revoked_at IS NULL AND (s.last_seen_at <= $1 OR s.expires_at <= $2 OR u.active = $3 \
                    OR s.created_at <= u.signed_out_at) ORDER BY s.firm_id, s.id LIMIT $4";
const SEEN: &str = "UPDATE sessions SET last_seen_at = $3 \
                    WHERE firm_id = $1 AND id = $2 AND last_seen_at < $3 AND revoked_at IS NULL";
const REVOKE: &str = "UPDATE sessions SET revoked_at = $3, revoked_reason = $4 \
                      WHERE firm_id = $1 AND id = $2 AND revoked_at IS NULL";
const MARK_OVER: &str = "UPDATE sessions SET revoked_at = $3, revoked_reason = $4 \
                         WHERE firm_id = $1 AND id = $2 AND revoked_at IS NULL AND last_seen_at = $5";
const REVOKE_OTHERS: &str = "UPDATE sessions SET revoked_at = $4, revoked_reason = $5 WHERE id IN (\
                             SELECT id FROM sessions WHERE firm_id = $1 AND user_id = $2 AND expires_at > $4 \
                             AND revoked_at IS NULL AND id <> $3 LIMIT $6) RETURNING id";
const REVOKE_OF_FIRM: &str = "UPDATE sessions SET revoked_at = $3, revoked_reason = $4 WHERE id IN (\
                              SELECT id FROM sessions WHERE firm_id = $1 AND expires_at > $3 \
                              AND revoked_at IS NULL AND id <> $2 LIMIT $5) RETURNING id, user_id";
const REMOVE_TOKENS: &str = "DELETE FROM refresh_tokens WHERE session_id IN (\
                             SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2)";
const REMOVE: &str = "DELETE FROM sessions WHERE id IN (\
                      SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2)";

pub(crate) async fn insert(
    tx: &mut Tx,
    firm: FirmId,
    session: &Session,
    request: &Request,
) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(session.id)),
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(session.user)),
        Value::from(Stamp(session.created_at)),
        Value::from(Stamp(session.expires_at)),
        Value::from(request.address.map(|address| address.to_string())),
        Value::from(request.user_agent.as_deref()),
        Value::from(session.device.map(Uuid::from)),
        Value::from(session.proved_at.map(Stamp)),
        Value::from(session.passkey.map(Uuid::from)),
        Value::from(session.provider_factor),
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

/// Counts what has changed among the logins and users of the firm; the database counts by itself.
pub(crate) async fn version(db: &impl Reads, firm: FirmId) -> Result<i64, Error> {
    let rows = db.rows(db::sql(db.dialect(), VERSION, [Value::from(Uuid::from(firm))])).await?;
    Ok(rows.first().map(|row| row.get("version")).transpose().map_err(db::Error::from)?.unwrap_or(0))
}

/// Notes that the user has shown a second factor, or the password, or that it does not count any more.
pub(crate) async fn proved(
    tx: &mut Tx,
    firm: FirmId,
    session: SessionId,
    at: Option<Timestamp>,
) -> Result<(), Error> {
    let values =
        [Value::from(Uuid::from(firm)), Value::from(Uuid::from(session)), Value::from(at.map(Stamp))];
    tx.run(db::sql(tx.dialect(), PROVED, values)).await?;
    Ok(())
}

/// At most `limit` of the user's live logins that are too many beside `newest`, those not used for longest.
pub(crate) async fn beyond(
    tx: &Tx,
    newest: &Session,
    (most, idle): (u32, TimeDelta),
    limit: u32,
) -> Result<Vec<SessionId>, Error> {
    let now = newest.created_at;
    let values = [
        Value::from(Uuid::from(newest.firm)),
        Value::from(Uuid::from(newest.user)),
        Value::from(Stamp(now)),
        Value::from(Stamp(now - idle)),
        Value::from(i64::from(most) - 1),
        Value::from(Uuid::from(newest.id)),
        Value::from(i64::from(limit)),
    ];
    let rows = tx.rows(db::sql(tx.dialect(), BEYOND, values)).await?;
    Ok(ids(&rows)?)
}

/// At most `limit` logins of any firm that are over and not marked so.
pub(crate) async fn over(
    db: &impl Reads,
    idle: TimeDelta,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Standing>, Error> {
    let values = [
        Value::from(Stamp(now - idle)),
        Value::from(Stamp(now)),
        Value::from(false),
        Value::from(i64::from(limit)),
    ];
    let rows = db.rows(db::sql(db.dialect(), OVER, values)).await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>().map_err(db::Error::from)?)
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

/// Marks a login as over, unless it was used or ended since it was read.
pub(crate) async fn mark_over(
    tx: &mut Tx,
    firm: FirmId,
    session: &Session,
    reason: Reason,
    now: Timestamp,
) -> Result<bool, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(session.id)),
        Value::from(Stamp(now)),
        Value::from(reason.as_str()),
        Value::from(Stamp(session.last_seen_at)),
    ];
    Ok(tx.run(db::sql(tx.dialect(), MARK_OVER, values)).await? == 1)
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
    Ok(ids(&rows)?)
}

/// Ends at most `limit` logins of the firm other than `kept` and tells which, and whose they were.
pub(crate) async fn revoke_of_firm(
    tx: &mut Tx,
    firm: FirmId,
    kept: Option<SessionId>,
    reason: Reason,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(SessionId, UserId)>, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(kept.map_or(Uuid::nil(), Uuid::from)),
        Value::from(Stamp(now)),
        Value::from(reason.as_str()),
        Value::from(i64::from(limit)),
    ];
    let rows = tx.rows(db::sql(tx.dialect(), REVOKE_OF_FIRM, values)).await?;
    Ok(rows.iter().map(whose).collect::<Result<_, _>>().map_err(db::Error::from)?)
}

fn whose(row: &db::Row) -> Result<(SessionId, UserId), db::Misread> {
    Ok((row.get::<Uuid>("id")?.into(), row.get::<Uuid>("user_id")?.into()))
}

fn ids(rows: &[db::Row]) -> Result<Vec<SessionId>, db::Error> {
    let ids = rows.iter().map(|row| row.get::<Uuid>("id").map(SessionId::from));
    ids.collect::<Result<_, _>>().map_err(db::Error::from)
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
            device: row.get::<Option<Uuid>>("device_id")?.map(Into::into),
            created_at: time("created_at")?,
            last_seen_at: time("last_seen_at")?,
            expires_at: time("expires_at")?,
            revoked_at: maybe("revoked_at")?,
            proved_at: maybe("proved_at")?,
            passkey: row.get::<Option<Uuid>>("passkey_id")?.map(Into::into),
            provider_factor: row.get("provider_factor")?,
        },
        role: role.parse::<Role>().map_err(|error| db::Misread::new("role", error.to_string()))?,
        active: row.get("active")?,
        second_factor: row.get("second_factor")?,
        signed_out_at: maybe("signed_out_at")?,
        version: row.get("version")?,
    })
}
