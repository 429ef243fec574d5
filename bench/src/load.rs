//! Clients that send one request after the other, each on its own connection.

use crate::client::Connection;
use bytes::Bytes;
use futures_util::future::join_all;
use http::StatusCode;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Acknowledged creations that a client remembers: the newest ones, which a crash could lose first.
const REMEMBERED: usize = 32;

/// One request: its path and, for a creation, its body.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The path with its query.
    pub path: String,
    /// The body of a creation.
    pub body: Option<Bytes>,
}

/// How long the clients go on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// So many requests of each client.
    Count(u64),
    /// So long; what is under way then is brought to its end.
    Elapsed(Duration),
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Time of each request in nanoseconds, in ascending order.
    pub nanos: Vec<u64>,
    /// The last answers of each client to creations, as they came.
    pub newest: Vec<Bytes>,
    /// From the first request to the last answer, in nanoseconds.
    pub wall_nanos: u64,
    /// The first fault of a client, if any had one. A client stops at its first fault.
    pub fault: Option<String>,
}

impl Outcome {
    /// Requests that were answered as they should be.
    pub(crate) fn count(&self) -> u64 {
        u64::try_from(self.nanos.len()).unwrap_or(u64::MAX)
    }

    /// The time that `percent` of the requests did not exceed, in nanoseconds.
    pub(crate) fn percentile(&self, percent: usize) -> u64 {
        let at = (self.nanos.len() * percent).div_ceil(100).saturating_sub(1);
        self.nanos.get(at).copied().unwrap_or(0)
    }

    /// Itself, unless a client had a fault.
    pub(crate) fn faultless(self) -> anyhow::Result<Self> {
        match &self.fault {
            None => Ok(self),
            Some(fault) => anyhow::bail!("{fault}"),
        }
    }
}

/// Lets every connection send calls; `make` gets the client's number and the call's. Every status is checked.
pub(crate) async fn run(
    connections: &mut [Connection],
    until: Until,
    make: impl Fn(usize, u64) -> Call + Copy,
) -> Outcome {
    let begun = Instant::now();
    let clients = connections.iter_mut().enumerate();
    let clients =
        clients.map(|(client, connection)| one(connection, until, begun, move |at| make(client, at)));
    let outcomes = join_all(clients).await;
    let mut all = Outcome { wall_nanos: nanos(begun.elapsed()), ..Outcome::default() };
    for outcome in outcomes {
        all.nanos.extend(outcome.nanos);
        all.newest.extend(outcome.newest);
        all.fault = all.fault.or(outcome.fault);
    }
    all.nanos.sort_unstable();
    all
}

async fn one(
    connection: &mut Connection,
    until: Until,
    begun: Instant,
    make: impl Fn(u64) -> Call,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut newest: VecDeque<Bytes> = VecDeque::with_capacity(REMEMBERED);
    for at in 0.. {
        let is_over = match until {
            Until::Count(count) => at >= count,
            Until::Elapsed(limit) => begun.elapsed() >= limit,
        };
        if is_over {
            break;
        }
        let call = make(at);
        let sent = Instant::now();
        match send(connection, call).await {
            Ok(created) => {
                outcome.nanos.push(nanos(sent.elapsed()));
                newest.extend(created);
                while newest.len() > REMEMBERED {
                    newest.pop_front();
                }
            }
            Err(fault) => {
                outcome.fault = Some(format!("{fault:#}"));
                break;
            }
        }
    }
    outcome.newest.extend(newest);
    outcome
}

/// The answer, if the call was a creation.
async fn send(connection: &mut Connection, call: Call) -> anyhow::Result<Option<Bytes>> {
    let is_creation = call.body.is_some();
    let (wanted, (status, answer)) = match call.body {
        Some(body) => (StatusCode::CREATED, connection.post(&call.path, body).await?),
        None => (StatusCode::OK, connection.get(&call.path).await?),
    };
    if status != wanted {
        let start: String = String::from_utf8_lossy(&answer).chars().take(300).collect();
        anyhow::bail!("{} answered {status}, not {wanted}: {start}", call.path);
    }
    Ok(is_creation.then_some(answer))
}

/// A time in nanoseconds.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
