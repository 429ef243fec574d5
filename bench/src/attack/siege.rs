//! One attack from its beginning to its end.

use super::attackers::Attacker;
use super::defence::Defence;
use super::front::Front;
use super::health::{Health, Prober};
use super::present;
use super::recovery::{self, Recovery};
use super::tally::{Counts, Tally};
use crate::api;
use crate::body::Made;
use crate::cgroup::{Cgroup, Pinned};
use crate::client::Connection;
use crate::load::{self, Call, Until, nanos};
use crate::process::{self, Memory};
use crate::quantity::Quantity;
use crate::server::{Server, Start};
use crate::setup::Setup;
use crate::sockets::{self, Sockets};
use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, StatusCode};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const CASES: u64 = 10_000;
/// Entries of one docket, each of as many characters as it may have: a page of them is 25 MB.
const LONG_ENTRIES: u64 = 256;
const LONGEST_TEXT: usize = 100_000;
const DOCUMENT_BYTES: u64 = 64 << 20;
const MAX_UPLOAD_BYTES: u64 = 10 << 30;
const MAX_NODES: u64 = 8192;
/// So often each kind of usual request is asked before the memory is looked at.
const USUAL_ROUNDS: usize = 20;
const SETTLE: Duration = Duration::from_secs(5);
/// How soon a lower limit is to be followed.
const FOLLOWED: Duration = Duration::from_secs(1);
const EACH: Duration = Duration::from_millis(100);
const SOCKETS_EACH: Duration = Duration::from_secs(1);
/// Requests at once on one connection of HTTP/2: what a server takes by default, and what it would take without a bound.
const STREAMS: usize = 32;
const MANY_STREAMS: usize = 256;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub limit: u64,
    /// What it is lowered from when the server has begun.
    pub lowered_from: Option<u64>,
    pub seconds: u64,
    pub attackers: Vec<Attacker>,
    pub without: Vec<Defence>,
}

/// What the server held at most while it was attacked, in bytes.
#[derive(Debug, Default)]
pub(super) struct Most {
    pub anonymous: u64,
    pub sockets: u64,
    /// The most of both at one time.
    pub pinned: u64,
    pub resident: u64,
    /// Threads at once.
    pub threads: u64,
    /// Connections at once, and what the kernel had of one of them.
    pub connections: u64,
    pub waiting: u64,
}

impl Most {
    fn note(&mut self, pinned: Pinned, memory: Memory) {
        self.anonymous = self.anonymous.max(pinned.anonymous);
        self.sockets = self.sockets.max(pinned.sockets);
        self.pinned = self.pinned.max(pinned.anonymous + pinned.sockets);
        self.resident = self.resident.max(memory.resident);
        self.threads = self.threads.max(memory.threads);
    }

    fn look_at(&mut self, sockets: Sockets) {
        self.connections = self.connections.max(sockets.taken);
        self.waiting = self.waiting.max(sockets.most_waiting);
    }
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub upload_bytes: u64,
    pub baseline: u64,
    pub most: Most,
    pub tallies: Vec<(Attacker, Counts)>,
    pub health: Health,
    pub peak: Option<u64>,
    /// How much of the peak may lie above the limit.
    pub allowance: u64,
    pub kills: u64,
    /// How the server ended before it was told to.
    pub death: Option<String>,
    pub recovery: anyhow::Result<Recovery>,
    /// Acknowledged, missing, and how many cases there are.
    pub acknowledged: u64,
    pub missing: anyhow::Result<(u64, u64)>,
    pub stopped: anyhow::Result<Duration>,
}

/// Attacks a server of its own. The inner error says why this machine cannot do it.
pub(super) async fn lay(setup: &Setup, plan: &Plan) -> anyhow::Result<Result<Outcome, String>> {
    raise_file_limit()?;
    let upload_bytes = match upload_bytes(setup) {
        Ok(bytes) => bytes,
        Err(reason) => return Ok(Err(format!("{reason:#}"))),
    };
    let first = plan.lowered_from.unwrap_or(plan.limit);
    let group = match Cgroup::limited(&format!("lexiflow-bench-{}", std::process::id()), first) {
        Ok(group) => group,
        Err(reason) => return Ok(Err(format!("{reason:#}"))),
    };
    let folder = setup.folder()?;
    let data_dir = folder.path().join("data");
    let server = start(setup, plan, &group, &data_dir, upload_bytes).await?;
    let front = prepare(setup, plan, &server, upload_bytes).await?;
    tokio::time::sleep(SETTLE).await;
    if plan.lowered_from.is_some() {
        group.set_limit(plan.limit)?;
        group.forget_peak();
        tokio::time::sleep(FOLLOWED).await;
    }
    let mut siege = Siege { setup, plan, group: &group, data_dir, server, front };
    let outcome = siege.run().await?;
    siege.end(outcome).await.map(Ok)
}

