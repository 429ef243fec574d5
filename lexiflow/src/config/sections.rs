//! The typed configuration. The manual (`config/lexiflow.default.toml`) tells what each setting is for.

use super::audit::Audit;
use super::mail::Mail;
use super::oidc::Oidc;
use super::passkeys::Passkeys;
use super::payload::Payload;
use super::proxies::Proxies;
use super::rate_limit::RateLimit;
use super::settings::{Gap, Settings};
use super::storage::Storage;
use super::value::{Secret, Share};
use std::time::Duration;

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// What the installation is for.
    pub mode: Mode,
    /// Listening, limits of connections and requests.
    pub server: Server,
    /// The database.
    pub database: Database,
    /// Files on disk.
    pub storage: Storage,
    /// The memory budget and its thresholds.
    pub memory: Memory,
    /// Streaming of large bodies.
    pub stream: Stream,
    /// Compression of answers.
    pub compression: Compression,
    /// Limits of caches.
    pub cache: Cache,
    /// Limits of request bodies that are read whole.
    pub payload: Payload,
    /// Who stands in front of the server.
    pub proxies: Proxies,
    /// How often somebody may ask.
    pub rate_limit: RateLimit,
    /// Tokens, sessions and password hashing.
    pub auth: Auth,
    /// The record of who did what.
    pub audit: Audit,
    /// A provider that people sign in by.
    pub oidc: Oidc,
    /// Outgoing mail.
    pub mail: Mail,
    /// Signing in with passkeys.
    pub passkeys: Passkeys,
    /// The first administrator.
    pub admin: Admin,
    /// Threads and jobs.
    pub workers: Workers,
    /// The log.
    pub log: Log,
    /// Metrics.
    pub metrics: Metrics,
}

/// What the installation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A developer's machine.
    Development,
    /// Real work.
    Production,
    /// Automated tests.
    Test,
    /// A rehearsal of production.
    Staging,
}

impl Mode {
    /// The mode's word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
            Self::Test => "test",
            Self::Staging => "staging",
        }
    }
}

/// Listening, limits of connections and requests.
#[derive(Debug, Clone)]
pub struct Server {
    /// Address or name to listen on.
    pub host: String,
    /// TCP port; 0 takes any free one.
    pub port: u16,
    /// Connections served at once; further ones wait in the kernel's queue. 0 leaves it to the memory limit.
    pub max_connections: usize,
    /// Time for a request's whole header.
    pub header_timeout: Duration,
    /// Time in which a client has to take something of an answer.
    pub answer_stall_timeout: Duration,
    /// Bytes of a request's header.
    pub max_header_bytes: usize,
    /// Time that an idle connection is kept.
    pub keep_alive_timeout: Duration,
    /// Time for one request without its upload.
    pub request_timeout: Duration,
    /// Time for one whole upload.
    pub upload_timeout: Duration,
    /// Time after which an upload's rate counts.
    pub upload_grace: Duration,
    /// Bytes per second that an upload must reach; 0 for no minimum.
    pub upload_min_rate: u64,
    /// Time that a shutdown waits for requests in flight.
    pub drain_deadline: Duration,
    /// `SO_RCVBUF` of each connection in bytes.
    pub socket_receive_buffer: usize,
    /// `SO_SNDBUF` of each connection in bytes.
    pub socket_send_buffer: usize,
    /// Streams at once on one HTTP/2 connection.
    pub http2_max_streams: u32,
    /// Streams at once on all HTTP/2 connections. 0 leaves it to the memory limit.
    pub http2_all_streams: u64,
    /// Origins that browsers may call from; empty means no CORS.
    pub cors_origins: Vec<String>,
}

/// The database.
#[derive(Debug, Clone)]
pub struct Database {
    /// The address; none is the embedded SQLite under the data folder. May hold a password.
    pub url: Option<Secret>,
    /// Read connections of SQLite. 0 leaves it to the memory limit.
    pub readers: u32,
    /// Prepared statements that each connection to SQLite keeps.
    pub statements: u32,
    /// Most connections to PostgreSQL.
    pub pool_max: u32,
    /// Connections to PostgreSQL that are kept open.
    pub pool_min: u32,
    /// Longest wait for a connection.
    pub acquire_timeout: Duration,
    /// Time after which an idle connection is closed.
    pub idle_timeout: Duration,
    /// Longest time of one statement.
    pub statement_timeout: Duration,
    /// Whether concurrent commits share one fsync (SQLite).
    pub group_commit: bool,
}

