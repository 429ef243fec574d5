//! What each consumer of memory takes at most, reckoned from the configuration before anything of it is taken.

use super::StartError;
use super::settings::{BASE_BYTES, CONNECTION_BYTES, ENTRANCE_BYTES, ROOMY_BYTES, STREAM_BYTES, logins};
use crate::config::{Config, Database};
use crate::ops::LEAKS_BYTES;
use headroom::{Bound, Bounds, Budget, Lending, LimitSource, MemoryBounds, Part, SystemRoots};

/// What an idle socket takes of the kernel, in bytes.
const SOCKET_BYTES: u64 = 2 << 10;
/// One connection in so many has full buffers at a time. It is no hard bound: what sockets really hold counts in the
/// level of pressure, and stalled connections are ended.
const FULL_SOCKETS: u64 = 16;
/// What a thread for blocking work touches of its stack, in bytes.
const STACK_BYTES: u64 = 128 << 10;
/// One SQLite connection's copy of the schema and its buffers, in bytes.
const SCHEMA_BYTES: u64 = 128 << 10;
/// Buffers and prepared statements of one connection to PostgreSQL, in bytes.
const POSTGRES_BYTES: u64 = 256 << 10;
/// A job borrows what is large; this is the rest, in bytes.
const JOB_BYTES: u64 = 512 << 10;

/// What is left to lend beside the largest borrower, in bytes: for requests at work while a password is hashed.
const WORKING_BYTES: u64 = 2 << 20;
/// The part of the limit that streams of HTTP/2 may take.
const STREAMS_PART: u64 = 32;
/// When the settings name no number: as many connections as fit beside the rest, within these bounds.
const CONNECTIONS: std::ops::RangeInclusive<u64> = 32..=1_024;
const MOST_READERS: u32 = 4;
const FEW_READERS: u32 = 2;

/// The limit that the bounds must keep.
pub(crate) fn limit_of(config: &Config) -> u64 {
    limit_meant(&headroom::budget(config.memory.budget, &SystemRoots::default()))
}

/// The system's limit, or the smaller one of which an explicit budget is three quarters, as it is where none is set.
pub(super) fn limit_meant(budget: &Budget) -> u64 {
    let meant =
        if budget.source == LimitSource::Explicit { budget.bytes.saturating_mul(4) / 3 } else { u64::MAX };
    meant.min(budget.limit.bytes)
}

/// Fills in the numbers that the settings leave to the limit.
pub(crate) fn settle(config: &mut Config, limit_bytes: u64) {
    if config.database.readers == 0 {
        config.database.readers = if limit_bytes < ROOMY_BYTES { FEW_READERS } else { MOST_READERS };
    }
    if config.server.http2_all_streams == 0 {
        config.server.http2_all_streams = limit_bytes / STREAMS_PART / STREAM_BYTES;
    }
    if config.server.max_connections == 0 {
        let left = limit_bytes.saturating_sub(declare(config, limit_bytes).sum_bytes() + WORKING_BYTES);
        let connections = (left / each_connection(config)).clamp(*CONNECTIONS.start(), *CONNECTIONS.end());
        config.server.max_connections = usize::try_from(connections).unwrap_or(usize::MAX);
    }
}

/// How much is lent: what nobody borrows is not, and the largest borrower and requests at work beside it have to find room.
pub(super) fn lending(config: &Config, limit_bytes: u64) -> Lending {
    let bounds = declare(config, limit_bytes);
    let unlent_bytes = bounds.unlent_bytes();
    Lending {
        held_back_bytes: BASE_BYTES
            .saturating_add(CONNECTION_BYTES.saturating_mul(config.server.max_connections as u64)),
        unlent_bytes,
        needed_bytes: bounds.sum_bytes() - unlent_bytes + WORKING_BYTES,
    }
}

/// Settles the configuration of a server and holds its bounds against the limit.
pub(super) fn keep(config: &mut Config) -> Result<(), StartError> {
    let limit_bytes = limit_of(config);
    settle(config, limit_bytes);
    fit(config, declare(config, limit_bytes))
}

/// Whether a server with these bounds may start. If it may though they do not fit, it says so.
pub(crate) fn fit(config: &Config, bounds: Bounds) -> Result<(), StartError> {
    let missing_bytes = bounds.missing_bytes();
    if missing_bytes == 0 {
        return Ok(());
    }
    if config.memory.refuses_to_exceed {
        return Err(StartError::Memory { bounds: Box::new(bounds) });
    }
    tracing::warn!(
        missing_bytes,
        limit_bytes = bounds.limit_bytes(),
        "the memory that the settings may take does not fit into the limit: `lexiflow config check` shows it"
    );
    Ok(())
}

