//! Asks how the server is, from a thread of its own, so that the attackers' work is not in the figures.

use super::reports::{Reports, level_of};
use crate::body::Payload;
use crate::client::{Connection, whole};
use crate::load::{Outcome, nanos};
use crate::quantity::Quantity;
use http::{Method, StatusCode};
use serde_json::Value;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

const EACH: Duration = Duration::from_millis(100);
const NEWCOMER_EACH: Duration = Duration::from_secs(1);
/// Questions for health between two for the metrics.
const METRICS_EACH: usize = 50;
const REPORT_EACH: Duration = Duration::from_millis(500);
/// What lies free at one look may be on its way back; what does so at another one, so much later, is not.
const LOOKED_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Two looks that are further apart tell nothing of what lasts.
const SOON: Duration = Duration::from_millis(500);
/// An answer that takes longer counts as none.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the prober saw.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// `/api/health` and `/api/health/live` on a connection that is kept.
    pub main: Probe,
    pub live: Probe,
    /// `/api/health/live` on a new connection each second.
    pub newcomer: Probe,
    /// `/api/metrics` on the same connection as health, each five seconds.
    pub metrics: Probe,
    /// What `/api/health/memory` told.
    pub reports: Reports,
}

/// One path.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    /// Times of all answers; of none, the whole patience.
    pub times: Outcome,
    /// Answers other than 200, and none at all.
    pub bad: u64,
    /// Connections that had to be made again.
    pub broken: u64,
}

/// A running prober.
#[derive(Debug)]
pub(super) struct Prober {
    thread: JoinHandle<anyhow::Result<Health>>,
    stop: watch::Sender<bool>,
}

impl Prober {
    pub(super) fn start(address: SocketAddr) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let thread = std::thread::Builder::new().name("health".to_owned()).spawn(move || {
            come_first();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            Ok(runtime.block_on(probe_until(address, stopped)))
        })?;
        Ok(Self { thread, stop })
    }

    pub(super) fn finish(self) -> anyhow::Result<Health> {
        self.stop.send_replace(true);
        let mut health = self.thread.join().map_err(|_| anyhow::anyhow!("the prober broke"))??;
        for probe in [&mut health.main, &mut health.live, &mut health.newcomer, &mut health.metrics] {
            probe.times.nanos.sort_unstable();
        }
        Ok(health)
    }
}

/// Has this thread run before the attackers', which share the machine with it: what it waits for is the server, which has no
/// such favour. Without the permission it waits its turn.
fn come_first() {
    let thread = nix::unistd::gettid().to_string();
    let mut renice = Command::new("renice");
    drop(renice.args(["-n", "-10", "-p", &thread]).stdout(Stdio::null()).stderr(Stdio::null()).status());
}

async fn probe_until(address: SocketAddr, mut stopped: watch::Receiver<bool>) -> Health {
    let mut health = Health::default();
    let Health { main: kept, live, newcomer, metrics, reports } = &mut health;
    tokio::select! {
        _ = stopped.wait_for(|is_over| *is_over) => {}
        () = ask_regularly(address, kept, live, metrics) => {}
        () = come_anew(address, newcomer) => {}
        () = watch_reports(address, reports) => {}
    }
    health
}

async fn ask_regularly(address: SocketAddr, main: &mut Probe, live: &mut Probe, metrics: &mut Probe) {
    let mut ticks = ticks(EACH);
    let mut connection = None;
    for asked in 1_usize.. {
        ticks.tick().await;
        main.ask(address, &mut connection, "/api/health").await;
        live.ask(address, &mut connection, "/api/health/live").await;
        if asked.is_multiple_of(METRICS_EACH) {
            metrics.ask(address, &mut connection, "/api/metrics").await;
        }
    }
}

async fn come_anew(address: SocketAddr, probe: &mut Probe) {
    let mut ticks = ticks(NEWCOMER_EACH);
    loop {
        ticks.tick().await;
        probe.ask(address, &mut None, "/api/health/live").await;
    }
}

async fn watch_reports(address: SocketAddr, reports: &mut Reports) {
    let mut ticks = ticks(REPORT_EACH);
    let mut connection = None;
    loop {
        ticks.tick().await;
        let first = report(address, &mut connection).await;
        reports.note(first.as_ref());
        let seen = Instant::now();
        tokio::time::sleep(LOOKED_AGAIN_AFTER).await;
        let again = report(address, &mut connection).await;
        reports.note(again.as_ref());
        let is_soon = seen.elapsed() < SOON;
        reports.note_what_lasts(first.as_ref().zip(again.as_ref()).filter(|_| is_soon));
    }
}

fn ticks(each: Duration) -> tokio::time::Interval {
    let mut ticks = interval(each);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

impl Probe {
    /// What helps to read it.
    pub(crate) fn said(&self) -> String {
        let (half, most) =
            (Quantity::nanos(self.times.percentile(50)), Quantity::nanos(self.times.percentile(100)));
        format!("p50 {half}, most {most}, {} asked, {} connections broken", self.times.count(), self.broken)
    }

    /// Asks on the connection, or on a new one where there is none.
    pub(crate) async fn ask(&mut self, address: SocketAddr, connection: &mut Option<Connection>, path: &str) {
        let asked = Instant::now();
        let was_kept = connection.as_ref().is_some_and(|kept| !kept.is_closed());
        let mut answer = tokio::time::timeout(PATIENCE, ask(address, connection, path)).await;
        if was_kept && matches!(answer, Ok(Err(_))) {
            // The server ended it while the question was under way: RFC 9110, 9.2.2 has clients ask once more.
            self.broken += 1;
            *connection = None;
            let left = PATIENCE.saturating_sub(asked.elapsed());
            answer = tokio::time::timeout(left, ask(address, connection, path)).await;
        }
        self.times.nanos.push(nanos(asked.elapsed()));
        match answer {
            Ok(Ok((StatusCode::OK, _))) => {}
            Ok(Ok(_)) => self.bad += 1,
            _ => {
                self.bad += 1;
                self.broken += 1;
                *connection = None;
            }
        }
    }
}

/// The level that the memory report names.
pub(super) async fn level(address: SocketAddr, connection: &mut Option<Connection>) -> Option<String> {
    level_of(&report(address, connection).await?)
}

/// The memory report, if there is one.
pub(crate) async fn report(address: SocketAddr, connection: &mut Option<Connection>) -> Option<Value> {
    told(address, connection, "/api/health/memory").await.map(|(_, report)| report)
}

/// The answer to one question about health, whatever its status, if there is one in time.
pub(crate) async fn told(
    address: SocketAddr,
    connection: &mut Option<Connection>,
    path: &str,
) -> Option<(StatusCode, Value)> {
    let answer = tokio::time::timeout(PATIENCE, ask(address, connection, path)).await;
    let Ok(Ok((status, body))) = answer else {
        *connection = None;
        return None;
    };
    Some((status, serde_json::from_slice(&body).ok()?))
}

async fn ask(
    address: SocketAddr,
    connection: &mut Option<Connection>,
    path: &str,
) -> anyhow::Result<(StatusCode, bytes::Bytes)> {
    let kept = match connection.take() {
        Some(kept) if !kept.is_closed() => kept,
        _ => Connection::open(address, None).await?,
    };
    let request = http::Request::builder().method(Method::GET).uri(path).body(Payload::empty())?;
    let kept = connection.insert(kept);
    whole(kept.ask(request).await?).await
}
