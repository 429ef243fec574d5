use clock::{SystemClock, SystemRandom};
use lexiflow::commands::{Console, run};
use lexiflow::config::{Config, Environment, Sources, load};
use lexiflow::state::{Running, StartError, StartOptions, migrations, start};
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use testkit::{Client, TestDatabase};
use tokio::net::TcpListener;

/// The first administrator of these tests.
pub(crate) const EMAIL: &str = "ada@firm.example";
pub(crate) const PASSWORD: &str = "seven green lamps on a quiet pier";

/// What was written, readable while it is written.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Settings for a test in `folder`; hashing is made cheap.
pub(crate) fn config(folder: &Path, more: &[(&str, &str)]) -> Config {
    let folder = folder.display().to_string();
    let fixed = [
        ("storage.data_dir", folder.as_str()),
        ("storage.min_disk_space", "0"),
        ("server.port", "0"),
        ("server.drain_deadline", "2s"),
        ("admin.email", EMAIL),
        ("admin.password", PASSWORD),
    ];
    let overrides = fixed.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    load(&Sources { overrides: overrides.collect(), ..Sources::default() }).unwrap().config
}

/// Starts on a free port, writing what a person would see to `seen`.
pub(crate) async fn start_with(config: Config, seen: &Written) -> Result<Running, StartError> {
    let options = StartOptions {
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        listener: Some(TcpListener::bind("127.0.0.1:0").await.unwrap()),
        announcements: Box::new(seen.clone()),
        ..StartOptions::new(config)
    };
    Box::pin(start(options)).await
}

/// A running server with its database, which both go away with it.
pub(crate) struct Server {
    pub(crate) running: Running,
    pub(crate) client: Client,
    _database: TestDatabase,
}

impl Server {
    /// On SQLite or, when the suite runs on it, PostgreSQL.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// The same with settings of the test's choice.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let database = TestDatabase::migrated(&migrations()).await;
        let url = database.settings().url;
        let more: Vec<(&str, &str)> = url
            .as_deref()
            .map(|url| ("database.url", url))
            .into_iter()
            .chain([("database.pool_min", "1"), ("database.pool_max", "8")])
            .chain(settings.iter().copied())
            .collect();
        let running = start_with(config(database.folder(), &more), &Written::default()).await.unwrap();
        let client = Client::new(running.address());
        Self { running, client, _database: database }
    }

    /// Signed in as the first administrator.
    pub(crate) async fn admin(&self) -> Client {
        self.client.sign_in(EMAIL, PASSWORD).await
    }
}

/// Runs one command line in `folder` and returns exit code, output and errors.
pub(crate) fn command(folder: &Path, words: &[&str]) -> (u8, String, String) {
    let (out, err) = (Written::default(), Written::default());
    let environment: Environment = [
        ("LEXIFLOW_DATA_DIR", folder.display().to_string()),
        ("LEXIFLOW_ADMIN_EMAIL", EMAIL.to_owned()),
        ("LEXIFLOW_ADMIN_PASSWORD", PASSWORD.to_owned()),
        ("MIN_DISK_SPACE", "0".to_owned()),
    ]
    .into_iter()
    .collect();
    let arguments = std::iter::once("lexiflow").chain(words.iter().copied()).map(OsString::from);
    let mut console = Console::to(out.clone(), err.clone());
    let code = run(arguments, environment, None, &mut console);
    (code, out.text(), err.text())
}
