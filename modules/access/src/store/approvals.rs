//! What users ask others to approve. What was ended stays, with who ended it.

use crate::grants::{Approval, Ruling};
use crate::{Action, Role, store};
use clock::Timestamp;
use db::{Error, Reads, Stamp, Tx};
use ids::{ApprovalId, FirmId, GrantId, Id, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const COLUMNS: &str = "id, user_id, grant_id, action, approver_role, reason, asked_at, over_at, ruled_by, ruled_at, \
                       ruling, ruling_reason";

/// The answer that makes a grant count; any other one does not.
const APPROVED: &str = "approved";

const INSERT: &str = "INSERT INTO approvals (firm_id, id, user_id, grant_id, action, approver_role, reason, asked_at, \
                      over_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const RULE: &str = "UPDATE approvals SET ruled_by = $3, ruled_at = $4, ruling = $5, ruling_reason = $6, over_at = $7 \
                    WHERE firm_id = $1 AND id = $2 AND ruled_at IS NULL AND ended_at IS NULL AND over_at > $4";
// What was ended is over, so that no look for what is not over reads it.
const END: &str = "UPDATE approvals SET ended_by = $3, ended_at = $4, over_at = $4 \
                   WHERE firm_id = $1 AND id = $2 AND ended_at IS NULL AND over_at > $4";
const END_OF_USER: &str = "UPDATE approvals SET ended_by = $3, ended_at = $4, over_at = $4 \
                           WHERE firm_id = $1 AND user_id = $2 AND ended_at IS NULL AND over_at > $4";
const END_RULED: &str = "UPDATE approvals SET ended_by = $3, ended_at = $4, over_at = $4 \
                         WHERE firm_id = $1 AND ruled_by = $2 AND ended_at IS NULL AND over_at > $4";

pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, approval: &Approval) -> Result<(), Error> {
    let values = [
        firm.uuid().into(),
        approval.id.uuid().into(),
        approval.user.uuid().into(),
        approval.grant.uuid().into(),
        approval.action.code().into(),
        approval.approver_role.as_str().into(),
        approval.reason.as_str().into(),
        Stamp(approval.asked_at).into(),
        Stamp(approval.over_at).into(),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// Keeps the answer. `false` when it is not there, is over, or was answered before.
pub(crate) async fn rule(
    tx: &mut Tx,
    firm: FirmId,
    id: ApprovalId,
    ruling: &Ruling,
    over_at: Timestamp,
) -> Result<bool, Error> {
    let values = [
        firm.uuid().into(),
        id.uuid().into(),
        ruling.by.uuid().into(),
        Stamp(ruling.at).into(),
        if ruling.approved { APPROVED } else { "declined" }.into(),
        ruling.reason.as_deref().into(),
        Stamp(over_at).into(),
    ];
    Ok(tx.run(db::sql(tx.dialect(), RULE, values)).await? > 0)
}

/// Ends one. `false` when it is not there, or is over.
pub(crate) async fn end(
    tx: &mut Tx,
    firm: FirmId,
    id: ApprovalId,
    by: UserId,
    at: Timestamp,
) -> Result<bool, Error> {
    Ok(store::end(tx, END, firm, id, by, at).await? > 0)
}

/// Ends all that a user has asked for and, with `ruled`, all that they have answered. How many.
pub(crate) async fn end_of_user(
    tx: &mut Tx,
    firm: FirmId,
    user: UserId,
    ruled: bool,
    by: UserId,
    at: Timestamp,
) -> Result<u64, Error> {
    let mut ended = store::end(tx, END_OF_USER, firm, user, by, at).await?;
    if ruled {
        ended += store::end(tx, END_RULED, firm, user, by, at).await?;
    }
    Ok(ended)
}

pub(crate) async fn find(
    db: &impl Reads,
    firm: FirmId,
    id: ApprovalId,
    now: Timestamp,
) -> Result<Option<Approval>, Error> {
    let values = vec![firm.uuid().into(), Stamp(now).into(), id.uuid().into()];
    Ok(select(db, "id = $3", values, 1).await?.pop())
}

/// What a user has asked for and is not over, the oldest first.
pub(crate) async fn of_user(
    db: &impl Reads,
    firm: FirmId,
    user: UserId,
    now: Timestamp,
    most: usize,
) -> Result<Vec<Approval>, Error> {
    select(db, "user_id = $3", vec![firm.uuid().into(), Stamp(now).into(), user.uuid().into()], most).await
}

/// What waits for an answer, the oldest first.
pub(crate) async fn open(
    db: &impl Reads,
    firm: FirmId,
    now: Timestamp,
    most: usize,
) -> Result<Vec<Approval>, Error> {
    select(db, "ruled_at IS NULL", vec![firm.uuid().into(), Stamp(now).into()], most).await
}

/// Those of the firm `$1` that are not over at `$2`.
async fn select(
    db: &impl Reads,
    condition: &str,
    mut values: Vec<Value>,
    most: usize,
) -> Result<Vec<Approval>, Error> {
    values.push(super::row_limit(most));
    let limit = values.len();
    let text = format!(
        "SELECT {COLUMNS} FROM approvals WHERE firm_id = $1 AND ended_at IS NULL AND over_at > $2 AND {condition} \
         ORDER BY asked_at, id LIMIT ${limit}"
    );
    let mut found = Vec::new();
    for row in db.rows(db::sql(db.dialect(), text, values)).await? {
        found.extend(read(&row)?);
    }
    Ok(found)
}

/// Nothing for a row that this version does not understand: it makes nothing count.
fn read(row: &db::Row) -> Result<Option<Approval>, Error> {
    let (code, role): (String, String) = (row.at(3)?, row.at(4)?);
    let (Some(action), Ok(approver_role)) = (Action::of_code(&code), role.parse::<Role>()) else {
        tracing::error!(code, role, "a stored approval is not understood by this version and does not count");
        return Ok(None);
    };
    let ruled = (row.at::<Option<Uuid>>(8)?, row.at::<Option<Stamp>>(9)?, row.at::<Option<String>>(10)?);
    let ruling = match ruled {
        (Some(by), Some(at), Some(ruling)) => {
            let by = UserId::from_uuid(by);
            Some(Ruling { by, at: at.0, approved: ruling == APPROVED, reason: row.at(11)? })
        }
        _ => None,
    };
    Ok(Some(Approval {
        id: ApprovalId::from_uuid(row.at::<Uuid>(0)?),
        user: UserId::from_uuid(row.at::<Uuid>(1)?),
        grant: GrantId::from_uuid(row.at::<Uuid>(2)?),
        action,
        approver_role,
        reason: row.at(5)?,
        asked_at: row.at::<Stamp>(6)?.0,
        over_at: row.at::<Stamp>(7)?.0,
        ruling,
    }))
}
