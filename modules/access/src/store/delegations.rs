//! What users lend to each other. A delegation that was ended stays, with who ended it.

use crate::grants::Delegation;
use crate::{Action, Role, store};
use clock::Timestamp;
use db::{Error, Reads, Stamp, Tx};
use ids::{DelegationId, FirmId, Id, UserId};
use uuid::Uuid;

const COLUMNS: &str =
    "id, lender_id, lender_role, delegate_id, actions, starts_at, ends_at, reason, made_by, made_at";

const INSERT: &str = "INSERT INTO delegations (firm_id, id, lender_id, lender_role, delegate_id, actions, starts_at, ends_at, \
                      reason, made_by, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const END: &str = "UPDATE delegations SET ended_by = $3, ended_at = $4 \
                   WHERE firm_id = $1 AND id = $2 AND ended_at IS NULL AND ends_at > $4";
const END_LENT: &str = "UPDATE delegations SET ended_by = $3, ended_at = $4 \
                        WHERE firm_id = $1 AND lender_id = $2 AND ended_at IS NULL AND ends_at > $4";
const END_BORROWED: &str = "UPDATE delegations SET ended_by = $3, ended_at = $4 \
                            WHERE firm_id = $1 AND delegate_id = $2 AND ended_at IS NULL AND ends_at > $4";

pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, delegation: &Delegation) -> Result<(), Error> {
    let codes: Vec<&str> = delegation.actions.iter().map(|action| action.code()).collect();
    let values = [
        firm.uuid().into(),
        delegation.id.uuid().into(),
        delegation.lender.uuid().into(),
        delegation.lender_role.as_str().into(),
        delegation.delegate.uuid().into(),
        serde_json::json!(codes).into(),
        Stamp(delegation.from).into(),
        Stamp(delegation.until).into(),
        delegation.reason.as_str().into(),
        delegation.made_by.uuid().into(),
        Stamp(delegation.made_at).into(),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// Ends one. `false` when it is not there, or is over.
pub(crate) async fn end(
    tx: &mut Tx,
    firm: FirmId,
    id: DelegationId,
    by: UserId,
    at: Timestamp,
) -> Result<bool, Error> {
    Ok(store::end(tx, END, firm, id, by, at).await? > 0)
}

/// Ends all that a user has lent and, with `borrowed`, all that was lent to the user. How many.
pub(crate) async fn end_of_user(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    borrowed: bool,
    by: UserId,
    at: Timestamp,
) -> Result<u64, Error> {
    let mut ended = store::end(tx, END_LENT, firm, user, by, at).await?;
    if borrowed {
        ended += store::end(tx, END_BORROWED, firm, user, by, at).await?;
    }
    Ok(ended)
}

pub(crate) async fn find(
    db: &impl Reads,
    firm: FirmId,
    id: DelegationId,
    now: Timestamp,
) -> Result<Option<Delegation>, Error> {
    let text = format!(
        "SELECT {COLUMNS} FROM delegations WHERE firm_id = $1 AND id = $2 AND ended_at IS NULL AND ends_at > $3"
    );
    let values = [firm.uuid().into(), id.uuid().into(), Stamp(now).into()];
    let rows = db.rows(db::sql(db.dialect(), text, values)).await?;
    Ok(rows.first().map(read).transpose()?.flatten())
}

/// What is lent by a user, or to one, and is not over: at most `most`, the oldest first.
pub(crate) async fn of_user(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    is_lender: bool,
    now: Timestamp,
    most: usize,
) -> Result<Vec<Delegation>, Error> {
    let column = if is_lender { "lender_id" } else { "delegate_id" };
    let text = format!(
        "SELECT {COLUMNS} FROM delegations WHERE firm_id = $1 AND {column} = $2 AND ended_at IS NULL AND ends_at > $3 \
         ORDER BY made_at, id LIMIT $4"
    );
    let values = [firm.uuid().into(), user.uuid().into(), Stamp(now).into(), super::row_limit(most)];
    let mut found = Vec::new();
    for row in db.rows(db::sql(db.dialect(), text, values)).await? {
        found.extend(read(&row)?);
    }
    Ok(found)
}

/// Nothing for a row that this version does not understand. An action that it does not know is not lent.
fn read(row: &db::Row) -> Result<Option<Delegation>, Error> {
    let role: String = row.at(2)?;
    let codes: serde_json::Value = row.at(4)?;
    let codes: Vec<String> = serde_json::from_value(codes).unwrap_or_default();
    let Ok(lender_role) = role.parse::<Role>() else {
        tracing::error!(role, "a stored delegation is not understood by this version and does not count");
        return Ok(None);
    };
    Ok(Some(Delegation {
        id: DelegationId::from_uuid(row.at::<Uuid>(0)?),
        lender: UserId::from_uuid(row.at::<Uuid>(1)?),
        lender_role,
        delegate: UserId::from_uuid(row.at::<Uuid>(3)?),
        actions: codes.iter().filter_map(|code| Action::of_code(code)).collect(),
        from: row.at::<Stamp>(5)?.0,
        until: row.at::<Stamp>(6)?.0,
        reason: row.at(7)?,
        made_by: UserId::from_uuid(row.at::<Uuid>(8)?),
        made_at: row.at::<Stamp>(9)?.0,
    }))
}
