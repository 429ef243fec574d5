use crate::model::invitation::Invitation;
use crate::{Error, store};
use clock::Timestamp;
use crypto::token::TokenHash;
use db::{Reads, Stamp, Tx};
use ids::{FirmId, InvitationId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const INSERT: &str = "INSERT INTO invitations (id, firm_id, email, first_name, last_name, role, invited_by, \
                      created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const COLUMNS: &str = "SELECT id, firm_id, email, first_name, last_name, role, invited_by, created_at, expires_at, \
                       sent_at, accepted_at, user_id, revoked_at FROM invitations WHERE ";
const OF_HASH: &str = "hash = $1";
const OF_ID: &str = "firm_id = $1 AND id = $2";
const OF_FIRM: &str = "firm_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3";
const OPEN_ONLY: &str = "firm_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL \
                         ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3";
const COUNT: &str = "SELECT count(*) FROM invitations WHERE firm_id = $1";
const COUNT_OPEN: &str =
    "SELECT count(*) FROM invitations WHERE firm_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL";
const COUNT_UNINVITED: &str = "SELECT count(*) FROM invitations WHERE firm_id = $1 AND accepted_at IS NULL \
                               AND revoked_at IS NULL AND invited_by IS NULL";
const SENT: &str = "UPDATE invitations SET hash = $3, sent_at = $4 \
                    WHERE firm_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL";
const RENEW: &str = "UPDATE invitations SET hash = NULL, sent_at = NULL, expires_at = $3 \
                     WHERE firm_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL";
const REVOKE: &str = "UPDATE invitations SET revoked_at = $3, hash = NULL \
                      WHERE firm_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL";
const REVOKE_EXPIRED: &str = "UPDATE invitations SET revoked_at = $3, hash = NULL WHERE firm_id = $1 AND email = $2 \
                              AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at <= $3";
const ACCEPT: &str = "UPDATE invitations SET accepted_at = $3, user_id = $4 WHERE firm_id = $1 AND id = $2 \
                      AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3";
const REMOVE: &str = "DELETE FROM invitations WHERE id IN (\
                      SELECT id FROM invitations WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2)";

/// Adds an invitation. Its hash comes with its mail.
pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, invitation: &Invitation) -> Result<(), Error> {
    let values = [
        Value::from(Uuid::from(invitation.id)),
        Value::from(Uuid::from(firm)),
        Value::from(invitation.email.as_str()),
        Value::from(invitation.first_name.as_str()),
        Value::from(invitation.last_name.as_str()),
        Value::from(invitation.role.as_str()),
        Value::from(invitation.invited_by.map(Uuid::from)),
        Value::from(Stamp(invitation.created_at)),
        Value::from(Stamp(invitation.expires_at)),
    ];
    match tx.run(db::sql(tx.dialect(), INSERT, values)).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_duplicate_of("invitations", "email") => Err(Error::InvitationOpen),
        Err(error) => Err(error.into()),
    }
}

/// The invitation of a hash. Knows no firm: the link names it.
pub(crate) async fn of_hash(db: &impl Reads, hash: &TokenHash) -> Result<Option<Invitation>, Error> {
    let values = [Value::from(hash.as_bytes().to_vec())];
    let rows = db.rows(db::sql(db.dialect(), format!("{COLUMNS}{OF_HASH}"), values)).await?;
    Ok(rows.first().map(read).transpose().map_err(db::Error::from)?)
}

pub(crate) async fn find(
    db: &impl Reads,
    firm: FirmId,
    id: InvitationId,
) -> Result<Option<Invitation>, Error> {
    let rows = db.rows(db::sql(db.dialect(), format!("{COLUMNS}{OF_ID}"), key(firm, id))).await?;
    Ok(rows.first().map(read).transpose().map_err(db::Error::from)?)
}

/// One page of the firm's invitations, newest first, and how many there are: all, or those that were neither accepted nor
/// taken back.
pub(crate) async fn page(
    db: &impl Reads,
    firm: FirmId,
    open_only: bool,
    (offset, limit): (u64, u64),
) -> Result<(Vec<Invitation>, u64), Error> {
    let (which, count) = if open_only { (OPEN_ONLY, COUNT_OPEN) } else { (OF_FIRM, COUNT) };
    let number = |number| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
    let values = [Value::from(Uuid::from(firm)), number(limit), number(offset)];
    let rows = db.rows(db::sql(db.dialect(), format!("{COLUMNS}{which}"), values)).await?;
    let found = rows.iter().map(read).collect::<Result<_, _>>().map_err(db::Error::from)?;
    Ok((found, counted(db, count, firm).await?))
}

