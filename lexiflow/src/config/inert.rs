//! Settings that are read and checked, so that a file written for a later version starts this one, but on which nothing
//! acts yet. Whoever sets one is told at start.

use super::{Notice, Provenance, Source, answers::Answer};

const NO_SHARED_CACHE: &str = "this version has no shared cache; each small cache has its own cap in bytes";

/// Each such key, and why it has no effect. The manual says the same.
pub static INERT: &[(&str, &str)] = &[
    ("database.pool_min", "connections are opened when they are needed and closed when they are idle"),
    ("memory.check_interval", "the memory is watched ten times a second, and fifty times under pressure"),
    ("stream.high_water_mark", "the socket buffers bound what is written ahead"),
    ("compression.mem_level", "the compressors choose their window by the level"),
    ("cache.max_size", NO_SHARED_CACHE),
    ("cache.max_memory_entries", NO_SHARED_CACHE),
    ("cache.max_age", NO_SHARED_CACHE),
    ("cache.ttl", NO_SHARED_CACHE),
    ("auth.jwt_refresh_secret", "refresh tokens are random and kept as digests; nothing signs them"),
];

#[cfg(not(feature = "passkeys"))]
const NO_PASSKEYS: &str = "this server was built without passkeys (the feature `passkeys` of its crate)";

/// Keys of what was left out when the server was built, and why they have no effect.
const UNBUILT: &[(&str, &str)] = &[
    #[cfg(not(feature = "passkeys"))]
    ("passkeys.rp_id", NO_PASSKEYS),
    #[cfg(not(feature = "passkeys"))]
    ("passkeys.origins", NO_PASSKEYS),
];

/// A line for each such setting that somebody set.
pub(super) fn notices(provenance: &[Provenance]) -> impl Iterator<Item = Notice> {
    provenance.iter().filter(|setting| setting.source != Source::Default).filter_map(|setting| {
        let why = |table: &[(&str, &'static str)]| {
            table.iter().find(|(key, _)| *key == setting.key).map(|(_, because)| *because)
        };
        let not_yet = || why(INERT).map(Answer::NotYet);
        let answer = why(UNBUILT).map(Answer::NotBuilt).or_else(not_yet)?;
        Some(Notice::NoEffect { name: setting.name.clone(), answer })
    })
}
