//! The one table of settings: it drives reading, `config print`, the JSON schema and the check of the manual.

use super::rules;
use super::value::{DAY, GIB, HOUR, KIB, Kind, MIB, MINUTE, SECOND, Unit};

/// One setting: its place in the TOML file, its variables and what it accepts.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// `section.name` in the configuration file.
    pub path: &'static str,
    /// Environment variables; the first counts before the second when both stand in one layer.
    pub env: &'static [&'static str],
    /// Old names that are still read, with a line that tells the new one.
    pub old: &'static [&'static str],
    /// What the setting accepts.
    pub kind: Kind,
    /// Whether a running server takes a new value over when it is told to read its settings again.
    pub is_hot: bool,
}

impl Key {
    /// Every variable that sets this key, in order of preference.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.env.iter().chain(self.old).copied()
    }

    const fn hot(mut self) -> Self {
        self.is_hot = true;
        self
    }

    const fn old(mut self, names: &'static [&'static str]) -> Self {
        self.old = names;
        self
    }
}

const fn key(path: &'static str, env: &'static [&'static str], kind: Kind) -> Key {
    Key { path, env, old: &[], kind, is_hot: false }
}

const fn count(min: u64, max: u64, unit: &'static str) -> Kind {
    Kind::Count { min, max, unit }
}

const fn bytes(min: u64, max: u64) -> Kind {
    Kind::Size { min, max, unit: Unit::Bytes, or_zero: false }
}

const fn millis(min: u64, max: u64) -> Kind {
    Kind::Time { min, max, unit: Unit::Milliseconds }
}

const fn seconds(min: u64, max: u64) -> Kind {
    Kind::Time { min, max, unit: Unit::Seconds }
}

/// The profiles of settings, as they are chosen.
pub(super) const PROFILES: &[&str] = &["default", "high-concurrency", "memory-constrained"];

const MODES: &[&str] = &["development", "production", "test", "staging"];

/// Every setting, in the order of the manual.
pub static KEYS: &[Key] = &[
    key("mode", &["NODE_ENV", "APP_ENV"], Kind::Choice(MODES)),
    key("profile", &["LEXIFLOW_PROFILE"], Kind::Choice(PROFILES)),
    // server
    key("server.host", &["HOST"], Kind::Text(rules::HOST)),
    key("server.port", &["PORT"], count(0, 65_535, "port")),
    key("server.max_connections", &["MAX_CONNECTIONS"], count(0, 65_536, "connections")),
    key("server.header_timeout", &["HEADER_TIMEOUT_MS"], millis(100, 5 * MINUTE)),
    key("server.answer_stall_timeout", &["ANSWER_STALL_TIMEOUT_MS"], millis(SECOND, DAY)),
    key("server.max_header_size", &["MAX_HEADER_SIZE"], bytes(8 * KIB, MIB)),
    key("server.keep_alive_timeout", &["KEEP_ALIVE_TIMEOUT_MS"], millis(SECOND, HOUR)),
    key("server.request_timeout", &["REQUEST_TIMEOUT_MS"], millis(100, HOUR)),
    key("server.upload_timeout", &["UPLOAD_TIMEOUT_MS"], millis(SECOND, DAY)),
    key("server.upload_grace", &["UPLOAD_GRACE_MS"], millis(SECOND, 10 * MINUTE)),
    key(
        "server.upload_min_rate",
        &["UPLOAD_MIN_RATE"],
        Kind::Size { min: 1, max: GIB, unit: Unit::Bytes, or_zero: true },
    ),
    key("server.drain_deadline", &["SHUTDOWN_TIMEOUT_MS"], millis(0, 10 * MINUTE)),
    key("server.socket_receive_buffer", &["SOCKET_RECEIVE_BUFFER"], bytes(4 * KIB, 16 * MIB)),
    key("server.socket_send_buffer", &["SOCKET_SEND_BUFFER"], bytes(4 * KIB, 16 * MIB)),
    key("server.http2_max_streams", &["HTTP2_MAX_STREAMS"], count(1, 1024, "streams")),
    key("server.http2_all_streams", &["HTTP2_ALL_STREAMS"], count(0, 1_000_000, "streams")),
    key("server.cors_origins", &["CORS_ORIGINS", "CORS_ORIGIN"], Kind::List(rules::ORIGIN)),
    // database
    key("database.url", &["DATABASE_URL"], Kind::DatabaseUrl(rules::DATABASE_URL)),
    key("database.readers", &["DB_READERS"], count(0, 64, "connections")),
    key("database.statements", &["DB_STATEMENTS"], count(16, 4096, "statements")),
    key("database.pool_max", &["DB_POOL_MAX"], count(1, 1000, "connections")),
    key("database.pool_min", &["DB_POOL_MIN"], count(0, 1000, "connections")),
    key("database.acquire_timeout", &["DB_ACQUIRE_TIMEOUT"], millis(10, 10 * MINUTE)),
    key("database.idle_timeout", &["DB_IDLE_TIMEOUT"], millis(SECOND, DAY)),
    key("database.statement_timeout", &["DB_STATEMENT_TIMEOUT"], millis(10, HOUR)),
    key("database.group_commit", &["DB_GROUP_COMMIT"], Kind::Flag),
    // storage
    key("storage.data_dir", &["LEXIFLOW_DATA_DIR"], Kind::Text(rules::PATH)),
    key("storage.upload_dir", &["UPLOAD_DIR"], Kind::Text(rules::OPTIONAL_PATH)).old(&["UPLOAD_PATH"]),
    key("storage.diagnostics_dir", &["DIAGNOSTICS_DIR"], Kind::Text(rules::OPTIONAL_PATH)),
    key("storage.max_file_size", &["MAX_FILE_SIZE"], bytes(1, 1024 * GIB)),
    key(
        "storage.min_disk_space",
        &["MIN_DISK_SPACE"],
        Kind::Size { min: 1, max: 1024 * GIB, unit: Unit::Bytes, or_zero: true },
    ),
    key("storage.allowed_mime_types", &["ALLOWED_MIME_TYPES"], Kind::List(rules::MIME)),
    key("storage.blocked_mime_types", &["BLOCKED_MIME_TYPES"], Kind::List(rules::MIME)),
    // memory
    key(
        "memory.budget",
        &["MEMORY_BUDGET_MB", "NODE_MAX_OLD_SPACE_SIZE"],
        Kind::Size { min: 32 * MIB, max: 4096 * GIB, unit: Unit::Mebibytes, or_zero: true },
    )
    .hot(),
    key("memory.bounds", &["MEMORY_BOUNDS"], Kind::Choice(&["refuse", "report"])),
    key("memory.monitoring_enabled", &["MEMORY_MONITORING_ENABLED"], Kind::Flag).hot(),
    key("memory.warning_threshold", &["MEMORY_WARNING_THRESHOLD"], Kind::Share).hot(),
    key("memory.critical_threshold", &["MEMORY_CRITICAL_THRESHOLD"], Kind::Share).hot(),
    key("memory.check_interval", &["MEMORY_CHECK_INTERVAL_MS"], millis(SECOND, HOUR))
        .old(&["MEMORY_CHECK_INTERVAL"]),
    key("memory.gc_after_threshold", &["MEMORY_GC_AFTER_THRESHOLD"], Kind::Flag).hot(),
    key("memory.shrink_stores", &["MEMORY_SHRINK_STORES"], Kind::Flag).hot(),
    key("memory.cleanup_enabled", &["MEMORY_CLEANUP_ENABLED"], Kind::Flag).hot(),
    key("memory.cleanup_interval", &["MEMORY_CLEANUP_INTERVAL"], millis(SECOND, DAY)).hot(),
    key("memory.cleanup_aggressive", &["MEMORY_CLEANUP_AGGRESSIVE"], Kind::Flag).hot(),
    key("memory.request_warn_size", &["REQUEST_MEMORY_WARN_BYTES"], bytes(KIB, 1024 * GIB)).hot(),
    key(
        "memory.request_max_size",
        &["REQUEST_MEMORY_MAX_BYTES"],
        Kind::Size { min: MIB, max: 1024 * GIB, unit: Unit::Bytes, or_zero: true },
    )
    .hot(),
    key("memory.purge_endpoint", &["NODE_EXPOSE_GC"], Kind::Flag),
    key("memory.optimize_for_size", &["NODE_OPTIMIZE_FOR_MEMORY"], Kind::Flag),
    key("memory.leak_detection_enabled", &["LEAK_DETECTION_ENABLED"], Kind::Flag).hot(),
    key("memory.leak_check_interval", &["LEAK_CHECK_INTERVAL_MS"], millis(10 * SECOND, DAY)).hot(),
    // stream
    key("stream.file_threshold", &["STREAM_FILE_THRESHOLD"], bytes(4 * KIB, 1024 * GIB)),
    key("stream.chunk_size", &["STREAM_CHUNK_SIZE"], bytes(4 * KIB, MIB)),
    key("stream.high_water_mark", &["STREAM_HIGH_WATER_MARK"], bytes(4 * KIB, 4 * MIB)),
    // compression
    key("compression.enabled", &["COMPRESSION_ENABLED"], Kind::Flag),
    key("compression.level", &["COMPRESSION_LEVEL"], count(1, 9, "level")),
    key(
        "compression.threshold",
        &["COMPRESSION_THRESHOLD"],
        Kind::Size { min: 1, max: GIB, unit: Unit::Bytes, or_zero: true },
    ),
    key("compression.mem_level", &["COMPRESSION_MEM_LEVEL"], count(1, 9, "level")),
    // cache
    key("cache.logins_size", &["CACHE_LOGINS_SIZE"], bytes(64 * KIB, GIB)).hot(),
    key("cache.max_size", &["CACHE_MAX_SIZE"], count(1, 1_000_000, "entries")),
    key("cache.max_memory_entries", &["CACHE_MAX_MEMORY_ENTRIES"], count(1, 100_000_000, "entries")),
    key("cache.max_memory_size", &["CACHE_MAX_MEMORY_SIZE"], bytes(64 * KIB, 1024 * GIB)).hot(),
    key("cache.max_age", &["CACHE_MAX_AGE"], millis(SECOND, 7 * DAY)),
    key("cache.ttl", &["CACHE_TTL"], millis(100, 7 * DAY)),
    key("cache.check_period", &["CACHE_CHECK_PERIOD"], millis(SECOND, DAY)).hot(),
    // payload
    key("payload.json_limit", &["PAYLOAD_JSON_LIMIT"], bytes(KIB, GIB)),
    key("payload.urlencoded_limit", &["PAYLOAD_URLENCODED_LIMIT"], bytes(KIB, GIB)),
    key("payload.text_limit", &["PAYLOAD_TEXT_LIMIT"], bytes(KIB, GIB)),
    key("payload.raw_limit", &["PAYLOAD_RAW_LIMIT"], bytes(KIB, GIB)),
    // proxies
    key("proxies.trusted", &["TRUSTED_PROXIES"], Kind::List(rules::PROXY)),
    key("proxies.country_header", &["COUNTRY_HEADER"], Kind::Text(rules::HEADER)),
    // rate_limit
    key("rate_limit.max", &["RATE_LIMIT_MAX"], count(0, 1_000_000, "requests")),
    key("rate_limit.ttl", &["RATE_LIMIT_TTL"], seconds(SECOND, DAY)),
    key("rate_limit.auth_max", &["RATE_LIMIT_AUTH_MAX"], count(0, 1_000_000, "requests")),
    key("rate_limit.auth_ttl", &["RATE_LIMIT_AUTH_TTL"], seconds(SECOND, DAY)),
    key("rate_limit.upload_max", &["RATE_LIMIT_UPLOAD_MAX"], count(0, 1_000_000, "uploads")),
    key("rate_limit.upload_ttl", &["RATE_LIMIT_UPLOAD_TTL"], seconds(SECOND, DAY)),
    key("rate_limit.address_factor", &["RATE_LIMIT_ADDRESS_FACTOR"], count(1, 10_000, "times")),
    key("rate_limit.max_concurrent", &["RATE_LIMIT_MAX_CONCURRENT"], count(0, 1_000_000, "requests")),
    key("rate_limit.table_size", &["RATE_LIMIT_TABLE_SIZE"], bytes(64 * KIB, GIB)),
    // auth
    key("auth.jwt_secret", &["JWT_SECRET"], Kind::Secret(rules::JWT_SECRET)),
    key("auth.jwt_refresh_secret", &["JWT_REFRESH_SECRET"], Kind::Secret(rules::JWT_SECRET)),
    key(
        "auth.access_token_ttl",
        &["ACCESS_TOKEN_TTL_MINUTES"],
        Kind::Time { min: MINUTE, max: DAY, unit: Unit::Minutes },
    ),
    key(
        "auth.refresh_token_ttl",
        &["REFRESH_TOKEN_TTL_DAYS"],
        Kind::Time { min: HOUR, max: 365 * DAY, unit: Unit::Days },
    ),
    key("auth.max_sessions_per_user", &["MAX_SESSIONS_PER_USER"], count(1, 1000, "sessions")),
    key(
        "auth.session_expiry",
        &["SESSION_EXPIRY_HOURS"],
        Kind::Time { min: MINUTE, max: 365 * DAY, unit: Unit::Hours },
    ),
    key(
        "auth.session_sliding_window",
        &["SESSION_SLIDING_WINDOW_MINUTES"],
        Kind::Time { min: MINUTE, max: 365 * DAY, unit: Unit::Minutes },
    ),
    key(
        "auth.privileged_session_expiry",
        &["PRIVILEGED_SESSION_EXPIRY_HOURS"],
        Kind::Time { min: MINUTE, max: 365 * DAY, unit: Unit::Hours },
    ),
    key("auth.sealing_keys", &["SEALING_KEYS"], Kind::Secret(rules::SEALING_KEYS)),
    key("auth.mfa_required_for_privileged", &["MFA_REQUIRED_FOR_PRIVILEGED"], Kind::Flag),
    key(
        "auth.step_up_window",
        &["STEP_UP_WINDOW_MINUTES"],
        Kind::Time { min: MINUTE, max: DAY, unit: Unit::Minutes },
    ),
    key(
        "auth.trusted_device_ttl",
        &["TRUSTED_DEVICE_TTL_DAYS"],
        Kind::Time { min: HOUR, max: 90 * DAY, unit: Unit::Days },
    ),
    key("auth.trusted_device_skips_mfa", &["TRUSTED_DEVICE_SKIPS_MFA"], Kind::Flag),
    key(
        "auth.argon2_memory",
        &["ARGON2_MEMORY_KIB"],
        Kind::Size { min: 8 * MIB, max: 4 * GIB, unit: Unit::Kibibytes, or_zero: false },
    ),
    key("auth.argon2_passes", &["ARGON2_PASSES"], count(1, 64, "passes")),
    key("auth.argon2_parallel_hashes", &["ARGON2_PARALLEL_HASHES"], count(1, 64, "hashes")),
    // audit
    key("audit.signing_key", &["AUDIT_SIGNING_KEY"], Kind::Secret(rules::SEED)),
    key("audit.retention_days", &["AUDIT_RETENTION_DAYS"], count(0, 36_500, "days")),
    key("audit.legal_hold", &["AUDIT_LEGAL_HOLD"], Kind::Flag),
    key(
        "auth.reset_token_ttl",
        &["RESET_TOKEN_TTL_HOURS"],
        Kind::Time { min: 5 * MINUTE, max: 7 * DAY, unit: Unit::Hours },
    ),
    key(
        "auth.invitation_ttl",
        &["INVITATION_TTL_DAYS"],
        Kind::Time { min: HOUR, max: 90 * DAY, unit: Unit::Days },
    ),
    key("auth.registration_enabled", &["REGISTRATION_ENABLED"], Kind::Flag),
    // oidc
    key("oidc.issuer", &["OIDC_ISSUER"], Kind::Text(rules::ISSUER)),
    key("oidc.client_id", &["OIDC_CLIENT_ID"], Kind::Text(rules::CLIENT_ID)),
    key("oidc.client_secret", &["OIDC_CLIENT_SECRET"], Kind::Secret(rules::CLIENT_SECRET)),
    key("oidc.scopes", &["OIDC_SCOPES"], Kind::Text(rules::SCOPES)),
    key("oidc.name", &["OIDC_NAME"], Kind::Text(rules::NAME)),
    key("oidc.link_by_email", &["OIDC_LINK_BY_EMAIL"], Kind::Flag),
    key("oidc.allowed_domains", &["OIDC_ALLOWED_DOMAINS"], Kind::List(rules::DOMAIN)),
    key("oidc.trust_mfa", &["OIDC_TRUST_MFA"], Kind::Flag),
    key("oidc.mfa_acr_values", &["OIDC_MFA_ACR_VALUES"], Kind::List(rules::ACR)),
    key("oidc.ca_file", &["OIDC_CA_FILE"], Kind::Text(rules::OPTIONAL_PATH)),
    key("oidc.allow_private_addresses", &["OIDC_ALLOW_PRIVATE_ADDRESSES"], Kind::Flag),
    key("oidc.timeout", &["OIDC_TIMEOUT_MS"], millis(100, MINUTE)),
    // mail
    key("mail.public_url", &["PUBLIC_URL"], Kind::Text(rules::PUBLIC_URL)),
    key("mail.from_address", &["EMAIL_FROM_ADDRESS"], Kind::Text(rules::EMAIL)),
    key("mail.from_name", &["EMAIL_FROM_NAME"], Kind::Text(rules::NAME)),
    key("mail.keep_files", &["MAIL_KEEP_FILES"], count(1, 100_000, "files")),
    key("mail.keep_age", &["MAIL_KEEP_DAYS"], Kind::Time { min: HOUR, max: 365 * DAY, unit: Unit::Days }),
    // passkeys
    key("passkeys.rp_id", &["PASSKEYS_RP_ID"], Kind::Text(rules::OPTIONAL_HOST)),
    key("passkeys.origins", &["PASSKEYS_ORIGINS"], Kind::List(rules::SITE_ORIGIN)),
    // admin
    key("admin.email", &["LEXIFLOW_ADMIN_EMAIL"], Kind::Text(rules::EMAIL)),
    key("admin.password", &["LEXIFLOW_ADMIN_PASSWORD"], Kind::Secret(rules::ADMIN_PASSWORD)),
    // workers
    key("workers.blocking_threads", &["UV_THREADPOOL_SIZE"], count(1, 512, "threads")),
    key("workers.runtime_threads", &["RUNTIME_THREADS"], count(0, 256, "threads")),
    key("workers.job_concurrency", &["JOB_CONCURRENCY"], count(1, 64, "jobs")),
    // log
    key("log.level", &["LOG_LEVEL"], Kind::Text(rules::LOG_LEVEL)).hot(),
    key("log.format", &["LOG_FORMAT"], Kind::Choice(&["auto", "text", "json"])),
    // metrics
    key("metrics.node_compat", &["METRICS_NODE_COMPAT"], Kind::Flag),
];

/// The key at `path`.
pub(super) fn by_path(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The key that the variable `name` sets.
pub(super) fn by_name(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.names().any(|known| known == name))
}
