use crate::template;
use db::{Db, Migration, Settings};
use sqlx::{AssertSqlSafe, Connection, Executor};
use std::time::Duration;
use tempfile::TempDir;

/// A database for one test: an embedded one in a folder of its own or, when `TEST_DATABASE_URL` names a PostgreSQL
/// server, a new database there. Both go away with it.
#[derive(Debug)]
pub struct TestDatabase {
    folder: TempDir,
    postgres: Option<Postgres>,
}

#[derive(Debug)]
struct Postgres {
    server: String,
    name: String,
}

impl TestDatabase {
    /// An empty database.
    pub async fn create() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let postgres = match server() {
            Some(server) => Some(Postgres::create(server).await),
            None => None,
        };
        Self { folder, postgres }
    }

    /// A database that has the schema, as far as the server of the tests builds it faster than the migrations do.
    pub async fn migrated(schema: &[Migration]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let postgres = match server() {
            Some(server) => Some(Postgres::copy(server, schema).await),
            None => None,
        };
        Self { folder, postgres }
    }

    /// How to open it.
    pub fn settings(&self) -> Settings {
        let url = self.postgres.as_ref().map(Postgres::url);
        // Tests run beside each other on one server: few connections each.
        Settings {
            url,
            max_connections: 8,
            acquire_timeout: Duration::from_mins(1),
            ..Settings::embedded(self.folder.path())
        }
    }

    /// The folder for files of this test.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Opens it, brings the schema up to date and runs the committer for as long as the test lasts.
    pub async fn open(&self, migrations: &[Migration]) -> Db {
        let db = Db::open(&self.settings()).await.expect("the database opens");
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's runtime ends with the test and takes the task along"
        )]
        tokio::spawn(db.commit_groups());
        let now = clock::Clock::now(&*crate::clock());
        db::migrate::run(&db, migrations, now).await.expect("the schema is built");
        db
    }
}

#[expect(clippy::disallowed_methods, reason = "which database the suite runs on is the caller's choice")]
fn server() -> Option<String> {
    std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())
}

impl Postgres {
    async fn create(server: String) -> Self {
        let name = new_name();
        let mut connection =
            sqlx::PgConnection::connect(&server).await.expect("the PostgreSQL server of the tests");
        let create = format!("CREATE DATABASE {name}");
        connection.execute(AssertSqlSafe(create)).await.expect("a database for this test");
        connection.close().await.expect("the connection closes");
        Self { server, name }
    }

    /// A database with this schema.
    async fn copy(server: String, schema: &[Migration]) -> Self {
        let name = new_name();
        template::create_from(&server, |name| address_of(&server, name), &name, schema).await;
        Self { server, name }
    }

    /// The address of this database.
    fn url(&self) -> String {
        address_of(&self.server, &self.name)
    }
}

/// The server's address with the database `name` instead of its own.
fn address_of(server: &str, name: &str) -> String {
    let (base, query) = server.split_once('?').unwrap_or((server, ""));
    let (host, _) = base.rsplit_once('/').expect("an address with a database");
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{host}/{name}{query}")
}

fn new_name() -> String {
    format!("lf_test_{}", uuid::Uuid::from_bytes(random()).simple())
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    clock::Random::fill(&clock::SystemRandom, &mut bytes);
    bytes
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let (server, drop) =
            (self.server.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // A runtime cannot be entered from a drop inside another: a thread of its own does it.
        let removal = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut connection =
                    sqlx::PgConnection::connect(&server).await.expect("the PostgreSQL server");
                connection.execute(AssertSqlSafe(drop)).await.expect("the test's database goes away");
            });
        });
        drop_result(removal.join());
    }
}

/// A database that could not be removed must not turn a failing test's message into a double panic.
fn drop_result<T>(result: std::thread::Result<T>) {
    drop(result);
}
