//! From the configuration's words to those of each part.

use crate::config::{Config, Memory, Rate, Share};
use access::App;
use accounts::EntranceSettings;
use chrono::TimeDelta;
use clock::Random;
use headroom::{ActionSettings, Class, Lending, Shrinking, Thresholds};
use mail::{FileTransport, Keep, SharedTransport};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use web::layers::{CorsFault, CorsSettings};
use web::server::{Crowd, ServerSettings, ServerStats};
use web::{BodyPace, Limits, Quota, RateSettings, TrustedProxies};

/// The database, as it is opened by everything that opens it.
pub fn database(config: &Config) -> db::Settings {
    let database = &config.database;
    db::Settings {
        url: database.url.as_ref().map(|url| url.reveal().to_owned()),
        data_dir: config.storage.data_dir.clone(),
        // Left to the limit, and not settled yet: a command that only looks needs few.
        readers: database.readers.max(1),
        statements: database.statements,
        max_connections: database.pool_max,
        group_commit: database.group_commit,
        acquire_timeout: database.acquire_timeout,
        idle_timeout: database.idle_timeout,
        statement_timeout: database.statement_timeout,
        slow_statement: Duration::from_secs(1),
    }
}

/// The part of the memory limit that one upload may leave in the page cache for the disk.
const UNWRITTEN_PART: u64 = 256;
const LEAST_UNWRITTEN_BYTES: u64 = 256 << 10;

/// Within a small memory limit little of each upload waits in the page cache: what does counts against the limit until it is on the
/// disk, and cannot be taken back before.
pub(super) fn files(config: &Config, limit_bytes: u64) -> blob::Settings {
    let storage = &config.storage;
    blob::Settings {
        chunk_bytes: config.stream.chunk_size,
        min_free_bytes: storage.min_disk_space,
        max_file_bytes: storage.max_file_size,
        unwritten_bytes: (limit_bytes / UNWRITTEN_PART).max(LEAST_UNWRITTEN_BYTES),
        writers: (config.workers.blocking_threads / 2).max(1),
        ..blob::Settings::at(PathBuf::from(&storage.upload_dir))
    }
}

pub(super) fn documents(config: &Config) -> documents::Settings {
    let storage = &config.storage;
    documents::Settings {
        max_file_bytes: storage.max_file_size,
        allowed_types: storage.allowed_mime_types.as_slice().into(),
        blocked_types: storage.blocked_mime_types.as_slice().into(),
    }
}

/// Below this limit every page counts, in bytes.
pub(super) const ROOMY_BYTES: u64 = 128 << 20;
/// What the server holds when nobody asks for anything, in bytes of heap and stacks.
pub(crate) const BASE_BYTES: u64 = 8 << 20;
/// What a stream of HTTP/2 holds whose request is refused at once, in bytes: its state, the request's head and the answer.
pub(crate) const STREAM_BYTES: u64 = 6 << 10;
/// What a connection holds between two requests, in bytes.
pub(crate) const CONNECTION_BYTES: u64 = 16 << 10;

pub(super) fn shrinking(memory: &Memory) -> Shrinking {
    match (memory.shrink_stores, memory.cleanup_aggressive) {
        (false, _) => Shrinking::Never,
        (true, false) => Shrinking::ByLevel,
        (true, true) => Shrinking::Early,
    }
}

pub(super) fn thresholds(config: &Config) -> Thresholds {
    let permille = |share: Share| share.basis_points() / 10;
    let (warning, critical) =
        (permille(config.memory.warning_threshold), permille(config.memory.critical_threshold));
    Thresholds::around(warning, critical).unwrap_or_else(|| {
        tracing::warn!(
            warning_permille = warning,
            critical_permille = critical,
            "the memory thresholds are out of range (10% to 99%): the defaults are used"
        );
        Thresholds::GUIDE
    })
}

