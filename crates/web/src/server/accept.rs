use super::addresses::{Addresses, Held};
use super::connection::Host;
use super::crowd::{Crowd, Place};
use super::full::refuse;
use super::triage::asks_for;
use super::{Report, ServerSettings};
use axum::Router;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long to wait after a connection could not be accepted because the process or the machine is short of something.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a connection on a reserved place may say nothing. Whoever looks after a server asks at once.
const RESERVED_GLANCE: Duration = Duration::from_millis(250);
/// The same where its address has more connections than its share: others want the reserved places too.
const BEYOND_GLANCE: Duration = Duration::from_millis(50);

/// Serves connections until `shutdown` is ready; then accepts no more, lets those with work finish it, and cuts what is
/// left at the deadline. Open the listener with [`bind`](super::bind), so that its buffers are bounded.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: ServerSettings,
    shutdown: impl Future<Output = ()>,
) -> Report {
    let host = Host {
        router,
        settings,
        tasks: TaskTracker::new(),
        finish: CancellationToken::new(),
        cut: CancellationToken::new(),
    };
    let mut shutdown = pin!(shutdown);
    let permits = Permits::of(&host.settings);
    loop {
        tokio::select! {
            biased;
            () = shutdown.as_mut() => break,
            next = permits.next(&listener, &host.settings) => match next {
                Ok((stream, peer, permit)) => admit(&host, stream, peer, permit),
                Err(error) => {
                    host.settings.stats.fail();
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    drain(&host).await
}

fn admit(host: &Host, stream: TcpStream, peer: SocketAddr, permit: Permit) {
    let held = (host.settings.stats.accept(), permit);
    let host = host.clone();
    let tasks = host.tasks.clone();
    drop(tasks.spawn(async move {
        match (&held.1, host.settings.work.clone()) {
            (Permit::Refused { .. }, _) => turn_away(&host, stream).await,
            (Permit::Reserved { .. }, None) => Box::pin(host.serve(stream, peer, true)).await,
            (Permit::Reserved { glance, .. }, Some(_)) => serve_if_asked(host, stream, peer, *glance).await,
            (Permit::Ordinary { .. }, None) => Box::pin(host.serve(stream, peer, false)).await,
            (Permit::Ordinary { .. }, Some(work)) => hand_over(host, stream, peer, held, &work).await,
        }
    }));
}

/// Serves a connection on a reserved place when it asks for a reserved path, and refuses it at once when it does not: the
/// next one is waiting.
async fn serve_if_asked(host: Host, stream: TcpStream, peer: SocketAddr, glance: Duration) {
    let patience = glance.min(host.settings.header_timeout);
    match asks_for(&stream, host.settings.reserved_paths, patience).await {
        Ok(true) => Box::pin(host.serve(stream, peer, true)).await,
        Ok(false) => turn_away(&host, stream).await,
        Err(error) => tracing::debug!(%error, "a connection ended before its first request"),
    }
}

async fn turn_away(host: &Host, mut stream: TcpStream) {
    host.settings.stats.refuse();
    if let Err(error) = refuse(&mut stream).await {
        tracing::debug!(%error, "a connection was not told that there is no place for it");
    }
}

/// Serves a connection here when it asks for a reserved path first, elsewhere otherwise. Its requests for other paths are
/// answered elsewhere too, see [`Host::serve`].
async fn hand_over<H: Send + 'static>(
    mut host: Host,
    stream: TcpStream,
    peer: SocketAddr,
    held: H,
    work: &Handle,
) {
    let judged = tokio::select! {
        judged = asks_for(&stream, host.settings.reserved_paths, host.settings.header_timeout) => judged,
        () = host.finish.cancelled() => return,
        () = host.settings.crowd.leave(None, None) => return,
    };
    let here = match judged {
        Ok(here) => here,
        Err(error) => return tracing::debug!(%error, "a connection ended before its first request"),
    };
    if here {
        return Box::pin(host.serve(stream, peer, false)).await;
    }
    let tasks = host.tasks.clone();
    // Over there everything is answered where it comes.
    host.settings.work = None;
    drop(tasks.spawn_on(
        async move {
            // Each runtime waits for its own connections only.
            match stream.into_std().and_then(TcpStream::from_std) {
                Ok(stream) => Box::pin(host.serve(stream, peer, false)).await,
                Err(error) => tracing::warn!(%error, "a connection could not be handed over"),
            }
            drop(held);
        },
        work,
    ));
}

async fn drain(host: &Host) -> Report {
    let began = Instant::now();
    let stats = Arc::clone(&host.settings.stats);
    let draining = stats.open();
    host.tasks.close();
    host.finish.cancel();
    let mut aborted = 0;
    if tokio::time::timeout(host.settings.drain, host.tasks.wait()).await.is_err() {
        aborted = stats.open();
        tracing::warn!(connections = aborted, "connections were cut at the shutdown deadline");
        host.cut.cancel();
        host.tasks.wait().await;
    }
    Report { accepted: stats.accepted(), draining, aborted, drain_time: began.elapsed() }
}

/// The right to one connection.
enum Permit {
    /// Counted for its address, but for nobody's yet and for a proxy's that speaks for many.
    Ordinary {
        place: Place,
        _held: Option<Held>,
    },
    Reserved {
        _place: OwnedSemaphorePermit,
        glance: Duration,
    },
    /// To be told that there is none.
    Refused {
        _place: Place,
    },
}

impl Permit {
    fn is_reserved(&self) -> bool {
        matches!(self, Self::Reserved { .. })
    }
}

impl From<Place> for Permit {
    fn from(place: Place) -> Self {
        Self::Ordinary { place, _held: None }
    }
}

impl From<OwnedSemaphorePermit> for Permit {
    fn from(place: OwnedSemaphorePermit) -> Self {
        Self::Reserved { _place: place, glance: RESERVED_GLANCE }
    }
}

struct Permits {
    ordinary: Crowd,
    addresses: Addresses,
    reserved: Arc<Semaphore>,
}

impl Permits {
    fn of(settings: &ServerSettings) -> Self {
        Self {
            ordinary: settings.crowd.clone(),
            addresses: Addresses::default(),
            reserved: Arc::new(Semaphore::new(settings.reserved_connections)),
        }
    }

    /// First a permit, then a connection: what cannot be served is not accepted.
    async fn next(
        &self,
        listener: &TcpListener,
        settings: &ServerSettings,
    ) -> io::Result<(TcpStream, SocketAddr, Permit)> {
        let permit = self.take(settings).await?;
        let (stream, peer) = listener.accept().await?;
        // A regular place may have become free while this one waited for somebody to come.
        let better = if permit.is_reserved() { self.ordinary.try_enter() } else { None };
        let permit = better.map_or(permit, Permit::from);
        let permit =
            if settings.proxies.trusts(peer.ip()) { permit } else { self.counted(permit, peer, settings) };
        Ok((stream, peer, permit))
    }

    /// The permit of whoever came. What an address opens beyond its share has no ordinary place for longer than it takes to
    /// say so: it has a reserved one, for a shorter glance, or none.
    fn counted(&self, permit: Permit, peer: SocketAddr, settings: &ServerSettings) -> Permit {
        let Permit::Ordinary { place, .. } = permit else { return permit };
        if let Some(held) = self.addresses.enter(peer.ip(), settings.crowd.connections()) {
            return Permit::Ordinary { place, _held: Some(held) };
        }
        settings.stats.exceed_share();
        match Arc::clone(&self.reserved).try_acquire_owned() {
            Ok(reserved) => Permit::Reserved { _place: reserved, glance: BEYOND_GLANCE },
            Err(_) => Permit::Refused { _place: place },
        }
    }

    async fn take(&self, settings: &ServerSettings) -> io::Result<Permit> {
        if let Some(place) = self.ordinary.try_enter() {
            return Ok(place.into());
        }
        if let Ok(place) = Arc::clone(&self.reserved).try_acquire_owned() {
            return Ok(place.into());
        }
        settings.stats.hold_back();
        let permit = tokio::select! {
            place = self.ordinary.enter() => place.map(Permit::from),
            place = Arc::clone(&self.reserved).acquire_owned() => place.map(Permit::from),
        };
        permit.map_err(io::Error::other)
    }
}
