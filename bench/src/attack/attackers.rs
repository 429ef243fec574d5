//! Who attacks.

use super::front::{Client, Front};
use super::tally::Tally;
use super::{
    export, gzip_bomb, json_bomb, keep_alive, logins, shut_windows, slow_headers, slow_readers, stream_flood,
    uploads, writers,
};
use clap::ValueEnum;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::task::JoinSet;

/// The attackers, in the order in which they come: whoever works with the server is there before the crowd is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Attacker {
    /// 8 clients create cases and remember what was acknowledged. Always there.
    Writers,
    /// 4 clients page through all cases and search, half of them compressed.
    Export,
    /// One large upload.
    BigUpload,
    /// 8 uploads at once.
    Uploads,
    /// 8 clients send deep and wide JSON at and above the limit.
    JsonBomb,
    /// 4 clients send small bodies that unpack to gigabytes.
    GzipBomb,
    /// 16 clients guess passwords.
    Logins,
    /// 200 clients ask for much and read little.
    SlowReaders,
    /// 50 clients of HTTP/2 ask on 32 streams each and open no window for the answers.
    ShutWindows,
    /// 900 clients of HTTP/2 search on 32 streams each, fewer where the limit is small.
    StreamFlood,
    /// 1,000 clients that are idle or ask now and then.
    KeepAlive,
    /// 1,000 clients that never finish their headers.
    SlowHeaders,
}

impl Attacker {
    /// All of them, or those that are named and the writers.
    pub(super) fn chosen(only: &[Self]) -> Vec<Self> {
        let is_chosen = |one: &Self| only.is_empty() || only.contains(one) || *one == Self::Writers;
        Self::value_variants().iter().copied().filter(is_chosen).collect()
    }

    /// The name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Where it comes from. Whoever works with the server does not sit where the flood comes from.
    fn address(self) -> Option<Ipv4Addr> {
        (self == Self::Writers).then_some(Ipv4Addr::new(127, 0, 0, 2))
    }

    /// How many come against a server of this limit, in bytes.
    pub(super) fn clients(self, limit: u64) -> usize {
        match self {
            Self::BigUpload => 1,
            Self::Export | Self::GzipBomb => 4,
            Self::Writers | Self::Uploads | Self::JsonBomb => 8,
            Self::Logins => 16,
            Self::ShutWindows => 50,
            Self::SlowReaders => 200,
            Self::StreamFlood => floods(limit),
            Self::KeepAlive | Self::SlowHeaders => 1000,
        }
    }

    /// Sends its clients. They go on until the tasks are ended.
    pub(super) fn begin(self, tasks: &mut JoinSet<()>, front: &Arc<Front>) -> Arc<Tally> {
        let tally = Arc::new(Tally::default());
        let bombs = json_bomb::bombs();
        let packed = gzip_bomb::bombs();
        for index in 0..self.clients(front.limit) {
            let client =
                Client { front: Arc::clone(front), tally: Arc::clone(&tally), index, from: self.address() };
            match self {
                Self::Writers => drop(tasks.spawn(writers::run(client))),
                Self::Export => drop(tasks.spawn(export::run(client))),
                Self::BigUpload => drop(tasks.spawn(uploads::run(client, front.upload_bytes, 1))),
                Self::Uploads => drop(tasks.spawn(uploads::run(client, front.upload_bytes / 10, 100))),
                Self::JsonBomb => drop(tasks.spawn(json_bomb::run(client, Arc::clone(&bombs)))),
                Self::GzipBomb => drop(tasks.spawn(gzip_bomb::run(client, Arc::clone(&packed)))),
                Self::Logins => drop(tasks.spawn(logins::run(client))),
                Self::SlowReaders => drop(tasks.spawn(slow_readers::run(client))),
                Self::ShutWindows => drop(tasks.spawn(shut_windows::run(client))),
                Self::StreamFlood => drop(tasks.spawn(stream_flood::run(client))),
                Self::KeepAlive => drop(tasks.spawn(keep_alive::run(client))),
                Self::SlowHeaders => drop(tasks.spawn(slow_headers::run(client))),
            }
        }
        tally
    }
}

/// The connections of a flood, up to nine tenths of what a server takes by default. A smaller server is full with fewer,
/// and the rest would only take the processor from it.
fn floods(limit: u64) -> usize {
    let share = limit.saturating_mul(MOST_FLOODS) / FULL_LIMIT;
    usize::try_from(share.clamp(FEWEST_FLOODS, MOST_FLOODS)).unwrap_or(usize::MAX)
}

const FULL_LIMIT: u64 = 256 << 20;
const MOST_FLOODS: u64 = 900;
const FEWEST_FLOODS: u64 = 100;