/// Where the limit is so small that one burst fills what is left, freed pages go back early whatever the settings say.
pub(super) fn memory(
    config: &Config,
    limit_bytes: u64,
    lending: Lending,
    random: &dyn Random,
) -> headroom::Settings {
    let mut seed = [0; 8];
    random.fill(&mut seed);
    headroom::Settings {
        explicit_budget_bytes: config.memory.budget,
        lending,
        thresholds: thresholds(config),
        large_request_bytes: config.memory.request_warn_bytes,
        max_request_bytes: config.memory.request_max_bytes,
        acts: config.memory.monitoring_enabled,
        actions: ActionSettings {
            purges: config.memory.gc_after_threshold,
            stores: shrinking(&config.memory),
            decays_early: config.memory.optimize_for_size || limit_bytes < ROOMY_BYTES,
        },
        jitter_seed: u64::from_ne_bytes(seed),
    }
}

pub(super) fn hashing(config: &Config) -> crypto::password::Settings {
    let auth = &config.auth;
    crypto::password::Settings {
        memory_kib: auth.argon2_memory_kib,
        passes: auth.argon2_passes,
        ..crypto::password::Settings::default()
    }
}

pub(super) fn logins(config: &Config) -> sessions::Settings {
    let auth = &config.auth;
    let time = |duration: Duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
    sessions::Settings {
        access_token: time(auth.access_token_ttl),
        refresh_token: time(auth.refresh_token_ttl),
        idle: time(auth.session_sliding_window),
        absolute: time(auth.session_expiry),
        privileged_absolute: time(auth.privileged_session_expiry),
        max_per_user: auth.max_sessions_per_user,
        step_up: time(auth.step_up_window),
        trust: time(auth.trusted_device_ttl),
        trust_skips_second_factor: auth.trusted_device_skips_mfa,
        privileged_second_factor: auth.mfa_required_for_privileged,
        // What is wrong with it was told when the settings were read.
        #[cfg(feature = "passkeys")]
        passkeys: crate::config::passkey_site(config).ok(),
        cache_bytes: config.cache.logins_bytes.min(config.cache.max_memory_bytes),
        ..sessions::Settings::default()
    }
}

/// How often somebody may ask.
pub(super) fn rates(config: &Config) -> RateSettings {
    let limits = &config.rate_limit;
    let quota = |rate: Rate| {
        let window_micros = i64::try_from(rate.window.as_micros()).unwrap_or(i64::MAX);
        Quota::new(rate.limit, window_micros)
    };
    RateSettings {
        quotas: [limits.general, limits.auth, limits.upload].map(quota),
        address_factor: limits.address_factor,
        max_concurrent: limits.max_concurrent,
        table_bytes: limits.table_bytes,
    }
}

/// The links that are sent by mail, and whom it comes from.
pub(super) fn entrance(config: &Config) -> Result<EntranceSettings, mail::Fault> {
    let (auth, mail) = (&config.auth, &config.mail);
    let time = |duration: Duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
    let public_url = match mail.public_url.trim_end_matches('/') {
        "" => own_url(config),
        url => url.to_owned(),
    };
    let from = mail::Mailbox::new(mail.from_name.clone(), mail.from_address.clone())?;
    Ok(EntranceSettings {
        reset_lasts: time(auth.reset_token_ttl),
        invitation_lasts: time(auth.invitation_ttl),
        is_registration_open: auth.registration_enabled,
        attempts_bytes: ENTRANCE_BYTES,
        ..EntranceSettings::new(public_url, from)
    })
}

/// Memory for counted requests of people without a login, in bytes.
pub(super) const ENTRANCE_BYTES: u64 = 256 << 10;

/// The address that the server listens on, as a browser on this machine opens it.
fn own_url(config: &Config) -> String {
    let (host, port) = (&config.server.host, config.server.port);
    match host.parse::<IpAddr>() {
        Ok(ip) if ip.is_unspecified() => format!("http://localhost:{port}"),
        Ok(IpAddr::V6(ip)) => format!("http://[{ip}]:{port}"),
        _ => format!("http://{host}:{port}"),
    }
}

