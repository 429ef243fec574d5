//! What all attackers share: where the server is, and how fast they may come again.

use super::tally::Tally;
use crate::client::connect;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;

/// A connection that is not taken within this time is given up; the kernel would go on for minutes.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// The server from the attackers' side.
#[derive(Debug)]
pub(super) struct Front {
    pub address: SocketAddr,
    /// What the server may take, in bytes.
    pub limit: u64,
    pub token: String,
    /// A document that is worth being read slowly.
    pub document: String,
    /// A case whose docket has entries of the longest texts.
    pub long_docket: String,
    /// Requests at once on one connection of HTTP/2.
    pub streams: usize,
    pub upload_bytes: u64,
    /// The ids of all cases that were acknowledged.
    pub acknowledged: Mutex<Vec<String>>,
}

/// One client of an attacker.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub front: Arc<Front>,
    pub tally: Arc<Tally>,
    /// Its number among the clients of its kind.
    pub index: usize,
    /// The address that it comes from, if not the usual one: the kernel chooses among more ports where it chooses both.
    pub from: Option<Ipv4Addr>,
}

impl Client {
    /// A connection without a word on it. Nothing when the server does not take it; then the caller waits.
    pub(super) async fn connect(&self, receive_buffer: Option<u32>) -> Option<TcpStream> {
        let connecting = connect(self.front.address, self.from, receive_buffer);
        let stream = tokio::time::timeout(CONNECT_LIMIT, connecting).await.ok().and_then(Result::ok);
        if stream.is_none() {
            self.tally.not_made();
        }
        stream
    }

    /// Waits its turn, so that the clients do not all begin in the same instant.
    pub(super) async fn queue(&self, apart: Duration) {
        tokio::time::sleep(apart * u32::try_from(self.index).unwrap_or(0)).await;
    }

    /// The pause before it comes again: about a second, each client another.
    pub(super) async fn pause(&self) {
        let jitter = u64::try_from(self.index * 37 % 500).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(750 + jitter)).await;
    }
}