/// How many have registered by themselves and not opened their link yet.
pub(crate) async fn count_uninvited(db: &impl Reads, firm: FirmId) -> Result<u64, Error> {
    counted(db, COUNT_UNINVITED, firm).await
}

async fn counted(db: &impl Reads, text: &'static str, firm: FirmId) -> Result<u64, Error> {
    let rows = db.rows(db::sql(db.dialect(), text, [Value::from(Uuid::from(firm))])).await?;
    let count = rows.first().map_or(Ok(0), |row| row.at::<i64>(0)).map_err(db::Error::from)?;
    Ok(count.unsigned_abs())
}

/// Notes that the mail with this link's hash goes out. `false` when the invitation is not open any more.
pub(crate) async fn sent(
    tx: &mut Tx,
    firm: FirmId,
    id: InvitationId,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<bool, Error> {
    let more = [Value::from(hash.as_bytes().to_vec()), Value::from(Stamp(now))];
    run(tx, SENT, firm, id, more).await
}

/// Lets it last until `expires_at`; the links that were sent are void. `false` when it is not open any more.
pub(crate) async fn renew(
    tx: &mut Tx,
    firm: FirmId,
    id: InvitationId,
    expires_at: Timestamp,
) -> Result<bool, Error> {
    run(tx, RENEW, firm, id, [Value::from(Stamp(expires_at))]).await
}

/// Takes it back. `false` when it is not open any more.
pub(crate) async fn revoke(
    tx: &mut Tx,
    firm: FirmId,
    id: InvitationId,
    now: Timestamp,
) -> Result<bool, Error> {
    run(tx, REVOKE, firm, id, [Value::from(Stamp(now))]).await
}

/// Takes those for an address back whose time is over, so that it can be invited again.
pub(crate) async fn revoke_expired(
    tx: &mut Tx,
    firm: FirmId,
    email: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let values = [Value::from(Uuid::from(firm)), Value::from(email), Value::from(Stamp(now))];
    tx.run(db::sql(tx.dialect(), REVOKE_EXPIRED, values)).await?;
    Ok(())
}

/// Accepts it. `false` when it is not open any more, also since this very moment.
pub(crate) async fn accept(
    tx: &mut Tx,
    firm: FirmId,
    id: InvitationId,
    user: UserId,
    now: Timestamp,
) -> Result<bool, Error> {
    run(tx, ACCEPT, firm, id, [Value::from(Stamp(now)), Value::from(Uuid::from(user))]).await
}

/// Removes at most `limit` invitations of any firm that ended before `before`, and says how many.
pub(crate) async fn remove(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, Error> {
    let values = [Value::from(Stamp(before)), Value::from(i64::from(limit))];
    Ok(tx.run(db::sql(tx.dialect(), REMOVE, values)).await?)
}

fn key(firm: FirmId, id: InvitationId) -> [Value; 2] {
    [Value::from(Uuid::from(firm)), Value::from(Uuid::from(id))]
}

async fn run<const N: usize>(
    tx: &mut Tx,
    text: &'static str,
    firm: FirmId,
    id: InvitationId,
    more: [Value; N],
) -> Result<bool, Error> {
    let values = key(firm, id).into_iter().chain(more);
    Ok(tx.run(db::sql(tx.dialect(), text, values)).await? == 1)
}

fn read(row: &db::Row) -> Result<Invitation, db::Misread> {
    let maybe_id = |column: &str| row.get::<Option<Uuid>>(column).map(|id| id.map(UserId::from));
    let maybe = |column: &str| row.get::<Option<Stamp>>(column).map(|stamp| stamp.map(|stamp| stamp.0));
    Ok(Invitation {
        id: row.get::<Uuid>("id")?.into(),
        firm: row.get::<Uuid>("firm_id")?.into(),
        email: row.get("email")?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        role: store::users::role(row)?,
        invited_by: maybe_id("invited_by")?,
        created_at: row.get::<Stamp>("created_at")?.0,
        expires_at: row.get::<Stamp>("expires_at")?.0,
        sent_at: maybe("sent_at")?,
        accepted_at: maybe("accepted_at")?,
        user: maybe_id("user_id")?,
        revoked_at: maybe("revoked_at")?,
    })
}
