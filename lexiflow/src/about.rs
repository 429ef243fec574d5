//! What was built.

/// The version of the server.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The revision of the source; `unknown` unless the build was given `LEXIFLOW_COMMIT`.
pub const COMMIT: &str = env!("LEXIFLOW_COMMIT");

/// When it was built; `unknown` unless the build was given `LEXIFLOW_BUILT_AT`.
pub const BUILT_AT: &str = env!("LEXIFLOW_BUILT_AT");

/// The target triple.
pub const TARGET: &str = env!("LEXIFLOW_TARGET");

/// The allocator that this process runs on.
pub fn allocator() -> &'static str {
    if headroom::Allocator::is_in_use() { "jemalloc" } else { "system" }
}
