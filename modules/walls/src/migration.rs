use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{Index, Table};

/// This module's tables. Whom a wall screens lies in the tables of `access`.
pub fn migrations() -> Vec<Migration> {
    vec![Migration { name: "0034_walls", statements: tables }]
}

/// Walls stay when they are lifted, and also when their case is removed: they are the firm's evidence that it was screened.
fn tables(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let walls = Table::create()
        .table("ethical_walls")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("case_id"))
        .col(columns.text("reason"))
        .col(columns.id("raised_by"))
        .col(columns.time("raised_at"))
        .col(columns.opt_id("lifted_by"))
        .col(columns.opt_time("lifted_at"))
        .col(columns.opt_text("lift_reason"))
        .col(columns.opt_json("last_members"))
        .col(columns.int("version"))
        .col(columns.time("updated_at"))
        .take();
    let by_time = Index::create()
        .name("ethical_walls_raised_at")
        .table("ethical_walls")
        .col("firm_id")
        .col("raised_at")
        .col("id")
        .take();
    let of_case = Index::create()
        .name("ethical_walls_case")
        .table("ethical_walls")
        .col("firm_id")
        .col("case_id")
        .col("raised_at")
        .col("id")
        .take();
    vec![
        migrate::table(dialect, &walls),
        migrate::index(dialect, &by_time),
        migrate::index(dialect, &of_case),
    ]
}
