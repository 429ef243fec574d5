//! The output of `lexiflow config check`, `print` and `schema`.

use super::table::KEYS;
use super::value::Kind;
use super::{ConfigFaults, Loaded, Provenance};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// A value longer than this is cut in the table of `config print`; its key's row in the manual explains it.
const MAX_SHOWN: usize = 60;

/// Every setting with its value, the unit that a plain number would have, whether a change acts without a new start, and
/// its source. Secrets are masked.
pub fn render_effective(loaded: &Loaded, out: &mut impl Write) -> io::Result<()> {
    let mut rows = vec![["KEY", "VALUE", "PLAIN UNIT", "HOT-RELOADABLE", "SOURCE"].map(ToOwned::to_owned)];
    rows.extend(loaded.provenance.iter().map(row));
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let [key, value, unit, hot, _] = widths;
    for [a, b, c, d, e] in &rows {
        writeln!(out, "{a:key$}  {b:value$}  {c:unit$}  {d:hot$}  {e}")?;
    }
    Ok(())
}

fn row(setting: &Provenance) -> [String; 5] {
    let value = match setting.value.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}...", &setting.value[..end]),
        None if setting.value.is_empty() => "-".to_owned(),
        None => setting.value.clone(),
    };
    let source = if setting.name == setting.key {
        setting.source.to_string()
    } else {
        format!("{} {}", setting.source, setting.name)
    };
    let is_hot = super::table::by_path(setting.key).is_some_and(|key| key.is_hot);
    let hot = if is_hot { "yes" } else { "no" };
    [setting.key.to_owned(), value, setting.unit.to_owned(), hot.to_owned(), source]
}

/// The notices of a configuration without fault, one line each, and a closing line.
pub fn render_check(loaded: &Loaded, out: &mut impl Write) -> io::Result<()> {
    for notice in &loaded.notices {
        writeln!(out, "note: {notice}")?;
    }
    let changed = loaded.provenance.iter().filter(|setting| setting.source != super::Source::Default).count();
    writeln!(out, "configuration is valid: {} settings, {changed} of them changed", loaded.provenance.len())
}

/// The faults of a configuration, one line each, and a closing line.
pub fn render_faults(faults: &ConfigFaults, out: &mut impl Write) -> io::Result<()> {
    for line in faults.to_string().lines() {
        writeln!(out, "fault: {line}")?;
    }
    let count = faults.0.len();
    writeln!(out, "configuration is not valid: {count} {}", if count == 1 { "fault" } else { "faults" })
}

/// A JSON Schema (2020-12) of the TOML file, for editors.
pub fn render_schema(out: &mut impl Write) -> io::Result<()> {
    let mut top = Map::new();
    for key in KEYS {
        let described = schema_of(key);
        match key.path.split_once('.') {
            None => {
                top.insert(key.path.to_owned(), described);
            }
            Some((section, name)) => {
                let section = top.entry(section).or_insert_with(
                    || json!({"type": "object", "additionalProperties": false, "properties": {}}),
                );
                if let Some(Value::Object(properties)) = section.get_mut("properties") {
                    properties.insert(name.to_owned(), described);
                }
            }
        }
    }
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "LexiFlow configuration",
        "type": "object",
        "additionalProperties": false,
        "properties": top,
    });
    serde_json::to_writer_pretty(&mut *out, &schema)?;
    writeln!(out)
}

fn schema_of(key: &super::Key) -> Value {
    let mut schema = match key.kind {
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Count { min, max, .. } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Kind::Size { .. } | Kind::Time { .. } => json!({"type": ["integer", "string"]}),
        Kind::Share => json!({"type": ["number", "string"]}),
        Kind::Choice(words) => json!({"type": "string", "enum": words}),
        Kind::List(_) => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Text(_) | Kind::Secret(_) | Kind::DatabaseUrl(_) => json!({"type": "string"}),
    };
    let names: Vec<&str> = key.names().collect();
    schema["description"] = json!(format!("{}; env: {}", key.kind.accepted(), names.join(", ")));
    schema
}
