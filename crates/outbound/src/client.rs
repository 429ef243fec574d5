use crate::exchange::{HEAD_BYTES, exchange};
use crate::resolve::MOST_ADDRESSES;
use crate::{Answer, Error, Guard, Reach, Request, Resolve, SystemResolver, Target, TrustedRoots, tls};
use clock::SharedClock;
use headroom::Pool;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How requests are made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long connecting to one address may take.
    pub connect: Duration,
    /// How long everything together may take, waiting for a turn included.
    pub total: Duration,
    /// The largest body that is read, in bytes.
    pub body_bytes: u64,
    /// Requests that run at once; further ones wait.
    pub at_once: usize,
    /// Where they may go.
    pub reach: Reach,
    /// Who is trusted beside Mozilla's roots.
    pub roots: TrustedRoots,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            total: Duration::from_secs(10),
            body_bytes: 256 << 10,
            at_once: 8,
            reach: Reach::Public,
            roots: TrustedRoots::default(),
        }
    }
}

impl Settings {
    /// What one request takes of memory at most, in bytes: a body while it moves to a larger buffer, the connection's
    /// buffers, and those of TLS (two records of 16 KiB and as much again while they are opened).
    pub fn request_bytes(&self) -> u64 {
        self.body_bytes.saturating_mul(2).saturating_add(2 * HEAD_BYTES as u64).saturating_add(64 << 10)
    }
}

/// Makes requests. Clones share the turns.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    settings: Settings,
    guard: Guard,
    tls: Arc<ClientConfig>,
    resolver: Arc<dyn Resolve>,
    turns: Semaphore,
    pool: Pool,
}

impl Client {
    /// A client that borrows its memory from `pool`, and holds certificates against the time of `clock`.
    ///
    /// # Errors
    /// When the provider of cryptography lacks what TLS needs: a defect of the build.
    pub fn new(settings: Settings, clock: SharedClock, pool: Pool) -> Result<Self, rustls::Error> {
        Self::resolving(settings, clock, pool, Arc::new(SystemResolver))
    }

    /// As [`Client::new`], with addresses from elsewhere.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn resolving(
        settings: Settings,
        clock: SharedClock,
        pool: Pool,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, rustls::Error> {
        let tls = tls::config(&settings.roots, clock)?;
        let (guard, turns) = (Guard::new(settings.reach), Semaphore::new(settings.at_once.max(1)));
        Ok(Self(Arc::new(Inner { settings, guard, tls, resolver, turns, pool })))
    }

    /// Sends a request and reads the whole answer. Whatever its status is, it is an answer.
    ///
    /// # Errors
    /// [`Error`]: the guard refuses, nobody answers, not in time, or too much.
    pub async fn send(&self, request: Request<'_>) -> Result<Answer, Error> {
        let total = self.0.settings.total;
        // Large, and rare: whoever waits for it need not carry room for it.
        timeout(total, Box::pin(self.0.send(request))).await.map_err(|_| Error::TooSlow)?
    }
}

impl Inner {
    async fn send(&self, request: Request<'_>) -> Result<Answer, Error> {
        // Nothing closes the turns.
        let _turn = self.turns.acquire().await.map_err(|_| Error::TooSlow)?;
        let mut lease = self.pool.try_lease(self.settings.request_bytes()).map_err(Error::Memory)?;
        let target = request.target;
        let connection = self.connect(target).await?;
        let (request, limit) = (request.into_http()?, self.settings.body_bytes);
        let (status, body) = if target.is_encrypted() {
            exchange(self.encrypt(target, connection).await?, request, limit).await?
        } else {
            exchange(connection, request, limit).await?
        };
        lease.shrink(lease.bytes().saturating_sub(body.len() as u64));
        Ok(Answer { status, body, lease })
    }

    /// A connection to one of the very addresses that the guard has looked at.
    async fn connect(&self, target: &Target) -> Result<TcpStream, Error> {
        let found = self.resolver.resolve(target.host(), target.port()).await.map_err(Error::Unresolved)?;
        let addresses: Vec<SocketAddr> = found.into_iter().take(MOST_ADDRESSES).collect();
        self.guard.check(target, &addresses)?;
        let mut last = Error::Unresolved(io::Error::from(io::ErrorKind::NotFound));
        for address in addresses {
            last = match timeout(self.settings.connect, TcpStream::connect(address)).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => Error::Connect(error),
                Err(_) => Error::Connect(io::Error::from(io::ErrorKind::TimedOut)),
            };
        }
        Err(last)
    }

    async fn encrypt(
        &self,
        target: &Target,
        connection: TcpStream,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Error> {
        let name = ServerName::try_from(target.host().to_owned());
        let name = name.map_err(|error| Error::Tls(io::Error::other(error)))?;
        TlsConnector::from(Arc::clone(&self.tls)).connect(name, connection).await.map_err(Error::Tls)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
