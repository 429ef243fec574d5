//! A database of its own for each test, removed at its end.

use db::{Db, Settings};
use futures_util::FutureExt as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// An open database whose committer runs.
pub(crate) struct Place {
    pub(crate) db: Db,
    pub(crate) settings: Settings,
    dir: TempDir,
    tasks: JoinSet<()>,
    server: Option<Server>,
}

struct Server {
    url: String,
    name: String,
}

impl Place {
    /// An embedded database with these settings changed.
    pub(crate) async fn embedded(change: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = Settings::embedded(dir.path());
        change(&mut settings);
        Self::open(settings, dir, None).await
    }

    async fn on_server(url: String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let random: String =
            dir.path().to_string_lossy().chars().filter(char::is_ascii_alphanumeric).collect();
        let name = format!("lf_test_{}_{}", std::process::id(), random.to_lowercase());
        let mut admin = PgConnection::connect(&url).await.unwrap();
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        let mut settings = Settings::embedded(dir.path());
        settings.url = Some(format!("{}/{name}", url.rsplit_once('/').unwrap().0));
        Self::open(settings, dir, Some(Server { url, name })).await
    }

    async fn open(settings: Settings, dir: TempDir, server: Option<Server>) -> Self {
        let db = Db::open(&settings).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(db.commit_groups());
        Self { db, settings, dir, tasks, server }
    }

    /// Closes the database and removes it.
    pub(crate) async fn remove(mut self) {
        tokio::time::timeout(Duration::from_secs(20), self.db.close()).await.expect("the database closes");
        while self.tasks.join_next().await.is_some() {}
        if let Some(Server { url, name }) = self.server {
            let mut admin = PgConnection::connect(&url).await.unwrap();
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            admin.execute(AssertSqlSafe(drop)).await.unwrap();
        }
        drop(self.dir);
    }
}

/// Runs the test on SQLite, and on PostgreSQL if there is a server.
pub(crate) async fn on_both(test: impl AsyncFn(&Place)) {
    on(Place::embedded(|_| ()).await, &test).await;
    if let Some(url) = server() {
        on(Place::on_server(url).await, &test).await;
    }
}

/// Runs the test on this database and removes it, also if the test fails.
pub(crate) async fn on(place: Place, test: &impl AsyncFn(&Place)) {
    let outcome = AssertUnwindSafe(test(&place)).catch_unwind().await;
    place.remove().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "says where the tests may make databases; there is no configuration"
)]
fn server() -> Option<String> {
    std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())
}