/// The memory budget and its thresholds.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each flag is a setting of its own, set by an operator")]
pub struct Memory {
    /// The budget in bytes; none means that it is found from the machine.
    pub budget: Option<u64>,
    /// Whether the server refuses to start with settings whose bounds do not fit into the limit.
    pub refuses_to_exceed: bool,
    /// Whether the thresholds have consequences.
    pub monitoring_enabled: bool,
    /// Share of the budget that warns.
    pub warning_threshold: Share,
    /// Share of the budget that sheds and refuses.
    pub critical_threshold: Share,
    /// Time between two samples.
    pub check_interval: Duration,
    /// Whether the allocator gives memory back when the critical threshold is crossed.
    pub gc_after_threshold: bool,
    /// Whether bounded stores give back under pressure.
    pub shrink_stores: bool,
    /// Whether caches are swept periodically.
    pub cleanup_enabled: bool,
    /// Time between two sweeps.
    pub cleanup_interval: Duration,
    /// Whether a sweep at the warning threshold empties the caches.
    pub cleanup_aggressive: bool,
    /// Bytes of one request that are worth a warning.
    pub request_warn_bytes: u64,
    /// Bytes of one request above which it is ended; `None` for as many as the budget lets it have.
    pub request_max_bytes: Option<u64>,
    /// Whether administrators may ask for a purge.
    pub purge_endpoint: bool,
    /// Whether the allocator trades speed for size.
    pub optimize_for_size: bool,
    /// Whether the heap is watched for leaks.
    pub leak_detection_enabled: bool,
    /// Time between two looks at it.
    pub leak_check_interval: Duration,
}

/// Streaming of large bodies.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Bytes above which a body counts as streamed.
    pub file_threshold: u64,
    /// Bytes of one piece.
    pub chunk_size: usize,
    /// Bytes of a connection's write buffer.
    pub high_water_mark: usize,
}

/// Compression of answers.
#[derive(Debug, Clone)]
pub struct Compression {
    /// Whether answers are compressed at all.
    pub enabled: bool,
    /// 1 is fastest, 9 is smallest.
    pub level: u32,
    /// Bytes below which an answer stays as it is.
    pub threshold: u64,
    /// Memory for one compressor, 1 to 9.
    pub mem_level: u32,
}

/// Limits of caches.
#[derive(Debug, Clone)]
pub struct Cache {
    /// Bytes of the cache of logins.
    pub logins_bytes: u64,
    /// Entries of one small cache.
    pub max_size: usize,
    /// Entries of the shared cache.
    pub max_memory_entries: usize,
    /// Bytes of the shared cache.
    pub max_memory_bytes: u64,
    /// Longest life of an entry.
    pub max_age: Duration,
    /// Usual life of an entry.
    pub ttl: Duration,
    /// Time between two sweeps.
    pub check_period: Duration,
}

/// Tokens, sessions and password hashing.
#[derive(Debug, Clone)]
pub struct Auth {
    /// Key of access tokens; none means that it is made at the first start and kept in the data folder.
    pub jwt_secret: Option<Secret>,
    /// Key of refresh tokens; none as above.
    pub jwt_refresh_secret: Option<Secret>,
    /// Life of an access token.
    pub access_token_ttl: Duration,
    /// Life of a refresh token.
    pub refresh_token_ttl: Duration,
    /// Sessions that one user may have; the one not used for longest ends when a further one begins.
    pub max_sessions_per_user: u32,
    /// Longest life of a session.
    pub session_expiry: Duration,
    /// Activity prolongs a session by this much.
    pub session_sliding_window: Duration,
    /// Longest life of a session of who administers or runs the system.
    pub privileged_session_expiry: Duration,
    /// Keys that seal second factors; none means that one is made at the first start and kept in the data folder.
    pub sealing_keys: Option<Secret>,
    /// Whether who administers or runs the system must have a second factor.
    pub mfa_required_for_privileged: bool,
    /// How long a password or second factor counts as just shown.
    pub step_up_window: Duration,
    /// How long a device is trusted.
    pub trusted_device_ttl: Duration,
    /// Whether a trusted device stands for the second factor.
    pub trusted_device_skips_mfa: bool,
    /// Memory of one password hash in KiB.
    pub argon2_memory_kib: u32,
    /// Passes of one password hash.
    pub argon2_passes: u32,
    /// Password hashes at once; further ones wait.
    pub argon2_parallel_hashes: usize,
    /// Life of a link to set a new password.
    pub reset_token_ttl: Duration,
    /// Life of an invitation.
    pub invitation_ttl: Duration,
    /// Whether people may register by themselves.
    pub registration_enabled: bool,
}

