//! Where cases stand. The table is the module of cases'; that it has these three columns is all that is known of it here, and
//! the statement that reads has to know it: a case that is closed is closed for it at once.

use crate::grants::Statuses;
use ids::{FirmId, Id};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};

/// The cases of these statuses, as a query of the builder.
pub(crate) fn cases_of(firm: FirmId, statuses: Statuses) -> SelectStatement {
    Query::select()
        .column(("cases", "id"))
        .from("cases")
        .and_where(Expr::col(("cases", "firm_id")).eq(firm.uuid()))
        .and_where(Expr::col(("cases", "status")).is_in(statuses.names()))
        .take()
}

/// The same as text. `firm` is the number of its place holder; the statuses are names of ours.
pub(crate) fn cases_text(statuses: Statuses, firm: usize) -> String {
    format!("SELECT standing.id FROM cases standing WHERE {}", of(statuses, firm))
}

/// The condition that the case in `column`, which is named with its table, is of one of these statuses.
pub(crate) fn stands_text(statuses: Statuses, column: &str, firm: usize) -> String {
    let of = of(statuses, firm);
    format!("EXISTS (SELECT 1 FROM cases standing WHERE {of} AND standing.id = {column})")
}

fn of(statuses: Statuses, firm: usize) -> String {
    if statuses.is_empty() {
        return format!("standing.firm_id = ${firm} AND 1 = 0");
    }
    let names: Vec<_> = statuses.names().map(|name| format!("'{name}'")).collect();
    format!("standing.firm_id = ${firm} AND standing.status IN ({})", names.join(", "))
}
