use crate::Error;
use crate::model::SessionRow;
use chrono::TimeDelta;
use clock::Timestamp;
use db::{Reads, Stamp, Tx};
use ids::{FirmId, SessionId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

/// The user's live logins.
const PAGE: &str = "SELECT s.id, s.name, s.address, s.user_agent, s.created_at, s.last_seen_at, s.expires_at, \
                    (SELECT d.trusted_until FROM devices d WHERE d.id = s.device_id) AS trusted_until \
                    FROM sessions s WHERE s.firm_id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL \
                    AND s.expires_at > $3 AND s.last_seen_at > $4 AND s.created_at > $5 \
                    ORDER BY s.last_seen_at DESC, s.id DESC LIMIT $6 OFFSET $7";
const LIVE: &str = "SELECT count(*) FROM sessions WHERE firm_id = $1 AND user_id = $2 AND revoked_at IS NULL \
                    AND expires_at > $3 AND last_seen_at > $4 AND created_at > $5";
const ONE: &str = "SELECT s.id, s.name, s.address, s.user_agent, s.created_at, s.last_seen_at, s.expires_at, \
                   (SELECT d.trusted_until FROM devices d WHERE d.id = s.device_id) AS trusted_until \
                   FROM sessions s WHERE s.firm_id = $1 AND s.user_id = $2 AND s.id = $3";
const ALL: &str = "SELECT count(*) FROM sessions WHERE firm_id = $1 AND user_id = $2";
const TRUSTED: &str =
    "SELECT count(*) FROM devices WHERE firm_id = $1 AND user_id = $2 AND trusted_until > $3";
const ADDRESSES: &str = "SELECT address FROM sessions WHERE firm_id = $1 AND user_id = $2 \
                         AND address IS NOT NULL GROUP BY address ORDER BY max(created_at) DESC LIMIT $3";
const RENAME: &str = "UPDATE sessions SET name = $4 WHERE firm_id = $1 AND user_id = $2 AND id = $3";

/// Whose logins, and which of them count as live.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whose {
    pub(crate) firm: FirmId,
    pub(crate) user: UserId,
    pub(crate) idle: TimeDelta,
    pub(crate) now: Timestamp,
    /// Those begun up to then are over.
    pub(crate) signed_out_at: Timestamp,
}

impl Whose {
    fn live(&self) -> Vec<Value> {
        vec![
            Value::from(Uuid::from(self.firm)),
            Value::from(Uuid::from(self.user)),
            Value::from(Stamp(self.now)),
            Value::from(Stamp(self.now - self.idle)),
            Value::from(Stamp(self.signed_out_at)),
        ]
    }
}

/// One page of the live logins, the last used first, and how many there are in all.
pub(crate) async fn page(
    db: &impl Reads,
    whose: Whose,
    (offset, limit): (u64, u64),
) -> Result<(Vec<SessionRow>, u64), Error> {
    let mut values = whose.live();
    values.extend([number(limit), number(offset)]);
    let rows = db.rows(db::sql(db.dialect(), PAGE, values)).await?;
    let rows = rows.iter().map(read).collect::<Result<Vec<_>, _>>().map_err(db::Error::from)?;
    let total = match total_of(rows.len(), (offset, limit)) {
        Some(total) => total,
        None => count(db, LIVE, whose.live()).await?,
    };
    Ok((rows, total))
}

/// How many rows there are in all, where the page tells: it is the last one.
pub(super) fn total_of(found: usize, (offset, limit): (u64, u64)) -> Option<u64> {
    let found = found as u64;
    (found < limit && (found > 0 || offset == 0)).then_some(offset + found)
}

/// One of the user's logins, also one that has ended.
pub(crate) async fn find(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    session: SessionId,
) -> Result<Option<SessionRow>, Error> {
    let values =
        [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user)), Value::from(Uuid::from(session))];
    let rows = db.rows(db::sql(db.dialect(), ONE, values)).await?;
    Ok(rows.first().map(read).transpose().map_err(db::Error::from)?)
}

/// Figures on a user's logins: how many are kept, how many live, how many devices are trusted.
pub(crate) async fn figures(db: &impl Reads, whose: Whose) -> Result<[u64; 3], Error> {
    let of_user = || vec![Value::from(Uuid::from(whose.firm)), Value::from(Uuid::from(whose.user))];
    let mut trusted = of_user();
    trusted.push(Value::from(Stamp(whose.now)));
    Ok([
        count(db, ALL, of_user()).await?,
        count(db, LIVE, whose.live()).await?,
        count(db, TRUSTED, trusted).await?,
    ])
}

/// From where the user last signed in, at most `limit` addresses.
pub(crate) async fn addresses(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    limit: u64,
) -> Result<Vec<String>, Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(Uuid::from(user)), number(limit)];
    let rows = db.rows(db::sql(db.dialect(), ADDRESSES, values)).await?;
    Ok(rows.iter().map(|row| row.get("address")).collect::<Result<_, _>>().map_err(db::Error::from)?)
}

/// Gives a login a name, or takes it away. `false` when the user has no such login.
pub(crate) async fn rename(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    session: SessionId,
    name: Option<&str>,
) -> Result<bool, Error> {
    let values = [
        Value::from(Uuid::from(firm)),
        Value::from(Uuid::from(user)),
        Value::from(Uuid::from(session)),
        Value::from(name),
    ];
    Ok(tx.run(db::sql(tx.dialect(), RENAME, values)).await? == 1)
}

pub(super) fn number(number: u64) -> Value {
    Value::from(i64::try_from(number).unwrap_or(i64::MAX))
}

pub(super) async fn count(db: &impl Reads, text: &'static str, values: Vec<Value>) -> Result<u64, Error> {
    let rows = db.rows(db::sql(db.dialect(), text, values)).await?;
    let counted: i64 = rows.first().map_or(Ok(0), |row| row.at(0)).map_err(db::Error::from)?;
    Ok(counted.unsigned_abs())
}

fn read(row: &db::Row) -> Result<SessionRow, db::Misread> {
    let time = |column: &str| row.get::<Stamp>(column).map(|stamp| stamp.0);
    Ok(SessionRow {
        id: row.get::<Uuid>("id")?.into(),
        name: row.get("name")?,
        address: row.get("address")?,
        user_agent: row.get("user_agent")?,
        created_at: time("created_at")?,
        last_seen_at: time("last_seen_at")?,
        expires_at: time("expires_at")?,
        trusted_until: row.get::<Option<Stamp>>("trusted_until")?.map(|stamp| stamp.0),
    })
}
