//! The manual, the shipped `.env` files and the table of settings say the same.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use lexiflow::config::{
    ANSWERED, Answer, DEFAULTS, Environment, INERT, KEYS, Key, Sources, load, render_check, render_effective,
    render_faults, render_schema,
};
use std::fs;
use std::path::Path;

/// The comment lines above each key of the manual.
fn comments() -> Vec<(String, Vec<&'static str>)> {
    let (mut section, mut above, mut found) = (String::new(), Vec::new(), Vec::new());
    for line in DEFAULTS.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_end_matches(']'));
        } else if let Some(comment) = line.strip_prefix('#') {
            above.push(comment.trim());
        } else if line.is_empty() {
            above.clear();
        } else if let Some((name, _)) = line.split_once(" = ") {
            found.push((format!("{section}{name}"), above.clone()));
        }
    }
    found
}

/// The line that the manual must carry directly above a key.
fn facts(key: &Key) -> String {
    let old = if key.old.is_empty() { String::new() } else { format!(" (old: {})", key.old.join(", ")) };
    format!("env: {}{old} | accepts: {}", key.env.join(", "), key.kind.accepted())
}

#[test]
fn every_setting_is_explained_in_the_manual_with_its_variables_and_range() {
    let comments = comments();
    for key in KEYS {
        let (_, above) = comments.iter().find(|(path, _)| path == key.path).expect(key.path);
        assert_eq!(above.last().copied(), Some(facts(key).as_str()), "{}", key.path);
        assert!(above.len() > 1, "{} has no word of explanation", key.path);
    }
    assert_eq!(comments.len(), KEYS.len(), "the manual has a key that the table lacks");
}

#[test]
fn a_setting_without_effect_says_so_in_the_manual() {
    let said: Vec<_> = comments()
        .into_iter()
        .filter_map(|(path, above)| {
            let line = above.get(above.len().checked_sub(2)?)?;
            Some((path, line.strip_prefix("No effect yet: ")?.strip_suffix('.')?))
        })
        .collect();
    let known: Vec<_> = INERT.iter().map(|(path, because)| ((*path).to_owned(), *because)).collect();
    assert_eq!(said, known);
}

#[test]
fn the_manual_lists_exactly_the_answered_variables() {
    let (_, tail) = DEFAULTS.split_once("# In a native process").unwrap();
    let (native, not_yet) = tail.split_once("# This version lacks").unwrap();
    let listed = |text: &'static str| -> Vec<&str> {
        text.lines()
            .filter_map(|line| line.strip_prefix("#   "))
            .flat_map(|line| line.split(", "))
            .map(|n| n.trim_end_matches(','))
            .collect()
    };
    let of = |wanted: bool| -> Vec<&str> {
        ANSWERED
            .iter()
            .filter(|row| matches!(row.answer, Answer::Native(_)) == wanted)
            .map(|row| row.name)
            .collect()
    };
    assert_eq!(listed(native), of(true));
    assert_eq!(listed(not_yet), of(false));
}

