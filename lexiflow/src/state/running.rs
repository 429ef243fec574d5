use super::connections::{Asked, Follower};
use super::ending::{Ending, Step};
use super::first_start::Made;
use super::{
    Administrator, Parts, ServerLock, StartError, administrator, bounds, check_first_password, lock, settings,
};
use crate::config::{Config, Notice, Server};
use crate::ops::{Ops, Phase};
use crate::workers::{self, Periods};
use crate::{about, router};
use access::App;
use clock::{SharedClock, SharedRandom, SystemClock, SystemRandom};
use headroom::{Controller, Headroom, Pace};
use queue::Tasks;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;
use web::server::ServerSettings;

/// How long the background work has to end.
const WORK_ENDS_WITHIN: Duration = Duration::from_secs(10);
/// How long the last word about critical memory has to be written down.
const REPORT_ENDS_WITHIN: Duration = Duration::from_secs(2);
/// How long the database and its committer have, see [`Parts::close`].
const DATABASE_ENDS_WITHIN: Duration = Duration::from_secs(15);

/// Where the address and, once, a generated password are written.
pub type Announcements = Box<dyn Write + Send>;

/// Opens the memory books with the settings they get.
pub type OpenMemory = Box<dyn FnOnce(headroom::Settings) -> Headroom + Send>;

/// What a server is started with.
pub struct StartOptions {
    /// The settings.
    pub config: Config,
    /// Lines about them, logged at start.
    pub notices: Vec<Notice>,
    /// The clock.
    pub clock: SharedClock,
    /// The source of randomness.
    pub random: SharedRandom,
    /// The memory books; those of the running system, but in tests.
    pub memory: OpenMemory,
    /// Where to listen; nothing to listen where the settings say.
    pub listener: Option<TcpListener>,
    /// Where the address and, once, a generated password are written.
    pub announcements: Announcements,
}

impl std::fmt::Debug for StartOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StartOptions").field("listener", &self.listener).finish_non_exhaustive()
    }
}

impl StartOptions {
    /// The machine's clock and randomness, the address of the settings, and no announcements.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            notices: Vec::new(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            memory: Box::new(Headroom::system),
            listener: None,
            announcements: Box::new(io::sink()),
        }
    }
}

/// A running server.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    parts: Parts,
    ops: Arc<Ops>,
    server: Tasks,
    workers: Tasks,
    served: Arc<Mutex<Option<web::server::Report>>>,
    lock: ServerLock,
    periods: watch::Sender<Periods>,
    /// The settings as they were read last, as far as a running server takes them over.
    last_read: Mutex<Config>,
    /// Watches the memory until everything else has ended.
    controller: Controller,
}

/// How a server ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Connections accepted in all.
    pub accepted: u64,
    /// Connections that were cut at the deadline.
    pub aborted: u64,
    /// Background tasks that did not end in time.
    pub unfinished: Vec<&'static str>,
    /// Whether everything ended by itself.
    pub clean: bool,
    /// What was ended, in this order.
    pub steps: Vec<Step>,
}

/// Starts a server: it answers when this returns. A start that fails leaves nothing open.
pub async fn start(mut options: StartOptions) -> Result<Running, StartError> {
    let began = Instant::now();
    let asked = Asked::of(&options.config);
    bounds::keep(&mut options.config)?;
    let settings = settings::server(&options.config, Arc::default());
    let listener = match options.listener.take() {
        Some(listener) => listener,
        None => listen(&options.config.server, &settings).await?,
    };
    let address = listener.local_addr().map_err(StartError::system("read the listener's address"))?;
    for notice in &options.notices {
        tracing::warn!("{notice}");
    }
    check_first_password(&options.config).await?;
    let lock = lock(&options.config)?;
    let parts = Parts::open_with(options.config, options.clock, options.random, options.memory).await?;
    tell_budget(parts.app.headroom());
    let opened = parts.clone();
    let crowd = settings.crowd.clone();
    match serve(parts, lock, listener, address, settings, &mut options.announcements).await {
        Ok(running) => {
            let follower = Follower::of(running.parts(), asked, crowd);
            running.workers.spawn("connections.follow", follower.run(running.workers.token()));
            let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(%address, version = about::VERSION, duration_ms, "the server is ready");
            Ok(running)
        }
        Err(error) => {
            opened.close().await;
            Err(error)
        }
    }
}

async fn serve(
    parts: Parts,
    lock: ServerLock,
    listener: TcpListener,
    address: SocketAddr,
    settings: ServerSettings,
    announcements: &mut Announcements,
) -> Result<Running, StartError> {
    let workers = Tasks::new();
    let ops = Ops::new(&parts, workers.clone(), Arc::clone(&settings.stats))?;
    let routes = router::router(&parts, &ops)?;
    let Administrator { principal, made } = administrator(&parts).await?;
    ops.know_first_administrator(principal);
    announce(announcements, address, made.as_ref()).map_err(StartError::system("write to the terminal"))?;
    if made.is_none() && parts.config.admin.password.is_some() {
        tracing::warn!("LEXIFLOW_ADMIN_PASSWORD has no effect: there are users already");
    }
    let controller = Controller::start(parts.app.headroom(), Pace::default())
        .map_err(StartError::system("start the thread that watches the memory"))?;
    let periods = watch::Sender::new(Periods::of(&parts.config));
    ops.count_depths().await;
    workers::start(&parts, &ops, &workers, &periods);
    let (server, served) = (Tasks::new(), Arc::new(Mutex::new(None)));
    let apart = web::server::serve_apart(listener, routes, settings, server.token())
        .map_err(StartError::system("start the thread that accepts connections"))?;
    let report = Arc::clone(&served);
    server.spawn("web.server", async move {
        match apart.ended().await {
            Ok(ended) => *report.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended),
            Err(error) => tracing::error!(%error, "no connections are accepted any more"),
        }
    });
    ops.status().enter(Phase::Ready);
    let last_read = Mutex::new(Config::clone(&parts.config));
    Ok(Running { address, parts, ops, server, workers, served, lock, periods, last_read, controller })
}

