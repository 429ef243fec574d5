//! What values are accepted, and how faults are told.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use lexiflow::config::{ConfigFaults, Environment, Loaded, LogFormat, Mode, Notice, Sources, load};
use proptest::prelude::*;
use std::time::Duration;

fn with<const N: usize>(pairs: [(&str, &str); N]) -> Result<Loaded, ConfigFaults> {
    load(&Sources { environment: Environment::from_iter(pairs), ..Sources::default() })
}

/// The faults of one bad variable.
fn fault_of(name: &str, value: &str) -> String {
    let faults = with([(name, value)]).expect_err(&format!("{name}={value} should be refused"));
    assert_eq!(faults.0.len(), 1, "{faults}");
    assert_eq!(faults.0[0].name, name);
    faults.to_string()
}

#[test]
fn the_defaults_alone_are_a_configuration() {
    let loaded = load(&Sources::default()).unwrap();
    let config = loaded.config;
    assert!(loaded.notices.is_empty());
    assert_eq!(config.mode, Mode::Development);
    assert_eq!((config.server.host.as_str(), config.server.port), ("127.0.0.1", 5000));
    assert_eq!(config.server.max_connections, 0, "left to the memory limit");
    assert_eq!(config.server.drain_deadline, Duration::from_secs(30));
    assert!(config.server.cors_origins.is_empty());
    assert_eq!(config.database.url, None);
    assert_eq!(config.storage.upload_dir, std::path::Path::new("./data/files"));
    assert_eq!(config.storage.max_file_size, 524_288_000);
    assert_eq!(config.memory.budget, None);
    assert_eq!(config.memory.warning_threshold.basis_points(), 7500);
    assert_eq!(config.memory.critical_threshold.basis_points(), 8500);
    assert_eq!(config.memory.check_interval, Duration::from_secs(30));
    assert_eq!(config.stream.file_threshold, 10_485_760);
    assert_eq!(config.payload.json_limit, 10 * 1024 * 1024);
    assert_eq!(config.auth.jwt_secret, None);
    assert_eq!(config.auth.argon2_memory_kib, 19 * 1024);
    assert_eq!(config.auth.refresh_token_ttl, Duration::from_hours(7 * 24));
    assert_eq!(config.workers.blocking_threads, 8);
    assert_eq!(config.log.format, LogFormat::Auto);
    assert!(config.metrics.node_compat);
}

#[test]
fn the_environment_block_of_the_guide_is_read() {
    let loaded = with([
        ("NODE_MAX_OLD_SPACE_SIZE", "2048"),
        ("NODE_EXPOSE_GC", "true"),
        ("NODE_OPTIMIZE_FOR_MEMORY", "true"),
        ("MEMORY_WARNING_THRESHOLD", "0.6"),
        ("MEMORY_CRITICAL_THRESHOLD", "0.8"),
        ("MEMORY_CHECK_INTERVAL_MS", "5000"),
        ("STREAM_CHUNK_SIZE", "131072"),
        ("COMPRESSION_LEVEL", "9"),
        ("CACHE_MAX_MEMORY_SIZE", "1048576"),
        ("UV_THREADPOOL_SIZE", "16"),
    ])
    .unwrap();
    assert_eq!(loaded.config.memory.budget, Some(2048 * 1024 * 1024));
    assert!(loaded.config.memory.optimize_for_size);
    assert_eq!(loaded.config.memory.warning_threshold.of(1000), 600);
    assert_eq!(loaded.config.memory.check_interval, Duration::from_secs(5));
    assert_eq!(loaded.config.stream.chunk_size, 131_072);
    assert_eq!(loaded.config.compression.level, 9);
    assert_eq!(loaded.config.cache.max_memory_bytes, 1_048_576);
    assert_eq!(loaded.config.workers.blocking_threads, 16);
    let answered = |notice: &Notice| matches!(notice, Notice::NoEffect { .. });
    assert!(loaded.notices.iter().all(answered), "{:?}", loaded.notices);
}

#[test]
fn thresholds_are_ratios_or_percentages_with_their_sign() {
    for (text, points) in [("0.7", 7000), ("70%", 7000), ("70.25 %", 7025), (".5", 5000), ("0.5000", 5000)] {
        let config = with([("MEMORY_WARNING_THRESHOLD", text)]).unwrap().config;
        assert_eq!(config.memory.warning_threshold.basis_points(), points, "{text}");
    }
    assert!(fault_of("MEMORY_WARNING_THRESHOLD", "75").contains("add the percent sign"));
    for text in ["abc", "0", "0%", "101%", "-0.5", "0.12345", "NaN", "."] {
        fault_of("MEMORY_WARNING_THRESHOLD", text);
    }
}

