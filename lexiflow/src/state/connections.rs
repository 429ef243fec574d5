//! How many connections there may be, and for how long without work, follows the memory while the server runs.

use super::{Parts, bounds};
use crate::config::Config;
use blob::BlobStore;
use headroom::{Action, Headroom, Level};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use web::server::Crowd;

/// How long a connection may be without a request while memory is short, and when it is shorter.
const SHORT_IDLE: Duration = Duration::from_secs(5);
const SHORTEST_IDLE: Duration = Duration::from_secs(1);

/// The numbers that the settings name; zero leaves one to the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    connections: usize,
    streams: u64,
}

impl Asked {
    /// Of settings that were not settled yet.
    pub(super) fn of(config: &Config) -> Self {
        Self { connections: config.server.max_connections, streams: config.server.http2_all_streams }
    }

    /// The settled configuration as it would be within another limit. What the settings name is kept as long as it fits: a
    /// server that runs cannot refuse to start. Where it may exceed the limit, it is kept in any case.
    fn within(self, settled: &Config, limit_bytes: u64) -> Config {
        let with = |asked: Self| {
            let mut config = settled.clone();
            config.server.max_connections = asked.connections;
            config.server.http2_all_streams = asked.streams;
            bounds::settle(&mut config, limit_bytes);
            config
        };
        let wished = with(self);
        let may_exceed = !settled.memory.refuses_to_exceed;
        if may_exceed || bounds::declare(&wished, limit_bytes).missing_bytes() == 0 {
            return wished;
        }
        let mut fitting = with(Self { connections: 0, streams: 0 });
        let server = &mut fitting.server;
        if self.connections > 0 {
            server.max_connections = server.max_connections.min(self.connections);
        }
        if self.streams > 0 {
            server.http2_all_streams = server.http2_all_streams.min(self.streams);
        }
        fitting
    }
}

/// Sets the number by the limit and the time by the pressure.
pub(super) struct Follower {
    headroom: Headroom,
    config: Arc<Config>,
    asked: Asked,
    crowd: Crowd,
    blobs: BlobStore,
}

impl Follower {
    pub(super) fn of(parts: &Parts, asked: Asked, crowd: Crowd) -> Self {
        Self {
            headroom: parts.app.headroom().clone(),
            config: Arc::clone(&parts.config),
            asked,
            crowd,
            blobs: parts.files.blobs.clone(),
        }
    }

    /// Follows until it is told to stop.
    pub(super) async fn run(self, stop: CancellationToken) {
        let (mut level, mut budget) = (self.headroom.watch_level(), self.headroom.watch_budget());
        let mut tuning = self.headroom.watch_tuning();
        self.follow_limit();
        self.follow_level(*level.borrow_and_update());
        loop {
            let changed = tokio::select! {
                () = stop.cancelled() => return,
                changed = level.changed() => changed.map(|()| self.follow_level(*level.borrow_and_update())),
                // Other settings may say that nothing is to be done about the same level.
                changed = tuning.changed() => changed.map(|()| self.follow_level(*level.borrow())),
                changed = budget.changed() => changed.map(|()| self.follow_limit()),
            };
            if changed.is_err() {
                return;
            }
        }
    }

    /// As many as fit into the limit in force, and what is lent beside them.
    fn follow_limit(&self) {
        let limit_bytes = bounds::limit_meant(&self.headroom.budget());
        let config = self.asked.within(&self.config, limit_bytes);
        let (connections, streams) = (config.server.max_connections, config.server.http2_all_streams);
        let (before, before_streams) = (self.crowd.connections(), self.crowd.streams());
        if (connections, streams) == (before, before_streams) {
            return;
        }
        self.crowd.set(connections, streams);
        self.headroom.lend_by(bounds::lending(&config, limit_bytes));
        tracing::info!(
            limit_bytes,
            connections_before = before,
            connections,
            streams_before = before_streams,
            streams,
            "another memory limit allows another number of connections"
        );
    }

    /// Whoever does nothing goes sooner under pressure, and files that are begun move in smaller chunks. New ones may come at every level: their number is reckoned with.
    fn follow_level(&self, level: Level) {
        let acts = self.headroom.tuning().acts;
        let is_small = acts && level >= Level::Warning;
        if self.blobs.use_small_chunks(is_small) {
            self.headroom.carried_out(Action::SmallChunks(is_small), level);
        }
        let idle = if acts { idle_most(level) } else { None };
        let before = self.crowd.keep_idle_for(idle);
        if before.is_some() != idle.is_some() {
            self.headroom.carried_out(Action::ShortenIdle(idle.is_some()), level);
        }
        if before != idle {
            let millis = |idle: Option<Duration>| idle.map(|idle| idle.as_millis());
            tracing::debug!(
                level = level.as_str(),
                idle_ms_before = millis(before),
                idle_ms = millis(idle),
                "connections that do nothing are kept for another time"
            );
        }
    }
}

fn idle_most(level: Level) -> Option<Duration> {
    match level {
        Level::Normal => None,
        Level::Elevated => Some(SHORT_IDLE),
        Level::Warning | Level::Critical | Level::Emergency => Some(SHORTEST_IDLE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, load};

    const MIB: u64 = 1 << 20;

    fn settled(limit: u64, changes: &[(&str, &str)]) -> (Asked, Config) {
        let overrides = changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let mut config = load(&Sources { overrides, ..Sources::default() }).unwrap().config;
        let asked = Asked::of(&config);
        bounds::settle(&mut config, limit);
        (asked, config)
    }

    fn numbers(config: &Config) -> (usize, u64) {
        (config.server.max_connections, config.server.http2_all_streams)
    }

    #[test]
    fn within_another_limit_there_are_as_many_as_a_start_within_it_would_allow() {
        for (from, to) in [(256, 64), (64, 256), (1_024, 96), (96, 96)] {
            let (asked, config) = settled(from * MIB, &[]);
            let mut fresh = settled(to * MIB, &[]).1;
            // The readers of the database are opened at the start.
            fresh.database.readers = config.database.readers;
            fresh.server.max_connections = 0;
            bounds::settle(&mut fresh, to * MIB);
            assert_eq!(numbers(&asked.within(&config, to * MIB)), numbers(&fresh), "{from} to {to}");
        }
    }

    #[test]
    fn what_is_asked_for_is_kept_while_it_fits_and_is_there_again_when_it_does() {
        let (asked, config) =
            settled(256 * MIB, &[("server.max_connections", "1500"), ("database.readers", "2")]);
        assert_eq!(numbers(&asked.within(&config, 256 * MIB)).0, 1_500);
        let lower = asked.within(&config, 64 * MIB);
        assert!((32..700).contains(&lower.server.max_connections), "{}", lower.server.max_connections);
        assert_eq!(bounds::declare(&lower, 64 * MIB).missing_bytes(), 0);
        assert_eq!(numbers(&asked.within(&lower, 256 * MIB)).0, 1_500);
        let (many, config) =
            settled(1_024 * MIB, &[("server.http2_all_streams", "20000"), ("database.readers", "2")]);
        let within = many.within(&config, 96 * MIB);
        assert!(within.server.max_connections > 500, "streams are bounded, not connections without need");
        let (few, config) =
            settled(256 * MIB, &[("server.max_connections", "40"), ("database.readers", "2")]);
        assert_eq!(numbers(&few.within(&config, 64 * MIB)).0, 40);
    }
}
