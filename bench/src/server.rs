//! The server under measurement.

use crate::child::{Group, Guard, through_self};
use crate::setup::Setup;
use anyhow::Context as _;
use nix::sys::signal::Signal;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The administrator of the databases that are made here and removed again.
pub(crate) const EMAIL: &str = "bench@example.com";
/// Their password.
pub(crate) const PASSWORD: &str = "violet harbor quay lantern 4821";

const START_LIMIT: Duration = Duration::from_mins(1);
/// Under callgrind.
const COUNTED_TIMES: u32 = 5;
const STOP_LIMIT: Duration = Duration::from_secs(45);

/// How to start a server. Settings that are not named keep their defaults.
#[derive(Debug, Clone)]
pub(crate) struct Start<'a> {
    setup: &'a Setup,
    data_dir: PathBuf,
    settings: Vec<(&'static str, String)>,
    group: Option<Group>,
    is_direct: bool,
    counted_into: Option<PathBuf>,
}

/// A server that answers. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    guard: Guard,
    address: SocketAddr,
    /// From the start of the process to the first healthy answer.
    pub ready_after: Duration,
}

impl<'a> Start<'a> {
    /// On a data folder, which may be empty.
    pub(crate) fn on(setup: &'a Setup, data_dir: &Path) -> Self {
        Self {
            setup,
            data_dir: data_dir.to_owned(),
            settings: Vec::new(),
            group: None,
            is_direct: false,
            counted_into: None,
        }
    }

    /// With one setting of the environment.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }

    /// In a control group.
    pub(crate) fn within(mut self, cgroup: &Path) -> Self {
        self.group = Some(Group { path: cgroup.to_owned(), is_unseen: false });
        self
    }

    /// Without a sight of the limit that its control group has.
    pub(crate) fn unaware(mut self) -> Self {
        self.group = self.group.map(|group| Group { is_unseen: true, ..group });
        self
    }

    /// Without this program in between, so that the time of the start is the server's alone.
    pub(crate) fn directly(mut self) -> Self {
        self.is_direct = true;
        self
    }

    /// Under callgrind, which writes what it counted into this file at the end. It takes fifty times as long.
    pub(crate) fn counting_into(mut self, out: &Path) -> Self {
        self.counted_into = Some(out.to_owned());
        self
    }

    /// Starts the server and waits for its first healthy answer.
    pub(crate) async fn go(self) -> anyhow::Result<Server> {
        let address = free_address()?;
        let mut command = self.command(address)?;
        let limit = if self.counted_into.is_some() { START_LIMIT * COUNTED_TIMES } else { START_LIMIT };
        let begun = Instant::now();
        let mut guard = Guard::spawn(&mut command)?;
        while !is_healthy(address).await {
            if let Some(status) = guard.ended()? {
                anyhow::bail!("the server ended at its start ({status}): {}", self.last_words());
            }
            anyhow::ensure!(begun.elapsed() < limit, "no healthy answer within {limit:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(Server { guard, address, ready_after: begun.elapsed() })
    }

    fn command(&self, address: SocketAddr) -> anyhow::Result<Command> {
        std::fs::create_dir_all(&self.data_dir)?;
        let binary = self.setup.server_binary()?;
        let mut command = match &self.counted_into {
            Some(out) => counting(binary, out),
            None if self.is_direct => Command::new(binary),
            None => through_self(binary, self.group.as_ref())?,
        };
        environment(&mut command, &self.data_dir);
        // One user asks here as often as thousands do.
        for name in
            ["RATE_LIMIT_MAX", "RATE_LIMIT_AUTH_MAX", "RATE_LIMIT_UPLOAD_MAX", "RATE_LIMIT_MAX_CONCURRENT"]
        {
            command.env(name, "1000000");
        }
        command.env("HOST", address.ip().to_string()).env("PORT", address.port().to_string());
        for (name, value) in &self.settings {
            command.env(name, value);
        }
        let log = File::options().create(true).append(true).open(self.log())?;
        command.stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }

    fn log(&self) -> PathBuf {
        self.data_dir.with_extension("log")
    }

    fn last_words(&self) -> String {
        last_lines(&self.log())
    }
}

fn counting(binary: &Path, out: &Path) -> Command {
    let mut valgrind = Command::new("valgrind");
    valgrind.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", out.display())).arg(binary);
    valgrind
}

/// What every process of LexiFlow gets: nothing of this program's environment, no `.env` of the folder it runs in.
pub(crate) fn environment(command: &mut Command, data_dir: &Path) {
    command.env_clear().current_dir(data_dir).stdin(Stdio::null());
    command.env("LEXIFLOW_DATA_DIR", data_dir);
    command.env("LEXIFLOW_ADMIN_EMAIL", EMAIL).env("LEXIFLOW_ADMIN_PASSWORD", PASSWORD);
}

/// The end of a log.
pub(crate) fn last_lines(log: &Path) -> String {
    let text = std::fs::read(log).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
    let mut lines: Vec<&str> = text.lines().rev().take(5).collect();
    lines.reverse();
    lines.join(" / ")
}

impl Server {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.guard.pid()
    }

    /// How the server ended, if it did.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.guard.ended()
    }

    /// Asks the server to end and waits until it has.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.guard.signal(Signal::SIGTERM)?;
        let status = self.guard.end_within(STOP_LIMIT).await?;
        anyhow::ensure!(status.success(), "the server did not end well: {status}");
        Ok(())
    }

    /// Ends the server as a power cut would, as far as a process can feel one.
    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        self.guard.signal(Signal::SIGKILL)?;
        self.guard.end_within(STOP_LIMIT).await?;
        Ok(())
    }
}

/// An address on loopback that was free a moment ago.
fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on loopback")?;
    Ok(listener.local_addr()?)
}

/// One GET of `/api/health` on a connection of its own.
async fn is_healthy(address: SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET /api/health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).await?;
        Ok::<_, std::io::Error>(head)
    };
    let answer = tokio::time::timeout(Duration::from_secs(5), ask).await;
    matches!(answer, Ok(Ok(head)) if head.ends_with(b" 200"))
}