#[test]
fn a_warning_must_come_before_the_critical_state() {
    let line = fault_of("MEMORY_WARNING_THRESHOLD", "0.85");
    assert!(line.contains("must be below MEMORY_CRITICAL_THRESHOLD"), "{line}");
    let faults =
        with([("MEMORY_WARNING_THRESHOLD", "0.9"), ("MEMORY_CRITICAL_THRESHOLD", "90%")]).unwrap_err();
    assert_eq!(faults.0.len(), 1);
}

#[test]
fn thresholds_within_a_thousandth_are_refused_and_not_replaced() {
    for (warning, critical) in [("75%", "75.09%"), ("0.7491", "0.7499"), ("74.95%", "75.04%")] {
        let set = [("MEMORY_WARNING_THRESHOLD", warning), ("MEMORY_CRITICAL_THRESHOLD", critical)];
        let faults = with(set).unwrap_err().to_string();
        assert!(faults.contains("by 0.1% or more"), "{warning}, {critical}: {faults}");
    }
    let apart = with([("MEMORY_WARNING_THRESHOLD", "75%"), ("MEMORY_CRITICAL_THRESHOLD", "75.1%")]);
    assert_eq!(apart.unwrap().config.memory.critical_threshold.basis_points(), 7_510);
}

#[test]
fn sizes_take_units_that_count_in_steps_of_1024() {
    for (text, bytes) in
        [("10mb", 10 << 20), ("64KiB", 65_536), ("2048", 2048), ("1 GB", 1 << 30), ("4_096", 4096)]
    {
        let config = with([("PAYLOAD_RAW_LIMIT", text)]).unwrap().config;
        assert_eq!(config.payload.raw_limit, bytes, "{text}");
    }
    for text in ["10 apples", "1.5mb", "-1", "mb", "99999999999999999999", "17179869184gb"] {
        fault_of("PAYLOAD_RAW_LIMIT", text);
    }
}

#[test]
fn times_take_units_and_plain_numbers_are_in_the_unit_of_the_name() {
    for (text, millis) in
        [("30s", 30_000), ("500ms", 500), ("1500", 1500), ("2 m", 120_000), ("1h", 3_600_000)]
    {
        let config = with([("REQUEST_TIMEOUT_MS", text)]).unwrap().config;
        assert_eq!(config.server.request_timeout, Duration::from_millis(millis), "{text}");
    }
    let config = with([("REFRESH_TOKEN_TTL_DAYS", "3"), ("SESSION_EXPIRY_HOURS", "12")]).unwrap().config;
    assert_eq!(config.auth.refresh_token_ttl, Duration::from_hours(3 * 24));
    assert_eq!(config.auth.session_expiry, Duration::from_hours(12));
    assert!(fault_of("MEMORY_CHECK_INTERVAL_MS", "30").contains("1s to 1h, plain number in milliseconds"));
}

#[test]
fn lists_are_separated_by_commas() {
    let origins = "https://a.example.com, http://[::1]:3000 ,";
    let config = with([("CORS_ORIGINS", origins), ("ALLOWED_MIME_TYPES", "*")]).unwrap().config;
    assert_eq!(config.server.cors_origins, ["https://a.example.com", "http://[::1]:3000"]);
    assert!(config.storage.allowed_mime_types.is_empty(), "a star allows every type");
    fault_of("CORS_ORIGINS", "https://a.example.com/path");
    fault_of("CORS_ORIGINS", "a.example.com");
    fault_of("ALLOWED_MIME_TYPES", "pdf");
}

#[test]
fn production_names_its_origins() {
    assert!(with([("CORS_ORIGINS", "*")]).is_ok());
    let faults = with([("CORS_ORIGINS", "*"), ("NODE_ENV", "production")]).unwrap_err();
    assert!(faults.to_string().contains("must name its origins"));
}