#[test]
fn no_name_means_two_things() {
    let mut names: Vec<&str> =
        KEYS.iter().flat_map(Key::names).chain(ANSWERED.iter().map(|row| row.name)).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// Every variable that operators of the first LexiFlow may have set.
const EXPECTED: &str = "NODE_ENV APP_ENV PORT NODE_MAX_OLD_SPACE_SIZE NODE_MAX_SEMI_SPACE_SIZE \
    NODE_INITIAL_OLD_SPACE_SIZE NODE_EXPOSE_GC NODE_OPTIMIZE_FOR_MEMORY NODE_GC_MAX_OLD_GEN_SIZE \
    NODE_GC_MAX_YOUNG_GEN_SIZE NODE_OPTIONS UV_THREADPOOL_SIZE MEMORY_MONITORING_ENABLED MEMORY_WARNING_THRESHOLD \
    MEMORY_CRITICAL_THRESHOLD MEMORY_CHECK_INTERVAL_MS MEMORY_CHECK_INTERVAL MEMORY_GC_AFTER_THRESHOLD \
    MEMORY_CLEANUP_ENABLED MEMORY_CLEANUP_INTERVAL MEMORY_CLEANUP_AGGRESSIVE MEMORY_BUDGET_MB STREAM_FILE_THRESHOLD \
    STREAM_CHUNK_SIZE STREAM_HIGH_WATER_MARK COMPRESSION_ENABLED COMPRESSION_LEVEL COMPRESSION_THRESHOLD \
    COMPRESSION_MEM_LEVEL CACHE_MAX_SIZE CACHE_MAX_MEMORY_ENTRIES CACHE_MAX_MEMORY_SIZE CACHE_MAX_AGE CACHE_TTL \
    CACHE_CHECK_PERIOD PAYLOAD_JSON_LIMIT PAYLOAD_URLENCODED_LIMIT PAYLOAD_TEXT_LIMIT PAYLOAD_RAW_LIMIT DB_POOL_MAX \
    DB_POOL_MIN DB_IDLE_TIMEOUT DB_ACQUIRE_TIMEOUT REDIS_MAX_CLIENTS REDIS_MIN_CLIENTS REDIS_ACQUIRE_TIMEOUT UPLOAD_DIR \
    UPLOAD_PATH MAX_FILE_SIZE MIN_DISK_SPACE ALLOWED_MIME_TYPES WS_MAX_CONNECTIONS_PER_USER WS_MAX_GLOBAL_CONNECTIONS \
    WS_MAX_ROOMS_PER_USER WS_RATE_LIMIT_EVENTS_PER_MINUTE WS_PORT MAX_SESSIONS_PER_USER SESSION_EXPIRY_HOURS \
    SESSION_SLIDING_WINDOW_MINUTES REFRESH_TOKEN_TTL_DAYS RESET_TOKEN_TTL_HOURS MFA_TOKEN_TTL_MINUTES JWT_SECRET \
    JWT_REFRESH_SECRET AUDIT_HMAC_SECRET ALERT_WEBHOOK_URL EMAIL_ENABLED SMTP_HOST SMTP_PORT SMTP_SECURE SMTP_USER \
    SMTP_PASS SMTP_PASSWORD SMTP_FROM EMAIL_FROM_ADDRESS EMAIL_FROM_NAME LOG_LEVEL LOG_FORMAT DEMO_MODE REDIS_ENABLED \
    OTEL_ENABLED HOST LEXIFLOW_DATA_DIR DATABASE_URL LEXIFLOW_ADMIN_EMAIL LEXIFLOW_ADMIN_PASSWORD METRICS_NODE_COMPAT";

#[test]
fn every_known_variable_is_read_or_answered() {
    for name in EXPECTED.split_whitespace() {
        let read = KEYS.iter().any(|key| key.names().any(|known| known == name));
        let answered = ANSWERED.iter().any(|row| row.name == name);
        assert!(read || answered, "{name} is neither read nor answered");
    }
}

/// Loads a shipped file as `.env` or `.env.production`.
fn shipped(file: &str, name: &str, environment: &[(&str, &str)]) -> lexiflow::config::Loaded {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let dir = tempfile::tempdir().unwrap();
    fs::copy(root.join(file), dir.path().join(name)).unwrap();
    let environment = environment.iter().copied().collect();
    load(&Sources { environment, directory: Some(dir.path().to_owned()), ..Sources::default() })
        .unwrap_or_else(|faults| panic!("{file}: {faults}"))
}

#[test]
fn the_example_file_starts_the_server_and_changes_nothing() {
    let loaded = shipped(".env.example", ".env", &[]);
    assert!(loaded.notices.is_empty(), "{:?}", loaded.notices);
    let plain = load(&Sources::default()).unwrap();
    for (row, default) in loaded.provenance.iter().zip(&plain.provenance) {
        assert_eq!(row.value, default.value, "{}", row.key);
    }
}

#[test]
fn the_production_template_passes_the_check() {
    let loaded = shipped(".env.production.template", ".env.production", &[("NODE_ENV", "production")]);
    assert!(loaded.notices.is_empty(), "{:?}", loaded.notices);
    assert_eq!(loaded.config.mode.as_str(), "production");
    assert_eq!(loaded.config.server.port, 5000);
    assert_eq!(loaded.config.memory.budget, Some(2048 << 20));
}

#[test]
fn the_production_template_can_be_read_by_a_shell() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let template = fs::read_to_string(root.join(".env.production.template")).unwrap();
    assert!(
        !template.contains(['\'', '"', '`', '$', '\\']),
        "a quote breaks `export $(grep -v '^#' .env | xargs)`"
    );
    for line in template.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        assert!(!line.contains(char::is_whitespace), "{line}");
    }
}

#[test]
fn commented_lines_of_the_shipped_files_name_real_settings() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for file in [".env.example", ".env.production.template"] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        for line in text.lines().filter_map(|line| line.strip_prefix("# ")) {
            let Some((name, _)) = line.split_once('=') else { continue };
            if name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') {
                assert!(KEYS.iter().any(|key| key.env.contains(&name)), "{file}: {name}");
            }
        }
    }
}

#[test]
fn print_shows_every_setting_with_unit_and_source() {
    let environment = Environment::from_iter([("PORT", "8080")]);
    let loaded = load(&Sources { environment, ..Sources::default() }).unwrap();
    let mut out = Vec::new();
    render_effective(&loaded, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let row = |key: &str| -> Vec<String> {
        let line = text.lines().find(|line| line.starts_with(&format!("{key} "))).unwrap();
        line.split_whitespace().map(ToOwned::to_owned).collect()
    };
    assert_eq!(text.lines().count(), KEYS.len() + 1);
    assert_eq!(row("server.port"), ["server.port", "8080", "port", "no", "environment", "PORT"]);
    assert_eq!(
        row("memory.warning_threshold"),
        ["memory.warning_threshold", "75%", "ratio", "yes", "default"]
    );
}

#[test]
fn check_tells_notices_or_faults_line_by_line() {
    let environment = Environment::from_iter([("WS_PORT", "1"), ("PORT", "8080")]);
    let loaded = load(&Sources { environment, ..Sources::default() }).unwrap();
    let mut out = Vec::new();
    render_check(&loaded, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("note: WS_PORT is accepted"), "{text}");
    assert!(text.ends_with("1 of them changed\n"), "{text}");

    let environment = Environment::from_iter([("PORT", "x"), ("LOG_LEVEL", "y")]);
    let faults = load(&Sources { environment, ..Sources::default() }).unwrap_err();
    let mut out = Vec::new();
    render_faults(&faults, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with("fault: ")).count(), 2, "{text}");
}

#[test]
fn the_schema_knows_every_key() {
    let mut out = Vec::new();
    render_schema(&mut out).unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&out).unwrap();
    for key in KEYS {
        let pointer = match key.path.split_once('.') {
            None => format!("/properties/{}", key.path),
            Some((section, name)) => format!("/properties/{section}/properties/{name}"),
        };
        assert!(schema.pointer(&pointer).is_some(), "{}", key.path);
    }
}
