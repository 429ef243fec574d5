use db::{Dialect, migrate};
use sea_orm::sea_query::Table;

const SQLITE_BUMP: &str = "INSERT INTO standing_versions (firm_id, version) VALUES (NEW.firm_id, 1) \
                           ON CONFLICT (firm_id) DO UPDATE SET version = version + 1";
const POSTGRES_BUMP: &str = "CREATE FUNCTION bump_standing_version() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                             INSERT INTO standing_versions AS known (firm_id, version) VALUES (NEW.firm_id, 1) \
                             ON CONFLICT (firm_id) DO UPDATE SET version = known.version + 1; RETURN NULL; END $$";

/// Columns whose change must be seen by every process, and their tables.
const WATCHED: [(&str, &[&str]); 2] = [
    ("sessions", &["revoked_at", "proved_at"]),
    ("users", &["role", "active", "second_factor", "signed_out_at"]),
];

/// One number for each firm, which moves on with whatever ends a login or changes what a user may do. The database moves
/// it, so that no writer can forget to. PostgreSQL does so at the commit: the row is locked last and shortly, and two
/// transactions never wait for each other crosswise.
pub(super) fn versions(dialect: Dialect) -> Vec<String> {
    let columns = dialect.columns();
    let versions = Table::create()
        .table("standing_versions")
        .col(columns.id("firm_id").primary_key())
        .col(columns.int("version"))
        .take();
    let mut statements = vec![migrate::table(dialect, &versions)];
    if dialect == Dialect::Postgres {
        statements.push(POSTGRES_BUMP.to_owned());
    }
    statements.extend(WATCHED.iter().map(|(table, columns)| trigger(dialect, table, columns)));
    statements
}

fn trigger(dialect: Dialect, table: &str, columns: &[&str]) -> String {
    let list = columns.join(", ");
    let differs = match dialect {
        Dialect::Sqlite => "IS NOT",
        Dialect::Postgres => "IS DISTINCT FROM",
    };
    let changed: Vec<String> =
        columns.iter().map(|column| format!("OLD.{column} {differs} NEW.{column}")).collect();
    let changed = changed.join(" OR ");
    match dialect {
        Dialect::Sqlite => format!(
            "CREATE TRIGGER {table}_standing AFTER UPDATE OF {list} ON {table} WHEN {changed} BEGIN \
             {SQLITE_BUMP}; END"
        ),
        Dialect::Postgres => format!(
            "CREATE CONSTRAINT TRIGGER {table}_standing AFTER UPDATE OF {list} ON {table} \
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ({changed}) \
             EXECUTE FUNCTION bump_standing_version()"
        ),
    }
}
