mod factors;
mod passkeys;
mod providers;
mod standing;

use db::{Dialect, Migration, migrate};
use sea_orm::sea_query::{ForeignKey, Index, Table};

/// This module's tables.
pub fn migrations() -> Vec<Migration> {
    vec![
        Migration { name: "0021_sessions", statements: tables },
        Migration { name: "0023_devices", statements: devices },
        Migration { name: "0024_standing_versions", statements: standing::versions },
        Migration { name: "0025_second_factors", statements: factors::tables },
        Migration { name: "0026_sign_in_providers", statements: providers::tables },
        Migration { name: "0027_passkeys", statements: passkeys::tables },
    ]
}

fn tables(dialect: Dialect) -> Vec<String> {
    let mut statements = sessions(dialect);
    statements.extend(tokens(dialect));
    statements.push(refused(dialect));
    statements
}

fn sessions(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let sessions = Table::create()
        .table("sessions")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.time("created_at"))
        .col(columns.time("last_seen_at"))
        .col(columns.time("expires_at"))
        .col(columns.opt_time("revoked_at"))
        .col(columns.opt_text("revoked_reason"))
        .col(columns.opt_text("address"))
        .col(columns.opt_text("user_agent"))
        .foreign_key(ForeignKey::create().name("sessions_user").from("sessions", "user_id").to("users", "id"))
        .take();
    let of_user = Index::create()
        .name("sessions_of_user")
        .table("sessions")
        .col("firm_id")
        .col("user_id")
        .col("expires_at")
        .take();
    let by_end = Index::create().name("sessions_expires_at").table("sessions").col("expires_at").take();
    vec![
        migrate::table(dialect, &sessions),
        migrate::index(dialect, &of_user),
        migrate::index(dialect, &by_end),
    ]
}

fn tokens(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let tokens = Table::create()
        .table("refresh_tokens")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("session_id"))
        .col(columns.bytes("hash"))
        .col(columns.time("issued_at"))
        .col(columns.time("expires_at"))
        .col(columns.opt_time("used_at"))
        .foreign_key(
            ForeignKey::create()
                .name("refresh_tokens_session")
                .from("refresh_tokens", "session_id")
                .to("sessions", "id"),
        )
        .take();
    let hash =
        Index::create().unique().name("refresh_tokens_hash").table("refresh_tokens").col("hash").take();
    let of_session =
        Index::create().name("refresh_tokens_of_session").table("refresh_tokens").col("session_id").take();
    vec![
        migrate::table(dialect, &tokens),
        migrate::index(dialect, &hash),
        migrate::index(dialect, &of_session),
    ]
}

/// `refused_sign_ins` has no `firm_id`: nobody knows the firm of an address that nobody has. One row a day, so that
/// strangers cannot fill the disk.
fn refused(dialect: Dialect) -> String {
    let columns = dialect.columns();
    let refused = Table::create()
        .table("refused_sign_ins")
        .col(columns.date("day").primary_key())
        .col(columns.int("attempts"))
        .take();
    migrate::table(dialect, &refused)
}

/// Devices that users have signed in with, what logins know of them, and every attempt on an account.
fn devices(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let devices = Table::create()
        .table("devices")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.time("first_seen_at"))
        .col(columns.time("last_seen_at"))
        .col(columns.opt_time("trusted_until"))
        .foreign_key(ForeignKey::create().name("devices_user").from("devices", "user_id").to("users", "id"))
        .take();
    let of_user =
        Index::create().name("devices_of_user").table("devices").col("firm_id").col("user_id").take();
    let by_use = Index::create().name("devices_last_seen_at").table("devices").col("last_seen_at").take();
    let mut statements = vec![migrate::table(dialect, &devices)];
    statements.extend([of_user, by_use].iter().map(|index| migrate::index(dialect, index)));
    let (id, text, time) = match dialect {
        Dialect::Sqlite => ("blob", "text", "integer"),
        Dialect::Postgres => ("uuid", "text", "timestamptz"),
    };
    for (column, kind) in [("device_id", id), ("name", text), ("proved_at", time)] {
        statements.push(format!("ALTER TABLE sessions ADD COLUMN {column} {kind}"));
    }
    // Those that nobody has ended are few; the hunt for those whose time is over reads these alone.
    statements
        .push("CREATE INDEX sessions_open ON sessions (last_seen_at) WHERE revoked_at IS NULL".to_owned());
    statements.extend(sign_ins(dialect));
    statements
}

fn sign_ins(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let sign_ins = Table::create()
        .table("sign_ins")
        .col(columns.key())
        .col(columns.firm())
        .col(columns.id("user_id"))
        .col(columns.time("at"))
        .col(columns.text("outcome"))
        .col(columns.opt_id("session_id"))
        .col(columns.opt_text("address"))
        .col(columns.opt_text("user_agent"))
        .foreign_key(ForeignKey::create().name("sign_ins_user").from("sign_ins", "user_id").to("users", "id"))
        .take();
    let of_user = Index::create()
        .name("sign_ins_of_user")
        .table("sign_ins")
        .col("firm_id")
        .col("user_id")
        .col("at")
        .take();
    let by_age = Index::create().name("sign_ins_at").table("sign_ins").col("at").take();
    vec![
        migrate::table(dialect, &sign_ins),
        migrate::index(dialect, &of_user),
        migrate::index(dialect, &by_age),
    ]
}
