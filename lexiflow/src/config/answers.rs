//! Variables of the first LexiFlow that this server knows and answers instead of obeying.

/// Why a known variable has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A native process has nothing that it could set.
    Native(&'static str),
    /// This version lacks the feature.
    NotYet(&'static str),
    /// This build lacks the feature.
    NotBuilt(&'static str),
}

/// A variable, or with a trailing `*` every further variable of that prefix, and its answer.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    /// The name or prefix.
    pub name: &'static str,
    /// Why it has no effect.
    pub answer: Answer,
}

const fn native(name: &'static str, because: &'static str) -> Answered {
    Answered { name, answer: Answer::Native(because) }
}

const fn not_yet(name: &'static str, because: &'static str) -> Answered {
    Answered { name, answer: Answer::NotYet(because) }
}

const ONE_PORT: &str = "everything is served on the one port that PORT names";
const NO_REDIS: &str = "caches live in the process and jobs in its database, and Redis is not used";
const ONE_URL: &str = "DATABASE_URL names the whole database; without it the embedded SQLite is used";
const NO_SOCKETS: &str = "this version has no web sockets";
const NO_MAIL: &str = "this version writes mail as files into the data folder and sends none";
const NO_WEBHOOKS: &str = "this version sends no webhooks";

/// Every answered variable. Exact names come before the prefixes that would cover them.
pub static ANSWERED: &[Answered] = &[
    native(
        "NODE_MAX_SEMI_SPACE_SIZE",
        "there is no young generation; the allocator sizes its thread caches itself",
    ),
    native(
        "NODE_INITIAL_OLD_SPACE_SIZE",
        "memory is taken from the system when it is needed, not reserved at start",
    ),
    native("NODE_GC_MAX_OLD_GEN_SIZE", "there is no old generation; MEMORY_BUDGET_MB is the one limit"),
    native("NODE_GC_MAX_YOUNG_GEN_SIZE", "there is no young generation; MEMORY_BUDGET_MB is the one limit"),
    native("NODE_OPTIONS", "it holds switches of the Node.js runtime"),
    native("WS_PORT", ONE_PORT),
    native("METRICS_PORT", ONE_PORT),
    native("REDIS_ENABLED", NO_REDIS),
    native("REDIS_MAX_CLIENTS", NO_REDIS),
    native("REDIS_MIN_CLIENTS", NO_REDIS),
    native("REDIS_ACQUIRE_TIMEOUT", NO_REDIS),
    native("REDIS_*", NO_REDIS),
    native("DB_SYNCHRONIZE", "the schema changes by migrations only"),
    native("DB_HOST", ONE_URL),
    native("DB_PORT", ONE_URL),
    native("DB_USERNAME", ONE_URL),
    native("DB_PASSWORD", ONE_URL),
    native("DB_NAME", ONE_URL),
    native("DB_DATABASE", ONE_URL),
    native("DATABASE_HOST", ONE_URL),
    native("DATABASE_PORT", ONE_URL),
    native("DATABASE_USER", ONE_URL),
    native("DATABASE_PASSWORD", ONE_URL),
    native("DATABASE_NAME", ONE_URL),
    native(
        "REQUEST_BODY_LIMIT",
        "each kind of body has its own limit in PAYLOAD_JSON_LIMIT and its neighbours",
    ),
    native(
        "HEAP_GROWTH_THRESHOLD_MB",
        "a leak is told by the trend of each place that allocates, not by one mark",
    ),
    native("AUTO_GC_ON_LEAK", "what leaks is still in use: there is nothing that could be collected"),
    native(
        "AUDIT_HMAC_SECRET",
        "the audit log is signed with a key pair, so that who verifies it cannot forge it: see AUDIT_SIGNING_KEY",
    ),
    not_yet("WS_MAX_CONNECTIONS_PER_USER", NO_SOCKETS),
    not_yet("WS_MAX_GLOBAL_CONNECTIONS", NO_SOCKETS),
    not_yet("WS_MAX_ROOMS_PER_USER", NO_SOCKETS),
    not_yet("WS_RATE_LIMIT_EVENTS_PER_MINUTE", NO_SOCKETS),
    not_yet("WS_*", NO_SOCKETS),
    not_yet(
        "MFA_TOKEN_TTL_MINUTES",
        "second factors are codes of an authenticator app, which last for 30 seconds",
    ),
    not_yet("ALERT_WEBHOOK_URL", "this version sends no alerts; scrape /api/metrics"),
    not_yet("EMAIL_ENABLED", NO_MAIL),
    not_yet("EMAIL_*", NO_MAIL),
    not_yet("SMTP_HOST", NO_MAIL),
    not_yet("SMTP_PORT", NO_MAIL),
    not_yet("SMTP_SECURE", NO_MAIL),
    not_yet("SMTP_USER", NO_MAIL),
    not_yet("SMTP_PASS", NO_MAIL),
    not_yet("SMTP_PASSWORD", NO_MAIL),
    not_yet("SMTP_FROM", NO_MAIL),
    not_yet("SMTP_*", NO_MAIL),
    not_yet("DEMO_MODE", "`lexiflow demo` makes a demonstration firm on request"),
    not_yet("OTEL_ENABLED", "this version exports no traces"),
    not_yet("OTEL_*", "this version exports no traces"),
    not_yet("WEBHOOK_*", NO_WEBHOOKS),
    not_yet("FILE_ENABLE_VIRUS_SCAN", "this version scans no files"),
];

/// The answer to `name`, if it is a known variable without effect.
pub(super) fn to(name: &str) -> Option<Answer> {
    let found = ANSWERED.iter().find(|row| match row.name.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => row.name == name,
    });
    found.map(|row| row.answer)
}
