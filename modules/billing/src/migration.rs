use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{ForeignKey, ForeignKeyAction, Index, Table};

/// This module's tables.
pub fn migrations() -> Vec<Migration> {
    vec![Migration { name: "0042_billing", statements: tables }]
}

fn tables(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let entries = Table::create()
        .table("time_entries")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("case_id"))
        .col(columns.id("user_id"))
        .col(columns.date("worked_on"))
        .col(columns.int("worked_seconds"))
        .col(columns.text("description"))
        .col(columns.flag("billable"))
        .col(columns.opt_text("activity_code"))
        .col(columns.int("version"))
        .col(columns.time("created_at"))
        .col(columns.time("updated_at"))
        // Worked time outlives nothing: a case with time on it cannot be removed. The firm is part of the reference, so
        // that no row can refer to another firm's.
        .foreign_key(
            ForeignKey::create()
                .from("time_entries", ("firm_id", "case_id"))
                .to("cases", ("firm_id", "id"))
                .on_delete(ForeignKeyAction::NoAction),
        )
        .take();
    let index = |name: &'static str, column: &'static str| {
        let index = Index::create()
            .name(name)
            .table("time_entries")
            .col("firm_id")
            .col(column)
            .col("worked_on")
            .col("id")
            .take();
        migrate::index(dialect, &index)
    };
    let by_day = Index::create()
        .name("time_entries_day")
        .table("time_entries")
        .col("firm_id")
        .col("worked_on")
        .col("id")
        .take();
    vec![
        migrate::table(dialect, &entries),
        index("time_entries_case", "case_id"),
        index("time_entries_user", "user_id"),
        migrate::index(dialect, &by_day),
    ]
}
