//! A PostgreSQL database that has the schema already, which the databases of tests are copied from.

use db::{Db, Dialect, Migration, Settings, migrate};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use std::hash::{DefaultHasher, Hasher as _};
use std::path::Path;

/// Names the advisory lock: `temp` in ASCII.
const LOCK: i64 = 0x7465_6d70;
const PREFIX: &str = "lf_template_";

/// Creates the database `name` with the schema that `migrations` build. The schema is built once for all tests that have
/// the same, in a template that stays on the server until the schema changes.
pub(crate) async fn create_from(
    server: &str,
    address: impl Fn(&str) -> String,
    name: &str,
    schema: &[Migration],
) {
    let template = name_of(schema);
    let mut connection = PgConnection::connect(server).await.expect("the PostgreSQL server of the tests");
    let copy = format!("CREATE DATABASE {name} TEMPLATE {template}");
    // Whoever builds another template removes this one, not while it is copied.
    run(&mut connection, &format!("SELECT pg_advisory_lock_shared({LOCK})")).await;
    let is_there = templates(&mut connection).await.contains(&template);
    if is_there {
        run(&mut connection, &copy).await;
    }
    run(&mut connection, &format!("SELECT pg_advisory_unlock_shared({LOCK})")).await;
    if !is_there {
        run(&mut connection, &format!("SELECT pg_advisory_lock({LOCK})")).await;
        build(&mut connection, &address, &template, schema).await;
        run(&mut connection, &copy).await;
        run(&mut connection, &format!("SELECT pg_advisory_unlock({LOCK})")).await;
    }
    connection.close().await.expect("the connection closes");
}

/// Builds the template, unless somebody else has done so, and removes those of other schemas.
async fn build(
    connection: &mut PgConnection,
    address: &impl Fn(&str) -> String,
    template: &str,
    schema: &[Migration],
) {
    let known = templates(connection).await;
    if known.iter().any(|name| name == template) {
        return;
    }
    for old in known {
        run(connection, &format!("ALTER DATABASE {old} IS_TEMPLATE false")).await;
        run(connection, &format!("DROP DATABASE IF EXISTS {old} WITH (FORCE)")).await;
    }
    // Under its name there is only what is whole.
    let unfinished = "lf_unfinished_template";
    run(connection, &format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await;
    run(connection, &format!("CREATE DATABASE {unfinished}")).await;
    let settings =
        Settings { url: Some(address(unfinished)), max_connections: 2, ..Settings::embedded(Path::new("")) };
    let db = Db::open(&settings).await.expect("the template opens");
    let now = clock::Clock::now(&*crate::clock());
    migrate::run(&db, schema, now).await.expect("the schema is built");
    db.close().await;
    run(connection, &format!("ALTER DATABASE {unfinished} RENAME TO {template}")).await;
    run(connection, &format!("ALTER DATABASE {template} IS_TEMPLATE true ALLOW_CONNECTIONS false")).await;
}

/// By the schema's text: another schema has another template.
fn name_of(schema: &[Migration]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(migrate::ddl(Dialect::Postgres, schema).as_bytes());
    format!("{PREFIX}{:016x}", hasher.finish())
}

async fn templates(connection: &mut PgConnection) -> Vec<String> {
    let text = format!("SELECT datname::text FROM pg_database WHERE starts_with(datname, '{PREFIX}')");
    let rows = connection.fetch_all(AssertSqlSafe(text)).await.expect("the databases of the server");
    rows.iter().map(|row| row.get(0)).collect()
}

async fn run(connection: &mut PgConnection, text: &str) {
    connection.execute(AssertSqlSafe(text.to_owned())).await.expect("a statement for the databases of tests");
}