#[test]
fn ranges_are_checked_and_told() {
    assert_eq!(fault_of("PORT", "70000"), "PORT=70000 (environment) is out of range; accepted: 0 to 65535");
    for (name, value) in [
        ("PORT", "http"),
        ("PORT", "-1"),
        ("HOST", "not a host"),
        ("HOST", "256.1.1.1"),
        ("COMPRESSION_LEVEL", "10"),
        ("MEMORY_BUDGET_MB", "1"),
        ("NODE_ENV", "live"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("MEMORY_MONITORING_ENABLED", "maybe"),
        ("LEXIFLOW_ADMIN_EMAIL", "nobody"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("DB_POOL_MIN", "21"),
        ("CACHE_TTL", "10m"),
        ("STREAM_FILE_THRESHOLD", "4KiB"),
    ] {
        let faults = with([(name, value)]).expect_err(&format!("{name}={value}"));
        assert_eq!(faults.0.len(), 1, "{faults}");
    }
}

#[test]
fn all_faults_are_told_in_one_go() {
    let faults = with([
        ("PORT", "x"),
        ("MEMORY_WARNING_THRESHOLD", "75"),
        ("JWT_SECRET", "short"),
        ("MAX_FILE_SIZE", "big"),
        ("DB_POOL_MIN", "30"),
    ])
    .unwrap_err();
    let text = faults.to_string();
    assert_eq!(faults.0.len(), 5);
    assert_eq!(text.lines().count(), 5, "one line each: {text}");
}

#[test]
fn secrets_are_strong_and_never_shown() {
    assert!(!fault_of("JWT_SECRET", "only-28-characters-are-here!").contains("only-28"));
    assert!(!fault_of("LEXIFLOW_ADMIN_PASSWORD", "hunter2").contains("hunter2"));
    fault_of("LEXIFLOW_ADMIN_PASSWORD", "admin@lexiflow.local");

    let (jwt, refresh) = ("first-secret-of-32-characters-xx", "other-secret-of-32-characters-xx");
    let loaded = with([
        ("JWT_SECRET", jwt),
        ("JWT_REFRESH_SECRET", refresh),
        ("LEXIFLOW_ADMIN_PASSWORD", "correct horse battery"),
        ("DATABASE_URL", "postgres://clerk:pa:ss@w/rd@db.example.com:5432/lexiflow?password=again"),
    ])
    .unwrap();
    assert_eq!(loaded.config.auth.jwt_secret.as_ref().unwrap().reveal(), jwt);
    let mut shown = Vec::new();
    lexiflow::config::render_effective(&loaded, &mut shown).unwrap();
    let shown = format!("{}{loaded:?}", String::from_utf8(shown).unwrap());
    for secret in [jwt, refresh, "horse", "pa:ss", "w/rd", "again"] {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
    assert!(shown.contains("postgres://clerk:********@db.example.com:5432/lexiflow?********"), "{shown}");

    let faults = with([("JWT_SECRET", jwt), ("JWT_REFRESH_SECRET", jwt)]).unwrap_err();
    assert!(faults.to_string().contains("must differ from JWT_SECRET"));
    assert!(!faults.to_string().contains(jwt));
}

#[test]
fn a_database_password_with_any_character_stays_hidden() {
    for url in ["mysql://u:pa?qq@h/d", "u:paqq@h", "mysql://u:pa@qq@h/d", "mysql://u:pa/qq@h/d?x=qq"] {
        assert!(!fault_of("DATABASE_URL", url).contains("qq"), "{url}");
    }
}

proptest! {
    /// Whatever stands in a variable, loading answers and a fault stays on one line.
    #[test]
    fn any_text_is_read_or_refused(value in "\\PC{0,40}|[0-9.%a-z]{1,12}", at in 0..lexiflow::config::KEYS.len()) {
        let name = lexiflow::config::KEYS[at].env[0];
        if let Err(faults) = with([(name, &value)]) {
            prop_assert!(!faults.0.is_empty());
            prop_assert_eq!(faults.to_string().lines().count(), faults.0.len());
        }
    }

    /// A share of bytes is never more than the bytes, and follows its percentage exactly.
    #[test]
    fn a_share_is_exact(percent in 10_u64..=84, bytes in 0..u64::MAX) {
        let text = format!("{percent}%");
        let config = with([("MEMORY_WARNING_THRESHOLD", &text)]).unwrap().config;
        let expected = u128::from(bytes) * u128::from(percent) / 100;
        prop_assert_eq!(u128::from(config.memory.warning_threshold.of(bytes)), expected);
    }
}