/// All bounds of a settled configuration.
pub(crate) fn declare(config: &Config, limit_bytes: u64) -> Bounds {
    Bounds::of(limit_bytes)
        .with(&Connections(config))
        .with(&Program(config))
        .with(&config.database)
        .with(&Stores(config))
        .with(&Borrowers(config))
}

/// The buffers of one connection when both are full.
fn full_socket(config: &Config) -> u64 {
    let buffer = config.server.socket_receive_buffer.max(config.server.socket_send_buffer);
    (buffer as u64).saturating_mul(2)
}

fn each_connection(config: &Config) -> u64 {
    // One stream is each connection's own.
    (CONNECTION_BYTES + SOCKET_BYTES + STREAM_BYTES).saturating_add(full_socket(config) / FULL_SOCKETS)
}

/// So many things of so many bytes each, such as `8 threads x 128 KiB`.
fn several(consumer: &'static str, count: u64, things: &str, each: u64, remedy: &'static str) -> Bound {
    Bound {
        part: Part::Fixed,
        consumer,
        expression: format!("{count} {things} x {} KiB", each >> 10),
        bytes: each.saturating_mul(count),
        remedy,
    }
}

struct Connections<'a>(&'a Config);

impl MemoryBounds for Connections<'_> {
    fn declare(&self, bounds: &mut Bounds) {
        let (connections, full) = (self.0.server.max_connections as u64, full_socket(self.0));
        bounds.add(Bound {
            part: Part::Kernel,
            consumer: "sockets",
            expression: format!(
                "{connections} connections x {} KiB, and one in {FULL_SOCKETS} with {} KiB of full buffers",
                SOCKET_BYTES >> 10,
                full >> 10
            ),
            bytes: (SOCKET_BYTES.saturating_add(full / FULL_SOCKETS)).saturating_mul(connections),
            remedy: "SOCKET_RECEIVE_BUFFER, SOCKET_SEND_BUFFER",
        });
        bounds.add(several("connections", connections, "connections", CONNECTION_BYTES, "MAX_CONNECTIONS"));
        let streams = self.0.server.http2_all_streams.saturating_add(connections);
        bounds.add(several("HTTP/2 streams", streams, "streams", STREAM_BYTES, "HTTP2_ALL_STREAMS"));
    }
}

struct Program<'a>(&'a Config);

impl MemoryBounds for Program<'_> {
    fn declare(&self, bounds: &mut Bounds) {
        bounds.add(Bound {
            part: Part::Fixed,
            consumer: "program at rest",
            expression: format!("{} MiB, measured", BASE_BYTES >> 20),
            bytes: BASE_BYTES,
            remedy: "",
        });
        let (threads, jobs) = (self.0.workers.blocking_threads as u64, self.0.workers.job_concurrency as u64);
        bounds.add(several(
            "stacks for blocking work",
            threads,
            "threads",
            STACK_BYTES,
            "UV_THREADPOOL_SIZE",
        ));
        bounds.add(several("background jobs", jobs, "jobs", JOB_BYTES, "JOB_CONCURRENCY"));
    }
}

impl MemoryBounds for Database {
    fn declare(&self, bounds: &mut Bounds) {
        let is_postgres = self.url.as_ref().is_some_and(|url| url.reveal().starts_with("postgres"));
        let (connections, each, remedy) = if is_postgres {
            (u64::from(self.pool_max), POSTGRES_BYTES, "DB_POOL_MAX")
        } else {
            (u64::from(self.readers) + 1, db::connection_bytes(self.statements) + SCHEMA_BYTES, "DB_READERS")
        };
        let mut bound = several("database connections", connections, "connections", each, remedy);
        bound.expression.push_str(" of pages and statements");
        bounds.add(bound);
    }
}

struct Stores<'a>(&'a Config);

