//! What walls hide from whom.

use db::{Error, Reads, Tx};
use ids::{CaseId, FirmId, Id, UserId, WallId};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, UnionType, Value};

/// The cases hidden from a user, as a query of the builder.
pub(crate) fn hidden(firm: FirmId, user: UserId) -> SelectStatement {
    let (of, closure, admission) = (firm.uuid(), Alias::new("c"), Alias::new("a"));
    let admitted = Query::select()
        .expr(Expr::val(1))
        .from_as("wall_admissions", admission.clone())
        .and_where(Expr::col((admission.clone(), "firm_id")).eq(of))
        .and_where(Expr::col((admission.clone(), "wall_id")).equals((closure.clone(), "wall_id")))
        .and_where(Expr::col((admission, "user_id")).eq(user.uuid()))
        .take();
    let closed = Query::select()
        .column((closure.clone(), "case_id"))
        .from_as("wall_closures", closure.clone())
        .and_where(Expr::col((closure, "firm_id")).eq(of))
        .and_where(Expr::exists(admitted).not())
        .take();
    Query::select()
        .column("case_id")
        .from("wall_screens")
        .and_where(Expr::col("firm_id").eq(of))
        .and_where(Expr::col("user_id").eq(user.uuid()))
        .union(UnionType::All, closed)
        .take()
}

/// The same as text, for statements that are text. `firm` and `user` are the numbers of its two place holders.
pub(crate) fn hidden_text(firm: usize, user: usize) -> String {
    format!(
        "SELECT case_id FROM wall_screens WHERE firm_id = ${firm} AND user_id = ${user} \
         UNION ALL SELECT c.case_id FROM wall_closures c WHERE c.firm_id = ${firm} \
         AND NOT EXISTS (SELECT 1 FROM wall_admissions a WHERE a.firm_id = ${firm} AND a.wall_id = c.wall_id \
         AND a.user_id = ${user})"
    )
}

/// The rest of a condition: no wall hides the case in `column`. `firm` and `user` are the numbers of its two place holders.
pub(crate) fn unhidden_text(column: &str, firm: usize, user: usize) -> String {
    format!(
        " AND NOT EXISTS (SELECT 1 FROM wall_screens s WHERE s.firm_id = ${firm} AND s.user_id = ${user} \
         AND s.case_id = {column}) \
         AND NOT EXISTS (SELECT 1 FROM wall_closures c WHERE c.firm_id = ${firm} AND c.case_id = {column} \
         AND NOT EXISTS (SELECT 1 FROM wall_admissions a WHERE a.firm_id = ${firm} AND a.wall_id = c.wall_id \
         AND a.user_id = ${user}))"
    )
}

/// Whether a case is hidden from a user.
pub(crate) async fn hides(db: &impl Reads, firm: FirmId, user: UserId, case: CaseId) -> Result<bool, Error> {
    let text = format!("SELECT 1 WHERE $3 IN ({})", hidden_text(1, 2));
    let values = [firm.uuid(), user.uuid(), case.uuid()].map(Value::from);
    Ok(!db.rows(db::sql(db.dialect(), text, values)).await?.is_empty())
}

const CHANGES: &str = "SELECT walls FROM firm_policies WHERE firm_id = $1";
const CHANGED: &str = "INSERT INTO firm_policies (firm_id, walls, grants) VALUES ($1, 1, 0) \
                       ON CONFLICT (firm_id) DO UPDATE SET walls = firm_policies.walls + 1";

/// How often the firm's walls were changed; 0 for a firm that never had one.
pub(crate) async fn changes(db: &impl Reads, firm: FirmId) -> Result<i64, Error> {
    let rows = db.rows(db::sql(db.dialect(), CHANGES, [firm.uuid().into()])).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.at(0))?)
}

/// Counts a change. The row stays locked until the transaction ends, so that changes of one firm's walls follow each other.
pub(crate) async fn changed(tx: &mut Tx, firm: FirmId) -> Result<(), Error> {
    tx.run(db::sql(tx.dialect(), CHANGED, [firm.uuid().into()])).await?;
    Ok(())
}

const SCREEN: &str = "INSERT INTO wall_screens (firm_id, user_id, case_id, wall_id) VALUES ($1, $2, $3, $4)";
const CLOSE: &str = "INSERT INTO wall_closures (firm_id, case_id, wall_id) VALUES ($1, $2, $3)";
const ADMIT: &str = "INSERT INTO wall_admissions (firm_id, wall_id, user_id) VALUES ($1, $2, $3)";
const CLEAR: [&str; 3] = [
    "DELETE FROM wall_screens WHERE firm_id = $1 AND wall_id = $2",
    "DELETE FROM wall_closures WHERE firm_id = $1 AND wall_id = $2",
    "DELETE FROM wall_admissions WHERE firm_id = $1 AND wall_id = $2",
];

/// Keeps a user from a case.
pub(crate) async fn screen(
    tx: &mut Tx,
    firm: FirmId,
    wall: WallId,
    case: CaseId,
    user: UserId,
) -> Result<(), Error> {
    let values = [firm.uuid(), user.uuid(), case.uuid(), wall.uuid()].map(Value::from);
    tx.run(db::sql(tx.dialect(), SCREEN, values)).await?;
    Ok(())
}

/// Closes a case to everybody who is not admitted.
pub(crate) async fn close(tx: &mut Tx, firm: FirmId, wall: WallId, case: CaseId) -> Result<(), Error> {
    let values = [firm.uuid(), case.uuid(), wall.uuid()].map(Value::from);
    tx.run(db::sql(tx.dialect(), CLOSE, values)).await?;
    Ok(())
}

/// Lets a user through a closure.
pub(crate) async fn admit(tx: &mut Tx, firm: FirmId, wall: WallId, user: UserId) -> Result<(), Error> {
    let values = [firm.uuid(), wall.uuid(), user.uuid()].map(Value::from);
    tx.run(db::sql(tx.dialect(), ADMIT, values)).await?;
    Ok(())
}

/// Takes away all that a wall does.
pub(crate) async fn clear(tx: &mut Tx, firm: FirmId, wall: WallId) -> Result<(), Error> {
    for text in CLEAR {
        tx.run(db::sql(tx.dialect(), text, [firm.uuid(), wall.uuid()].map(Value::from))).await?;
    }
    Ok(())
}

/// Whether a wall closes its case to everybody who is not admitted.
pub(crate) async fn is_closed(db: &impl Reads, firm: FirmId, wall: WallId) -> Result<bool, Error> {
    let text = "SELECT 1 FROM wall_closures WHERE firm_id = $1 AND wall_id = $2";
    Ok(!db.rows(db::sql(db.dialect(), text, [firm.uuid(), wall.uuid()].map(Value::from))).await?.is_empty())
}

/// Users of a wall, in the order of their ids: those it screens, or those it admits.
pub(crate) async fn members(
    db: &impl Reads,
    firm: FirmId,
    wall: WallId,
    admitted: bool,
) -> Result<Vec<UserId>, Error> {
    let table = if admitted { "wall_admissions" } else { "wall_screens" };
    let text = format!(
        "SELECT user_id FROM {table} WHERE firm_id = $1 AND wall_id = $2 ORDER BY user_id LIMIT 1000"
    );
    let rows = db.rows(db::sql(db.dialect(), text, [firm.uuid(), wall.uuid()].map(Value::from))).await?;
    rows.iter().map(|row| Ok(UserId::from_uuid(row.at(0)?))).collect()
}