/// Logs what the server may take, and who says so.
fn tell_budget(headroom: &Headroom) {
    let budget = headroom.budget();
    tracing::info!(
        budget_bytes = budget.bytes,
        budget_source = budget.source.as_str(),
        limit_bytes = budget.limit.bytes,
        limit_source = budget.limit.source.as_str(),
        asked_bytes = budget.clipped_from,
        "the memory budget"
    );
}

async fn listen(server: &Server, settings: &ServerSettings) -> Result<TcpListener, StartError> {
    let refused = |source: io::Error| {
        let (host, port) = (server.host.clone(), server.port);
        match source.kind() {
            io::ErrorKind::AddrInUse => StartError::PortInUse { host, port },
            _ => StartError::Listen { host, port, source },
        }
    };
    let address = match server.host.parse::<IpAddr>() {
        Ok(ip) => SocketAddr::new(ip, server.port),
        Err(_) => tokio::net::lookup_host((server.host.as_str(), server.port))
            .await
            .map_err(refused)?
            .next()
            .ok_or_else(|| refused(io::Error::other("the name has no address")))?,
    };
    web::server::bind(address, settings).map_err(refused)
}

fn announce(out: &mut Announcements, address: SocketAddr, made: Option<&Made>) -> io::Result<()> {
    let shown = match address.ip() {
        ip if ip.is_unspecified() => SocketAddr::from(([127, 0, 0, 1], address.port())),
        _ => address,
    };
    writeln!(out, "LexiFlow {} listens on http://{shown}", about::VERSION)?;
    writeln!(out, "API documentation: http://{shown}/api/docs")?;
    if let Some(made) = made {
        writeln!(out, "First administrator: {}", made.email)?;
        if let Some(password) = &made.password {
            writeln!(
                out,
                "Password: {}   (shown only this once: keep it, or set another)",
                password.expose()
            )?;
        }
    }
    out.flush()
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The application.
    pub fn app(&self) -> &App {
        &self.parts.app
    }

    /// The parts that the server is made of.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// How it is.
    pub fn ops(&self) -> &Arc<Ops> {
        &self.ops
    }

    pub(super) fn last_read(&self) -> &Mutex<Config> {
        &self.last_read
    }

    /// How often the background work comes round.
    pub(super) fn periods(&self) -> &watch::Sender<Periods> {
        &self.periods
    }

    /// Hands out every event and runs every job that is due, until nothing is left: for tests, which then read what
    /// came of it.
    pub async fn settle(&self) -> Result<(), StartError> {
        let app = self.app();
        // The background tasks may hold a batch at this moment, or take a job in a transaction that nobody sees yet;
        // then it is looked at again. One idle look is not enough: a job may publish its last event between the look
        // at the events and the look at the jobs. Jobs that are due later are waited for a moment in vain.
        let mut idle = 0;
        for _ in 0..2000 {
            let offered = self.parts.dispatcher.drain().await?;
            let drained = self.parts.worker.drain_due().await?;
            let jobs = app.jobs().pending(app.db().reader()).await?;
            let events = app.outbox().pending(app.db().reader()).await?;
            let is_idle = offered == 0 && drained == queue::Drained::default();
            idle = if is_idle && events.waiting == 0 && jobs.running == 0 { idle + 1 } else { 0 };
            if (idle > 1 && jobs.waiting == 0) || idle > 50 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Ends the server: no longer ready, no new connections, requests in flight may finish within the configured
    /// deadline, then the background work, at last the database.
    pub async fn shutdown(self) -> Report {
        let drain = self.parts.config.server.drain_deadline;
        self.ops.status().enter(Phase::Draining);
        let mut ending = Ending::default();
        // The accept loop cuts what is left at the deadline; what it needs beyond that is its own time.
        let clients = drain + Duration::from_secs(5);
        ending.step("clients", clients, self.server.shutdown(clients)).await;
        self.parts.app.headroom().drain();
        ending.step("background work", WORK_ENDS_WITHIN, self.workers.shutdown(WORK_ENDS_WITHIN)).await;
        ending.step("database", DATABASE_ENDS_WITHIN, self.parts.close()).await;
        let unfinished = ending.unfinished();
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (accepted, aborted) = served.map_or((0, 0), |report| (report.accepted, report.aborted));
        let clean = aborted == 0 && unfinished.is_empty();
        tracing::info!(accepted, aborted, clean, "the server has ended");
        let ops = Arc::clone(&self.ops);
        let closing = headroom::spawn_blocking(move || ops.close_spell());
        // A disk that hangs keeps nobody: then the report says less than is true.
        let _late = tokio::time::timeout(REPORT_ENDS_WITHIN, closing).await;
        drop(self.controller);
        drop(self.lock);
        Report { accepted, aborted, unfinished, clean, steps: ending.into_steps() }
    }
}