impl MemoryBounds for Stores<'_> {
    fn declare(&self, bounds: &mut Bounds) {
        let logins = logins(self.0);
        let own = [
            headroom::ROUTES_BYTES,
            headroom::LEDGER_BYTES,
            headroom::HISTORY_BYTES,
            headroom::TENANTS_BYTES,
            LEAKS_BYTES,
            access::POLICY_BYTES,
            audit::REFUSALS_BYTES,
        ];
        // Users and addresses have a table each, and so have the requests that run.
        let rates = self.0.rate_limit.table_bytes.saturating_mul(2).saturating_add(web::RUNNING_BYTES);
        let versions = sessions::Settings::VERSIONS_BYTES;
        let provider = if self.0.oidc.issuer.is_some() { openid::CACHE_BYTES } else { 0 };
        let stores = [logins.cache_bytes, logins.attempts_bytes, versions, rates, provider, ENTRANCE_BYTES];
        let stores = stores.into_iter().chain(own);
        bounds.add(Bound {
            part: Part::Fixed,
            consumer: "caches and tables",
            expression: "the caps of all bounded stores; `lexiflow memory stores` lists them".to_owned(),
            bytes: stores.sum(),
            remedy: "",
        });
    }
}

struct Borrowers<'a>(&'a Config);

impl MemoryBounds for Borrowers<'_> {
    fn declare(&self, bounds: &mut Bounds) {
        let hash = u64::from(self.0.auth.argon2_memory_kib).saturating_mul(1 << 10);
        bounds.add(Bound {
            part: Part::Lent,
            consumer: "one password hash",
            expression: format!("{} KiB; further ones wait", hash >> 10),
            bytes: hash,
            remedy: "ARGON2_MEMORY",
        });
        if self.0.oidc.issuer.is_some() {
            let request = outbound::Settings::default().request_bytes();
            bounds.add(Bound {
                part: Part::Lent,
                consumer: "one question to the sign-in provider",
                expression: format!("{} KiB; it is refused where there is no room", request >> 10),
                bytes: request,
                remedy: "",
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, load};

    const MIB: u64 = 1 << 20;

    fn settled(limit_mib: u64, changes: &[(&str, &str)]) -> (Config, Bounds) {
        let overrides = changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let mut config = load(&Sources { overrides, ..Sources::default() }).unwrap().config;
        settle(&mut config, limit_mib * MIB);
        let bounds = declare(&config, limit_mib * MIB);
        (config, bounds)
    }

    #[test]
    fn the_defaults_fit_into_64_mib_and_take_no_more_than_usual_of_much() {
        for (limit, connections, readers) in
            [(64, 100..700, 2), (96, 900..1_025, 2), (1_024, 1_024..1_025, 4)]
        {
            let (config, bounds) = settled(limit, &[]);
            assert_eq!(bounds.missing_bytes(), 0, "{limit} MiB\n{bounds}");
            assert!(connections.contains(&config.server.max_connections), "{limit} MiB\n{bounds}");
            assert_eq!(config.database.readers, readers, "{limit} MiB");
            assert!(fit(&config, bounds).is_ok());
        }
    }

    #[test]
    fn the_largest_borrower_and_requests_beside_it_fit_into_the_rest() {
        for limit in [64, 96, 256, 1_024, 24 * 1_024] {
            let (config, bounds) = settled(limit, &[]);
            let lending = lending(&config, limit * MIB);
            let (unlent, needed) = (lending.unlent_bytes, lending.needed_bytes);
            assert!(unlent + needed <= limit * MIB, "{limit} MiB: {unlent} and {needed}\n{bounds}");
            assert!(needed > WORKING_BYTES && unlent == bounds.unlent_bytes());
        }
    }

    #[test]
    fn what_an_operator_sets_is_kept_and_refused_where_it_does_not_fit() {
        let wish = [("server.max_connections", "1024"), ("database.readers", "8")];
        let (config, bounds) = settled(64, &wish);
        assert_eq!((config.server.max_connections, config.database.readers), (1_024, 8));
        let refused = fit(&config, bounds).unwrap_err().to_string();
        for said in ["MiB are missing", "sockets", "DB_READERS", "MAX_CONNECTIONS", "MEMORY_BOUNDS=report"] {
            assert!(refused.contains(said), "{said}\n{refused}");
        }
        let (config, bounds) = settled(64, &[wish[0], wish[1], ("memory.bounds", "report")]);
        assert!(bounds.missing_bytes() > 0 && fit(&config, bounds).is_ok());
        let (config, bounds) = settled(48, &[("auth.argon2_memory", "8MiB")]);
        assert!(fit(&config, bounds).is_ok(), "each remedy helps");
        assert!(settled(48, &[]).1.missing_bytes() > 0);
    }
}