struct Siege<'a> {
    setup: &'a Setup,
    plan: &'a Plan,
    group: &'a Cgroup,
    data_dir: PathBuf,
    server: Server,
    front: Arc<Front>,
}

impl Siege<'_> {
    /// The attack, and what follows it while the server runs.
    async fn run(&mut self) -> anyhow::Result<Outcome> {
        let baseline = self.at_work().await?;
        let prober = Prober::start(self.server.address())?;
        let mut tasks = JoinSet::new();
        let attackers: Vec<(Attacker, Arc<Tally>)> =
            self.plan.attackers.iter().map(|one| (*one, one.begin(&mut tasks, &self.front))).collect();
        let (most, death) = self.watch().await?;
        tasks.shutdown().await;
        let tallies = attackers.into_iter().map(|(one, tally)| (one, tally.counts())).collect();
        let health = prober.finish()?;
        let recovery = if death.is_some() {
            Err(anyhow::anyhow!("the server was gone"))
        } else {
            recovery::watch(&self.server, baseline * 115 / 100).await
        };
        let ids =
            std::mem::take(&mut *self.front.acknowledged.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Outcome {
            upload_bytes: self.front.upload_bytes,
            baseline,
            most,
            tallies,
            health,
            peak: None,
            allowance: self.group.allowance_bytes(),
            kills: 0,
            recovery,
            acknowledged: u64::try_from(ids.len())?,
            missing: self.missing(&ids, death.is_some()).await,
            death,
            stopped: Err(anyhow::anyhow!("the server was gone")),
        })
    }

    /// Lets the attackers work, and sees what the server holds meanwhile, until the time is over or the server is.
    async fn watch(&mut self) -> anyhow::Result<(Most, Option<String>)> {
        let begun = Instant::now();
        let (mut most, mut looked) = (Most::default(), begun);
        while begun.elapsed() < Duration::from_secs(self.plan.seconds) {
            if let Some(status) = self.server.ended()? {
                let death = format!("{status} after {}", figure(begun.elapsed()));
                return Ok((most, Some(death)));
            }
            // One that ends at this moment tells nothing.
            if let Ok(memory) = process::memory(self.server.pid()) {
                most.note(self.group.pinned(), memory);
            }
            // A table of thousands of lines.
            if looked.elapsed() >= SOCKETS_EACH {
                looked = Instant::now();
                if let Some(sockets) = sockets::of(self.server.address()) {
                    most.look_at(sockets);
                }
            }
            tokio::time::sleep(EACH).await;
        }
        Ok((most, None))
    }

    /// What the server holds that does usual work. One that was left alone for a while has given back more than that, some of it
    /// or all, depending on when it was asked last: no measure for one that comes from work.
    async fn at_work(&self) -> anyhow::Result<u64> {
        let mut connection = Connection::open(self.server.address(), Some(&self.front.token)).await?;
        let paths = ["/api/cases?limit=20", "/api/search?query=cargo", "/api/auth/me", "/api/health/memory"];
        for _ in 0..USUAL_ROUNDS {
            for path in paths {
                let (status, answer) = connection.get(path).await?;
                drop(api::checked(status, &answer, StatusCode::OK)?);
            }
        }
        Ok(process::memory(self.server.pid())?.resident)
    }

    /// What was acknowledged must be there also when the server did not survive: then another one looks for it, which
    /// has all the memory it wants.
    async fn missing(&self, ids: &[String], is_dead: bool) -> anyhow::Result<(u64, u64)> {
        self.setup.say(&format!("looking for {} acknowledged cases ...", ids.len()));
        let other = if is_dead { Some(Start::on(self.setup, &self.data_dir).go().await?) } else { None };
        let address = other.as_ref().unwrap_or(&self.server).address();
        let mut connection = Connection::open(address, Some(&self.front.token)).await?;
        let missing = present::missing(&mut connection, ids).await?;
        drop(connection);
        if let Some(other) = other {
            other.stop().await?;
        }
        Ok(missing)
    }

    async fn end(mut self, mut outcome: Outcome) -> anyhow::Result<Outcome> {
        if outcome.death.is_none() {
            outcome.death = self.server.ended()?.map(|status| format!("{status} after the attack"));
        }
        if outcome.death.is_none() {
            let asked = Instant::now();
            outcome.stopped = self.server.stop().await.map(|()| asked.elapsed());
        } else {
            drop(self.server);
        }
        outcome.peak = self.group.peak_bytes();
        outcome.kills = self.group.kills()?;
        Ok(outcome)
    }
}

