//! Migrations: written once with the schema builder, rendered for both dialects, applied in one transaction each.
//!
//! A migration is append-only: its name and its rendered statements never change once released. The database keeps
//! the name and a checksum; a name that this version does not know means that a newer LexiFlow wrote the database, and
//! the start is refused.

use crate::{Db, Dialect, Error, Reads, Stamp, Tx, rows};
use clock::Timestamp;
use sea_orm::sea_query::{
    IndexCreateStatement, PostgresQueryBuilder, SqliteQueryBuilder, TableCreateStatement, Value,
};

/// Names the advisory lock of migrations: `lexi` in ASCII.
const LOCK_KEY: i64 = 0x6c65_7869;

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Unique and sorted: `0001_cases`.
    pub name: &'static str,
    /// The statements for a dialect, in order.
    pub statements: fn(Dialect) -> Vec<String>,
}

/// Renders a table. SQLite tables are `STRICT`, so that a wrong kind of value is refused as it is by PostgreSQL.
pub fn table(dialect: Dialect, table: &TableCreateStatement) -> String {
    match dialect {
        Dialect::Sqlite => format!("{} STRICT", table.to_string(SqliteQueryBuilder)),
        Dialect::Postgres => table.to_string(PostgresQueryBuilder),
    }
}

/// Renders a table that SQLite keeps in the order of its primary key, which every other index refers to: one tree less to
/// write for each row. For logs, whose rows come at the end.
pub fn clustered_table(dialect: Dialect, table: &TableCreateStatement) -> String {
    match dialect {
        Dialect::Sqlite => format!("{} STRICT, WITHOUT ROWID", table.to_string(SqliteQueryBuilder)),
        Dialect::Postgres => table.to_string(PostgresQueryBuilder),
    }
}

/// Renders an index.
pub fn index(dialect: Dialect, index: &IndexCreateStatement) -> String {
    match dialect {
        Dialect::Sqlite => index.to_string(SqliteQueryBuilder),
        Dialect::Postgres => index.to_string(PostgresQueryBuilder),
    }
}

/// The whole schema as SQL text, for a reviewer, a DBA or a linter.
pub fn ddl(dialect: Dialect, migrations: &[Migration]) -> String {
    let mut text = String::new();
    for migration in migrations {
        text.push_str("-- ");
        text.push_str(migration.name);
        text.push('\n');
        for statement in (migration.statements)(dialect) {
            text.push_str(&statement);
            text.push_str(";\n");
        }
        text.push('\n');
    }
    text
}

/// Brings the schema up to date and returns the names of the migrations that were applied.
pub async fn run(db: &Db, migrations: &[Migration], now: Timestamp) -> Result<Vec<&'static str>, Error> {
    let dialect = db.dialect();
    let applied = applied(db, dialect).await?;
    for (name, checksum) in &applied {
        match migrations.iter().find(|migration| migration.name == name) {
            None => return Err(Error::NewerSchema { name: name.clone() }),
            Some(known) if fingerprint(dialect, known) != *checksum => {
                return Err(Error::ChangedMigration { name: name.clone() });
            }
            Some(_) => {}
        }
    }
    let mut done = Vec::new();
    for migration in migrations {
        if applied.iter().any(|(name, _)| name == migration.name) {
            continue;
        }
        apply(db, dialect, migration, now).await?;
        done.push(migration.name);
    }
    Ok(done)
}

async fn applied(db: &Db, dialect: Dialect) -> Result<Vec<(String, i64)>, Error> {
    let time = match dialect {
        Dialect::Sqlite => "integer",
        Dialect::Postgres => "timestamptz",
    };
    let create = format!(
        "CREATE TABLE IF NOT EXISTS schema_migrations \
         (name text PRIMARY KEY NOT NULL, checksum bigint NOT NULL, applied_at {time} NOT NULL)"
    );
    // One transaction: on a database that exists it only reads, and costs one commit without a write. A role that may not
    // create tables may not even ask for one that is there.
    let mut tx = db.writer().begin().await?;
    lock(&mut tx).await?;
    if !is_known(&tx, dialect).await? {
        tx.run(rows::sql(dialect, create, [])).await?;
    }
    let list = rows::sql(dialect, "SELECT name, checksum FROM schema_migrations ORDER BY name", []);
    let names = tx
        .rows(list)
        .await?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    tx.commit().await?;
    Ok(names)
}

/// Whether the database has the list of its migrations.
pub async fn is_known(db: &impl Reads, dialect: Dialect) -> Result<bool, Error> {
    let text = match dialect {
        Dialect::Sqlite => "SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'",
        Dialect::Postgres => {
            "SELECT 1 FROM pg_tables WHERE tablename = 'schema_migrations' AND schemaname = current_schema()"
        }
    };
    Ok(!db.rows(rows::sql(dialect, text, [])).await?.is_empty())
}

/// Lets one process migrate at a time. On SQLite the write transaction does.
async fn lock(tx: &mut Tx) -> Result<(), Error> {
    if tx.dialect() == Dialect::Postgres {
        let text = format!("SELECT pg_advisory_xact_lock({LOCK_KEY})");
        tx.rows(rows::sql(Dialect::Postgres, text, [])).await?;
    }
    Ok(())
}

async fn apply(db: &Db, dialect: Dialect, migration: &Migration, now: Timestamp) -> Result<(), Error> {
    let mut tx = db.writer().begin().await?;
    lock(&mut tx).await?;
    let same = "SELECT 1 FROM schema_migrations WHERE name = $1";
    if !tx.rows(rows::sql(dialect, same, [Value::from(migration.name)])).await?.is_empty() {
        return Ok(());
    }
    for statement in (migration.statements)(dialect) {
        tx.run(rows::sql(dialect, statement, [])).await?;
    }
    let record = rows::sql(
        dialect,
        "INSERT INTO schema_migrations (name, checksum, applied_at) VALUES ($1, $2, $3)",
        [Value::from(migration.name), Value::from(fingerprint(dialect, migration)), Value::from(Stamp(now))],
    );
    tx.run(record).await?;
    tx.commit().await?;
    tracing::info!(migration = migration.name, "schema migrated");
    Ok(())
}

/// FNV-1a over the rendered statements: a guard against mix-ups, not against attackers.
fn fingerprint(dialect: Dialect, migration: &Migration) -> i64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for statement in (migration.statements)(dialect) {
        for byte in statement.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash.cast_signed()
}
