use crate::wire::Wire;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use testkit::TestDatabase;

pub(crate) const EMAIL: &str = "admin@example.com";
pub(crate) const PASSWORD: &str = "copper lantern violet harbor 7";
/// How long a process may take to start or to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// A data folder and a database for servers that follow each other.
#[derive(Debug)]
pub(crate) struct Place {
    database: TestDatabase,
    settings: Vec<(&'static str, String)>,
    is_embedded: bool,
}

/// A server of its own. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

/// A process that ended by itself.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// On the database that the suite runs on.
    pub(crate) async fn new() -> Self {
        Self { database: TestDatabase::create().await, settings: Vec::new(), is_embedded: false }
    }

    /// On the embedded database, whatever the suite runs on.
    pub(crate) async fn embedded() -> Self {
        Self { is_embedded: true, ..Self::new().await }
    }

    /// Whether several servers may share the database.
    pub(crate) fn is_shared(&self) -> bool {
        !self.is_embedded && self.database.settings().url.is_some()
    }

    /// With one more setting of the environment.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
        self
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.database.folder().join("data")
    }

    /// The address of the server's database, unless it is embedded.
    pub(crate) fn url(&self) -> Option<String> {
        self.database.settings().url.filter(|_| !self.is_embedded)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.database.folder()
    }

    /// The command, with nothing of this process's environment.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lexiflow"));
        command.env_clear().current_dir(self.folder()).stdin(Stdio::null());
        for (name, value) in [
            ("HOST", "127.0.0.1"),
            ("PORT", "0"),
            ("LEXIFLOW_ADMIN_EMAIL", EMAIL),
            ("LEXIFLOW_ADMIN_PASSWORD", PASSWORD),
            ("ARGON2_MEMORY_KIB", "8192"),
            ("ARGON2_PASSES", "1"),
            ("MIN_DISK_SPACE", "0"),
            ("LOG_LEVEL", "warn"),
            ("RATE_LIMIT_MAX", "1000000"),
            ("RATE_LIMIT_AUTH_MAX", "1000000"),
            ("RATE_LIMIT_UPLOAD_MAX", "1000000"),
            ("RATE_LIMIT_MAX_CONCURRENT", "1000000"),
        ] {
            command.env(name, value);
        }
        command.env("LEXIFLOW_DATA_DIR", self.data());
        if let Some(url) = self.url() {
            command.env("DATABASE_URL", url).env("DB_POOL_MAX", "8").env("DB_POOL_MIN", "0");
        }
        command.envs(self.settings.iter().map(|(name, value)| (*name, value)));
        command
    }

    /// Starts a server and waits until it says where it listens.
    pub(crate) async fn start(&self) -> Server {
        self.launch(self.command()).await
    }

    /// Starts this command, which is to become a server.
    pub(crate) async fn launch(&self, mut command: Command) -> Server {
        let log = |name: &str| self.folder().join(name);
        let (out, err) = (log("out.log"), log("err.log"));
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        let mut child = command.spawn().expect("the binary starts");
        let begun = Instant::now();
        loop {
            let said = fs::read_to_string(&out).unwrap_or_default();
            if let Some(address) = announced(&said) {
                return Server { child, address };
            }
            let ended = child.try_wait().unwrap();
            let words = || fs::read_to_string(&err).unwrap_or_default();
            assert!(ended.is_none(), "the server ended at its start ({ended:?}): {}", words());
            assert!(begun.elapsed() < PATIENCE, "the server does not start: {}", words());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Starts a server that survives the signal which the kernel sends when a file may not grow. Its log goes through pipes,
    /// which may: what it says is looked for.
    pub(crate) async fn start_stubborn(&self) -> Server {
        self.start_by("trap '' XFSZ; exec \"$0\" > >(cat) 2> >(cat >&2)").await
    }

    /// Starts a server whose log nobody reads any more.
    pub(crate) async fn start_unread(&self) -> Server {
        self.start_by("exec \"$0\" 2> >(exit 0)").await
    }

    /// Starts a server by a script, to which it is `$0`.
    async fn start_by(&self, script: &str) -> Server {
        let plain = self.command();
        let mut command = Command::new("bash");
        command.args(["-c", script]).arg(plain.get_program());
        command.env_clear().current_dir(self.folder());
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.launch(command).await
    }

    /// Runs the server where it cannot start, to its end.
    pub(crate) async fn fail(&self) -> Ended {
        run_to_end(self.command()).await
    }
}

/// Where a server says that it listens.
fn announced(said: &str) -> Option<SocketAddr> {
    let (_, rest) = said.split_once("listens on http://")?;
    rest.split_once('\n')?.0.trim().parse().ok()
}

/// Runs a command that ends by itself.
pub(crate) async fn run_to_end(mut command: Command) -> Ended {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    // What it says fits into a pipe.
    if end_of(&mut child).await.is_none() {
        drop(child.kill());
        panic!("the command does not end by itself: {:?}", child.wait_with_output());
    }
    let output = child.wait_with_output().unwrap();
    Ended {
        status: output.status,
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

async fn end_of(child: &mut Child) -> Option<ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    None
}

impl Server {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Bytes that a file of the server may have from now on; whether there is a program that says so to the kernel. SQLite
    /// then gets `EFBIG`.
    pub(crate) fn limit_files(&self, bytes: &str) -> bool {
        let process = self.pid().to_string();
        let limit = format!("--fsize={bytes}:unlimited");
        let told = Command::new("prlimit").args(["--pid", &process, &limit]).status();
        told.is_ok_and(|status| status.success())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A connection of the administrator.
    pub(crate) async fn sign_in(&self) -> Wire {
        let mut wire = Wire::open(self.address).await.expect("a connection");
        let body = json!({ "email": EMAIL, "password": PASSWORD });
        let answer = wire.post("/api/auth/login", &body).await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
        wire.with_token(answer.json()["accessToken"].as_str().unwrap())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).expect("the process is there");
    }

    /// How it ended, by itself or by a signal sent before.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        end_of(&mut self.child).await.expect("the server ends in time")
    }

    /// Asks it to end; fails unless it ends well.
    pub(crate) async fn stop(self) {
        self.signal(Signal::SIGTERM);
        let status = self.ended().await;
        assert_eq!(status.code(), Some(0), "{status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only for a process that is gone.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
