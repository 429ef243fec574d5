use access::{App, Ctx, Role};
use accounts::{NewFirm, NewUser};
use chrono::TimeDelta;
use clock::{MockClock, SeededRandom};
use crypto::Secret;
use db::Reads as _;
use headroom::{Faults, Headroom, PoolStats, SystemRoots, SystemSource};
use lexiflow::config::{Config, Sources, load};
use lexiflow::state::{OpenMemory, Running, StartOptions, migrations, start};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use testkit::{Client, TestDatabase};

/// Everybody's password.
pub const PASSWORD: &str = "copper lantern violet harbor 7";
/// The first administrator's address.
const ADMIN: &str = "admin@first.example.com";
/// How long anything may take that a server does by itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// A whole server with a database, a data folder and a clock of its own.
#[derive(Debug)]
pub struct TestApp {
    // First, so that it looks before anything else is gone.
    lent: Lent,
    running: Running,
    clock: Arc<MockClock>,
    admin: Client,
    users: AtomicU32,
    seed: u64,
    // Last, so that the server is gone before its database is.
    database: TestDatabase,
}

/// Fails a test that drops its server while bytes are lent, unless it fails already or [`TestApp::finish`] has looked.
#[derive(Debug)]
struct Lent(Option<Headroom>);

impl Drop for Lent {
    fn drop(&mut self) {
        let lent = self.0.as_ref().map_or(0, |headroom| headroom.root().used());
        assert!(
            lent == 0 || std::thread::panicking(),
            "dropped without `finish` while {lent} bytes are lent"
        );
    }
}

