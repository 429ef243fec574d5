//! Grants beside the roles. A grant that was revoked stays, with who revoked it and why.

use crate::grants::{Conditions, Effect, Grant, Subject};
use crate::{Action, Role};
use clock::Timestamp;
use db::{Error, Reads, Stamp, Tx};
use ids::{CustomRoleId, FirmId, GrantId, Id, TeamId, UserId};
use sea_orm::sea_query::Value;
use uuid::Uuid;

const COLUMNS: &str = "id, subject_kind, subject, action, effect, conditions, reason, granted_by, granted_at";

/// The most grants that count for one subject.
pub(crate) const MOST: usize = 200;

const INSERT: &str = "INSERT INTO permission_grants (firm_id, id, subject_kind, subject, action, effect, conditions, \
                      reason, granted_by, granted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

const REVOKE: &str = "UPDATE permission_grants SET revoked_by = $3, revoked_at = $4, revoke_reason = $5 \
                      WHERE firm_id = $1 AND id = $2 AND revoked_at IS NULL";

const OF_TEAM: &str = "SELECT DISTINCT action FROM permission_grants WHERE firm_id = $1 AND effect = $2 \
                       AND revoked_at IS NULL AND ((subject_kind = 'team' AND subject = $3) \
                       OR CAST(conditions AS text) LIKE $4)";

const VERSION: &str = "SELECT grants FROM firm_policies WHERE firm_id = $1";
const CHANGED: &str = "INSERT INTO firm_policies (firm_id, walls, grants) VALUES ($1, 0, 1) \
                       ON CONFLICT (firm_id) DO UPDATE SET grants = firm_policies.grants + 1";

fn subject(subject: Subject) -> (&'static str, String) {
    match subject {
        Subject::Role(role) => ("role", role.to_string()),
        Subject::CustomRole(role) => ("custom_role", role.to_string()),
        Subject::User(user) => ("user", user.to_string()),
        Subject::Team(team) => ("team", team.to_string()),
    }
}

/// How often the firm's grants were changed; 0 for a firm that never had one.
pub(crate) async fn version(db: &impl Reads, firm: FirmId) -> Result<i64, Error> {
    let rows = db.rows(db::sql(db.dialect(), VERSION, [firm.uuid().into()])).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.at(0))?)
}

/// Counts a change, in the transaction that makes it. The row stays locked until that ends.
pub(crate) async fn changed(tx: &mut Tx, firm: FirmId) -> Result<(), Error> {
    tx.run(db::sql(tx.dialect(), CHANGED, [firm.uuid().into()])).await?;
    Ok(())
}

/// Stores a grant.
pub(crate) async fn insert(tx: &mut Tx, firm: FirmId, grant: &Grant) -> Result<(), Error> {
    let (kind, name) = subject(grant.subject);
    let values = [
        Value::from(firm.uuid()),
        Value::from(grant.id.uuid()),
        Value::from(kind),
        Value::from(name),
        Value::from(grant.action.code()),
        Value::from(effect(grant.effect)),
        Value::from(serde_json::json!(grant.conditions)),
        Value::from(grant.reason.as_str()),
        Value::from(grant.granted_by.uuid()),
        Value::from(Stamp(grant.granted_at)),
    ];
    tx.run(db::sql(tx.dialect(), INSERT, values)).await?;
    Ok(())
}

/// Ends a grant. `false` when it is not there, or was ended before.
pub(crate) async fn revoke(
    tx: &mut Tx,
    firm: FirmId,
    id: GrantId,
    (by, at, reason): (UserId, Timestamp, &str),
) -> Result<bool, Error> {
    let values = [
        Value::from(firm.uuid()),
        Value::from(id.uuid()),
        Value::from(by.uuid()),
        Value::from(Stamp(at)),
        Value::from(reason),
    ];
    Ok(tx.run(db::sql(tx.dialect(), REVOKE, values)).await? > 0)
}

/// One grant that counts.
pub(crate) async fn find(db: &impl Reads, firm: FirmId, id: GrantId) -> Result<Option<Grant>, Error> {
    let text = format!(
        "SELECT {COLUMNS} FROM permission_grants WHERE firm_id = $1 AND id = $2 AND revoked_at IS NULL"
    );
    let rows = db.rows(db::sql(db.dialect(), text, [firm.uuid(), id.uuid()].map(Value::from))).await?;
    Ok(rows.first().map(read).transpose()?.flatten())
}

/// The grants that count for some subjects, in the order in which they were given: at most [`MOST`] of each.
pub(crate) async fn of(db: &impl Reads, firm: FirmId, subjects: &[Subject]) -> Result<Vec<Grant>, Error> {
    let mut grants = Vec::new();
    for one in subjects {
        let (kind, name) = subject(*one);
        let text = format!(
            "SELECT {COLUMNS} FROM permission_grants WHERE firm_id = $1 AND subject_kind = $2 AND subject = $3 \
             AND revoked_at IS NULL ORDER BY granted_at, id LIMIT $4"
        );
        let values = [firm.uuid().into(), kind.into(), name.into(), super::row_limit(MOST)];
        for row in db.rows(db::sql(db.dialect(), text, values)).await? {
            grants.extend(read(&row)?);
        }
    }
    Ok(grants)
}

/// What is allowed, or denied, to whoever is in a team, each action once. Ids are in no other condition's text.
pub(crate) async fn actions_of_team(
    db: &impl Reads,
    firm: FirmId,
    team: TeamId,
    what: Effect,
) -> Result<Vec<Action>, Error> {
    let named = format!("%{team}%");
    let values = [firm.uuid().into(), effect(what).into(), team.to_string().into(), named.into()];
    let rows = db.rows(db::sql(db.dialect(), OF_TEAM, values)).await?;
    let mut actions = Vec::with_capacity(rows.len());
    for row in rows {
        actions.extend(Action::of_code(&row.at::<String>(0)?));
    }
    Ok(actions)
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    }
}

/// Nothing for a row that this version does not understand. One that would deny counts without its conditions.
fn read(row: &db::Row) -> Result<Option<Grant>, Error> {
    let (kind, name, code): (String, String, String) = (row.at(1)?, row.at(2)?, row.at(3)?);
    let effect: String = row.at(4)?;
    let subject = match kind.as_str() {
        "role" => name.parse::<Role>().ok().map(Subject::Role),
        "custom_role" => name.parse::<CustomRoleId>().ok().map(Subject::CustomRole),
        "user" => name.parse::<UserId>().ok().map(Subject::User),
        "team" => name.parse::<TeamId>().ok().map(Subject::Team),
        _ => None,
    };
    let conditions: serde_json::Value = row.at(5)?;
    let mut conditions: Option<Conditions> = serde_json::from_value(conditions).ok();
    if effect != "allow" {
        conditions.get_or_insert_default();
    }
    let (Some(subject), Some(action), Some(conditions)) = (subject, Action::of_code(&code), conditions)
    else {
        tracing::error!(code, effect, "a stored grant is not understood by this version and does not count");
        return Ok(None);
    };
    Ok(Some(Grant {
        id: GrantId::from_uuid(row.at::<Uuid>(0)?),
        subject,
        action,
        effect: if effect == "allow" { Effect::Allow } else { Effect::Deny },
        conditions,
        reason: row.at(6)?,
        granted_by: UserId::from_uuid(row.at::<Uuid>(7)?),
        granted_at: row.at::<Stamp>(8)?.0,
    }))
}
