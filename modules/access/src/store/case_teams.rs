//! Who has which role on which case.

use crate::case_teams::CaseMember;
use crate::{Action, Role};
use db::{Error, Reads, Row, Stamp, Tx};
use ids::{CaseId, FirmId, Id, UserId};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, Value};
use uuid::Uuid;

const COLUMNS: &str = "user_id, role, added_by, added_at";

const PUT: &str = "INSERT INTO case_members (firm_id, case_id, user_id, role, added_by, added_at) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (firm_id, case_id, user_id) DO UPDATE SET \
                   role = excluded.role, added_by = excluded.added_by, added_at = excluded.added_at";
const REMOVE: &str = "DELETE FROM case_members WHERE firm_id = $1 AND case_id = $2 AND user_id = $3";
const REMOVE_USER: &str = "DELETE FROM case_members WHERE firm_id = $1 AND user_id = $2";
const REMOVE_CASE: &str = "DELETE FROM case_members WHERE firm_id = $1 AND case_id = $2";
const COUNT_MEMBERS: &str = "SELECT count(*) FROM case_members WHERE firm_id = $1 AND case_id = $2";
const COUNT_CASES: &str = "SELECT count(*) FROM case_members WHERE firm_id = $1 AND user_id = $2";
const ROLES: &str =
    "SELECT DISTINCT role FROM case_members WHERE firm_id = $1 AND user_id = $2 ORDER BY role LIMIT 32";

const DEPARTED: &str = "INSERT INTO firm_policies (firm_id, walls, grants, departures) VALUES ($1, 0, 0, 1) \
                        ON CONFLICT (firm_id) DO UPDATE SET departures = firm_policies.departures + 1";
const NARROWED: &str = "SELECT walls + departures FROM firm_policies WHERE firm_id = $1";

/// The roles that allow an action on a case.
fn roles(action: Action) -> impl Iterator<Item = &'static str> {
    Role::ALL.into_iter().filter(move |role| role.allows_on_case(action)).map(Role::as_str)
}

/// The cases on which a user's role allows an action, as a query of the builder.
pub(crate) fn cases_of(firm: FirmId, user: UserId, action: Action) -> SelectStatement {
    Query::select()
        .column("case_id")
        .from("case_members")
        .and_where(Expr::col("firm_id").eq(firm.uuid()))
        .and_where(Expr::col("user_id").eq(user.uuid()))
        .and_where(Expr::col("role").is_in(roles(action)))
        .take()
}

/// The same as text. `firm` and `user` are the numbers of its two place holders; the roles are names of ours.
pub(crate) fn cases_text(action: Action, firm: usize, user: usize) -> String {
    format!("SELECT m.case_id FROM case_members m WHERE {}", mine(action, firm, user))
}

/// The condition that on the case in `column` the user's role allows the action.
pub(crate) fn on_team_text(action: Action, column: &str, firm: usize, user: usize) -> String {
    let mine = mine(action, firm, user);
    format!("EXISTS (SELECT 1 FROM case_members m WHERE {mine} AND m.case_id = {column})")
}

fn mine(action: Action, firm: usize, user: usize) -> String {
    let roles: Vec<_> = roles(action).map(|role| format!("'{role}'")).collect();
    format!("m.firm_id = ${firm} AND m.user_id = ${user} AND m.role IN ({})", roles.join(", "))
}

pub(crate) async fn find(
    db: &impl Reads,
    firm: FirmId,
    case: CaseId,
    user: UserId,
) -> Result<Option<CaseMember>, Error> {
    let text =
        format!("SELECT {COLUMNS} FROM case_members WHERE firm_id = $1 AND case_id = $2 AND user_id = $3");
    let values = [firm.uuid(), case.uuid(), user.uuid()].map(Value::from);
    let rows = db.rows(db::sql(db.dialect(), text, values)).await?;
    Ok(rows.first().map(read).transpose()?.flatten())
}