impl TestApp {
    /// Starts one with the default settings.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts one with settings of the test's choice, as on the command line.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::with_memory(settings, Box::new(Headroom::system)).await
    }

    /// Starts one whose memory books refuse some of what is asked of them, as soon as the faults are told to.
    #[expect(clippy::disallowed_methods, reason = "this is the test that the faults are for")]
    pub async fn with_faults(faults: &Arc<Faults>) -> Self {
        let faults = Arc::clone(faults);
        let source = Arc::new(SystemSource::open(SystemRoots::default()));
        let memory = |settings| Headroom::with_faults(settings, source, faults);
        Self::with_memory(&[], Box::new(memory)).await
    }

    /// Starts one with memory books of the test's choice.
    pub async fn with_memory(settings: &[(&str, &str)], memory: OpenMemory) -> Self {
        let database = TestDatabase::migrated(&migrations()).await;
        let data = database.folder().join("data").display().to_string();
        let mut overrides = vec![
            ("storage.data_dir", data.as_str()),
            ("storage.min_disk_space", "0"),
            ("server.port", "0"),
            ("server.drain_deadline", "5s"),
            ("database.pool_max", "6"),
            ("auth.argon2_memory", "8MiB"),
            ("auth.argon2_passes", "1"),
            // A test asks in a second what people ask in an hour.
            ("rate_limit.max", "1000000"),
            ("rate_limit.auth_max", "1000000"),
            ("rate_limit.upload_max", "1000000"),
            ("rate_limit.max_concurrent", "1000000"),
            ("admin.email", ADMIN),
            ("admin.password", PASSWORD),
        ];
        let url = database.settings().url;
        overrides.extend(url.as_deref().map(|url| ("database.url", url)));
        overrides.extend_from_slice(settings);
        let overrides =
            overrides.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let loaded = load(&Sources { overrides, ..Sources::default() }).expect("the settings are valid");
        Self::launch(loaded.config, memory, testkit::clock(), 1, database).await
    }

    async fn launch(
        config: Config,
        memory: OpenMemory,
        clock: Arc<MockClock>,
        seed: u64,
        database: TestDatabase,
    ) -> Self {
        let options = StartOptions {
            memory,
            clock: Arc::clone(&clock) as _,
            random: Arc::new(SeededRandom::new(seed)),
            ..StartOptions::new(config)
        };
        let running = Box::pin(start(options)).await.expect("the server starts");
        let admin = Client::new(running.address()).sign_in(ADMIN, PASSWORD).await;
        let lent = Lent(Some(running.app().headroom().clone()));
        Self { lent, running, clock, admin, users: AtomicU32::new(0), seed, database }
    }

    /// Ends the server and starts it again on the same data, at the same time; `between` is told the data folder.
    pub async fn restart(mut self, between: impl FnOnce(&Path)) -> Self {
        let config = Config::clone(&self.running.parts().config);
        self.lent.0 = None;
        let report = tokio::time::timeout(PATIENCE, self.running.shutdown()).await.expect("an end");
        assert!(report.clean, "{report:?}");
        between(&config.storage.data_dir);
        // Further ids must not be those of the first run again.
        Self::launch(config, Box::new(Headroom::system), self.clock, self.seed + 1, self.database).await
    }

    /// Another server on the same database, with the same clock; nothing where the database is an embedded one, which has
    /// one server.
    pub async fn replica(&self) -> Option<Running> {
        let mut config = Config::clone(&self.running.parts().config);
        config.database.url.as_ref()?;
        let key = config.storage.data_dir.join("secrets/jwt.key");
        config.storage.data_dir = self.database.folder().join("replica");
        let secrets = config.storage.data_dir.join("secrets");
        std::fs::create_dir_all(&secrets).expect("a folder");
        std::fs::copy(key, secrets.join("jwt.key")).expect("the key is shared");
        let options = StartOptions {
            clock: Arc::clone(&self.clock) as _,
            random: Arc::new(SeededRandom::new(self.seed + 1000)),
            ..StartOptions::new(config)
        };
        Some(Box::pin(start(options)).await.expect("the second server starts"))
    }

    /// The first firm's super administrator.
    pub fn admin(&self) -> &Client {
        &self.admin
    }

    /// The address that the administrator signs in with.
    pub fn admin_email(&self) -> &'static str {
        ADMIN
    }

    /// Somebody who is not signed in.
    pub fn anonymous(&self) -> Client {
        Client::new(self.running.address())
    }

    /// A new user of the first firm, added over the API and signed in.
    pub async fn user(&self, role: Role) -> Client {
        let email = self.add_user(role).await;
        self.anonymous().sign_in(&email, PASSWORD).await
    }

    /// A new user of the first firm who has not signed in yet: the address to do so with.
    pub async fn add_user(&self, role: Role) -> String {
        let number = self.users.fetch_add(1, Ordering::Relaxed);
        let email = format!("{role}-{number}@first.example.com");
        let body = json!({ "email": email, "firstName": "Test", "lastName": format!("User {number}"),
            "role": role.as_str(), "password": PASSWORD });
        drop(self.admin.post("/api/users", &body).await.expect_status(201));
        email
    }

    /// A new operator of the first firm, added by this administrator: the address to sign in with.
    pub async fn add_operator(&self, admin: &Client) -> String {
        let number = self.users.fetch_add(1, Ordering::Relaxed);
        let email = format!("operator-{number}@first.example.com");
        let body = json!({ "email": email, "firstName": "Test", "lastName": "Operator",
            "role": Role::ItAdmin.as_str(), "password": PASSWORD });
        drop(admin.post("/api/users", &body).await.expect_status(201));
        email
    }

    /// Another firm on the same server: its super administrator.
    pub async fn second_firm(&self) -> Client {
        let email = "admin@second.example.com";
        let admin = NewUser {
            email: email.to_owned(),
            first_name: "Second".to_owned(),
            last_name: "Administrator".to_owned(),
            role: Role::SuperAdmin,
        };
        let firm = NewFirm { name: "Second Firm".to_owned() };
        let hasher = &self.running.parts().hasher;
        accounts::create_firm_with_admin(self.app(), hasher, firm, admin, Secret::new(PASSWORD))
            .await
            .expect("a second firm");
        self.anonymous().sign_in(email, PASSWORD).await
    }

    /// The first administrator, as the command line acts for them.
    pub async fn ctx(&self) -> Ctx {
        let firm = accounts::find_first_firm(self.app()).await.expect("the firms").expect("a firm");
        let principal = accounts::first_administrator(self.app(), firm.id).await.expect("the users");
        self.app().act_as(principal.expect("an administrator"), "test")
    }

    /// The application behind the routes.
    pub fn app(&self) -> &App {
        self.running.app()
    }

    /// The running server.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.running.parts().config.storage.data_dir
    }

    /// Moves the server's clock on.
    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// Hands out all events and runs all jobs.
    pub async fn settle(&self) {
        tokio::time::timeout(PATIENCE, self.running.settle())
            .await
            .expect("the work ends")
            .expect("the work is done");
    }

    /// Does the periodic work that is due by the clock, and all that comes of it. Until the clock is moved, the server does
    /// nothing more by itself.
    pub async fn settle_periodic(&self) {
        let scheduler = &self.running.parts().scheduler;
        let work = async {
            loop {
                let ran = scheduler.run_due().await.expect("the work that is due");
                // The server's own scheduler may be at it.
                let running = scheduler.state().await.expect("the state of the work").running;
                self.settle().await;
                if ran.is_empty() && running == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, work).await.expect("the periodic work ends");
    }

    /// The files below the data folder's `files`, temporary ones included.
    pub fn stored_files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder().join("files")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
                if entry.file_type().expect("a type").is_dir() {
                    folders.push(entry.path());
                } else {
                    found.push(entry.path().display().to_string());
                }
            }
        }
        found.sort();
        found
    }

    /// Waits until no request runs and no byte is borrowed: a client that hangs up learns nothing of the server's end.
    pub async fn quiet(&self) {
        let wait = async {
            while self.requests_running().await > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            // What was asked last is answered, and still on its way.
            while !self.lent().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let outcome = tokio::time::timeout(PATIENCE, wait).await;
        assert!(outcome.is_ok(), "still borrowed: {:?}", self.lent());
    }

    /// The requests that run beside the one that asks.
    async fn requests_running(&self) -> u64 {
        self.gauge("http_requests_in_flight").await.saturating_sub(1)
    }

    /// What the metrics say of something that is counted and has no labels; whoever asks is in it.
    pub async fn gauge(&self, name: &str) -> u64 {
        let metrics = self.anonymous().get("/api/metrics").await.expect_status(200).text();
        let gauge = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        gauge.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no gauge {name}"))
    }

    /// Fails when work was given up or is left over, when memory is still borrowed, when a transaction is still open,
    /// or when the server does not end by itself.
    pub async fn finish(mut self) {
        self.settle().await;
        self.quiet().await;
        self.lent.0 = None;
        let (app, reader) = (self.app(), self.app().db().reader());
        let events = app.outbox().pending(reader).await.expect("the events");
        assert_eq!((events.waiting, events.retrying, events.dead), (0, 0, 0), "events were left behind");
        let jobs = app.jobs().pending(reader).await.expect("the jobs");
        assert_eq!((jobs.waiting, jobs.running, jobs.dead), (0, 0, 0), "jobs were left behind");
        self.no_open_transaction().await;
        let report = tokio::time::timeout(PATIENCE, self.running.shutdown()).await.expect("an end");
        assert!(report.clean, "{report:?}");
        drop(self.database);
    }

    /// Every node of the budget tree that is not back at nothing: not only their sum counts.
    pub fn lent(&self) -> Vec<PoolStats> {
        let headroom = self.app().headroom();
        let firms = headroom.top_tenants(usize::MAX).into_iter().map(|firm| firm.pool);
        headroom.pools().into_iter().chain(firms).filter(|pool| pool.used > 0).collect()
    }

    /// The one writer of an embedded database is free; no connection of a PostgreSQL database idles in a transaction.
    pub async fn no_open_transaction(&self) {
        let db = self.app().db();
        let begun =
            tokio::time::timeout(PATIENCE, db.writer().begin()).await.expect("nobody holds the writer");
        begun.expect("a transaction").rollback().await.expect("a rollback");
        // The background work has transactions of its own, which come and go.
        let ended = async {
            while self.idle_in_transaction().await > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.expect("every transaction ends");
    }

    /// Connections that have a transaction and do nothing. An embedded database has one writer, which is asked itself.
    async fn idle_in_transaction(&self) -> i64 {
        let db = self.app().db();
        if db.dialect() != db::Dialect::Postgres {
            return 0;
        }
        let text = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                    AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()";
        let rows = db.reader().rows(db::sql(db.dialect(), text, [])).await.expect("the activity");
        rows[0].at(0).expect("a count")
    }
}
