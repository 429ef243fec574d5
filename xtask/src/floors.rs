//! Who stands on which floor. A crate imports what stands lower, never its own floor or a higher one; so there is no
//! circle either.

use crate::{Rule, Violation, names::EMPTY_NAMES};
use std::path::Path;

/// Floors from the top down; the numbers only need to keep the order.
const FLOORS: [(u32, &[&str]); 13] = [
    (90, &["e2e", "bench", "xtask"]),
    (70, &["lexiflow"]),
    (60, &["reports", "walls"]),
    (50, &["workflow", "billing", "documents", "sessions", "docket", "permissions"]),
    (45, &["cases"]),
    (40, &["clients", "accounts"]),
    (30, &["realtime", "search", "webhooks", "integrations", "notifications", "audit"]),
    (20, &["events", "access", "email"]),
    (19, &["testkit"]),
    (13, &["web", "queue", "openid"]),
    (12, &["telemetry", "blob", "db", "mail", "outbound"]),
    (11, &["crypto", "passkey", "streaming"]),
    (10, &["headroom", "ids", "clock", "folding"]),
];

fn floor(name: &str) -> Option<u32> {
    FLOORS.iter().find(|(_, names)| names.contains(&name)).map(|(floor, _)| *floor)
}

/// Checks one manifest.
pub(crate) fn check(path: &Path, content: &str, violations: &mut Vec<Violation>) {
    let mut violate = |line: usize, message: String| {
        violations.push(Violation { path: path.to_owned(), line, rule: Rule::Floors, message });
    };
    let manifest: toml::Table = match content.parse() {
        Ok(manifest) => manifest,
        Err(error) => return violate(1, format!("the manifest cannot be read: {}", error.message())),
    };
    let Some(name) =
        manifest.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str)
    else {
        return;
    };
    if EMPTY_NAMES.contains(&name) {
        violations.push(Violation {
            path: path.to_owned(),
            line: line_of(content, name),
            rule: Rule::Names,
            message: format!("the name `{name}` says nothing: name the crate after what it holds"),
        });
        return;
    }
    let Some(own) = floor(name) else {
        return violate(1, format!("`{name}` has no floor: give it one in xtask/src/floors.rs"));
    };
    let is_ground = path.starts_with("crates");
    for (dependency, is_dev) in dependencies(&manifest) {
        let Some(other) = floor(&dependency) else { continue };
        if is_dev && dependency == "testkit" {
            continue;
        }
        let line = line_of(content, &dependency);
        if is_ground && other >= 20 {
            violate(line, format!("the ground knows no module: `{name}` must not import `{dependency}`"));
        } else if other >= own && !(own == 90 && dependency != name) {
            violate(line, format!("`{name}` (floor {own}) must not import `{dependency}` (floor {other})"));
        }
    }
}

/// Names of all dependencies, under their real names, and whether they are for tests alone.
fn dependencies(manifest: &toml::Table) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let targets =
        manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
    for table in std::iter::once(manifest).chain(targets.filter_map(toml::Value::as_table)) {
        for (section, is_dev) in
            [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
        {
            let listed = table.get(section).and_then(toml::Value::as_table).into_iter().flatten();
            found.extend(listed.map(|(name, value)| {
                let renamed = value.get("package").and_then(toml::Value::as_str);
                (renamed.unwrap_or(name).to_owned(), is_dev)
            }));
        }
    }
    found
}

/// The last line that begins with the name: a package's own name stands above its dependencies.
fn line_of(content: &str, name: &str) -> usize {
    let names = |line: &str| {
        let line = line.trim_start();
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
            || line.contains(&format!("\"{name}\""))
    };
    content.lines().enumerate().filter(|(_, line)| names(line)).last().map_or(1, |(at, _)| at + 1)
}