/// The first administrator, made when the database is empty.
#[derive(Debug, Clone)]
pub struct Admin {
    /// Sign-in name.
    pub email: String,
    /// Password; none means that one is made and shown once.
    pub password: Option<Secret>,
}

/// Threads and jobs.
#[derive(Debug, Clone)]
pub struct Workers {
    /// Most threads for blocking work.
    pub blocking_threads: usize,
    /// Threads that serve requests; 0 takes one per core.
    pub runtime_threads: usize,
    /// Background jobs at once.
    pub job_concurrency: usize,
}

/// The log.
#[derive(Debug, Clone)]
pub struct Log {
    /// A level, or a list of `target=level`.
    pub level: String,
    /// The form of a line.
    pub format: LogFormat,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Metrics.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Whether the Node.js names are exported beside the native ones.
    pub node_compat: bool,
}

impl Config {
    pub(super) fn from_settings(s: &Settings) -> Result<Self, Gap> {
        Ok(Self {
            mode: match s.text("mode")?.as_str() {
                "production" => Mode::Production,
                "test" => Mode::Test,
                "staging" => Mode::Staging,
                _ => Mode::Development,
            },
            server: server(s)?,
            database: database(s)?,
            storage: Storage::read(s)?,
            memory: memory(s)?,
            stream: Stream {
                file_threshold: s.number("stream.file_threshold")?,
                chunk_size: s.number("stream.chunk_size")?,
                high_water_mark: s.number("stream.high_water_mark")?,
            },
            compression: Compression {
                enabled: s.flag("compression.enabled")?,
                level: s.number("compression.level")?,
                threshold: s.number("compression.threshold")?,
                mem_level: s.number("compression.mem_level")?,
            },
            cache: cache(s)?,
            payload: Payload::read(s)?,
            proxies: Proxies::read(s)?,
            rate_limit: RateLimit::from_settings(s)?,
            auth: auth(s)?,
            audit: Audit::read(s)?,
            oidc: Oidc::read(s)?,
            mail: super::mail::read(s)?,
            passkeys: Passkeys::read(s)?,
            admin: Admin { email: s.text("admin.email")?, password: s.secret("admin.password")? },
            workers: Workers {
                blocking_threads: s.number("workers.blocking_threads")?,
                runtime_threads: s.number("workers.runtime_threads")?,
                job_concurrency: s.number("workers.job_concurrency")?,
            },
            log: Log {
                level: s.text("log.level")?,
                format: match s.text("log.format")?.as_str() {
                    "json" => LogFormat::Json,
                    "text" => LogFormat::Text,
                    _ => LogFormat::Auto,
                },
            },
            metrics: Metrics { node_compat: s.flag("metrics.node_compat")? },
        })
    }
}

fn server(s: &Settings) -> Result<Server, Gap> {
    Ok(Server {
        host: s.text("server.host")?,
        port: s.number("server.port")?,
        max_connections: s.number("server.max_connections")?,
        header_timeout: s.time("server.header_timeout")?,
        answer_stall_timeout: s.time("server.answer_stall_timeout")?,
        max_header_bytes: s.number("server.max_header_size")?,
        keep_alive_timeout: s.time("server.keep_alive_timeout")?,
        request_timeout: s.time("server.request_timeout")?,
        upload_timeout: s.time("server.upload_timeout")?,
        upload_grace: s.time("server.upload_grace")?,
        upload_min_rate: s.number("server.upload_min_rate")?,
        drain_deadline: s.time("server.drain_deadline")?,
        socket_receive_buffer: s.number("server.socket_receive_buffer")?,
        socket_send_buffer: s.number("server.socket_send_buffer")?,
        http2_max_streams: s.number("server.http2_max_streams")?,
        http2_all_streams: s.number("server.http2_all_streams")?,
        cors_origins: s.list("server.cors_origins")?,
    })
}

