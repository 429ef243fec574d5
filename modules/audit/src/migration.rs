use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{Index, Table};

/// This module's tables.
pub fn migrations() -> Vec<Migration> {
    vec![Migration { name: "0011_audit", statements: tables }]
}

fn tables(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let entries = Table::create()
        .table("audit_entries")
        .col(columns.sequence("seq"))
        .col(columns.id("id"))
        .col(columns.firm())
        .col(columns.opt_id("user_id"))
        .col(columns.text("action"))
        .col(columns.text("entity"))
        .col(columns.id("entity_id"))
        .col(columns.opt_id("case_id"))
        .col(columns.opt_json("changes"))
        .col(columns.opt_text("address"))
        .col(columns.opt_text("user_agent"))
        .col(columns.text("correlation"))
        .col(columns.time("at"))
        .take();
    let of_entity = Index::create()
        .name("audit_entries_entity")
        .table("audit_entries")
        .col("firm_id")
        .col("entity_id")
        .col("seq")
        .take();
    vec![migrate::table(dialect, &entries), migrate::index(dialect, &of_entity)]
}
