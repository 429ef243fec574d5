use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{Index, Table};

/// This module's tables.
pub fn migrations() -> Vec<Migration> {
    vec![
        Migration { name: "0010_access", statements: tables },
        Migration { name: "0033_access_walls", statements: walls },
    ]
}

/// Whom a wall keeps from a case. None of these tables refers to another one: a case or a user belongs to a module above.
/// `wall_screens` names users one by one; `wall_closures` closes a case to everybody but those in `wall_admissions`.
/// `firm_policies` has one row for each firm that ever had a wall: how often its walls changed.
fn walls(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let screens = Table::create()
        .table("wall_screens")
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.id("case_id"))
        .col(columns.id("wall_id"))
        .primary_key(Index::create().col("firm_id").col("user_id").col("case_id").col("wall_id"))
        .take();
    let closures = Table::create()
        .table("wall_closures")
        .col(columns.firm())
        .col(columns.id("case_id"))
        .col(columns.id("wall_id"))
        .primary_key(Index::create().col("firm_id").col("case_id").col("wall_id"))
        .take();
    let admissions = Table::create()
        .table("wall_admissions")
        .col(columns.firm())
        .col(columns.id("wall_id"))
        .col(columns.id("user_id"))
        .primary_key(Index::create().col("firm_id").col("wall_id").col("user_id"))
        .take();
    let policies = Table::create()
        .table("firm_policies")
        .col(columns.firm().primary_key())
        .col(columns.int("walls"))
        .take();
    let of_wall = Index::create()
        .name("wall_screens_wall")
        .table("wall_screens")
        .col("firm_id")
        .col("wall_id")
        .col("user_id")
        .take();
    let mut statements =
        [screens, closures, admissions, policies].map(|table| migrate::table(dialect, &table)).to_vec();
    statements.push(migrate::index(dialect, &of_wall));
    statements.push(format!("ALTER TABLE idempotency_keys ADD COLUMN walls {}", whole_number(dialect)));
    statements
}

/// `idempotency_keys` has no `firm_id`: its scope is a user's id, which belongs to one firm.
fn tables(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let keys = Table::create()
        .table("idempotency_keys")
        .col(columns.text("scope"))
        .col(columns.text("key"))
        .col(columns.bytes("fingerprint"))
        .col(columns.time("created_at"))
        .col(columns.flag("done"))
        .col(columns.opt_int("status"))
        .col(columns.opt_json("headers"))
        .col(columns.opt_bytes("body"))
        .primary_key(Index::create().col("scope").col("key"))
        .take();
    let by_age = Index::create()
        .name("idempotency_keys_created_at")
        .table("idempotency_keys")
        .col("created_at")
        .take();
    vec![migrate::table(dialect, &keys), migrate::index(dialect, &by_age)]
}

/// The type of a whole number of 64 bits.
fn whole_number(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "integer",
        Dialect::Postgres => "bigint",
    }
}