/// Mail becomes files in the data folder.
pub(super) fn transport(config: &Config) -> SharedTransport {
    let keep = Keep { files: config.mail.keep_files, age: config.mail.keep_age };
    Arc::new(FileTransport::new(config.storage.data_dir.join("mail"), keep))
}

pub(super) fn server(config: &Config, stats: Arc<ServerStats>) -> ServerSettings {
    let server = &config.server;
    let buffer = server.socket_receive_buffer.max(server.socket_send_buffer);
    ServerSettings {
        crowd: Crowd::of(server.max_connections, server.http2_all_streams),
        proxies: proxies(config),
        socket_buffer_bytes: u32::try_from(buffer).unwrap_or(u32::MAX),
        http1_buffer_bytes: server.max_header_bytes,
        header_timeout: server.header_timeout,
        keep_alive: server.keep_alive_timeout,
        write_stall: server.answer_stall_timeout,
        http2_streams: server.http2_max_streams,
        drain: server.drain_deadline,
        stats,
        ..ServerSettings::default()
    }
}

/// What a form may have beside its file, in bytes: the file itself has its own limit.
const FORM_BYTES: u64 = 4 << 20;

fn limits(config: &Config) -> Limits {
    // Above the threshold nothing is ever in memory whole, whatever its own limit says.
    let bytes = |size: usize| u64::try_from(size).unwrap_or(u64::MAX).min(config.stream.file_threshold);
    let payload = &config.payload;
    Limits {
        json_bytes: bytes(payload.json_limit),
        urlencoded_bytes: bytes(payload.urlencoded_limit),
        text_bytes: bytes(payload.text_limit),
        raw_bytes: bytes(payload.raw_limit),
        upload_bytes: config.storage.max_file_size.saturating_add(FORM_BYTES),
        pace: pace(config),
    }
}

fn pace(config: &Config) -> BodyPace {
    BodyPace {
        min_bytes_per_second: config.server.upload_min_rate,
        grace: config.server.upload_grace,
        total: config.server.upload_timeout,
    }
}

/// One answer is compressed at a time for so much of the budget: what a compressor borrows, 4 MiB, for a 24th part. A server with
/// less sends all answers as they are, because one slow reader's would take what a password's hash needs.
const COMPRESSOR_SHARE: u64 = 24 * (4 << 20);

fn compressors(app: &App) -> usize {
    let most = app.headroom().budget().bytes / COMPRESSOR_SHARE;
    usize::try_from(most).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}

/// What the HTTP layers need to know, but for the parts that only the router has.
pub(crate) fn layers(config: &Config, app: &App) -> Result<web::layers::Settings, CorsFault> {
    let compression = &config.compression;
    Ok(web::layers::Settings {
        request_timeout: config.server.request_timeout,
        limits: limits(config),
        compression: web::layers::CompressionSettings {
            enabled: compression.enabled,
            level: u8::try_from(compression.level).unwrap_or(6),
            threshold_bytes: compression.threshold,
        },
        compressors: Arc::new(Semaphore::new(compressors(app))),
        cors: cors(&config.server.cors_origins)?,
        proxies: proxies(config).telling_country_in(config.proxies.country_header.clone()),
        pool: Some(app.headroom().class(Class::Interactive).clone()),
        ..web::layers::Settings::new(Arc::clone(app.clock()), Arc::clone(app.random()))
    })
}

fn proxies(config: &Config) -> TrustedProxies {
    TrustedProxies::new(config.proxies.trusted.iter().copied())
}

/// No cross-origin calls unless origins are named; any origin at all may call without credentials only.
fn cors(origins: &[String]) -> Result<Option<CorsSettings>, CorsFault> {
    if origins.is_empty() {
        return Ok(None);
    }
    let any = origins.iter().any(|origin| origin == "*");
    CorsSettings::new(origins, !any, Duration::from_hours(1)).map(Some)
}
