use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{Index, Table};

/// This module's tables.
pub fn migrations() -> Vec<Migration> {
    vec![
        Migration { name: "0002_rate_limits", statements: rate_limits },
        Migration { name: "0010_access", statements: tables },
    ]
}

/// `rate_limits` has no `firm_id`: who asks too often is known before anybody knows whose they are, and an address belongs to
/// no firm.
fn rate_limits(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let limits = Table::create()
        .table("rate_limits")
        .col(columns.bytes("key").primary_key())
        .col(columns.int("paid_micros"))
        .col(columns.int("cost_micros"))
        .take();
    let by_time =
        Index::create().name("rate_limits_paid_micros").table("rate_limits").col("paid_micros").take();
    vec![migrate::table(dialect, &limits), migrate::index(dialect, &by_time)]
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
