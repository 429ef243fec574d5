//! Did-you-mean for variables that are almost ours.

use super::answers::ANSWERED;
use super::notice::Notice;
use super::table::KEYS;

/// Prefixes that nobody else uses on a server: a name with one of them is meant for us.
const OURS: &[&str] = &[
    "LEXIFLOW_",
    "MEMORY_",
    "STREAM_",
    "CACHE_",
    "COMPRESSION_",
    "PAYLOAD_",
    "DB_",
    "DATABASE_",
    "JWT_",
    "ARGON2_",
    "UPLOAD_",
    "SOCKET_",
    "METRICS_",
    "AUDIT_",
    "PASSKEYS_",
];

/// Prefixes that others use too: a name with one of them is meant for us only when it is very near to ours.
const SHARED: &[&str] =
    &["NODE_", "SESSION_", "LOG_", "MAX_", "MIN_", "CORS_", "REQUEST_", "UV_", "ALLOWED_", "REFRESH_"];

/// The longest name that is compared; the distance table stays small whatever the environment holds.
const MAX_NAME: usize = 80;

/// Names that steer the loading itself or a command, and are no settings.
pub(super) const STEERING: &[&str] = &["LEXIFLOW_CONFIG", "LEXIFLOW_TOKEN"];

/// Every name that is read or answered, without the prefixes.
pub(super) fn known_names() -> impl Iterator<Item = &'static str> {
    let active = KEYS.iter().flat_map(super::table::Key::names);
    let answered = ANSWERED.iter().map(|row| row.name).filter(|name| !name.ends_with('*'));
    active.chain(answered).chain(STEERING.iter().copied())
}

/// A warning for `name`, if it looks like one of ours and is none.
pub(super) fn for_unknown(name: &str) -> Option<Notice> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    let ours = starts(OURS);
    if name.len() > MAX_NAME || !(ours || starts(SHARED)) {
        return None;
    }
    let suggestion = nearest(name, known_names(), if ours { 2 + name.len() / 8 } else { 2 });
    (ours || suggestion.is_some()).then(|| Notice::Unknown { name: name.to_owned(), suggestion })
}

/// The known text nearest to `name`: a completion of it first, else the fewest edits up to `limit`.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>, limit: usize) -> Option<&'a str> {
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let completes = name.len() >= 8 && candidate.starts_with(name);
        let distance = if completes { 0 } else { edits(name, candidate) };
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Levenshtein distance in bytes.
fn edits(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