fn database(s: &Settings) -> Result<Database, Gap> {
    Ok(Database {
        url: s.secret("database.url")?,
        readers: s.number("database.readers")?,
        statements: s.number("database.statements")?,
        pool_max: s.number("database.pool_max")?,
        pool_min: s.number("database.pool_min")?,
        acquire_timeout: s.time("database.acquire_timeout")?,
        idle_timeout: s.time("database.idle_timeout")?,
        statement_timeout: s.time("database.statement_timeout")?,
        group_commit: s.flag("database.group_commit")?,
    })
}

fn memory(s: &Settings) -> Result<Memory, Gap> {
    Ok(Memory {
        budget: Some(s.number("memory.budget")?).filter(|bytes| *bytes > 0),
        refuses_to_exceed: s.text("memory.bounds")? == "refuse",
        monitoring_enabled: s.flag("memory.monitoring_enabled")?,
        warning_threshold: s.share("memory.warning_threshold")?,
        critical_threshold: s.share("memory.critical_threshold")?,
        check_interval: s.time("memory.check_interval")?,
        gc_after_threshold: s.flag("memory.gc_after_threshold")?,
        shrink_stores: s.flag("memory.shrink_stores")?,
        cleanup_enabled: s.flag("memory.cleanup_enabled")?,
        cleanup_interval: s.time("memory.cleanup_interval")?,
        cleanup_aggressive: s.flag("memory.cleanup_aggressive")?,
        request_warn_bytes: s.number("memory.request_warn_size")?,
        request_max_bytes: Some(s.number("memory.request_max_size")?).filter(|bytes| *bytes > 0),
        purge_endpoint: s.flag("memory.purge_endpoint")?,
        optimize_for_size: s.flag("memory.optimize_for_size")?,
        leak_detection_enabled: s.flag("memory.leak_detection_enabled")?,
        leak_check_interval: s.time("memory.leak_check_interval")?,
    })
}

fn cache(s: &Settings) -> Result<Cache, Gap> {
    Ok(Cache {
        logins_bytes: s.number("cache.logins_size")?,
        max_size: s.number("cache.max_size")?,
        max_memory_entries: s.number("cache.max_memory_entries")?,
        max_memory_bytes: s.number("cache.max_memory_size")?,
        max_age: s.time("cache.max_age")?,
        ttl: s.time("cache.ttl")?,
        check_period: s.time("cache.check_period")?,
    })
}

fn auth(s: &Settings) -> Result<Auth, Gap> {
    let memory: u64 = s.number("auth.argon2_memory")?;
    Ok(Auth {
        jwt_secret: s.secret("auth.jwt_secret")?,
        jwt_refresh_secret: s.secret("auth.jwt_refresh_secret")?,
        access_token_ttl: s.time("auth.access_token_ttl")?,
        refresh_token_ttl: s.time("auth.refresh_token_ttl")?,
        max_sessions_per_user: s.number("auth.max_sessions_per_user")?,
        session_expiry: s.time("auth.session_expiry")?,
        session_sliding_window: s.time("auth.session_sliding_window")?,
        privileged_session_expiry: s.time("auth.privileged_session_expiry")?,
        sealing_keys: s.secret("auth.sealing_keys")?,
        mfa_required_for_privileged: s.flag("auth.mfa_required_for_privileged")?,
        step_up_window: s.time("auth.step_up_window")?,
        trusted_device_ttl: s.time("auth.trusted_device_ttl")?,
        trusted_device_skips_mfa: s.flag("auth.trusted_device_skips_mfa")?,
        argon2_memory_kib: u32::try_from(memory / 1024).map_err(|_| Gap("auth.argon2_memory"))?,
        argon2_passes: s.number("auth.argon2_passes")?,
        argon2_parallel_hashes: s.number("auth.argon2_parallel_hashes")?,
        reset_token_ttl: s.time("auth.reset_token_ttl")?,
        invitation_ttl: s.time("auth.invitation_ttl")?,
        registration_enabled: s.flag("auth.registration_enabled")?,
    })
}
