//! Sets of settings for a purpose. The chosen one is a layer just above the defaults: a file, the environment and the
//! command line cover each of its values.

/// The profiles beside `default`, which sets nothing, with the text of their layer.
const TEXTS: &[(&str, &str)] = &[
    ("high-concurrency", include_str!("../../../config/profiles/high-concurrency.toml")),
    ("memory-constrained", include_str!("../../../config/profiles/memory-constrained.toml")),
];

/// The layer of the profile `name`; nothing for `default` and for a name that is none, which is a fault of its own.
pub(super) fn text_of(name: &str) -> Option<(&'static str, &'static str)> {
    TEXTS.iter().find(|(known, _)| *known == name).copied()
}
