//! A PostgreSQL server that takes no more connections, or has ended those that it had.

use db::{Db, Reads as _, Settings, sql};
use futures_util::FutureExt as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;
use tokio::task::JoinSet;

/// A database and a user of the same name, whom the server lets open only so many connections.
struct Place {
    db: Db,
    server: String,
    name: String,
}

impl Place {
    async fn make(server: String, connections: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let random: String =
            dir.path().to_string_lossy().chars().filter(char::is_ascii_alphanumeric).collect();
        let name = format!("lf_test_{}_{}", std::process::id(), random.to_lowercase());
        let role = format!("CREATE ROLE {name} LOGIN PASSWORD '{name}' CONNECTION LIMIT {connections}");
        as_owner(&server, &[&role, &format!("CREATE DATABASE {name} OWNER {name}")]).await;
        let (scheme, rest) = server.split_once("://").unwrap();
        let host = rest.rsplit_once('/').unwrap().0.rsplit('@').next().unwrap();
        let url = Some(format!("{scheme}://{name}:{name}@{host}/{name}"));
        let acquire_timeout = Duration::from_secs(5);
        let settings = Settings { url, acquire_timeout, ..Settings::embedded(dir.path()) };
        Self { db: Db::open(&settings).await.unwrap(), server, name }
    }

    /// Ends every connection to the database.
    async fn hang_up(&self) {
        let name = &self.name;
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        as_owner(&self.server, &[&end]).await;
    }
}

async fn as_owner(server: &str, statements: &[&str]) {
    let mut owner = PgConnection::connect(server).await.unwrap();
    for text in statements {
        owner.execute(AssertSqlSafe((*text).to_owned())).await.unwrap();
    }
}

/// Runs the test where there is a PostgreSQL server, and says so aloud where there is none.
#[expect(clippy::print_stderr, reason = "a test that does not run says so")]
#[expect(
    clippy::disallowed_methods,
    reason = "says where the tests may make databases; there is no configuration"
)]
async fn on_server_with_limit(connections: u32, test: impl AsyncFn(&Place)) {
    let Some(server) = std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty()) else {
        eprintln!("SKIPPED: there is no PostgreSQL server");
        return;
    };
    let place = Place::make(server, connections).await;
    let outcome = AssertUnwindSafe(test(&place)).catch_unwind().await;
    place.db.close().await;
    let name = &place.name;
    let remove = [format!("DROP DATABASE {name} WITH (FORCE)"), format!("DROP ROLE {name}")];
    as_owner(&place.server, &remove.each_ref().map(String::as_str)).await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

#[tokio::test]
async fn who_waits_takes_a_connection_that_becomes_free() {
    on_server_with_limit(3, async |place| {
        // One is the writer's, so that at most two are left to read with.
        let mut reads = JoinSet::new();
        for _ in 0..8 {
            let db = place.db.clone();
            reads.spawn(async move {
                let text = "SELECT 1 FROM pg_sleep(0.02)";
                db.reader().rows(sql(db.dialect(), text, [])).await.map(|rows| rows.len())
            });
        }
        for read in reads.join_all().await {
            assert_eq!(read.unwrap(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn connections_that_the_server_has_ended_are_replaced_unnoticed() {
    on_server_with_limit(20, async |place| {
        let db = &place.db;
        let mut reads = JoinSet::new();
        for _ in 0..6 {
            let db = db.clone();
            reads.spawn(async move {
                db.reader().rows(sql(db.dialect(), "SELECT 1 FROM pg_sleep(0.1)", [])).await.unwrap()
            });
        }
        reads.join_all().await;
        db.writer().begin().await.unwrap().rollback().await.unwrap();
        place.hang_up().await;
        for _ in 0..10 {
            let rows = db.reader().rows(sql(db.dialect(), "SELECT 1", [])).await.unwrap();
            assert_eq!(rows.len(), 1);
        }
        db.writer().begin().await.unwrap().rollback().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_database_that_takes_no_connections_is_busy_to_readers_and_writers() {
    on_server_with_limit(20, async |place| {
        let (db, name) = (&place.db, &place.name);
        as_owner(&place.server, &[&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")]).await;
        place.hang_up().await;
        let read = db.reader().rows(sql(db.dialect(), "SELECT 1", [])).await;
        assert!(read.as_ref().is_err_and(db::Error::is_transient), "{read:?}");
        let begun = db.writer().begin().await;
        assert!(begun.as_ref().is_err_and(db::Error::is_transient), "{begun:?}");
    })
    .await;
}