/// The team of a case, in the order in which they came: at most `most`.
pub(crate) async fn members(
    db: &impl Reads,
    firm: FirmId,
    case: CaseId,
    most: usize,
) -> Result<Vec<CaseMember>, Error> {
    let text = format!(
        "SELECT {COLUMNS} FROM case_members WHERE firm_id = $1 AND case_id = $2 \
         ORDER BY added_at, user_id LIMIT $3"
    );
    let values = [firm.uuid().into(), case.uuid().into(), super::row_limit(most)];
    let mut found = Vec::new();
    for row in db.rows(db::sql(db.dialect(), text, values)).await? {
        found.extend(read(&row)?);
    }
    Ok(found)
}

/// Every role that a user has on some case.
pub(crate) async fn roles_of(db: &impl Reads, firm: FirmId, user: UserId) -> Result<Vec<Role>, Error> {
    let rows = db.rows(db::sql(db.dialect(), ROLES, [firm.uuid(), user.uuid()].map(Value::from))).await?;
    let mut found = Vec::new();
    for row in rows {
        found.extend(row.at::<String>(0)?.parse::<Role>());
    }
    Ok(found)
}

pub(crate) async fn count_members(db: &impl Reads, firm: FirmId, case: CaseId) -> Result<u64, Error> {
    super::count(db, COUNT_MEMBERS, [firm.uuid(), case.uuid()].map(Value::from)).await
}

pub(crate) async fn count_cases(db: &impl Reads, firm: FirmId, user: UserId) -> Result<u64, Error> {
    super::count(db, COUNT_CASES, [firm.uuid(), user.uuid()].map(Value::from)).await
}

/// Stores a role on a case, in the place of the one before.
pub(crate) async fn put(tx: &mut Tx, firm: FirmId, case: CaseId, member: &CaseMember) -> Result<(), Error> {
    let values = [
        firm.uuid().into(),
        case.uuid().into(),
        member.user.uuid().into(),
        member.role.as_str().into(),
        member.added_by.uuid().into(),
        Stamp(member.added_at).into(),
    ];
    tx.run(db::sql(tx.dialect(), PUT, values)).await?;
    Ok(())
}

pub(crate) async fn remove(tx: &mut Tx, firm: FirmId, case: CaseId, user: UserId) -> Result<bool, Error> {
    let values = [firm.uuid(), case.uuid(), user.uuid()].map(Value::from);
    Ok(tx.run(db::sql(tx.dialect(), REMOVE, values)).await? > 0)
}

pub(crate) async fn remove_user(tx: &mut Tx, firm: FirmId, user: UserId) -> Result<u64, Error> {
    tx.run(db::sql(tx.dialect(), REMOVE_USER, [firm.uuid(), user.uuid()].map(Value::from))).await
}

pub(crate) async fn remove_case(tx: &mut Tx, firm: FirmId, case: CaseId) -> Result<u64, Error> {
    tx.run(db::sql(tx.dialect(), REMOVE_CASE, [firm.uuid(), case.uuid()].map(Value::from))).await
}

/// Counts that somebody sees less of a case than before.
pub(crate) async fn departed(tx: &mut Tx, firm: FirmId) -> Result<(), Error> {
    tx.run(db::sql(tx.dialect(), DEPARTED, [firm.uuid().into()])).await?;
    Ok(())
}

/// How often somebody in the firm came to see less of a case, by a wall or by leaving its team.
pub(crate) async fn narrowed(db: &impl Reads, firm: FirmId) -> Result<i64, Error> {
    let rows = db.rows(db::sql(db.dialect(), NARROWED, [firm.uuid().into()])).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.at(0))?)
}

/// Nothing for a role that this version does not know: it allows nothing.
fn read(row: &Row) -> Result<Option<CaseMember>, Error> {
    let role: String = row.at(1)?;
    let Ok(role) = role.parse::<Role>() else {
        tracing::error!(role, "a stored role on a case is not understood by this version and does not count");
        return Ok(None);
    };
    Ok(Some(CaseMember {
        user: UserId::from_uuid(row.at::<Uuid>(0)?),
        role,
        added_by: UserId::from_uuid(row.at::<Uuid>(2)?),
        added_at: row.at::<Stamp>(3)?.0,
    }))
}