async fn start(
    setup: &Setup,
    plan: &Plan,
    group: &Cgroup,
    data_dir: &Path,
    upload_bytes: u64,
) -> anyhow::Result<Server> {
    // What large uploads need according to the server's manual, and a token that lasts as long as the attack.
    let millis = (plan.seconds + 600) * 1000;
    let mut start = Start::on(setup, data_dir)
        .within(group.path())
        .with("MAX_FILE_SIZE", &(upload_bytes + (1 << 20)).to_string())
        .with("UPLOAD_TIMEOUT_MS", &millis.to_string())
        .with("ACCESS_TOKEN_TTL_MINUTES", &(millis / 60_000).to_string());
    if !plan.without.is_empty() {
        // A server that is allowed more than it can have would not start.
        start = start.with("MEMORY_BOUNDS", "report");
    }
    if plan.without.contains(&Defence::Limit) {
        start = start.unaware();
    }
    for (name, value) in plan.without.iter().flat_map(|defence| defence.settings()) {
        start = start.with(name, value);
    }
    start.go().await
}

/// A case with entries of the longest texts.
async fn long_docket(connections: &mut [Connection]) -> anyhow::Result<String> {
    let connection = connections.first_mut().context("no connection")?;
    let (status, answer) = connection.post("/api/cases", api::new_case(99, 0)).await?;
    api::checked(status, &answer, StatusCode::CREATED)?;
    let case = api::id_of(&answer)?;
    let entry =
        json!({"caseId": case, "filedOn": "2026-02-03", "text": "d".repeat(LONGEST_TEXT)}).to_string();
    let entry = Bytes::from(entry);
    let add = |_, _| Call { path: "/api/docket".to_owned(), body: Some(entry.clone()) };
    load::run(connections, Until::Count(LONG_ENTRIES / 8), &add).await.faultless()?;
    Ok(case)
}

/// The cases and the documents that the attackers ask for.
async fn prepare(
    setup: &Setup,
    plan: &Plan,
    server: &Server,
    upload_bytes: u64,
) -> anyhow::Result<Arc<Front>> {
    let cases = if setup.amounts.is_quick { CASES / 10 } else { CASES };
    let mut connections = api::connections(server, 8).await?;
    let create = |client, at| Call { path: "/api/cases".to_owned(), body: Some(api::new_case(client, at)) };
    load::run(&mut connections, Until::Count(cases / 8), create).await.faultless()?;
    let connection = connections.first_mut().context("no connection")?;
    let (body, _) = Made::body(DOCUMENT_BYTES, 7, FORM_HEAD, Bytes::from_static(b"\r\n--b0undary--\r\n"));
    let kind = "multipart/form-data; boundary=b0undary";
    let (status, answer) = connection.upload(Method::POST, "/api/documents", kind, body).await?;
    api::checked(status, &answer, StatusCode::CREATED)?;
    let long_docket = long_docket(&mut connections).await?;
    let front = Front {
        address: server.address(),
        limit: plan.limit,
        token: api::login(server).await?,
        document: api::id_of(&answer)?,
        long_docket,
        streams: if plan.without.contains(&Defence::Streams) { MANY_STREAMS } else { STREAMS },
        upload_bytes,
        acknowledged: Mutex::default(),
    };
    Ok(Arc::new(front))
}

const FORM_HEAD: Bytes = Bytes::from_static(
    b"--b0undary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"scan.bin\"\r\n\
      Content-Type: application/octet-stream\r\n\r\n",
);

/// The size of the large upload. All uploads together take 3.6 times as much of the disk, kept once and once on their
/// way; unless told otherwise that is less than half of what is free.
fn upload_bytes(setup: &Setup) -> anyhow::Result<u64> {
    let free = setup.free_bytes()?;
    let bytes = setup.attack.upload_size.unwrap_or_else(|| (free / 8).min(MAX_UPLOAD_BYTES));
    let wanted = bytes / 10 * 36 + (2 << 30);
    anyhow::ensure!(
        free >= wanted,
        "{} free in {}, {} wanted for uploads of {}: try a smaller --upload-size",
        Quantity::bytes(free),
        setup.scratch.display(),
        Quantity::bytes(wanted),
        Quantity::bytes(bytes)
    );
    Ok(bytes)
}

/// Thousands of connections need as many open files, here and, since it inherits the limit, in the server.
fn raise_file_limit() -> anyhow::Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    anyhow::ensure!(
        hard >= MAX_NODES,
        "only {hard} files may be open at once, {MAX_NODES} are needed (ulimit -Hn)"
    );
    if soft < MAX_NODES {
        setrlimit(Resource::RLIMIT_NOFILE, MAX_NODES, hard)?;
    }
    Ok(())
}

/// A time as a figure.
pub(super) fn figure(time: Duration) -> Quantity {
    Quantity::nanos(nanos(time))
}
