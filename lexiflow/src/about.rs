//! What was built.

/// The version of the server.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The revision of the source; set `LEXIFLOW_COMMIT` when building.
pub const COMMIT: &str = match option_env!("LEXIFLOW_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// When it was built; set `LEXIFLOW_BUILT_AT` when building. Nothing is guessed, so that a build can be repeated.
pub const BUILT_AT: &str = match option_env!("LEXIFLOW_BUILT_AT") {
    Some(time) => time,
    None => "unknown",
};

/// The target triple.
pub const TARGET: &str = env!("LEXIFLOW_TARGET");

/// The allocator that this process runs on.
pub fn allocator() -> &'static str {
    if headroom::Allocator::is_in_use() { "jemalloc" } else { "system" }
}
